"""Environments in which checks run, and the proof of whose code they ran.

    environments = Environments(tree=tree, scratch=scratch, variables=variables)
    with await environments.of_fork(checkout) as environment:   # raises Unproved
        finished = await run_program(argv, cwd=checkout.path, env=environment.variables)
        proof = environment.prove(finished.pid)

A fork holds the draft's files, yet the user's environment imports the user's tree: a test run
there may be green and say nothing about the draft. `of_fork` makes a shadow environment whose
start-up hook sends imports to the fork, and every Python of it writes down what it found where.
`prove` reads that: proved means that the judged command itself ran the fork's code.

    interpreters, probe, survey    which Python, and what it would import from where
    hints, detect, installed       which modules are the project's (pure)
    scripts, shadow                the shadow's folder
    redirect, hook                 the start-up hook
    witness, proof                 the judgement (pure)
"""

from sef.environment.environments import Environment, Environments
from sef.environment.proof import Proof, Unproved

__all__ = ["Environment", "Environments", "Proof", "Unproved"]

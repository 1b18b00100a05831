"""Environments in which checks run, and the proof of whose code they ran.

    environments = Environments(tree=tree, scratch=scratch, variables=variables)
    with await environments.of_fork(checkout) as environment:   # raises Unproved
        argv = environment.wrap(argv)
        finished = await run_program(argv, cwd=checkout.path, env=environment.variables)
        proof = environment.prove(finished.pid)

A fork holds the draft's files, yet the user's environment imports the user's tree: a test run
there may be green and say nothing about the draft. `of_fork` makes a shadow environment whose
start-up hook sends imports to the fork, and every Python of it tells what it found where. `wrap`
hides the user's tree from the command. `prove` weighs what was told: proved means that the judged
command itself ran the fork's code.

    interpreters, probe, survey        which Python, and what it would import from where
    hints, detect, installed, needs    which modules are the project's, what a change needs (pure)
    ground                             what is known about one fork
    scripts, shadow, leftovers         the shadow's folder
    redirect, hook, hook_watch         the start-up hook
    reinstall                          installing a fork that must be
    bubblewrap, views                  what the judged command sees
    listener, witness, proof           the judgement
"""

from sef.environment.environment import Environment
from sef.environment.environments import Environments
from sef.environment.leftovers import remove_leftovers
from sef.environment.proof import Proof, Unproved
from sef.environment.settings import Settings

__all__ = ["Environment", "Environments", "Proof", "Settings", "Unproved", "remove_leftovers"]

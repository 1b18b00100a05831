"""The sandbox: for commands that run in a tree which a draft wrote.

    sandbox = confine(settings, tree=tree, scratch=scratch, variables=os.environ)  # NoSandbox
    argv = sandbox.wrap(("pytest",), writable=(fork,), network=sandbox.permits(("pytest",)))
    run_program(argv, cwd=fork, env=variables(os.environ, settings.variables))

settings, allowed        what sef.toml says; which commands may use the network
areas, secrets, places   what may be read and written where (the most specific path decides)
bubblewrap, landlock     the two ways to enforce it; `landlock` is also the launcher
means                    which of them works here, by trying
variables                the environment of a command, from an allow-list
"""

from sef.sandbox.areas import Access, Areas
from sef.sandbox.level import Level, NoSandbox, describe
from sef.sandbox.means import probe
from sef.sandbox.sandbox import Sandbox, confine
from sef.sandbox.settings import SandboxSettings
from sef.sandbox.variables import variables

__all__ = [
    "Access",
    "Areas",
    "Level",
    "NoSandbox",
    "Sandbox",
    "SandboxSettings",
    "confine",
    "describe",
    "probe",
    "variables",
]

"""Real runs in shadow environments: the fork is judged, or the run is undecided."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from shadowed_projects import KINDS, OPEN, Project, make, packages, script

from sef.environment import Environments, Proof, Unproved
from sef.process import Finished, run_program

pytestmark = pytest.mark.slow

PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")
OF_ALPHA = "import alpha\n\ndef test_one():\n    assert alpha.WHO == 'fork'\n"


def run(project: Project, *argv: str, expect_pid: bool = True) -> tuple[Finished, Proof]:
    return asyncio.run(project.run(*(argv or PYTEST), expect_pid=expect_pid))


def refused(project: Project) -> Proof:
    with pytest.raises(Unproved) as raised:
        asyncio.run(project.of_fork())
    assert not raised.value.proof.proved
    assert raised.value.proof.level == "undecided"
    return raised.value.proof


@pytest.mark.parametrize("kind", KINDS)
def test_the_fork_is_judged(kind: str, tmp_path: Path) -> None:
    """Wherever the tests import the project, they get the fork's; the user's files stay."""
    project = make(tmp_path, kind)
    before = project.state
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof
    assert proof.level == "in-process"
    assert project.state == before
    assert list(project.scratch.iterdir()) == []


@pytest.mark.parametrize("kind", ["flat-finder", "src-copy"])
@pytest.mark.parametrize(
    "argv",
    [
        ("python", "-m", "pytest", "-q"),
        ("pytest", "-q", "-n2"),
        ("pytest", "-q", "--import-mode=importlib"),
        ("pytest", "-q", "--import-mode=append"),
    ],
)
def test_however_pytest_is_started(kind: str, argv: tuple[str, ...], tmp_path: Path) -> None:
    """The way the runner is started changes nothing."""
    finished, proof = run(make(tmp_path, kind), *argv)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


@pytest.mark.parametrize("kind", KINDS)
def test_canary_and_mirror(kind: str, tmp_path: Path) -> None:
    """A fork that cannot be imported is red; a user's tree that cannot be imported hurts nobody."""
    project = make(tmp_path, kind)
    broken = {f"{project.root}alpha/part.py": "raise RuntimeError('canary')\n"}
    user = project.tree if "copy" not in kind else packages(project.tree / ".venv")
    place = next(iter(broken)) if "copy" not in kind else "alpha/part.py"
    project.write({place: broken.popitem()[1]}, into=user)
    finished, proof = run(project)
    assert (finished.exit_code, proof.proved) == (0, True), finished.stdout.decode()
    project.write({f"{project.root}alpha/part.py": "raise RuntimeError('canary')\n"})
    finished, proof = run(project)
    assert finished.exit_code == 1
    assert b"canary" in finished.stdout


@pytest.mark.parametrize("kind", ["src-pth", "flat-finder", "flat-copy"])
def test_a_run_without_the_project_is_undecided(kind: str, tmp_path: Path) -> None:
    """Green tests that import nothing of the project say nothing about it."""
    project = make(tmp_path, kind)
    project.write({"tests/test_who.py": "def test_one():\n    assert True\n"})
    finished, proof = run(project)
    assert finished.exit_code == 0
    assert not proof.proved
    assert proof.reason == "the tests imported nothing of this project"


@pytest.mark.parametrize("kind", ["src-pth", "flat-finder", "src-copy"])
def test_the_users_sources_on_the_path(kind: str, tmp_path: Path) -> None:
    """A test that puts the user's sources on the path is undecided, and the file is named."""
    project = make(tmp_path, kind)
    user = project.tree / project.root
    lines = f"import sys\nsys.path.insert(0, {str(user)!r})\n{OF_ALPHA}"
    project.write({"tests/test_who.py": lines})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert not proof.proved
    assert proof.offender == str(user / "alpha/__init__.py")


DETOURS = {
    "loaded by its path": "import importlib.util as u\ns = u.spec_from_file_location('a', {alpha!r})\n"
    "m = u.module_from_spec(s); s.loader.exec_module(m)\n",
    "read": "open({alpha!r}).read()\n",
    "run by the user's python": "import subprocess\n"
    "assert b'user' in subprocess.check_output([{python!r}, '-c', 'import alpha; print(alpha.WHO)'])\n",
    "run by a shell": "import os\nos.system('cd / && ' + {python!r} + ' -c \"import alpha\"')\n",
    "run in the user's tree": "import subprocess, sys\n"
    "subprocess.run([sys.executable, '-c', ''], cwd={tree!r})\n",
}


@pytest.mark.parametrize("detour", DETOURS)
def test_the_users_code_by_absolute_path(detour: str, tmp_path: Path) -> None:
    """Code, data and programs of the user's that are named by their paths leave the run undecided."""
    project = make(tmp_path, "src-pth")
    lines = DETOURS[detour].format(
        alpha=str(project.tree / "src/alpha/__init__.py"),
        python=str(project.python),
        tree=str(project.tree),
    )
    project.write({"tests/test_who.py": f"{lines}{OF_ALPHA}"})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert not proof.proved
    assert str(project.tree) in (proof.offender or "")


def test_another_interpreter_is_undecided(tmp_path: Path) -> None:
    """A command that leaves the shadow is not among the witnesses."""
    project = make(tmp_path, "src-pth")
    finished, proof = run(project, str(project.python), "-c", "import alpha")
    assert finished.exit_code == 0
    assert not proof.proved


def test_a_launcher_need_not_be_a_witness(tmp_path: Path) -> None:
    """A shell in front of the runner is fine when no process is required."""
    project = make(tmp_path, "src-pth")
    argv = ("sh", "-c", "pytest -q; exit $?")
    assert not run(project, *argv)[1].proved
    assert run(project, *argv, expect_pid=False)[1].proved


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "setup.py", "src/alpha/fast.pyx", "src/alpha/fast.c", "Cargo.lock"]
)
def test_a_build_input_is_refused(path: str, tmp_path: Path) -> None:
    """A draft that touches how the project is built is refused, and the file is named."""
    project = make(tmp_path, "src-pth")
    project.write({path: "# changed\n"})
    proof = refused(project)
    assert proof.offender == path
    assert path in proof.reason


@pytest.mark.parametrize("kind", ["src-pth", "flat-copy"])
def test_a_compiled_module_is_refused(kind: str, tmp_path: Path) -> None:
    """Compiled modules of the project may be older than its sources."""
    project = make(tmp_path, kind)
    holder = packages(project.tree / ".venv") if "copy" in kind else project.tree / project.root
    (holder / "alpha/fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF")
    assert (refused(project).offender or "").endswith("fast.cpython-311-x86_64-linux-gnu.so")


def test_a_rebuilding_loader_is_refused(tmp_path: Path) -> None:
    """A finder that builds the project on import would build the user's."""
    project = make(tmp_path, "src-pth")
    loader = f"import sys\nclass MesonpyMetaFinder:\n    def __init__(self):\n        self.tree = {str(project.tree)!r}\n    def find_spec(self, *a):\n        return None\nsys.meta_path.insert(0, MesonpyMetaFinder())\n"
    site = packages(project.tree / ".venv")
    (site / "_alpha_editable_loader.py").write_text(loader)
    (site / "alpha-editable.pth").write_text("import _alpha_editable_loader\n")
    assert refused(project).offender == "MesonpyMetaFinder"


def test_no_python_project_is_refused(tmp_path: Path) -> None:
    """Without Python nothing tells which code ran."""
    project = make(tmp_path, "src-pth")
    for path in project.fork.rglob("*.py"):
        path.unlink()
    assert "no Python project" in refused(project).reason


def test_an_untracked_module_is_undecided(tmp_path: Path) -> None:
    """A generated module that git ignores is missing in the fork: nobody can blame the draft."""
    project = make(tmp_path, "src-pth")
    (project.tree / "src/alpha/grammar.py").write_text("TABLE = ()\n")
    project.write({"tests/test_who.py": f"import alpha.grammar\n{OF_ALPHA}"})
    finished, proof = run(project)
    assert finished.exit_code != 0
    assert proof.offender == str(project.tree / "src/alpha/grammar.py")


def test_a_generated_version_is_kept(tmp_path: Path) -> None:
    """The version that a build wrote beside the sources is there in the fork, too."""
    project = make(tmp_path, "src-pth")
    (project.tree / "src/alpha/_version.py").write_text("version = '1'\n")
    project.write({"tests/test_who.py": f"import alpha._version\n{OF_ALPHA}"})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved


@pytest.mark.parametrize("kind", ["flat-copy", "src-pth"])
def test_a_pytest_plugin_comes_from_the_fork(kind: str, tmp_path: Path) -> None:
    """pytest looks for plugins past the first finder when it rewrites their assertions."""
    project = make(tmp_path, kind)
    plugin = "import pytest\n\n@pytest.fixture\ndef who():\n    return {!r}\n"
    site = packages(project.tree / ".venv")
    info = site / "alpha-1.0.dist-info"
    (info / "entry_points.txt").write_text("[pytest11]\nalpha = alpha_plugin\n")
    holder = site if "copy" in kind else project.tree / project.root
    (holder / "alpha_plugin.py").write_text(plugin.format("user"))
    with (info / "RECORD").open("a") as record:
        record.write("alpha_plugin.py,,\n")
    (project.tree / project.root / "alpha_plugin.py").write_text(plugin.format("user"))
    project.write({f"{project.root}alpha_plugin.py": plugin.format("fork")})
    project.write({"tests/test_who.py": "def test_one(who):\n    assert who == 'fork'\n"})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


def test_a_namespace_package(tmp_path: Path) -> None:
    """Parts of a namespace package come from the fork, other projects' parts from where they are."""
    project = make(tmp_path, "src-copy")
    site = packages(project.tree / ".venv")
    for holder, who in (
        (site, "user"),
        (project.tree / "src", "user"),
        (project.fork / "src", "fork"),
    ):
        project.write({"ns/part/__init__.py": f"WHO = {who!r}\n"}, into=holder)
    project.write({"ns/other/__init__.py": "WHO = 'other'\n"}, into=site)
    test = "import ns.part, ns.other\ndef test_one():\n    assert (ns.part.WHO, ns.other.WHO) == ('fork', 'other')\n"
    project.write({"tests/test_who.py": test})
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


def test_stale_bytecode_is_forgotten(tmp_path: Path) -> None:
    """Compiled files in the fork are removed before a run."""
    project = make(tmp_path, "src-pth")
    stale = project.fork / "src/alpha/__pycache__/part.cpython-311.pyc"
    project.write({str(stale.relative_to(project.fork)): "stale"})
    asyncio.run(project.of_fork())
    assert not stale.exists()


def test_scripts_with_long_first_lines(tmp_path: Path) -> None:
    """A script whose interpreter has a long path is found and made to run the shadow's."""
    folder = tmp_path / ("deep" * 20) / ("deeper" * 20)
    folder.mkdir(parents=True)
    project = make(folder, "src-pth")
    bin_ = project.tree / ".venv/bin"
    for name in ("pytest", "alpha"):
        text = (bin_ / name).read_text().split("\n", 1)[1]
        start = f"#!/bin/sh\n'''exec' \"{bin_}/python\" \"$0\" \"$@\"\n' '''\n"
        (bin_ / name).write_text(start + text)
    finished, proof = run(project)
    assert finished.exit_code == 0, finished.stdout.decode()
    assert proof.proved, proof


def test_unittest_is_judged_too(tmp_path: Path) -> None:
    """Another runner leaves the same witness."""
    project = make(tmp_path, "flat-copy")
    text = "import unittest, alpha\nclass T(unittest.TestCase):\n    def test(self):\n        assert alpha.WHO == 'fork'\n"
    project.write({"tests/test_who.py": text})
    finished, proof = run(project, "python", "-m", "unittest", "discover", "-s", "tests")
    assert finished.exit_code == 0, finished.stderr.decode()
    assert proof.proved, proof


def test_two_forks_at_the_same_time(tmp_path: Path) -> None:
    """Every fork has a shadow of its own."""
    project = make(tmp_path, "src-pth")

    async def both() -> list[tuple[Finished, Proof]]:
        return await asyncio.gather(project.run(*PYTEST), project.run(*PYTEST))

    assert all(proof.proved for _, proof in asyncio.run(both()))


def test_the_users_variables_do_not_leak(tmp_path: Path) -> None:
    """What would redirect git or Python is gone; the home stays."""
    project = make(tmp_path, "src-pth")
    given = {**os.environ, "PYTHONPATH": "/x", "GIT_DIR": "/x", "CONDA_PREFIX": "/x", "HOME": "/h"}
    environments = Environments(tree=project.tree, scratch=project.scratch, variables=given)
    environment = asyncio.run(environments.of_fork(project.checkout()))
    assert not {"PYTHONPATH", "GIT_DIR", "CONDA_PREFIX"} & environment.variables.keys()
    assert environment.variables["HOME"] == "/h"
    assert str(project.tree) not in json.dumps(dict(environment.variables))
    environment.close()
    assert not environment.python.exists()


def test_the_users_own_tree_is_left_clean(tmp_path: Path) -> None:
    """A run in the user's tree needs no proof and leaves nothing behind."""
    project = make(tmp_path, "src-pth")
    test = "import alpha\ndef test_one():\n    assert alpha.WHO == 'user'\n"
    project.write({"tests/test_who.py": test}, into=project.tree)
    before = project.state
    environment = asyncio.run(project.environments().of_user())
    finished = asyncio.run(run_program(PYTEST, cwd=project.tree, env=environment.variables))
    assert environment.python == project.python
    assert finished.exit_code == 0, finished.stdout.decode()
    assert environment.prove(finished.pid).level == "own tree"
    assert environment.prove(finished.pid).proved
    assert project.state == before


def test_a_prefix_without_settings(tmp_path: Path) -> None:
    """An interpreter that is no virtual environment is shadowed, too."""
    project = make(tmp_path, "src-pth")
    environments = Environments(
        tree=project.tree,
        scratch=project.scratch,
        python=Path(os.path.realpath(sys.executable)),
        variables=dict(os.environ),
        settings=OPEN,
    )

    async def outside() -> tuple[Finished, Proof]:
        argv = ("python", "-c", "import alpha, alpha_new; print(alpha.WHO)")
        with await environments.of_fork(project.checkout()) as environment:
            held = environment.wrap(argv)
            finished = await run_program(held, cwd=tmp_path, env=environment.variables)
            return finished, environment.prove(finished.pid)

    finished, proof = asyncio.run(outside())
    assert finished.stdout == b"fork\n", finished.stderr.decode()
    assert proof.proved


def test_scripts_keep_their_options(tmp_path: Path) -> None:
    """What a script passes to its interpreter is passed to the shadow's."""
    project = make(tmp_path, "src-pth")
    script(
        project.tree / ".venv",
        "flags",
        "import sys, alpha\nprint(sys.flags.no_user_site, alpha.WHO)\n",
    )
    place = project.tree / ".venv/bin/flags"
    place.write_text(place.read_text().replace("/python\n", "/python -s\n", 1))
    finished, _ = run(project, "flags")
    assert finished.stdout == b"1 fork\n", finished.stderr.decode()


def test_a_script_that_tests_start_is_a_witness(tmp_path: Path) -> None:
    """A project may be one program that its tests run and never import."""
    project = make(tmp_path, "flat-pth")
    test = "import subprocess, sys\ndef test_one():\n    subprocess.run([sys.executable, 'tool.py'], check=True)\n"
    project.write({"tool.py": "print('done')\n", "tests/test_who.py": test})
    finished, proof = asyncio.run(project.run("pytest", "-q", settings=OPEN))
    assert (finished.exit_code, proof.proved) == (0, True), proof
    project.write({"tests/test_who.py": "def test_one():\n    pass\n"})
    assert not asyncio.run(project.run("pytest", "-q", settings=OPEN))[1].proved

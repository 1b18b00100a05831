"""npm checks in a fork: the fork is judged or nothing is, and the user's files stay."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from foreign_projects import Project
from node_project import MOUNTS, WAYS, needs_mount, package, workspace

from conftest import git
from sef.environment import Unproved

needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")

pytestmark = pytest.mark.slow  # real repositories


@needs_npm
@pytest.mark.slow
@pytest.mark.parametrize("mounting", WAYS)
def test_the_fork_is_judged(mounting: bool, tmp_path: Path) -> None:
    """In process, in children, through a dependency, an import, a program: always the fork."""
    project = workspace(tmp_path)
    before = project.state
    ran = project.run("npm", "npm", "test", mounting=mounting)
    assert ran.finished.exit_code == 0, ran.output
    assert "# pass 9" in ran.output or "pass 9" in ran.output, ran.output
    assert ran.proof.proved, ran.proof
    assert ran.proof.level == ran.mechanism == ("mounted" if mounting else "copied")
    assert project.state == before
    assert list(project.scratch.iterdir()) == []


@needs_npm
@pytest.mark.slow
@pytest.mark.parametrize("mounting", WAYS)
def test_canary_and_mirror(mounting: bool, tmp_path: Path) -> None:
    """A fork that throws is red; a user's tree that throws hurts nobody."""
    project = workspace(tmp_path)
    (project.tree / "packages/host/index.js").write_text("throw new Error('mirror');\n")
    assert project.run("npm", "npm", "test", mounting=mounting).finished.exit_code == 0
    project = workspace(tmp_path / "2", draft={"packages/host/index.js": "throw 'canary';\n"})
    assert project.run("npm", "npm", "test", mounting=mounting).finished.exit_code != 0


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_a_linked_folder_would_be_the_users(tmp_path: Path) -> None:
    """What is avoided: with node_modules linked as a whole, node judges the user's tree."""
    project = workspace(tmp_path)
    (project.fork / "node_modules").symlink_to(project.tree / "node_modules")
    code = 'process.stdout.write(require("host").WHO)'
    done = subprocess.run(
        ("node", "-e", code), cwd=project.fork, capture_output=True, text=True, check=True
    )
    assert done.stdout == "user"


@needs_mount
def test_the_users_tree_is_not_there(tmp_path: Path) -> None:
    """Under the mount an absolute path of the user's tree is the fork, packages cannot change."""
    project = workspace(tmp_path)
    before, path = project.state, project.tree / "packages/host/index.js"
    script = f"cat {path}; touch {project.tree}/node_modules/x {project.tree}/node_modules/plugin/x"
    ran = project.run("npm", "sh", "-c", f"{script}; pwd; git log --format=%s", mounting=True)
    assert ran.finished.stdout.decode().split("\n")[:3] == [
        'exports.WHO = "fork";',
        str(project.tree),
        "start",
    ]
    assert ran.output.count("Read-only file system") == 2
    assert ran.proof.proved
    assert project.state == before
    assert not (project.fork / "node_modules").exists()


@needs_mount
def test_the_mount_cannot_be_undone(tmp_path: Path) -> None:
    """Nor can the user's packages be reached beside it, whoever runs the command."""
    project = workspace(tmp_path, installed={"node_modules/vite/index.js": ""})
    tree = project.tree
    script = f"umount -l {tree}/node_modules; umount -l {tree}; cat {tree}/packages/host/index.js"
    ran = project.run(
        "npm", "sh", "-c", f"{script}; ls {project.scratch}/*/likeness", mounting=True
    )
    assert ran.finished.stdout == b'exports.WHO = "fork";\n'


@needs_mount
def test_vite_may_write_its_caches(tmp_path: Path) -> None:
    """Their places exist and are empty, also where the user's node_modules lacks them."""
    project = workspace(tmp_path, installed={"node_modules/vite/index.js": ""})
    before = project.state
    script = (
        "ls -A node_modules node_modules/.cache;"
        "for name in .vite .vite-temp .cache; do touch node_modules/$name/x; done;"
        "echo changed > node_modules/plugin/index.js"
    )
    ran = project.run("npm", "sh", "-c", script, mounting=True)
    assert ran.output.count("Read-only") == 1, ran.output
    listed = ran.finished.stdout.decode().split()
    assert {".vite", ".vite-temp", "host", "plugin"} <= set(listed)
    assert "tool" not in listed
    assert project.state == before


@needs_mount
def test_a_mount_that_did_not_happen_proves_nothing(tmp_path: Path) -> None:
    """The witness is written by the command itself, inside the mount."""
    project = workspace(tmp_path)

    async def go() -> tuple[bool, str]:
        environments = project.environments(mounting=True)
        with await environments.of_fork("npm", project.checkout) as environment:
            before = environment.prove()
            (environment.folder / "mounted").write_text("1:2")
            return before.proved, environment.prove().reason

    proved, reason = asyncio.run(go())
    assert not proved
    assert "something else" in reason


@needs_mount
def test_words_that_name_the_fork_name_the_mount(tmp_path: Path) -> None:
    """A program of the fork is started at the user's path, where its packages are."""
    project = workspace(tmp_path, draft={"who.sh": "#!/bin/sh\necho $0\n"})
    (project.fork / "who.sh").chmod(0o755)
    ran = project.run("npm", str(project.fork / "who.sh"), mounting=True)
    assert ran.finished.stdout.decode() == f"{project.tree / 'who.sh'}\n"


def test_copies_share_no_folder_and_no_cache(tmp_path: Path) -> None:
    """Links are re-made, what tools cached about the user's tree is not; files are hard links only
    where nothing holds the command.
    """
    project = workspace(tmp_path)
    script = "test ! -e node_modules/.cache; readlink -f node_modules/host; stat -c %h {}".format(
        "node_modules/plugin/index.js"
    )
    real = project.fork.resolve()
    for each, names in ((project, "1"), (project.open, "2")):
        ran = each.run("npm", "sh", "-ec", script)
        assert ran.finished.stdout.decode().split() == [str(real / "packages/host"), names]
        assert ran.proof.proved, ran.proof


def test_a_run_that_edits_the_users_packages_is_undecided(tmp_path: Path) -> None:
    """A hard link is the user's own file; that it was written to is seen and told."""
    project = workspace(tmp_path)
    ran = project.open.run("npm", "sh", "-c", "echo x >> node_modules/plugin/index.js")
    assert not ran.proof.proved
    assert ran.proof.offender == str(project.tree.resolve() / "node_modules/plugin/index.js")


def test_links_that_lead_outside_lead_there_still(tmp_path: Path) -> None:
    """A package linked from another folder is that folder's, wherever the fork lies."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/index.js").write_text("other")
    project = workspace(tmp_path, installed={"node_modules/other": "-> ../../other"})
    ran = project.run("npm", "cat", "node_modules/other/index.js")
    assert ran.finished.stdout == b"other"


def test_a_link_that_leads_back_is_named(tmp_path: Path) -> None:
    """By a detour outside the tree, too."""
    (tmp_path / "back").symlink_to(tmp_path / "user/packages/host")
    project = workspace(tmp_path, installed={"node_modules/back": "-> ../../back"})
    proof = project.refused("npm")
    assert proof.offender == "node_modules/back"


def test_an_absolute_link_into_the_tree_leads_into_the_fork(tmp_path: Path) -> None:
    """It is made anew like the others."""
    absolute = f"-> {(tmp_path / 'user').resolve()}/packages/host"
    project = workspace(tmp_path, installed={"node_modules/absolute": absolute})
    ran = project.run("npm", "cat", "node_modules/absolute/index.js")
    assert ran.finished.stdout == b'exports.WHO = "fork";\n'


def test_variables_that_name_the_tree_name_the_fork(tmp_path: Path) -> None:
    """PATH and NODE_PATH of an activated shell would lead back."""
    tree = tmp_path / "user"
    project = workspace(tmp_path)
    given = {"NODE_PATH": f"{tree}/lib:{tree}-2/lib", "PATH": f"{tree}/bin:{os.environ['PATH']}"}
    project = Project(tree=tree, fork=project.fork, scratch=project.scratch, variables=given)
    said = project.run("npm", "env").output.splitlines()
    assert f"NODE_PATH={project.fork.resolve()}/lib:{tree}-2/lib" in said


@pytest.mark.parametrize("mounting", WAYS)
@pytest.mark.parametrize(
    "scripts", [{"test": "npm ci && node --test"}, {"pretest": "npm run up", "up": "yarn"}]
)
def test_tests_that_install_are_not_run(
    scripts: dict[str, str], mounting: bool, tmp_path: Path
) -> None:
    """They would write to the user's files, or be red because they cannot."""
    project = workspace(tmp_path, files={"package.json": package("root", scripts=scripts)})
    assert "install" in project.refused("npm", mounting=mounting).reason


@pytest.mark.parametrize("mounting", WAYS)
def test_a_command_that_installs_is_not_run(mounting: bool, tmp_path: Path) -> None:
    """Neither is one that was named in place of `npm test`."""
    project = workspace(tmp_path)
    assert "install" in project.refused("npm", "npm", "ci", mounting=mounting).reason


def test_copies_are_made_anew(tmp_path: Path) -> None:
    """A second check of the same fork has what the first had, and nothing stays behind."""
    project = workspace(tmp_path)
    for _ in range(2):
        assert project.run("npm", "sh", "-c", "echo x > node_modules/new").proof.proved
        assert not (project.fork / "node_modules").exists()
    (project.fork / "node_modules").mkdir()
    assert project.run("npm", "test", "-e", "node_modules/plugin").finished.exit_code == 0


def test_an_absolute_path_into_the_tree_is_named(tmp_path: Path) -> None:
    """Without a mount nothing else would tell; the mount takes it as it is."""
    path = f"{tmp_path / 'user'}/packages/host"
    draft: dict[str, str | None] = {"packages/app/x.js": f'require("{path}");\n'}
    project = workspace(tmp_path, draft=draft)
    assert project.refused("npm").offender == "packages/app/x.js"
    if MOUNTS:
        assert project.run("npm", "true", mounting=True).proof.proved


def test_a_fork_inside_the_tree_is_refused(tmp_path: Path) -> None:
    """node would climb to the user's node_modules."""
    project = workspace(tmp_path)
    inner = project.tree / "built" / "fork"
    git(project.tree, "worktree", "add", "-q", "--detach", str(inner))
    nested = Project(tree=project.tree, fork=inner, scratch=project.scratch)
    assert nested.refused("npm").offender == str(inner)


@pytest.mark.parametrize("mounting", WAYS)
def test_a_missing_program_is_not_a_red_run(mounting: bool, tmp_path: Path) -> None:
    """Another program starts in its place under the mount, and would only print that."""
    with pytest.raises(FileNotFoundError):
        workspace(tmp_path).run("npm", "no-such-program", mounting=mounting)


def test_a_runner_nobody_knows_is_refused(tmp_path: Path) -> None:
    """make may run anything."""
    with pytest.raises(Unproved):
        workspace(tmp_path).run("make", "true")

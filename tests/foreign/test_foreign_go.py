"""go checks in a fork: go itself says whose packages it reads."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from foreign_projects import Project, make

from sef.environment.foreign_go import _places

needs_go = pytest.mark.skipif(not shutil.which("go"), reason="go is not installed")

WORK = "go 1.18\nuse .\nuse ./beta\n"
FILES = {
    "go.mod": "module example.org/alpha\ngo 1.18\nrequire example.org/beta v0.0.0\n"
    "replace example.org/beta => ./beta\n",
    "alpha.go": 'package alpha\n\nconst WHO = "user"\n',
    "alpha_test.go": 'package alpha\n\nimport (\n\t"testing"\n\t"example.org/beta"\n)\n\n'
    'func TestWho(t *testing.T) {\n\tif WHO+beta.WHO != "forkfork" {\n\t\tt.Fatal(WHO, beta.WHO)\n'
    "\t}\n}\n",
    "beta/go.mod": "module example.org/beta\ngo 1.18\n",
    "beta/beta.go": 'package beta\n\nconst WHO = "user"\n',
}
DRAFT: dict[str, str | None] = {
    "alpha.go": 'package alpha\n\nconst WHO = "fork"\n',
    "beta/beta.go": 'package beta\n\nconst WHO = "fork"\n',
}

pytestmark = pytest.mark.slow  # real repositories


def module(
    folder: Path,
    draft: dict[str, str | None] | None = None,
    ignored: dict[str, str] | None = None,
    **given: str,
) -> Project:
    made = make(folder, FILES, {**DRAFT, **(draft or {})}, ignored)
    places = {"GOPATH": str(folder / "gopath"), "GOPROXY": "off", "GOFLAGS": "-mod=mod -v"}
    return Project(
        tree=made.tree, fork=made.fork, scratch=made.scratch, variables={**places, **given}
    )


@needs_go
@pytest.mark.slow
def test_the_fork_is_judged_with_shared_caches(tmp_path: Path) -> None:
    """After a run in the user's tree that filled the cache: the fork's packages, both modules."""
    project = module(tmp_path)
    given = {**os.environ, **project.variables, "GOFLAGS": ""}
    mirrored = project.tree / "beta/beta.go"
    os.utime(mirrored, (1, 1))

    async def by_hand() -> int:
        from sef.process import run_program

        argv = ("go", "test", "./...")
        return (await run_program(argv, cwd=project.tree, env=given)).exit_code

    assert asyncio.run(by_hand()) != 0  # it is the user's: not what the test wants
    before = project.state
    ran = project.run("go", "go", "test", "-json", "./...")
    assert ran.finished.exit_code == 0, ran.output
    assert '"Test":"TestWho"' in ran.output
    assert ran.proof.proved, ran.proof
    assert ran.proof.level == ran.mechanism == "by content"
    assert project.state == before
    project.write({"beta/beta.go": 'package beta\n\nconst WHO = "else"\n'})
    assert project.run("go", "go", "test", "./...").finished.exit_code != 0


@needs_go
@pytest.mark.slow
def test_the_users_packages_are_named_by_go(tmp_path: Path) -> None:
    """However they were reached: here by a workspace that lies elsewhere."""
    project = module(tmp_path)
    (tmp_path / "elsewhere/go.work").write_text(f"go 1.18\nuse ./fork\nuse {project.tree}/beta\n")
    proof = project.open.refused("go")
    assert proof.offender == str(project.tree.resolve() / "beta")
    assert project.run("go", "go", "env", "GOWORK").output.strip() == ""  # hidden as that is


@needs_go
@pytest.mark.slow
def test_an_ignored_workspace_is_taken_along(tmp_path: Path) -> None:
    """go.work decides where modules come from, and is often not tracked."""
    files = {**FILES, ".gitignore": "go.work\n", "go.mod": FILES["go.mod"].partition("replace")[0]}
    made = make(tmp_path, files, DRAFT, {"go.work": WORK})
    given = {"GOPATH": str(tmp_path / "gopath"), "GOPROXY": "off", "GOFLAGS": ""}
    project = Project(tree=made.tree, fork=made.fork, scratch=made.scratch, variables=given)
    ran = project.run("go", "go", "test", "./...")
    assert ran.finished.exit_code == 0, ran.output
    assert ran.proof.proved


@needs_go
@pytest.mark.slow
def test_nothing_of_the_fork_is_undecided(tmp_path: Path) -> None:
    """A repository whose root is no module has no package that `./...` names."""
    project = module(tmp_path, draft={"go.mod": None})
    assert "no package" in project.refused("go").reason


def test_paths_into_the_tree_are_named(tmp_path: Path) -> None:
    """An absolute `replace`, an absolute `use`, a way out of the repository."""
    tree = tmp_path / "user"
    absolute = FILES["go.mod"].replace("./beta", f"{tree}/beta")
    assert module(tmp_path, draft={"go.mod": absolute}).refused("go").offender == "go.mod"
    tree = tmp_path / "2" / "user"
    work = WORK.replace("./beta", f"{tree}/beta")
    assert module(tmp_path / "2", draft={"go.work": work}).refused("go").offender == "go.work"
    outside = FILES["go.mod"].replace("./beta", "../beta")
    proof = module(tmp_path / "3", draft={"go.mod": outside}).refused("go")
    assert "out of the repository" in proof.reason
    proof = module(tmp_path / "4", ignored={"go.work": WORK.replace("./", "../")}).refused("go")
    assert proof.offender == "go.work"


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ("replace a => ./b // ../c", ["./b"]),
        ("replace a v1 => b v2\nreplace (\n\ta => ../b\n\tc v1 => /d\n)\n", ["../b", "/d"]),
        ('use (\n\t.\n\t"./a"\n)\nuse ../b', [".", "./a", "../b"]),
        ("require (\n\ta v1\n)\nretract [v1, v2]", []),
    ],
)
def test_places_that_module_files_name(said: str, places: list[str]) -> None:
    """Of both directives, alone and in blocks, without comments."""
    assert list(_places(said)) == places


@needs_go
def test_flags_that_rewrite_the_modules_are_off(tmp_path: Path) -> None:
    """The other flags stay; the caches are the user's, or begin with what those hold."""
    project = module(tmp_path, GOCACHE=str(tmp_path / "cache"), GOWORK=str(tmp_path / "go.work"))
    (tmp_path / "cache/00").mkdir(parents=True)
    (tmp_path / "cache/00/entry-d").touch()
    said = project.open.run("go", "env").output.splitlines()
    assert "GOFLAGS=-v" in said
    assert f"GOCACHE={tmp_path / 'cache'}" in said
    assert not any(line.startswith("GOWORK=") for line in said)
    script = 'cat "$GOCACHE/00/entry-d" && ! echo x 2>&- >> "$GOCACHE/00/entry-d" && echo held'
    assert project.run("go", "sh", "-c", script).output.strip().endswith("held")

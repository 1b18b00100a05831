"""Which packages of the user's tree may serve a fork, and what is said where they may not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from node_project import FILES, WAYS, package, workspace

ROOT = json.loads(FILES["package.json"])

pytestmark = pytest.mark.slow  # real repositories


@pytest.mark.parametrize(
    ("draft", "offender"),
    [
        ({"package-lock.json": "{}"}, "package-lock.json"),
        ({"package.json": json.dumps(ROOT | {"devDependencies": {"x": "1"}})}, "package.json"),
        ({"packages/host/package.json": package("host")}, "packages/host/package.json"),
        ({"packages/more/package.json": package("more")}, "packages/more/package.json"),
        ({"patches/plugin+1.0.0.patch": "x"}, "patches/plugin+1.0.0.patch"),
        ({"schema.prisma": "x"}, "schema.prisma"),
    ],
)
@pytest.mark.parametrize("mounting", WAYS)
def test_other_packages_need_an_installation(
    mounting: bool, draft: dict[str, str | None], offender: str, tmp_path: Path
) -> None:
    """What decides the packages has changed, and nothing is installed: undecided, with a mend."""
    proof = workspace(tmp_path, draft=draft).refused("npm", mounting=mounting)
    assert proof.offender == offender
    assert proof.mend


@pytest.mark.parametrize(
    "draft",
    [
        {"package.json": json.dumps(ROOT | {"version": "2.0.0"})},
        {"packages/host/package.json": package("host", main="x.js", bin={"host": "program.js"})},
        {"examples/one/package.json": package("one", dependencies={"x": "1"})},
    ],
)
def test_other_changes_of_a_manifest_do_not(draft: dict[str, str | None], tmp_path: Path) -> None:
    """A version, an entry point, a project that no workspace names."""
    assert workspace(tmp_path, draft=draft).run("npm", "true").proof.proved


@pytest.mark.parametrize("mounting", WAYS)
def test_packages_that_were_never_installed(mounting: bool, tmp_path: Path) -> None:
    """The reason says what to run."""
    project = workspace(tmp_path)
    shutil.rmtree(project.tree / "node_modules")
    proof = project.refused("npm", mounting=mounting)
    assert "npm ci has not been run in your tree" in proof.reason
    assert proof.mend


def test_a_project_that_needs_no_packages(tmp_path: Path) -> None:
    """There is nothing to install, so nothing is missing."""
    project = workspace(tmp_path, files={"package.json": package("root")})
    shutil.rmtree(project.tree / "node_modules")
    assert project.run("npm", "true").proof.proved


@pytest.mark.parametrize("mounting", WAYS)
def test_a_copy_of_an_own_package_is_named(mounting: bool, tmp_path: Path) -> None:
    """It is the user's code, from whenever it was installed, and looks like any other package."""
    project = workspace(tmp_path)
    (project.tree / "node_modules/host").unlink()
    shutil.copytree(project.tree / "packages/host", project.tree / "node_modules/host")
    assert project.refused("npm", mounting=mounting).offender == "node_modules/host"


def test_a_whole_node_modules_elsewhere_is_named(tmp_path: Path) -> None:
    """Programs are found by their real path: it could not be put in the fork's place."""
    project = workspace(tmp_path)
    shutil.move(project.tree / "node_modules", tmp_path / "moved")
    (project.tree / "node_modules").symlink_to(tmp_path / "moved")
    assert project.refused("npm").offender == "node_modules"

"""cargo checks in a fork: compiled anew from the fork's files, or not judged."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest
from foreign_projects import Project, make

needs_cargo = pytest.mark.skipif(not shutil.which("cargo"), reason="cargo is not installed")

MANIFEST = '[package]\nname = "alpha"\nversion = "0.1.0"\nedition = "2021"\nbuild = "build.rs"\n'
FILES = {
    "Cargo.toml": f'{MANIFEST}[dependencies]\nbeta = {{ path = "beta" }}\n[workspace]\n',
    "Cargo.lock": 'version = 3\n[[package]]\nname = "alpha"\nversion = "0.1.0"\n'
    'dependencies = ["beta"]\n[[package]]\nname = "beta"\nversion = "0.1.0"\n',
    "build.rs": 'fn main() { println!("cargo:rustc-env=BUILT=here"); }\n',
    "src/lib.rs": 'pub const WHO: &str = "user";\n',
    "src/main.rs": 'fn main() { println!("{} {}", alpha::WHO, beta::WHO); }\n',
    "beta/Cargo.toml": '[package]\nname = "beta"\nversion = "0.1.0"\nedition = "2021"\n',
    "beta/src/lib.rs": 'pub const WHO: &str = "user";\n',
    "tests/who.rs": (
        '#[test]\nfn library() { assert_eq!((alpha::WHO, beta::WHO), ("fork", "fork")); }\n'
        "#[test]\nfn program() {\n"
        '    let done = std::process::Command::new(env!("CARGO_BIN_EXE_alpha")).output().unwrap();\n'
        '    assert_eq!(String::from_utf8(done.stdout).unwrap(), "fork fork\\n");\n}\n'
    ),
}
OF_FORK = 'pub const WHO: &str = "fork";\n'
DRAFT: dict[str, str | None] = {"src/lib.rs": OF_FORK, "beta/src/lib.rs": OF_FORK}

pytestmark = pytest.mark.slow  # real repositories


def variables(folder: Path) -> dict[str, str]:
    """The toolchain of the machine, whose place is below the real home."""
    cargo = Path(shutil.which("cargo") or "/none/bin/cargo").parents[1]
    places = {"CARGO_HOME": str(folder / "cargo"), "CARGO_TARGET_DIR": str(folder / "user/target")}
    (folder / "cargo").mkdir(exist_ok=True)
    rustup = os.environ.get("RUSTUP_HOME") or str(cargo.parent / ".rustup")
    return {**places, "RUSTUP_HOME": rustup}


def crate(
    folder: Path,
    draft: dict[str, str | None] | None = None,
    ignored: dict[str, str] | None = None,
) -> Project:
    made = make(folder, FILES, {**DRAFT, **(draft or {})}, ignored)
    given = variables(folder)
    return Project(tree=made.tree, fork=made.fork, scratch=made.scratch, variables=given)


def given(project: Project) -> dict[str, str]:
    async def ask() -> dict[str, str]:
        environments = project.environments(mounting=False)
        with await environments.of_fork("cargo", project.checkout) as environment:
            return dict(environment.variables)

    return asyncio.run(ask())


@needs_cargo
@pytest.mark.slow
def test_the_fork_is_judged(tmp_path: Path) -> None:
    """With a newer build of the user's tree at hand: library, path dependency and program."""
    project = crate(tmp_path, ignored={"target/debug/x": "1"})
    old = time.time() - 3600
    for path in project.fork.rglob("*.rs"):
        os.utime(path, (old, old))
    before = project.state
    ran = project.run("cargo", "cargo", "test")
    assert ran.finished.exit_code == 0, ran.output
    assert ran.output.count("... ok") == 2
    assert ran.proof.proved, ran.proof
    assert ran.proof.level == ran.mechanism == "own target"
    assert project.state == before
    assert list(project.scratch.iterdir()) == []


@needs_cargo
@pytest.mark.slow
def test_canary_and_mirror(tmp_path: Path) -> None:
    """A user's tree that does not compile hurts nobody; a fork that does not is red."""
    project = crate(tmp_path)
    (project.tree / "src/lib.rs").write_text("compile_error!();\n")
    assert project.run("cargo", "cargo", "test").finished.exit_code == 0
    project.write({"src/lib.rs": "compile_error!();\n"})
    assert project.run("cargo", "cargo", "test").finished.exit_code != 0


@needs_cargo
@pytest.mark.slow
def test_a_file_of_the_user_that_is_compiled_in_is_named(tmp_path: Path) -> None:
    """By a path put together at build time, which no text shows: the compiler tells."""
    tree = (tmp_path / "user").resolve()
    script = (
        f'fn main() {{ let p = ["{tree.parent}", "us", "er"]; '
        'println!("cargo:rustc-env=AT={}/{}{}/src/lib.rs", p[0], p[1], p[2]); }\n'
    )
    lib = f'{OF_FORK}#[path = "{tree.parent}/./user/src/lib.rs"]\npub mod other;\n'
    project = crate(tmp_path, draft={"build.rs": script, "src/lib.rs": lib})
    assert "No such file" in project.run("cargo", "cargo", "build").output  # it is hidden
    ran = project.open.run("cargo", "cargo", "build")
    assert ran.finished.exit_code == 0, ran.output
    assert not ran.proof.proved
    assert ran.proof.offender == str(tree / "src/lib.rs")


def test_another_target_folder_proves_nothing(tmp_path: Path) -> None:
    """Where nothing was compiled in the folder given, nothing is known."""
    ran = crate(tmp_path).run("cargo", "true")
    assert not ran.proof.proved
    assert "compiled nothing" in ran.proof.reason


def test_files_are_touched_and_the_target_is_fresh(tmp_path: Path) -> None:
    """What was built before is not used, whatever its age."""
    project = crate(tmp_path)
    os.utime(project.fork / "src/lib.rs", (1, 1))
    said = given(project)
    assert Path(said["CARGO_TARGET_DIR"]).is_relative_to(project.scratch)
    assert said["CARGO_NET_OFFLINE"] == "true"
    assert (project.fork / "src/lib.rs").stat().st_mtime > 1


def test_a_lock_that_needs_more_may_fetch_it(tmp_path: Path) -> None:
    """Offline only where every package has been downloaded before."""
    source = 'source = "registry+https://github.com/rust-lang/crates.io-index"'
    lock = f'version = 3\n[[package]]\nname = "serde"\nversion = "1.0.0"\n{source}\n'
    project = crate(tmp_path, draft={"Cargo.lock": lock})
    assert "CARGO_NET_OFFLINE" not in given(project)
    cache = tmp_path / "cargo/registry/cache/index"
    cache.mkdir(parents=True)
    (cache / "serde-1.0.0.crate").touch()
    assert given(project)["CARGO_NET_OFFLINE"] == "true"


def test_paths_into_the_tree_are_named(tmp_path: Path) -> None:
    """An absolute path dependency, a path out of the repository, cargo's own settings."""
    tree = tmp_path / "user"
    absolute = FILES["Cargo.toml"].replace('"beta"', f'"{tree}/beta"', 1)
    assert crate(tmp_path, draft={"Cargo.toml": absolute}).refused("cargo").offender == "Cargo.toml"
    outside = FILES["Cargo.toml"].replace('path = "beta"', 'path = "../beta"')
    proof = crate(tmp_path / "2", draft={"Cargo.toml": outside}).refused("cargo")
    assert "out of the repository" in proof.reason
    project = crate(tmp_path / "3")
    settings = tmp_path / "3/cargo/config.toml"
    settings.write_text(f'paths = ["{project.tree}/beta"]\n')
    assert project.refused("cargo").offender == str(settings)


def test_a_link_into_the_tree_is_named(tmp_path: Path) -> None:
    """A tracked link is the fork's file and the user's text."""
    project = crate(tmp_path, draft={"src/more.rs": f"-> {tmp_path / 'user/src/lib.rs'}"})
    assert project.refused("cargo").offender == "src/more.rs"


def test_an_ignored_lock_is_taken_along(tmp_path: Path) -> None:
    """The versions are those of the user's own runs."""
    files = {name: text for name, text in FILES.items() if name != "Cargo.lock"}
    made = make(tmp_path, {**files, ".gitignore": "Cargo.lock\n"}, DRAFT, {"Cargo.lock": "# own\n"})
    project = Project(
        tree=made.tree, fork=made.fork, scratch=made.scratch, variables=variables(tmp_path)
    )
    given(project)
    assert (made.fork / "Cargo.lock").read_text() == "# own\n"

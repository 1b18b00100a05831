"""Scripts, Makefiles and CI definitions that no longer say when something is red. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import Look, Pair

_CI = re.compile(
    r"(?:^|/)(?:\.github/(?:workflows|actions)/|\.gitlab-ci|\.circleci/|\.ci/|azure-pipelines|Jenkinsfile"
    r"|\.travis|appveyor|\.appveyor|bitbucket-pipelines|\.buildkite/|\.drone|\.woodpecker|\.cirrus)"
)
_SCRIPT = re.compile(
    r"(?:\.(?:sh|bash|zsh|ksh|fish|ps1|cmd|bat|mk|just)|(?:^|/)(?:[Mm]akefile|GNUmakefile|justfile"
    r"|Justfile|Taskfile\.ya?ml|Rakefile|Procfile|package\.json|tox\.ini|tox\.toml|noxfile\.py|Dockerfile"
    r"|composer\.json|\.pre-commit-config\.yaml|lefthook\.yml|dodo\.py|tasks\.py|manage\.py"
    r"|pre-commit|pre-push|setup\.cfg|pyproject\.toml))$|(?:^|/)(?:scripts|bin|tools|hooks|\.husky)/[\w.-]+$"
)
_RUNS_TESTS: Final = re.compile(
    r"pytest|py\.test|\btox\b|\bnox\b|unittest|coverage|\bnpm (?:run )?t(?:est)?\b|yarn test"
    r"|pnpm test"
    r"|\bjest\b|vitest|mocha|go test|cargo (?:test|clippy|check)|make (?:test|check|lint)|mypy|ruff"
    r"|flake8|pylint|eslint|tsc\b|ctest|gradle|mvn|rspec|phpunit|dotnet test|hatch (?:run )?test"
    r"|\btests?\b"
    r"|\bcheck\b|\blint\b|run_tests|\$\(BIN\)|\$\(PYTHON\)"
)
_SWALLOWS: Final = (
    (re.compile(r"\|\|\s*(?::|true|/bin/true|exit\s+0|echo\b|\(exit 0\)|return 0|printf\b)"),
    "`||`"),
    (re.compile(r";\s*(?:true|:|exit\s+0|/bin/true)\s*[\"')\]]*\s*,?\s*$"),
    "a command that always succeeds"),
    (re.compile(r"^\s*set\s+\+(?:e|o\s+(?:errexit|pipefail))|^\s*set\s+\+\w*e"), "`set +e`"),
    (re.compile(r"^\s*-?\s*continue-on-error:\s*(?!false)|^\s*allow_failure:\s*(?!false)"),
    "failures allowed"),
    (re.compile(r"--no-verify\b|--exit-zero\b|--suppress-tests-failed|--passWithNoTests"
                r"|--no-error"), "an option"),
    (re.compile(r"^\s*(?:exit|return)\s+0\b|^\s*exit\s*$"), "`exit 0`"),
    (re.compile(r"\|\s*(?:cat|tee\b.*|true)\s*$"), "a pipe that hides the exit code"),
    (re.compile(r"^\s*-(?=@?\s*(?:\$|[a-z]+\s)).*$"), "`-` before a command"),
    (re.compile(r"ignore_(?:outcome|errors)\s*=\s*[Tt]rue|success_codes"), "failures ignored"),
    (re.compile(r"^\s*trap\s+['\"]?(?:exit 0|true|:)|^\s*if:\s*(?:false|\$\{\{\s*false)"),
    "a condition"),
    (re.compile(r"^\s*\.IGNORE\b|^\s*MAKEFLAGS.*-(?:i|k)\b|\bmake\s+-(?:i|k)\b"),
    "make told to go on"),
    (re.compile(r"^\s*\$?ErrorActionPreference.*(?:Continue|Silently)"), "errors ignored"),
    (re.compile(r"--deselect|--ignore(?:-glob)?[= ]|\s-k\s+['\"]?not\b|\s-m\s+['\"]?not\b"
                r"|--co(?:llect-only)?\b"
                r"|-p\s+no:|--maxfail|--lf\b|--last-failed"), "tests left out"),
)  # fmt: skip
_ALWAYS: Final = (
    "failures allowed",
    "`set +e`",
    "failures ignored",
    "an option",
    "make told to go on",
)
_YAML_DASH = "`-` before a command"


def findings(look: Look) -> Iterator[Finding]:
    """Of lines that the draft adds, and of steps it removes."""
    for pair in look.pairs:
        ci = _CI.search(pair.path) is not None
        other = pair.path.endswith(".py") and not pair.path.endswith("noxfile.py")
        if not (ci or _SCRIPT.search(pair.path)) or pair.too_big or other:
            continue
        yield from _added(look, pair, ci=ci)
        yield from _removed(look, pair, ci=ci)


def _added(look: Look, pair: Pair, *, ci: bool) -> Iterator[Finding]:
    whole = _RUNS_TESTS.search(pair.after or "") is not None
    known = {text.strip() for _, text in pair.removed}
    for number, text in pair.added:
        said = text.split(" #")[0] if not text.lstrip().startswith("#") else ""
        if not said.strip() or text.strip() in known:
            continue
        ways = [
            what
            for pattern, what in _SWALLOWS
            if pattern.search(said) and (what != _YAML_DASH or _is_make(pair.path))
        ]
        if ways:
            # what is allowed to fail matters where it judges
            judges = ci or _RUNS_TESTS.search(said) is not None
            judges = judges or any(way in _ALWAYS for way in ways) or (whole and "`exit 0`" in ways)
            yield Finding(
                sign="failure-ignored",
                path=pair.path,
                line=number,
                what=f"a failure is ignored by {ways[0]}: {said.strip()[:80]}",
                decisive=judges and whole and not look.asked.names(pair.path),
            )


def _removed(look: Look, pair: Pair, *, ci: bool) -> Iterator[Finding]:
    """A command that ran the tests and is not there any more."""
    if pair.before is None or not (
        ci or _is_make(pair.path) or pair.path.endswith((".sh", ".json"))
    ):
        return
    lost = [(n, text) for n, text in pair.removed if _command(text)]
    kept = sum(_command(text) for _, text in pair.added)
    strict = [(n, text) for n, text in pair.removed if re.search(r"^\s*set\s+-\w*e", text)]
    strict_kept = any(re.search(r"^\s*set\s+-\w*e", text) for _, text in pair.added)
    for number, text in [*lost[kept:], *(() if strict_kept else strict)]:
        yield Finding(
            sign="failure-ignored",
            path=pair.path,
            line=number,
            what=f"a command that judges is gone: {text.strip()[:80]}",
            decisive=not look.asked.names(pair.path),
        )


_RUN_COMMAND = re.compile(
    r"(?:^\s*(?:-\s+)?|run:\s*['\"|]?|&&\s*|;\s*|\brun\s+|-m\s+|bash\s+-c\s+['\"]|:\s*['\"])@?"
    r"(?:\$\(\w+\)/?\S*\s+)?(?:pytest|py\.test|tox|nox|npm (?:run )?test|yarn test|go test|cargo"
    r" test"
    r"|unittest|make (?:test|check)|jest|vitest|mocha|trial)(?=\s|$|['\"])"
)


def _command(text: str) -> bool:
    """True for a line that runs tests."""
    return _RUN_COMMAND.search(text) is not None and not text.lstrip().startswith(("#", "//"))


def _is_make(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in ("Makefile", "makefile", "GNUmakefile") or name.endswith(".mk")

"""What the rules router makes of a sentence."""

from __future__ import annotations

import time

import pytest

from sef.model import Kind, Route, Task, Tier
from sef.routers import ROUTERS
from sef.routers.rules import RulesRouter

# text, tier, kind
SENTENCES = (
    ("run the tests", 0, "validate"),
    ("Run all tests.", 0, "validate"),
    ("please run the full test suite", 0, "validate"),
    ("Can you run pytest?", 0, "validate"),
    ("test", 0, "validate"),
    ("Do all the tests pass?", 0, "validate"),
    ("run tests in tests/test_x.py", 0, "validate"),
    ("Find the definition of class Context", 0, "explore"),
    ("where is Context defined?", 0, "explore"),
    ("find function foo", 0, "explore"),
    ("Search for 'TODO'", 0, "explore"),
    ("grep foo", 0, "explore"),
    ("find files named *.md", 0, "explore"),
    ("list the files matching src/**/*.py", 0, "explore"),
    ("run pytest with coverage", 1, "validate"),
    ("Run the integration tests", 1, "validate"),
    ("Run the linter", 1, "validate"),
    ("run the build", 1, "validate"),
    ("check the formatting", 1, "validate"),
    ("git log of the last week", 1, "explore"),
    ("Show the git diff", 1, "explore"),
    ("Summarise src/app.py", 1, "explore"),
    ("Explain what parse_args returns", 1, "explore"),
    ("Explain the session module", 1, "explore"),
    ("Read pyproject.toml and list the dependencies", 1, "explore"),
    ("Find the callers of parse_args", 1, "explore"),
    ("Where is the timeout configured?", 1, "explore"),
    ("Add docstrings to the public functions of shapes.py", 1, "document"),
    ("Update the README", 1, "document"),
    ("Add a changelog entry to CHANGELOG.md for 1.2", 1, "document"),
    ("Fix the typo in the README", 1, "document"),
    ("Document the command line flags", 1, "document"),
    ("Fix the broken links in the docs", 1, "document"),
    ("Implement the --verbose flag", 2, "implement"),
    ("Add a comment form to the blog page", 2, "implement"),
    ("Create a function slugify in text.py", 2, "implement"),
    ("Write tests for shapes.area", 2, "implement"),
    ("Rename Foo to Bar", 2, "implement"),
    ("Refactor load_config into two functions", 2, "implement"),
    ("Extract the retry loop of client.py into a function", 2, "implement"),
    ("Fix the ZeroDivisionError in shapes.py line 12", 2, "implement"),
    ("Fix this: Traceback (most recent call last): KeyError: 'id'", 2, "implement"),
    ("Review the changes in parser.py", 2, "review"),
    ("Integrate the payments API as its guide says", 2, "implement"),
    ("Update the README and add a --quiet flag", 2, "implement"),
    ("Run the tests and fix the TypeError in shapes.py", 2, "implement"),
    ("Remove the unused imports", 2, "implement"),
    ("find the definition of Context and rename it", 2, "implement"),
    ("run the tests and fix what fails", 2, "implement"),
    ("Fix the bug", 3, "implement"),
    ("Login does not work", 3, "implement"),
    ("Design a plug-in system", 3, "design"),
    ("Describe the architecture we ought to have", 3, "design"),
    ("Audit the upload handler for vulnerabilities", 3, "review"),
    ("Optimise the query planner", 3, "implement"),
    ("Find the memory leak in the worker", 3, "explore"),
    ("test_sync is flaky, fix it", 3, "implement"),
    ("Fix the deadlock in the pool", 3, "implement"),
    ("The job sometimes fails", 3, "implement"),
    ("Make the cache thread-safe", 3, "implement"),
    ("Implement a novel clustering algorithm", 3, "implement"),
    ("Migrate the storage layer to SQLite", 3, "implement"),
    ("Rewrite the parser", 3, "implement"),
    ("Why does the import take ten seconds?", 3, "explore"),
    ("Rename user_id across all the services", 3, "implement"),
    ("Change several files so that errors are logged", 3, "implement"),
    ("Should we use threads or processes?", 3, "design"),
    ("Make it better", 3, "implement"),
    ("fix it", 3, "implement"),
    ("refactor", 3, "implement"),
    ("continue", 3, "implement"),
    ("The lilac giraffe hums", 3, "implement"),
    ("Führe bitte die Tests aus und erkläre das Ergebnis", 3, "implement"),
    ("Ajoute une fonction pour lire le fichier", 3, "implement"),
    ("テストを実行して README を直して", 3, "implement"),
    ("", 3, "implement"),
    ("?!", 3, "implement"),
)

JUDGEMENT = (
    "run the tests and fix what fails",
    "run the tests in parallel",
    "run the unit tests",
    "run the tests in CI/CD",
    "run the tests\nand then rename Foo",
    "run tests in ../other/tests",
    "run pytest -p evil",
    "run pytest; rm -rf tests/",
    "find the definition of Context and rename it",
    "find function calls",
    "find class names",
    "find method overriding",
    "find the slow function",
    "find type errors",
    "where is everything defined?",
    "where is authentication handled?",
    "search for bugs",
    "search for vulnerabilities",
    "search for TODOs and fix them",
    "grep -r foo",
    "find all occurrences of duplicated code",
    "find files matching our conventions",
    "find files named a.p?",
    "list files matching /etc/*",
    "list files matching ../*",
    "delete the files named *.md",
    "don't run the tests",
)

DEEP = (
    "Add a docstring on the race in pool.py",
    "Update the README with the new architecture",
    "Summarise why the tests hang",
    "Write a function that sanitises uploads for security",
    "List the performance bottlenecks",
    "Add retries; it must be safe under concurrency",
    "Rename the class and redesign its interface",
    "please just quickly debug the intermittent failure",
    "Explain the trade-offs of both caches",
    "fix: something is wrong with dates",
)


def route(text: str, kind: Kind | None = None) -> Route:
    return RulesRouter().route(Task(id="t", text=text, kind=kind))


@pytest.mark.parametrize(("text", "tier", "kind"), SENTENCES)
def test_sentences(text: str, tier: int, kind: str) -> None:
    """Each sentence goes to the cheapest tier that its words allow, as the kind they name."""
    made = route(text)
    assert (int(made.tier), made.kind.value) == (tier, kind), made.reason


@pytest.mark.parametrize("text", JUDGEMENT)
def test_nothing_that_needs_judgement_is_mechanical(text: str) -> None:
    """A sentence with anything left over is not tier 0."""
    assert route(text).tier > Tier.NONE


@pytest.mark.parametrize("text", DEEP)
def test_deep_requests_are_retained(text: str) -> None:
    """One word that asks for the target outweighs any number that do not."""
    assert route(text).tier is Tier.TARGET


@pytest.mark.parametrize(
    ("text", "executor", "what", "subject"),
    [
        ("run the tests", "tests", "run", ""),
        ("Could you please run the test suite for me?", "tests", "run", ""),
        (
            "run the tests in `tests/test_x.py::test_y[1]`.",
            "tests",
            "run",
            "tests/test_x.py::test_y[1]",
        ),
        ("pytest tests/unit/", "tests", "run", "tests/unit/"),
        ("find the definition of class Context", "search", "definition", "class Context"),
        ("Show me the definition of `X.y` in the repo", "search", "definition", "X.y"),
        ("where is class A defined?", "search", "definition", "class A"),
        ("find class A", "search", "definition", "class A"),
        ("where is function élan defined?", "search", "definition", "function élan"),
        ("run tests/test_a.py", "tests", "run", "tests/test_a.py"),
        ("run `pkg/tests/`", "tests", "run", "pkg/tests/"),
        (
            "Run tests/test_a.py::TestB::test_c again, please",
            "tests",
            "run",
            "tests/test_a.py::TestB::test_c",
        ),
        ("Find where foo_bar() is defined", "search", "definition", "foo_bar"),
        ("locate the method run", "search", "definition", "method run"),
        ("where's the function main declared?", "search", "definition", "function main"),
        ('find all occurrences of "x  y"', "search", "text", "x  y"),
        ("search for TODO in the codebase", "search", "text", "TODO"),
        ("search for parse_args", "search", "text", "parse_args"),
        ("grep for foo please", "search", "text", "foo"),
        ("find files named *.md", "search", "files", "*.md"),
        ("Can you find files named a.py?", "search", "files", "a.py"),
        ("list all *.py files", "search", "files", "*.py"),
        ("find the file named Makefile.", "search", "files", "Makefile"),
    ],
)
def test_requests_carry_their_arguments(text: str, executor: str, what: str, subject: str) -> None:
    """A tier 0 route names the executor, the operation and the subject as it was written."""
    request = route(text).request
    assert request is not None
    assert (request.executor, request.what, request.subject) == (executor, what, subject)


def test_a_request_comes_with_tier_0_and_only_then() -> None:
    """A route has a request exactly when its tier is 0."""
    routes = [route(text) for text, _, _ in SENTENCES]
    assert all((made.request is not None) == (made.tier is Tier.NONE) for made in routes)


def test_the_authors_kind_overrides_the_kind_and_not_the_tier() -> None:
    """A given kind replaces the guessed one; the tier and the request stay."""
    for text in ("run the tests", "Rename Foo to Bar", "Make it better"):
        made, given = route(text), route(text, Kind.REVIEW)
        assert given.kind is Kind.REVIEW
        assert (given.tier, given.request) == (made.tier, made.request)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("run the tests", "fast"),
        ("Summarise src/app.py", "fast"),
        ("Rename Foo to Bar", "standard"),
        ("Summarise app.py: " + "its parts, " * 15 + "its end", "standard"),
        ("Design a plug-in system", "complex"),
        ("blah", "complex"),
    ],
)
def test_policy(text: str, policy: str) -> None:
    """Direct answers are fast, known approaches standard, deep or doubtful work complex."""
    assert route(text).policy == policy


def test_the_reason_is_one_line_that_names_the_words() -> None:
    """The reason quotes what decided, without control codes."""
    assert "deadlock" in route("Fix the deadlock").reason
    for text in ("x\n" * 50, "find\x1b[31m the\ndeadlock\x07", "é\n" * 500):
        assert "\n" not in route(text).reason
        assert "\x1b" not in route(text).reason


def test_scores_are_between_0_and_1() -> None:
    """Every score lies in 0..1; a sentence understood as a whole has 1, doubt has little."""
    scores = [route(text).score for text in (*JUDGEMENT, *DEEP, *(s[0] for s in SENTENCES))]
    assert all(0 <= score <= 1 for score in scores)
    assert route("run the tests").score == 1 > route("blah").score


def test_control_codes_are_ignored() -> None:
    """Colours and invisible marks change nothing."""
    assert route("\x1b[1mrun\x1b[0m the\u200b tests\x00").tier is Tier.NONE


def test_a_long_light_request_goes_up() -> None:
    """What takes many words to say is not a tier 1 task."""
    assert route("Summarise " + "the parser and " * 40 + "the rest").tier is Tier.STANDARD


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "run the ",
        " ",
        "\n",
        "'",
        '"',
        "`",
        "add the ",
        "x/",
        "x.",
        "\x1b]",
        "find ",
        "é",
        "and ",
    ],
)
def test_hostile_input_takes_linear_time(unit: str) -> None:
    """Neither 100 kB nor the longest text that is read in full makes a pattern explode."""
    began = time.process_time()
    for size in (20_000, 100_000):
        assert route("add the " + unit * (size // len(unit))).tier >= Tier.LIGHT
    assert time.process_time() - began < 1


def test_what_is_too_long_to_judge_is_retained() -> None:
    """Beyond 20,000 characters the words are not weighed."""
    assert route("Summarise this. " * 10_000).tier is Tier.TARGET


def test_the_table_names_the_router() -> None:
    """The short name rules makes this router, and the table cannot be changed."""
    assert isinstance(ROUTERS["rules"](), RulesRouter)
    assert not hasattr(ROUTERS, "__setitem__")

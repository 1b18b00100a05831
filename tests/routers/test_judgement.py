"""How the rules router judges requests that are not mechanical, on sets of its own and by rule."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from sef.model import Kind, Route, Task, Tier
from sef.routers.deep import deep
from sef.routers.language import english
from sef.routers.rules import RulesRouter
from sef.routers.words import Phrases

DATA = Path(__file__).parents[1] / "data"

TOLD_BEFORE = (
    "still a bit weird",
    "yes do that",
    "no, the other one",
    "continue",
    "What's the next step?",
    "I get this error:\n(see image)",
    "from decimal import Decimal",
    "You're in the wrong folder",
    "1 and 3",
    "where were we?",
)
# text, tier
COMMANDS = (
    ("/run make docs", 1),
    ("/test", 1),
    ("/git reset --hard", 1),
    ("/compact", 1),
    ("/model opus", 1),
    ("/review", 2),
    ("/review src/till.py for races", 3),
    ("/security-review", 3),
    ("/plan", 3),
    ("/frobnicate", 3),
    ("/ask where is the retry count set?", 1),
    ("/code add a flag --dry to the export", 2),
)
QUESTIONS = (
    ("Which file holds the retry count?", 1),
    ("Is the cache folder under version control?", 1),
    ("How do I start the dev server?", 1),
    ("What is the difference between `a.toml` and `b.toml`?", 1),
    ("Where should the retry logic live?", 2),
    ("What is the best way to test a webhook?", 2),
    ("What happens to lock.json when two windows are open?", 2),
    ("Any ideas what to call the new package?", 2),
    ("Should we keep Redis or use Postgres for the queue?", 3),
    ("Why is checkout slow for big carts?", 3),
    ("Why does the total differ from the sum of its lines?", 3),
    ("Why did you rename the till?", 2),
)
TROUBLE = (
    ("The export button does nothing and I see no message, fix the bug", 3),
    ("Fix the bug in parse_date", 2),
    ("I get an error when I open the export page", 2),
    ("The build fails with E1101 in till/cart.py:40", 2),
    ("fix: ValueError: bad month, raised by the importer", 2),
    ("the importer is broken", 3),
)
PASTED = (
    ("KeyError: 'vat' in shop/tax.py:12. Fix it.", 2),
    ("ImportError: cannot import name Till from shop.till - can you fix this?", 2),
    ("AttributeError: module 'till' has no attribute 'sum', please repair the importer", 2),
    ('  File "till.py", line 8, in add, please fix', 2),
    ("MemoryError: unable to allocate. Please find out why it leaks", 3),
)
CREEPING = (
    "The heap of the importer keeps growing until the container is restarted",
    "The till opens more and more file descriptors until nothing works",
    "RSS grows by a few megabytes each hour",
    "The build went from 3 min to 40 min after we added packages",
    "Report generation jumped from two seconds to a minute; get it back down",
    "As the table grows, the export needs longer and longer",
)
OUTPUT = (
    ("Run ruff and report the results", 1),
    ("Run the unit tests and let me know which fail", 1),
    ("Build the wheel, then paste the last lines of the log", 1),
    ("Run the report job and send the results to the API", 2),
    ("Return the output of the parser as JSON", 2),
    ("Change the timeout from 10 seconds to 30 seconds", 2),
    ("Change the timeout from 30 seconds to 2 minutes", 2),
    ("Keep the function under 30 lines", 2),
)
DOCUMENTS = (
    ("Update CHANGELOG.md for 2.0, then sort its sections", 1),
    ("In GUIDE.md reorder the chapters", 1),
    ("Implement the import as described in docs/import.md", 2),
    ("Update the README, then make the timeout of client.py 30 s", 2),
    ("clean up requirements.txt", 2),
)


def route(text: str) -> Route:
    return RulesRouter().route(Task(id="t", text=text))


@pytest.mark.parametrize(("text", "tier"), PASTED)
def test_what_is_said_behind_a_message_is_a_request(text: str, tier: int) -> None:
    """A message on the line of the request pins the trouble down and does not hide the request."""
    assert (int(route(text).tier), route(text).needs_context) == (tier, False)


@pytest.mark.parametrize("text", CREEPING)
def test_what_rises_till_something_ends_it_is_a_search(text: str) -> None:
    """Growth of time or memory without a message goes to the target, and can be judged alone."""
    assert (route(text).tier, route(text).needs_context) == (Tier.TARGET, False)


@pytest.mark.parametrize(("text", "tier"), OUTPUT)
def test_to_hand_back_what_was_printed_is_light(text: str, tier: int) -> None:
    """Output for who asked is part of running; output for a program is code."""
    assert route(text).tier == tier


def test_a_statement_that_names_its_things_stands_alone() -> None:
    """It is retained, but nobody needs the conversation to understand it."""
    made = route("Highlighting of invoices during export looks whack on narrow phones")
    assert (made.tier, made.needs_context) == (Tier.TARGET, False)
    assert route("you modified those files in the main workspace").needs_context


def read(name: str) -> list[tuple[str, str]]:
    lines = (DATA / name).read_text().splitlines()
    return [(said["text"], said["tier"]) for said in map(json.loads, lines)]


def test_no_deep_request_is_under_routed() -> None:
    """Every request of the deep set goes to the target, as one that can be judged."""
    requests = read("deep_requests.jsonl")
    assert len(requests) >= 80
    assert [text for text, _ in requests if route(text).tier is not Tier.TARGET] == []


def test_plain_requests_are_routed_as_labelled() -> None:
    """Of the plain set at least 85 % are exact and none is under: not everything goes up."""
    requests = [(text, int(label)) for text, label in read("plain_requests.jsonl") if label != "X"]
    off = [max(int(route(text).tier), 1) - label for text, label in requests]
    assert len(requests) >= 50
    assert off.count(0) / len(off) >= 0.85
    assert min(off) == 0


def test_plain_requests_without_context_are_told_apart() -> None:
    """What is labelled X in the plain set needs context, and nothing else in either set does."""
    for text, label in read("plain_requests.jsonl") + read("deep_requests.jsonl"):
        assert route(text).needs_context is (label == "X"), text


@pytest.mark.parametrize("text", TOLD_BEFORE)
def test_what_was_said_before_is_retained(text: str) -> None:
    """A request about something that was said before needs context and goes to the target."""
    made = route(text)
    assert made.needs_context, made.reason
    assert made.tier is Tier.TARGET


@pytest.mark.parametrize(
    ("text", "tier"), COMMANDS + QUESTIONS + TROUBLE + DOCUMENTS, ids=lambda value: str(value)[:40]
)
def test_tiers(text: str, tier: int) -> None:
    """Commands, questions, trouble and documents each have their own rule."""
    made = route(text)
    assert int(made.tier) == tier, made.reason


def test_a_path_is_no_command() -> None:
    """A text that begins with a path is read as a request."""
    assert "known here" not in route("/etc/hosts lists my servers; show the file").reason


def test_what_is_pasted_is_not_what_is_asked() -> None:
    """Words in a fence, a trace or a log do not make a request deep; they are evidence."""
    log = "```\nERROR deadlock detected, memory corruption\n```"
    assert route(f"Rename the logger in this line: {log}").tier is Tier.STANDARD
    trace = 'Traceback (most recent call last):\n  File "a.py", line 3\nKeyError: 3'
    assert route(f"fix this bug\n{trace}").tier is Tier.STANDARD


def test_one_weak_word_is_not_enough() -> None:
    """A word that small requests use too needs a second one of its criterion, and near it."""
    assert deep("sort the roles") == ()
    assert {one.words for one in deep("can roles be trusted? secure them")} == {"roles", "secure"}
    assert deep("sort the roles" + ", then the names" * 20 + " and mark it secure") == ()


def test_the_reason_names_the_criterion() -> None:
    """A deep route says which criterion of tier 3 decided."""
    assert "performance" in route("The import takes ten minutes").reason
    assert "security" in route("Check the upload for injection").reason
    assert "architecture" in route("Split the monolith").reason


def test_kinds() -> None:
    """All six kinds are told apart."""
    texts = ("show the log", "run the linter", "document cli.py", "add a flag", "review cart.py")
    kinds = [route(text).kind for text in (*texts, "design a plug-in system")]
    assert kinds == list(Kind)


@pytest.mark.parametrize(
    ("text", "is_english"),
    [
        ("Bitte benenne die Funktion um und prüfe das Ergebnis", False),
        ("podemos hacer ese tiempo configurable ahora mismo", False),
        ("rename the function", True),
        ("bump requests", True),
    ],
)
def test_other_languages_go_up(text: str, is_english: bool) -> None:
    """A text in another language is not judged by English words."""
    assert english(text) is is_english
    assert is_english or route(text).tier is Tier.TARGET


def test_routing_is_deterministic() -> None:
    """The same text gives the same route, also from another router."""
    texts = [text for text, _ in read("deep_requests.jsonl") + read("plain_requests.jsonl")]
    assert [route(text) for text in texts] == [route(text) for text in reversed(texts)][::-1]


def test_a_route_of_20_kb_takes_milliseconds() -> None:
    """What is read of a long text is bounded; processor time, the least of some readings (two, where
    nothing else runs)."""
    prose = "The order page shows a total, and we should make the tax a line of its own. "
    pasted = "please fix this error:\n```\n" + "2026-11-22 10:00:00 worker failed: no route\n" * 430
    for text in (prose * 260, prose * 15, pasted, prose * 8 + pasted):
        assert _least_seconds(text[:20_000]) < 0.02


def _least_seconds(text: str) -> float:
    router, task, readings = RulesRouter(), Task(id="t", text=text), []
    for _ in range(15):
        began = time.thread_time()
        router.route(task)
        readings.append(time.thread_time() - began)
    return min(readings)


def test_a_phrase_begins_with_letters() -> None:
    """A phrase without a place in the table is refused when the table is made."""
    for phrase in (r"\w+ leak", "a?b", "re-?read", r"\d+"):
        with pytest.raises(ValueError, match="needs 3 letters"):
            Phrases(((1, phrase),))


def test_phrases_are_whole_words() -> None:
    """A phrase is found at the beginning of a word and ends with one."""
    table = Phrases(((1, r"leak / leak\w+ / is it / (?:cold|warm) start"),))
    found = [one.words for one in table.find("leaky bleak leak, is it a warm\n start? this it")]
    assert found == ["leaky", "leak", "is it", "warm start"]

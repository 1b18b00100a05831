"""Transcripts of every known shape, whole and broken, with sums by hand."""

from __future__ import annotations

import json
import os
import random
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sef.errors import UsageError
from sef.transcripts.instruction import instruction
from sef.transcripts.later import later
from sef.transcripts.lines import LONGEST, MOST_A_LINE, records
from sef.transcripts.places import default_folders, find_sessions, folder_name
from sef.transcripts.session import Tally
from transcripts.claude_logs import (
    HAIKU,
    OPUS,
    SONNET,
    answered,
    asked,
    booked,
    put,
    read,
    result,
    session,
    tool,
    usage,
)


def tokens(root: Path) -> tuple[int, int, int, int, int, int]:
    """Requests, then input, cache read, cache writes of 5 minutes and 1 hour, output."""
    rows = [row.tokens for row in booked(root).rows()]
    return (
        len(rows),
        sum(row.input for row in rows),
        sum(row.cache_read for row in rows),
        sum(row.cache_write_5m for row in rows),
        sum(row.cache_write_1h for row in rows),
        sum(row.output for row in rows),
    )


def test_a_message_on_several_lines_counts_once(tmp_path: Path) -> None:
    """Its usage grows from line to line; the last one holds: 3 + 7 in, 20 + 5 out."""
    session(
        tmp_path,
        asked("fix it"),
        answered(usage(fresh=3, out=1), name="m1"),
        answered(usage(fresh=3, out=20), name="m1"),
        answered(usage(fresh=3, out=20), name="m1"),
        answered(usage(fresh=7, out=5), name="m2"),
    )
    assert tokens(tmp_path) == (2, 10, 0, 0, 0, 25)


def test_lines_of_two_messages_may_alternate(tmp_path: Path) -> None:
    """Two messages with the same first usage are told apart by their ids: 1 + 9, and 2."""
    session(
        tmp_path,
        answered(usage(out=1), name="m1"),
        answered(usage(out=2), name="m2"),
        answered(usage(out=9), name="m1"),
        answered(usage(out=2), name="m2"),
    )
    assert tokens(tmp_path) == (2, 0, 0, 0, 0, 11)


def test_cache_writes_of_all_clients(tmp_path: Path) -> None:
    """With the split (30 and 5), with the sum only (100), with the split only (7 and 8), with none."""
    split_only = {
        "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 8}
    }
    session(
        tmp_path,
        answered(usage(short=30, hour=5)),
        answered({"input_tokens": 1, "cache_creation_input_tokens": 100, "output_tokens": None}),
        answered(split_only),
        answered({"input_tokens": 2.0}),
    )
    assert tokens(tmp_path) == (4, 3, 0, 137, 13, 0)


def test_agents_are_found_in_all_three_places(tmp_path: Path) -> None:
    """In the session's folder (10), nested in it (20), beside the session (40), in its file (80)."""
    own = session(
        tmp_path,
        asked("look around"),
        answered(usage(out=1), tools=[tool("Agent", "t1"), tool("Task", "t2")]),
        asked("side", isSidechain=True),
        answered(usage(out=80), isSidechain=True),
    )
    agents = own.with_suffix("") / "subagents"
    put(agents / "agent-a.jsonl", [answered(usage(out=10), model=HAIKU)])
    put(agents / "deeper" / "agent-b.jsonl", [answered(usage(out=20), model=SONNET)])
    put(own.with_name("agent-c.jsonl"), [answered(usage(out=40), sessionId="s1")])
    ledger = booked(tmp_path)
    found = {row.tokens.output: row.agent >= 0 for row in ledger.rows()}
    assert found == {1: False, 80: True, 10: True, 20: True, 40: True}
    assert len(read(tmp_path)) == 1


def test_an_agent_belongs_to_the_task_that_started_it(tmp_path: Path) -> None:
    """By its meta file, or by the id in what came back; the parent's context is known: 500."""
    own = session(
        tmp_path,
        asked("fix the first thing"),
        answered(usage(read=400, fresh=100), tools=[tool("Agent", "t1")]),
        result("t1", "r" * 60),
        asked("fix the second thing"),
        answered(usage(read=700), tools=[tool("Agent", "t2")]),
        result("t2", "done", toolUseResult={"agentId": "b"}),
        answered(usage(read=800)),
    )
    agents = own.with_suffix("") / "subagents"
    put(agents / "agent-a.jsonl", [answered(usage(out=10))])
    (agents / "agent-a.meta.json").write_text('{"toolUseId": "t1", "agentType": "x"}')
    put(agents / "agent-b.jsonl", [answered(usage(out=20))])
    (agents / "agent-b.meta.json").write_text("{broken")
    (one,) = read(tmp_path)
    first, second = one.agents
    assert (first.task, second.task) == (one.tasks[0], one.tasks[1])
    assert first.parent is not None
    assert first.parent.used.prompt == 500
    assert (first.report, first.later, second.later) == (60, 2, 1)


def test_an_agent_of_an_agent_belongs_to_the_task_too(tmp_path: Path) -> None:
    """Whoever started an agent is read first, whatever their files are called."""
    own = session(tmp_path, asked("fix it"), answered(tools=[tool("Agent", "t1")]))
    agents = own.with_suffix("") / "subagents"
    put(agents / "agent-z.jsonl", [answered(tools=[tool("Agent", "t2")])])
    (agents / "agent-z.meta.json").write_text('{"toolUseId": "t1", "spawnDepth": 1}')
    put(agents / "agent-a.jsonl", [answered(tools=[tool("Edit", "e", file_path="a.py")])])
    (agents / "agent-a.meta.json").write_text('{"toolUseId": "t2", "spawnDepth": 2}')
    (one,) = read(tmp_path)
    assert {id(request.task) for request in one.requests} == {id(one.tasks[0])}
    assert one.tasks[0].edited_code


def test_resumed_and_forked_work_counts_once(tmp_path: Path) -> None:
    """Copies in two more files, one of them cut off early: 5 and 7 out, not 5 + 2 + 7 + 7."""
    first, second = answered(usage(out=5), name="m1"), answered(usage(out=7), name="m2")
    session(tmp_path, asked("a"), first, answered(usage(out=2), name="m2"), name="fork1")
    session(tmp_path, asked("a"), first, second, name="s1")
    session(tmp_path, asked("a"), first, second, answered(usage(out=1), name="m3"), name="s2")
    ledger = booked(tmp_path)
    assert tokens(tmp_path) == (3, 0, 0, 0, 0, 13)
    assert ledger.copies == 4
    assert [one.shared for one in ledger.sessions] == [True, True, True]
    assert len(ledger.tasks) == 1  # what a copy goes on with is the same instruction


def test_an_instruction_in_two_files_is_one_task(tmp_path: Path) -> None:
    """A fork copies the session's own file, but not those of its agents; their task is the same."""
    records = asked("fix it"), answered(usage(out=1), name="m1", tools=[tool("Agent", "t1")])
    session(tmp_path, *records, asked("and more"), answered(), name="a-fork")
    own = session(tmp_path, *records, name="s1")
    agent = put(own.with_suffix("") / "subagents/agent-a.jsonl", [answered(usage(out=10))])
    agent.with_suffix(".meta.json").write_text('{"toolUseId": "t1"}')
    ledger = booked(tmp_path)
    assert [task.text for task in ledger.tasks] == ["fix it", "and more"]
    assert [(row.tokens.output, row.task) for row in ledger.rows()] == [(1, 0), (0, 1), (10, 0)]


def test_requests_without_ids(tmp_path: Path) -> None:
    """The message's id, else the request's, else the record's; without any it is not understood."""
    by_request, by_record, by_none = (answered(usage(out=n)) for n in (1, 2, 4))
    for one in (by_request, by_record, by_none):
        del one["message"]["id"]
    del by_record["requestId"], by_none["requestId"]
    session(tmp_path, by_request, by_request, by_record | {"uuid": "u1"}, by_none)
    tally = Tally()
    read(tmp_path, tally)
    assert tokens(tmp_path) == (2, 0, 0, 0, 0, 3)
    assert tally.not_understood == 1


def test_the_clients_own_words_cost_nothing(tmp_path: Path) -> None:
    """A message about a failed connection, made up by the client, is no request."""
    session(tmp_path, answered(usage(), model="<synthetic>", isApiErrorMessage=True))
    assert tokens(tmp_path)[0] == 0


def test_the_model_that_was_asked_for_is_billed(tmp_path: Path) -> None:
    """Whatever model a gateway answered with."""
    session(tmp_path, answered(model="qwen-local", requestedModel=HAIKU))
    assert [row.model for row in booked(tmp_path).rows()] == [HAIKU]


def test_modes_and_searches_are_kept(tmp_path: Path) -> None:
    """Batch, fast mode, and what the provider's own tools did."""
    said = usage(out=1) | {
        "service_tier": "batch",
        "speed": "fast",
        "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 2},
    }
    session(tmp_path, answered(said))
    (row,) = booked(tmp_path).rows()
    assert (row.batch, row.fast, row.tokens.web_searches, row.web_fetches) == (True, True, 3, 2)


def test_advisers_are_requests_of_their_own(tmp_path: Path) -> None:
    """The provider asks another model within a request and bills it apart: 5 and 70 out."""
    passes = [
        {"type": "message", "input_tokens": 60, "output_tokens": 2},
        {"type": "advisor_message", "model": OPUS, "input_tokens": 9, "output_tokens": 70},
        {"type": "message", "input_tokens": 40, "output_tokens": 3},
    ]
    said = usage(fresh=100, out=5) | {"iterations": passes, "inference_geo": "us"}
    one = answered(said, model=HAIKU)
    session(tmp_path, one, one)
    rows = list(booked(tmp_path).rows())
    assert [(row.model, row.tokens.output) for row in rows] == [(HAIKU, 5), (OPUS, 70)]
    assert [(row.tokens.input, row.tokens.prompt, row.us_only) for row in rows] == [
        (100, 60, True), (9, 9, False),
    ]  # fmt: skip


def test_odd_passes_take_nothing_from_a_request(tmp_path: Path) -> None:
    """Its own sums count, and so does the adviser that can be understood; the line is told."""
    passes = [
        {"type": "message", "input_tokens": -1},
        {"type": "message", "input_tokens": 40},
        {"type": "advisor_message", "model": OPUS, "output_tokens": -7},
        {"type": "advisor_message", "model": OPUS, "output_tokens": 70},
    ]
    session(tmp_path, answered(usage(fresh=100, out=5) | {"iterations": passes}, model=HAIKU))
    tally = Tally()
    read(tmp_path, tally)
    rows = list(booked(tmp_path).rows())
    assert [(row.model, row.tokens.output) for row in rows] == [(HAIKU, 5), (OPUS, 70)]
    assert rows[0].tokens.prompt == 100
    assert tally.not_understood == 1


def test_the_last_line_tells_the_mode(tmp_path: Path) -> None:
    """A first line does not know yet that the answer will be fast; nor does an older copy."""
    fast = usage(out=9) | {"speed": "fast"}
    session(tmp_path, answered(usage(out=1), name="m1"), answered(fast, name="m1"))
    assert [row.fast for row in booked(tmp_path).rows()] == [True]
    session(tmp_path, answered(usage(out=1), name="m1"), name="a-copy")
    assert [row.fast for row in booked(tmp_path).rows()] == [True]


@pytest.mark.parametrize("names", [("s1", "s1"), ("s1", "s2"), ("s2", "s1")])
def test_of_equal_sums_the_one_with_more_output_holds(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    """Within a file and over files, whichever comes first: output grows, the prompt does not."""
    early, late = (answered(usage(fresh=a, out=b), name="m1") for a, b in ((100, 0), (0, 100)))
    lines: dict[str, list[dict[str, object]]] = {}
    for name, line in zip(names, (early, late), strict=True):
        lines.setdefault(name, []).append(line)
    for name, own in lines.items():
        session(tmp_path, *own, name=name)
    assert tokens(tmp_path) == (1, 0, 0, 0, 0, 100)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_one_id_under_two_requests_to_two_models_is_two(
    tmp_path: Path, turned: bool, apart: bool
) -> None:
    """In one file or two, in either order; another model or another request alone is no other."""
    first = answered(usage(out=1), name="m1", requestId="r1")
    second = answered(usage(out=2), name="m1", requestId="r2", model=HAIKU)
    pair = (second, first) if turned else (first, second)
    if apart:
        session(tmp_path, pair[0], name="s1")
        session(tmp_path, pair[1], pair[0], pair[1], name="s2")
    else:
        session(tmp_path, *pair, *pair)
    rows = {(row.model, row.tokens.output) for row in booked(tmp_path).rows()}
    assert rows == {(OPUS, 1), (HAIKU, 2)}
    assert tokens(tmp_path)[0] == 2
    session(tmp_path, first | {"requestId": "r3"}, second | {"requestId": "r1"}, name="s3")
    assert tokens(tmp_path)[0] == 2


def test_what_is_broken_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    """Seven lines of twelve: cut off, no object, no kind, odd usage four times."""
    whole = json.dumps(answered(usage(out=1)))
    path = session(
        tmp_path,
        whole,
        "[1, 2]",
        '{"no": "kind"}',
        json.dumps(answered({"input_tokens": -1})),
        json.dumps(answered({"input_tokens": "many"})),
        json.dumps(answered({"input_tokens": 10**12})),
        json.dumps({"type": "assistant", "message": "text"}),
        "",
        whole.replace("msg_", "msg_x"),
        json.dumps({"type": "telemetry-of-2027", "usage": {"input_tokens": 5}}),
        json.dumps({"type": "progress", "data": {"message": {"usage": {"input_tokens": 5}}}}),
        json.dumps({"type": "summary", "summary": "a"}),
        whole[: len(whole) // 2],
    )
    tally = Tally()
    read(tmp_path, tally)
    assert (tally.lines, tally.not_understood) == (12, 7)
    assert tally.unknown_kinds == {"telemetry-of-2027": 1}
    assert tokens(tmp_path) == (2, 0, 0, 0, 0, 2)
    assert tally.bytes == path.stat().st_size - 1  # all but the blank line


def test_two_records_on_one_line_are_both_read(tmp_path: Path) -> None:
    """As two processes write them that append at the same time; a broken third is counted."""
    one, two = (json.dumps(answered(usage(out=n))) for n in (1, 2))
    session(tmp_path, one + two + '{"type": "assist')
    tally = Tally()
    read(tmp_path, tally)
    assert tokens(tmp_path) == (2, 0, 0, 0, 0, 3)
    assert tally.not_understood == 1


@pytest.mark.parametrize("cut", [5, 60, 150, 220, 300])
def test_a_whole_record_behind_half_a_one_is_read(tmp_path: Path, cut: int) -> None:
    """A process that died in mid-line; the objects inside the half are taken for no records."""
    torn = json.dumps(asked([{"type": "text", "text": "a \\ b"}], note={"a": {"b": 1}}))[:cut]
    torn = torn[:-1] if torn.endswith("}") else torn
    one, two = (json.dumps(answered(usage(out=n))) for n in (1, 2))
    session(tmp_path, torn + one + two)
    tally = Tally()
    read(tmp_path, tally)
    assert tokens(tmp_path) == (2, 0, 0, 0, 0, 3)
    assert (tally.lines, tally.not_understood) == (3, 1)


@pytest.mark.parametrize(
    "line",
    ["{}" * 500_000, '{"a":"' * 200_000, '{"a":' * 300_000, '{"a {"type":"user"}' * 60_000],
    ids=["objects", "texts without an end", "nested", "torn again and again"],
)
def test_a_broken_line_takes_time_by_its_length(tmp_path: Path, line: str) -> None:
    """A megabyte of the worst is done in a moment, in a bounded number of values."""
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n")
    began = time.process_time()
    found = sum(1 for _ in records(path))
    assert time.process_time() - began < 5.0
    assert found <= MOST_A_LINE + 1


@pytest.mark.parametrize("inside", [" " * 19_000, "/" * 19_000, "<command-args>" * 1_300])
def test_instructions_take_time_by_their_length(inside: str) -> None:
    """A command's name that never ends is found to be none at once."""
    began = time.process_time()
    text = f"<command-name>{inside}<"
    assert instruction(asked(text)) == text
    text = f"<command-name>x</command-name>{inside}"
    assert instruction(asked(text)) == "x"
    assert time.process_time() - began < 2.0


def test_a_line_of_any_length_takes_bounded_memory(tmp_path: Path) -> None:
    """One over 16 MiB is passed over and counted; what follows is read."""
    session(tmp_path, '{"type": "user", "x": "' + "a" * LONGEST + '"}', answered(usage(out=1)))
    tally = Tally()
    read(tmp_path, tally)
    assert (tally.lines, tally.not_understood) == (2, 1)
    assert tokens(tmp_path)[0] == 1


def test_bytes_that_are_no_text_are_survived(tmp_path: Path) -> None:
    """Not UTF-8, a byte order mark, zeros after a crash (alone, before a record), endless nesting."""
    path = session(tmp_path)
    whole = json.dumps(answered(usage(out=1))).encode()
    lines = (b"\xef\xbb\xbf" + whole, b"\0\0" + whole, b"\xff\xfe{}", b"\0" * 50, b"[" * 100_000)
    path.write_bytes(b"\n".join(lines))
    tally = Tally()
    read(tmp_path, tally)
    assert (tally.lines, tally.not_understood) == (5, 3)
    assert tokens(tmp_path)[0] == 1


NOON = 1_795_176_000.0  # 2026-11-20 12:00 UTC
RECORDS = (
    asked("fix the bug in a.py"),
    answered(usage(fresh=1, read=2, short=3, hour=4, out=5), name="k1", tools=[tool("Read", "r1", file_path="/a")]),
    result("r1", "text"),
    answered(usage(fresh=10, out=50), name="k2"),
)  # fmt: skip


@given(seed=st.integers(0, 10**6), spaces=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_order_of_keys_and_spacing_change_nothing(tmp_path: Path, seed: int, spaces: bool) -> None:
    """The sums are the same for any order of keys, with and without spaces."""
    rng = random.Random(seed)

    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            keys = list(value)
            rng.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    separators = (", ", " : ") if spaces else (",", ":")
    session(tmp_path, *(json.dumps(shuffled(one), separators=separators) for one in RECORDS))
    assert tokens(tmp_path) == (2, 11, 2, 3, 4, 55)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_damage_is_never_an_exception(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever a value is replaced by, every line is counted and nothing is raised."""
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=4,
    )  # fmt: skip
    keys = [(), ("message",), ("message", "usage"), ("message", "content"), ("timestamp",), ("type",),
            ("message", "id"), ("message", "model"), ("message", "usage", "cache_creation"), ("cwd",),
            ("toolUseResult",), ("costUSD",)]  # fmt: skip
    lines = []
    for one in RECORDS:
        record = json.loads(json.dumps(one))
        path = data.draw(st.sampled_from(keys))
        if path and isinstance(record, dict):
            holder = record
            for key in path[:-1]:
                holder = holder.setdefault(key, {})
            if isinstance(holder, dict):
                holder[path[-1]] = data.draw(junk)
        lines.append(json.dumps(record))
    session(tmp_path, *lines)
    tally = Tally()
    read(tmp_path, tally)
    booked(tmp_path)
    assert tally.lines == len(RECORDS)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (asked("fix it"), "fix it"),
        (asked([{"type": "text", "text": "fix it"}, {"type": "image", "source": {}}]), "fix it"),
        (asked([{"type": "image", "source": {}}]), ""),
        (asked("<command-name>/review</command-name><command-args>the last commit</command-args>"), "the last commit"),
        (asked("<command-message>x</command-message>\n<command-name>/tidy</command-name>"), "tidy"),
        (result("t1", "text"), None),
        (asked("x", isMeta=True), None),
        (asked("x", isCompactSummary=True), None),
        (asked("x", isSidechain=True), None),
        (asked("<local-command-stdout>ok</local-command-stdout>"), None),
        (asked("<task-notification>done</task-notification>"), None),
        (asked("[Request interrupted by user]"), None),
        (asked("[This turn ended before it finished.]"), None),
        (asked(""), None),
        ({"type": "user"}, None),
    ],
)  # fmt: skip
def test_which_records_are_instructions(record: dict[str, object], text: str | None) -> None:
    """A person's words and commands are; what tools and the client write in their name is not."""
    assert instruction(record) == text


def test_waste_is_seen(tmp_path: Path) -> None:
    """A failed call, a refused one, one repeated read of three, and two interruptions."""
    reads = [tool("Read", f"r{n}", file_path="/a.py") for n in range(3)]
    session(
        tmp_path,
        asked("fix it"),
        answered(tools=[reads[0], tool("Bash", "b1", command="x")]),
        result("r0", "as it is"),
        result("b1", "boom", error=True),
        answered(tools=[reads[1], tool("Edit", "e1", file_path="/a.py")]),
        result("r1", "as it is"),
        result("e1", "The user doesn't want to proceed with this tool use.", error=True),
        asked("[Request interrupted by user for tool use]"),
        answered(tools=[reads[2]]),
        result("r2", "changed"),
        asked("[Request interrupted by user]"),
    )
    ledger = booked(tmp_path)
    rows = list(ledger.rows())
    assert [row.failed for row in rows] == [1, 0, 0]
    assert [row.tools for row in rows] == [2, 2, 1]
    assert [(row.repeated, row.repeated_length) for row in rows] == [(0, 0), (1, 8), (0, 0)]
    assert [row.interrupted for row in rows] == [False, True, True]
    assert ledger.interruptions == 2


def test_an_interruption_before_any_answer_counts(tmp_path: Path) -> None:
    """And one told by two files counts once; with --since only those that come after."""
    stop = asked("[Request interrupted by user]", at="10:00:01")
    later_stop = asked("[Request interrupted by user]", at="12:00:01")
    records = asked("x"), stop, asked("again"), answered(at="11:00:00"), later_stop
    session(tmp_path, *records, name="s1")
    session(tmp_path, *records, name="fork")
    assert booked(tmp_path).interruptions == 2
    assert booked(tmp_path, since=NOON).interruptions == 1


def test_what_reads_a_context_still_is_counted_by_its_prompts(tmp_path: Path) -> None:
    """Until one is less than half as long; as counting step by step says, for any prompts."""
    rng = random.Random(7)
    for _ in range(50):
        lengths = [rng.randrange(0, 40) for _ in range(rng.randrange(1, 30))]
        session(tmp_path, *(answered(usage(read=n)) for n in lengths))
        (one,) = read(tmp_path)
        found = later(one.requests)
        for at, request in enumerate(one.requests):
            rest = lengths[at + 1 :]
            cut = next((n for n, length in enumerate(rest) if length < lengths[at] // 2), len(rest))
            assert found[id(request)] == cut


def test_many_agents_take_time_by_their_number(tmp_path: Path) -> None:
    """Eight times as many take about eight times as long, not sixty-four times."""
    least = []
    for number in (500, 4_000):
        lines = (
            one
            for n in range(number)
            for one in (answered(), answered(isSidechain=True, agentId=f"a{n}"))
        )
        session(tmp_path, *lines)
        seconds = []
        for _ in range(3):  # the least of three: collecting garbage takes its time when it likes
            began = time.process_time()
            assert len(read(tmp_path)[0].agents) == number
            seconds.append(time.process_time() - began)
        least.append(min(seconds))
    assert least[1] < 30 * least[0]


def test_after_compaction_reading_again_is_no_repetition(tmp_path: Path) -> None:
    """The model has forgotten the file."""
    session(
        tmp_path,
        answered(tools=[tool("Read", "r1", file_path="/a")]),
        result("r1", "same"),
        {"type": "system", "subtype": "compact_boundary"},
        answered(tools=[tool("Read", "r2", file_path="/a")]),
        result("r2", "same"),
    )
    assert [row.repeated for row in booked(tmp_path).rows()] == [0, 0]


def test_switches_of_the_model_are_seen_while_the_cache_lives(tmp_path: Path) -> None:
    """One within five minutes, one after them (not counted), one within an hour of a long write."""
    session(
        tmp_path,
        answered(usage(read=90, out=1), at="10:00:00"),
        answered(usage(read=80), at="10:04:00", model=HAIKU),
        answered(usage(read=70, hour=5), at="10:30:00"),
        answered(usage(read=60), at="11:00:00", model=HAIKU),
    )
    assert [row.before for row in booked(tmp_path).rows()] == [0, 90, 0, 75]


def test_time_that_goes_back_is_told(tmp_path: Path) -> None:
    """By more than a minute; the days are those of the records themselves."""
    session(tmp_path, answered(at="10:00:00"), answered(at="09:00:00"), name="back")
    session(tmp_path, answered(at="10:00:30"), answered(at="10:00:00"), name="parallel")
    assert [one.backwards for one in read(tmp_path)] == [True, False]


def test_requests_without_a_date(tmp_path: Path) -> None:
    """They have the date of the record before them; where there is none they have none."""
    undated = answered(usage(out=1))
    del undated["timestamp"]
    session(tmp_path, undated, name="none")
    session(
        tmp_path,
        asked("x"),
        undated | {"message": undated["message"] | {"id": "other"}},
        name="some",
    )
    days = [row.day for row in booked(tmp_path).rows()]
    assert [str(day) for day in days] == ["None", "2026-11-20"]
    tally = Tally()
    read(tmp_path, tally)
    assert tally.undated == 1


def test_since_leaves_out_what_is_older_and_what_has_no_date(tmp_path: Path) -> None:
    """And says of how many requests it does not know."""
    undated = answered(usage(out=4))
    undated["timestamp"] = "yesterday"
    session(
        tmp_path,
        undated,
        answered(usage(out=1), at="10:00:00"),
        answered(usage(out=2), at="12:00:00"),
    )
    ledger = booked(tmp_path, since=NOON)
    assert [row.tokens.output for row in ledger.rows()] == [2]
    assert ledger.left_out == 1


def test_the_config_folder_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CLAUDE_CONFIG_DIR, else ~/.claude, and ~/.config/claude where that is there too."""
    assert default_folders({"CLAUDE_CONFIG_DIR": str(tmp_path)}) == (tmp_path / "projects",)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folders({}) == (tmp_path / ".claude/projects",)
    (tmp_path / ".config/claude/projects").mkdir(parents=True)
    assert default_folders({}) == (tmp_path / ".config/claude/projects",)


def test_a_home_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """With the name of what asked for it."""
    with pytest.raises(UsageError, match=r"CLAUDE_CONFIG_DIR.*~nobody-here"):
        default_folders({"CLAUDE_CONFIG_DIR": "~nobody-here/x"})


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A link to nothing, and a link to itself; the session beside them is read."""
    own = session(tmp_path, answered(usage(out=1)))
    own.with_name("gone.jsonl").symlink_to(tmp_path / "nowhere")
    own.with_name("loop.jsonl").symlink_to(own.with_name("loop.jsonl"))
    found = find_sessions((tmp_path,))
    assert [path.name for path in found.unreadable] == ["gone.jsonl", "loop.jsonl"]
    assert len(found.sessions) == 1


def test_a_file_that_goes_away_meanwhile_is_told(tmp_path: Path) -> None:
    """Between finding and reading."""
    from sef.transcripts.reader import SessionReader

    own = session(tmp_path, answered(usage(out=1)))
    (files,) = find_sessions((tmp_path,)).sessions
    own.unlink()
    tally = Tally()
    assert SessionReader(files, tally, lambda _: None).read().requests == []
    assert tally.unreadable == [str(own)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """The others are read."""
    session(tmp_path, answered())
    closed = session(tmp_path, answered(), folder="-home-ada-other").parent
    closed.chmod(0)
    try:
        assert find_sessions((tmp_path,)).unreadable == (closed,)
    finally:
        closed.chmod(0o700)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Only regular files are opened."""
    own = session(tmp_path, answered())
    os.mkfifo(own.with_name("pipe.jsonl"))
    assert [one.name for one in find_sessions((tmp_path,)).sessions] == ["s1"]


def test_a_pipe_beside_an_agent_is_not_waited_for(tmp_path: Path) -> None:
    """Its meta file may be anything; the agent counts."""
    own = session(tmp_path, answered())
    agent = put(own.with_suffix("") / "subagents/agent-a.jsonl", [answered(usage(out=7))])
    os.mkfifo(agent.with_suffix(".meta.json"))
    assert tokens(tmp_path)[0] == 2


def test_an_agents_session_is_looked_for_in_bounded_memory(tmp_path: Path) -> None:
    """A line of 30 MB at the head of an agent's file is not read to find out whose it is."""
    path = session(tmp_path, answered(sessionId="s1"), name="agent-a")
    with path.open("r+b") as file:
        record = file.read()
        file.seek(0)
        file.write(b"x" * 30_000_000 + b"\n" + record)
    tracemalloc.start()
    assert len(find_sessions((tmp_path,)).sessions) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    """A project elsewhere counts; one that is there already does not again, nor does a circle."""
    session(tmp_path, answered(), name="here")
    elsewhere = session(tmp_path / "disk", answered(cwd="/srv/far"), name="far", folder="far")
    projects = tmp_path / "projects"
    (projects / "-0-first").symlink_to(projects / "-home-ada-shop")
    (projects / "-srv-far").symlink_to(elsewhere.parent)
    (projects / "-srv-again").symlink_to(elsewhere.parent)
    (elsewhere.parent / "back").symlink_to(elsewhere.parent)
    (projects / "-up").symlink_to("..")
    found = find_sessions((tmp_path, projects))
    assert sorted(one.name for one in found.sessions) == ["far", "here"]
    assert [one.folder for one in found.sessions if one.name == "here"] == ["-home-ada-shop"]
    assert [path.name for path in found.unreadable] == ["-up"]
    about = find_sessions((tmp_path,), Path("/srv/far"))
    assert [one.name for one in about.sessions] == ["far"]


def test_a_folder_too_deep_to_be_named_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is longer than the system takes; the session above it is read."""
    session(tmp_path, answered())
    monkeypatch.chdir(tmp_path / "projects")
    for _ in range(25):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    found = find_sessions((tmp_path,))
    assert len(found.sessions) == 1
    assert [path.name for path in found.unreadable] == ["d" * 200]


def test_projects_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    """Those whose folder's name cannot be the project's are not even opened."""
    session(tmp_path, answered(), folder=folder_name("/home/ada/shop"))
    session(tmp_path, answered(), folder=folder_name("/home/ada/shop/web.app"))
    session(tmp_path, answered(), folder=folder_name("/home/ada/other"))
    found = find_sessions((tmp_path,), Path("/home/ada/shop"))
    assert [one.folder for one in found.sessions] == ["-home-ada-shop", "-home-ada-shop-web-app"]


def test_no_folder_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    """It names the folder and the option."""
    with pytest.raises(UsageError, match="--transcripts"):
        find_sessions((tmp_path / "none",))


def test_old_clients_wrote_the_price(tmp_path: Path) -> None:
    """It is kept beside the tokens."""
    session(tmp_path, answered(model=OPUS, costUSD=0.0123), answered(costUSD="free"))
    assert [str(row.client_cost) for row in booked(tmp_path).rows()] == ["0.0123", "None"]

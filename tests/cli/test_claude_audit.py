"""`sef claude audit`: the table, the object, the page; what is told and what is kept private."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sef.cli import signals
from sef.cli.audit_names import place_name, project_names
from sef.cli.audit_page import MARK, page, write_page
from sef.cli.audit_pictures import daily
from sef.cli.audit_prices import own_prices
from sef.cli.audit_run import Wish, beginning, run_audit
from sef.cli.audit_words import dollars, short, unknown_lines
from sef.errors import ConfigError, UsageError
from transcripts.claude_logs import HAIKU, answered, asked, put, result, session, tool, usage

DOCS = Path(__file__).parents[2] / "docs/reference/audit-json.md"
SECRET = "add a docstring about the merger with Acme"
CLAUDE = (sys.executable, "-c", "from sef.cli.claude import app; app()")
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
BIG = usage(fresh=10, read=90_000, short=3_000, out=500)


@pytest.fixture(autouse=True)
def _no_object_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the object is noted for the process; each test is a process of its own."""
    monkeypatch.setattr(signals._Written, "yet", False)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two projects; six requests of Opus, one of Haiku, one of a model that nobody knows."""
    root = tmp_path / "config"
    work = [answered(BIG, tools=[tool("Edit", f"e{n}", file_path="/a.py")]) for n in range(6)]
    own = session(root, asked(SECRET), *work, result("e0", "boom", error=True), '{"type": "assis')
    put(own.with_suffix("") / "subagents/agent-a.jsonl", [answered(usage(out=9_000), model=HAIKU)])
    other = [
        asked("why?", cwd="/srv/secret-client/site"),
        answered(usage(out=1), model="lab-model", cwd="/srv/secret-client/site"),
    ]
    session(root, *other, name="s2", folder="-srv-secret-client-site")
    return root


def told(capsys: pytest.CaptureFixture[str], **wish: Any) -> str:
    assert run_audit(Wish(**wish)) == 0
    return capsys.readouterr().out


def told_json(capsys: pytest.CaptureFixture[str], **wish: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(told(capsys, as_json=True, **wish))
    return said


def test_the_object_has_the_sums(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Opus: 6 times 0.00004 + 0.018 + 0.015 + 0.01; Haiku: 9,000 out at 0.50 a million."""
    said = told_json(capsys, transcripts=logs)
    total = said["measured"]["total"]
    assert (total["requests"], total["cost_usd"], total["unpriced_requests"]) == (8, None, 1)
    assert total["priced_usd"] == pytest.approx(6 * 0.04304 + 0.0045)
    assert said["prices"]["unknown"] == [
        {"model": "lab-model", "missing": "model", "requests": 1, "tokens": 1, "web_searches": 0}
    ]
    assert said["reading"]["lines_not_understood"] == 1
    assert said["measured"]["waste"]["failed_tool_uses"] == 1
    assert [one["name"] for one in said["measured"]["by_project"]] == ["shop", "site"]
    assert said["estimated"]["policy"]["tasks_drafted"] == 1


def test_the_table_tells_the_same(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured and estimated apart, unknown named, what was not understood counted."""
    said = told(capsys, transcripts=logs)
    assert "Measured  cost $0.2627 + unknown" in said
    assert "no price known for lab-model: 1 requests, 1 tokens" in said
    assert "lines not understood: 1 of 12" in said
    assert "failed tool calls 1 of 6" in said
    assert said.index("Measured") < said.index("Estimated") < said.index("Assumptions")
    measured, estimated = said.split("\nEstimated")
    assert "saved" not in measured
    assert "would have saved" in estimated
    assert "\x1b" not in said


def test_no_text_is_shown_unless_asked_for(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the instruction, not the path above a project; with --show-text both."""
    html = tmp_path / "a.html"
    for show in (False, True):
        said = told(capsys, transcripts=logs, html=html, show_text=show, force=True)
        said += json.dumps(told_json(capsys, transcripts=logs, show_text=show)) + html.read_text()
        assert said.count(SECRET) == (3 if show else 0)
        assert ("secret-client" in said) is show
        assert ("/home/ada" in said) is show


def keys(said: object) -> Iterator[str]:
    if isinstance(said, dict):
        for key, value in said.items():
            yield key
            if key not in ("unknown_kinds", "left_alone"):
                yield from keys(value)
    elif isinstance(said, list):
        for one in said:
            yield from keys(one)


def test_every_field_is_documented(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under its name in the reference, whose prices are prices too."""
    text = DOCS.read_text()
    said = told_json(capsys, transcripts=logs)
    assert [key for key in dict.fromkeys(keys(said)) if f"`{key}`" not in text] == []


def test_the_prices_of_the_reference_are_prices(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model of the user's own gets a price by them; what is no price is refused with its place."""
    path = tmp_path / "prices.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)[0])
    assert sorted(own_prices(path)) == ["claude-opus-5-5", "my-local-model"]
    path.write_text('[models."lab-model"]\ninput = 1.0\noutput = 2.0\n')
    said = told_json(capsys, transcripts=logs, prices=path)
    assert said["prices"]["unknown"] == []
    path.write_text('[models."lab-model"]\ninput = -1.0\noutput = 2.0\n')
    with pytest.raises(ConfigError, match="lab-model"):
        own_prices(path)


def test_only_one_project(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the working folder that the records tell, whatever the transcripts' folder is called."""
    moved = session(
        logs, answered(cwd="/srv/secret-client/site/api"), name="s3", folder="elsewhere"
    )
    assert moved.exists()
    said = told_json(capsys, transcripts=logs, project=Path("/srv/secret-client/site"))
    assert [one["name"] for one in said["measured"]["by_project"]] == ["api", "site"]
    assert said["scope"]["project"] == "site"
    with pytest.raises(UsageError, match="of that project"):
        run_audit(Wish(transcripts=logs / "projects/-home-ada-shop", project=tmp_path))


def test_a_project_that_only_begins_alike_is_none(logs: Path) -> None:
    """Half of a name, and a folder that is not there, are told with the way out."""
    for wrong in ("/home/ada/sho", "/nope"):
        with pytest.raises(UsageError, match=f"nothing was done in {wrong}\n.*--project"):
            run_audit(Wish(transcripts=logs, project=Path(wrong)))


def test_paths_that_lead_nowhere_are_refused(logs: Path, tmp_path: Path) -> None:
    """Homes that nobody knows, and links in a circle, are no mistake of sef's."""
    (tmp_path / "loop").symlink_to("loop")
    for wish in (
        Wish(transcripts=Path("~nobody-here/x")),
        Wish(transcripts=tmp_path / "loop"),
        Wish(transcripts=logs, project=Path("~nobody-here")),
        Wish(transcripts=logs, project=tmp_path / "loop"),
        Wish(transcripts=logs, html=tmp_path / "loop"),
        Wish(transcripts=logs, html=tmp_path / "loop/a.html"),
        Wish(transcripts=logs, html=tmp_path / ("n" * 300)),
        Wish(transcripts=logs, prices=tmp_path),
    ):
        with pytest.raises(UsageError):
            run_audit(wish)


def test_what_could_not_be_read_shows_no_path(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of a folder of transcripts is a working folder's path; its last part is shown."""
    closed = logs / "projects" / "-home-ada-secret-client-acme"
    closed.symlink_to("..")
    assert told_json(capsys, transcripts=logs)["reading"]["unreadable"] == ["acme"]
    shown = told_json(capsys, transcripts=logs, show_text=True)["reading"]["unreadable"]
    assert shown == [str(closed)]
    names = [place_name(one) for one in ("/x/-a-b", "/x/C--work-b", "/x/s-1.jsonl", "/x/-")]
    assert names == ["b", "b", "s-1.jsonl", "?"]


def test_days_that_have_not_come_stand_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clock that was wrong once neither ends the period nor empties the picture."""
    ahead = answered(BIG) | {"timestamp": "2199-01-01T00:00:00Z"}
    session(tmp_path, asked("x"), answered(BIG), ahead, ahead | {"timestamp": "2198-01-01"})
    session(tmp_path, answered(BIG) | {"timestamp": "2150-05-05T00:00:00Z"}, name="s2")
    said = told_json(capsys, transcripts=tmp_path)
    days = said["measured"]["by_day"]
    assert [(one["name"], one["requests"]) for one in days] == [
        ("2026-11-20", 1), ("after today", 2),
    ]  # fmt: skip
    assert said["reading"]["requests_after_today"] == 2
    assert said["scope"]["last_day"] == "2026-11-20"
    assert "<title>2026-11-20, claude-opus-5-5" in page(said)
    assert not re.search(r"2150|2199", daily(said["measured"]))


def test_models_of_one_shown_name_are_one_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that differ by what is never shown, or beyond what is shown, are summed."""
    names = ("lab", "lab\x1b[31m", "lab\u200b", "m" * 90 + "1", "m" * 90 + "2")
    session(tmp_path, *(answered(usage(out=1), model=name, costUSD=1) for name in names))
    measured = told_json(capsys, transcripts=tmp_path)["measured"]
    assert [one["requests"] for one in measured["by_model"]] == [3, 2]
    assert [one["priced_usd"] for one in measured["by_day_and_model"]] == [3.0, 2.0]


def test_of_many_unknown_models_the_largest_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty, and how many more there are."""
    session(tmp_path, *(answered(usage(out=n), model=f"lab-{n}") for n in range(1, 31)))
    said = told_json(capsys, transcripts=tmp_path)
    lines = list(unknown_lines(said))
    assert len(lines) == 21
    assert lines[0].startswith("no price known for lab-30: 1 requests, 30 tokens")
    assert lines[-1] == "and 10 more without a price (--json): 10 requests, 55 tokens"


def test_what_is_unknown_is_told_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A price mends a model and a search, but not a day that nobody knows."""
    searched = usage(out=1) | {"server_tool_use": {"web_search_requests": 3}}
    undated = answered(usage(out=5))
    del undated["timestamp"]
    path = tmp_path / "own.toml"
    path.write_text('[models."lab"]\ninput = 1.0\noutput = 1.0\n')
    session(tmp_path, undated, answered(searched, model="lab"), answered(usage(out=2), model="lab"))
    said = told_json(capsys, transcripts=tmp_path, prices=path)
    assert list(unknown_lines(said)) == [
        "no date, so no price of its day: claude-opus-5-5, 1 requests, 5 tokens",
        "no price known for the web searches of lab: 1 requests with 3 searches; name one"
        " (web_search) with --prices FILE",
    ]
    path.write_text('[models."lab"]\ninput = 1.0\noutput = 1.0\nweb_search = 20.0\n')
    said = told_json(capsys, transcripts=tmp_path, prices=path)
    assert said["measured"]["by_class_usd"]["web_searches"] == 0.06
    assert said["measured"]["total"]["unpriced_requests"] == 1


def test_a_total_without_a_request_names_cut_streams(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client's dollars are told though no record has them."""
    session(tmp_path, asked("x"), {"type": "cost-state", "totalCostUSD": 0.02662})
    totals = told_json(capsys, transcripts=tmp_path)["measured"]["client_totals"]
    assert totals["client_usd"] == totals["not_in_transcripts_usd"] == 0.02662
    assert "$0.0266 (compaction, hooks, cut streams)" in told(capsys, transcripts=tmp_path)


def numbers(said: object) -> Iterator[float]:
    if isinstance(said, dict | list):
        for one in said.values() if isinstance(said, dict) else said:
            yield from numbers(one)
    elif isinstance(said, float):
        yield said


def test_no_number_is_a_negative_nothing(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference of less than a billionth is zero, without a sign."""
    session(logs, answered(usage(out=1)), {"type": "cost-state", "totalCostUSD": 0.0000199999999},
            name="s9")  # fmt: skip
    said = told_json(capsys, transcripts=logs)
    assert said["measured"]["client_totals"]["not_in_transcripts_usd"] == 0
    assert not any(str(one) == "-0.0" for one in numbers(said))


NOW = 1_795_176_000.0  # 2026-11-20 12:00 UTC


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("1d", NOW - 36 * 3600), ("12h", NOW - 12 * 3600), ("1w", NOW - (7 * 24 + 12) * 3600),
        ("2026-11-19", NOW - 36 * 3600), ("2026-11-20", NOW - 12 * 3600),
    ],
)  # fmt: skip
def test_since(said: str, moment: float) -> None:
    """Days and weeks begin at midnight UTC, hours when they are said."""
    assert beginning(said, NOW) == moment


@pytest.mark.parametrize("said", ["", "soon", "30", "-3d", "2026-13-01", "2027-01-01", "999999d"])
def test_since_that_is_no_time(said: str) -> None:
    """It is refused with what may be said."""
    with pytest.raises(UsageError, match="--since"):
        beginning(said, NOW)


def test_since_leaves_the_rest_out(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in the records is of 2026-11-21, and that is no error."""
    said = told_json(capsys, transcripts=logs, since="2026-11-21")
    assert (said["measured"]["total"]["requests"], said["scope"]["sessions"]) == (0, 0)
    assert said["scope"]["since"] == "2026-11-21T00:00:00+00:00"
    assert "no dated work" in told(capsys, transcripts=logs, since="2026-11-21")


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    found = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def test_it_only_reads(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The transcripts stay as they are, and nothing appears but the page that was asked for."""
    html = tmp_path / "page.html"
    before, home = files(tmp_path), Path(os.environ["HOME"])
    told(capsys, transcripts=logs, html=html)
    after = files(tmp_path)
    assert after.pop(str(html))[0].startswith(b"<!doctype html>")
    assert after == before
    assert files(home) == {}


HOSTILE = "<script>alert(1)</script>\x1b[31m&\"'"


def test_what_is_hostile_is_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names and instructions with tags and control codes, in all three forms."""
    root, html = tmp_path / "config", tmp_path / "a.html"
    own = {"cwd": f"/srv/{HOSTILE}"}
    session(root, asked(f"fix {HOSTILE}", **own), answered(usage(out=1_000), costUSD=1, model=HOSTILE, **own),
            {"type": HOSTILE})  # fmt: skip
    said = told(capsys, transcripts=root, html=html, show_text=True)
    text = html.read_text()
    assert "\x1b" not in said + text
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in text
    assert "<script>alert(1)" in said


def test_the_page_is_self_contained(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No scripts, nothing from elsewhere; four pictures that say in words what they show."""
    html = tmp_path / "a.html"
    told(capsys, transcripts=logs, html=html)
    text = html.read_text()
    assert MARK in text
    assert not re.search(r"<script|https?:|@import|url\(|<link|<img|\bon\w+=", text)
    assert len(re.findall(r'<svg [^>]*role="img" aria-label="[^"]+"><title>', text)) == 4
    assert "prefers-color-scheme:dark" in text
    assert text.index("<h2>Measured") < text.index("<h2>Estimated") < text.index("<h2>Read")


def test_a_page_without_any_money_is_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no price is known the pictures say so."""
    root, html = tmp_path / "config", tmp_path / "a.html"
    session(root, answered(model="lab-model"))
    told(capsys, transcripts=root, html=html)
    assert html.read_text().count("Nothing that has a price.") == 3


def test_a_page_replaces_only_its_like(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older page or an empty file, another file only with --force; a folder never."""
    html = tmp_path / "a.html"
    told(capsys, transcripts=logs, html=html)
    told(capsys, transcripts=logs, html=html)
    html.write_text("my novel")
    with pytest.raises(UsageError, match="--force"):
        run_audit(Wish(transcripts=logs, html=html))
    assert html.read_text() == "my novel"
    told(capsys, transcripts=logs, html=html, force=True)
    assert MARK in html.read_text()
    for wrong in (tmp_path, tmp_path / "none" / "a.html"):
        with pytest.raises(UsageError):
            run_audit(Wish(transcripts=logs, html=wrong, force=True))


def test_a_page_replaces_nothing_but_a_regular_file(logs: Path, tmp_path: Path) -> None:
    """A pipe, a device and a link stay what they are, and nothing waits for them."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "old.html").write_text(MARK)
    (tmp_path / "link").symlink_to("old.html")
    (tmp_path / "gone").symlink_to("nowhere")
    for name in ("pipe", "link", "gone", "/dev/null", "/dev/stdout"):
        path = tmp_path / name
        before = path.lstat().st_mode
        for force in (False, True):
            with pytest.raises(UsageError, match=r"is no regular file|is a link"):
                run_audit(Wish(transcripts=logs, html=path, force=force))
        assert path.lstat().st_mode == before
    assert (tmp_path / "old.html").read_text() == MARK


def test_a_page_may_have_the_longest_name(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it is written under until it is whole is short."""
    html = tmp_path / ("n" * 250 + ".html")
    told(capsys, transcripts=logs, html=html)
    assert MARK in html.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_no_page_is_named(logs: Path, tmp_path: Path) -> None:
    """Not the name of a file in between, and not where the runs are kept."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(UsageError, match=f"into {closed}") as refused:
        run_audit(Wish(transcripts=logs, html=closed / "a.html"))
    assert "XDG" not in str(refused.value)


def test_a_page_that_cannot_be_written_is_told_by_its_own_name(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by that of the file in between."""
    said = told_json(capsys, transcripts=logs)
    with pytest.raises(UsageError, match=r"/proc/a\.html cannot be written"):
        write_page(Path("/proc/a.html"), said)


def test_projects_of_one_name_are_told_apart() -> None:
    """The second gets a number; whole paths only where they may be shown."""
    projects = [("/a/shop", True), ("/b/shop/", True), ("-c-shop", False), ("/a/shop", True)]
    assert list(project_names(projects, whole=False).values()) == ["shop", "shop (2)", "shop (3)"]
    assert list(project_names(projects, whole=True).values()) == ["/a/shop", "/b/shop/", "-c-shop"]
    assert list(project_names([("", True), ("C:\\work\\shop", True)], whole=False).values()) == [
        "?",
        "shop",
    ]


def test_numbers_in_words() -> None:
    """Cents from a dollar on; losses are negative; unknown is no number."""
    assert [dollars(x) for x in (None, 0, -0.00001, -1.5, 0.01234, 1234.5)] == [
        "unknown", "$0.0000", "$0.0000", "-$1.50", "$0.0123", "$1,234.50",
    ]  # fmt: skip
    assert [short(x) for x in (0, 999, 1_000, 99_950, 1_234_567, 10**9)] == [
        "0", "999", "1.0k", "100.0k", "1.2M", "1.0G",
    ]  # fmt: skip


def command(*args: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOME": str(home), "COLUMNS": "200"}
    return subprocess.run((*CLAUDE, *args), env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_exit_codes(logs: Path, tmp_path: Path) -> None:
    """0 told, also with broken lines; 2 where there is nothing, with an object for programs."""
    (tmp_path / ".claude").symlink_to(logs)
    done = command("audit", "--json", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["schema"] == 1
    empty = tmp_path / "empty"
    empty.mkdir()
    done = command("audit", "--json", home=empty)
    assert done.returncode == 2
    assert "--transcripts" in json.loads(done.stdout)["hint"]
    done = command("audit", "--since", "soon", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "30d" in done.stderr
    assert "sef claude audit --since 30d" in command("audit", "--help", home=tmp_path).stdout


@pytest.mark.slow
def test_what_standard_output_refuses(logs: Path, tmp_path: Path) -> None:
    """A full one is told with this command's own way out; a reader that went away is not told."""
    for options in ("", "--json"):
        line = f"audit --transcripts {logs} {options}"
        code = f"{shlex.join(CLAUDE)} {line}"
        full = shell(f"{code} > /dev/full")
        assert full.returncode == 2
        assert "sef claude audit > FILE" in full.stderr
        gone = shell(f"{code} | true; exit ${{PIPESTATUS[0]}}")
        assert (gone.returncode, gone.stderr) == (1, "")


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("bash", "-c", line), capture_output=True, text=True, check=False)


def first_pixel(image: bytes) -> bytes:
    """Of a PNG: the first one of the first row stands there unfiltered."""
    data, at = b"", 8
    while at < len(image):
        (length,) = struct.unpack(">I", image[at : at + 4])
        if image[at + 4 : at + 8] == b"IDAT":
            data += image[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompressobj().decompress(data, 4)[1:4]


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(
    ("options", "paper"),
    [((), "fbfbfa"), (("--blink-settings=preferredColorScheme=0", "--force-dark-mode"), "15181b")],
    ids=["light", "dark"],
)
def test_a_browser_shows_it(
    logs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    paper: str,
) -> None:
    """A real browser paints the page in the scheme it is asked for, pictures included."""
    html, image = tmp_path / "a.html", tmp_path / "a.png"
    told(capsys, transcripts=logs, html=html)
    begun = (
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/b",
    )
    subprocess.run(
        (*begun, *options, "--window-size=900,3000", f"--screenshot={image}", html.as_uri()),
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    assert first_pixel(image.read_bytes()).hex() == paper
    shown = subprocess.run(
        (*begun, "--dump-dom", html.as_uri()),
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    ).stdout
    assert shown.count("<svg") == 4
    assert shown.count("<rect") >= 8


def test_an_empty_report_is_a_page(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing since a day: no picture divides by nothing."""
    said = told_json(capsys, transcripts=logs, since="2026-11-21")
    assert "No day has a price." in page(said)


@pytest.mark.slow
def test_the_benchmark_checks_its_sums() -> None:
    """On a few megabytes; a wrong sum would end it with an error."""
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.audit", "--json", "--mb", "3"),
        cwd=DOCS.parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    figures = json.loads(done.stdout)
    assert figures["requests"] > 100
    assert figures["peak_mb"] <= 150

"""Detection: what serves in which order, what is said, and that no secret is taken."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from claude.client import client
from sef.agents import resolve
from sef.detection import Detection, Machine, detect, this_machine
from sef.detection.address import Refused, parsed, safe
from sef.detection.providers import CHOSEN_ON, PROVIDERS, WITHOUT_CHOICE
from sef.detection.tags import tags_at
from sef.model import Tier
from sef.prices import PriceTable
from sef.testing.provider import LoopbackProvider

CANARY = "canary-7f3a"
CODER = "qwen3-coder:30b"


def machine(
    *,
    programs: tuple[str, ...] = (),
    packages: tuple[str, ...] = ("claude_agent_sdk", "pydantic_ai"),
    bundled: str | None = None,
    logged_in: bool | None = None,
    tags: Callable[[str], object] = lambda _: None,
    macos: bool = False,
) -> Machine:
    return Machine(
        which=lambda name: f"/opt/bin/{name}" if name in programs else None,
        installed=lambda name: name in packages,
        bundled=lambda: bundled,
        logged_in=lambda _: logged_in,
        tags=tags,
        macos=macos,
    )


def logged_in(home: Path) -> Path:
    folder = home / ".claude"
    folder.mkdir(parents=True)
    (folder / ".credentials.json").write_text('{"secret": "' + CANARY + '"}')
    return home


def listing(*models: dict[str, object]) -> Callable[[str], object]:
    return lambda _: {"models": list(models)}


def serving(found: Detection) -> str:
    assert found.serving is not None
    return found.serving.source


def why(found: Detection, source: str) -> str:
    (one,) = (each for each in found.findings if each.source == source)
    return one.why


EVERYTHING = {
    "CLAUDE_CODE_OAUTH_TOKEN": CANARY,
    "OLLAMA_HOST": "127.0.0.1:1",
    **{one.key: CANARY for one in PROVIDERS},
    **dict.fromkeys(WITHOUT_CHOICE, CANARY),
}


def test_the_first_source_in_the_order_serves(tmp_path: Path) -> None:
    """sef.toml, login, keys in their order, Ollama: each serves when those before it are gone."""
    on = machine(programs=("claude",), tags=listing({"name": CODER, "size": 1}))
    variables = dict(EVERYTHING)
    order = [serving(detect(variables, tmp_path, configured=("mine",), on=on))]
    for name in ("", "CLAUDE_CODE_OAUTH_TOKEN", *(one.key for one in PROVIDERS)):
        variables.pop(name, None)
        order.append(serving(detect(variables, tmp_path, on=on)))
    keys = [one.key for one in PROVIDERS]
    assert order == ["sef.toml", "Claude Code login", *keys, "Ollama"]


def test_what_was_passed_over_is_named(tmp_path: Path) -> None:
    """A second source is told of, and how to use it; one that cannot be used is not."""
    variables = {"ANTHROPIC_API_KEY": CANARY, "XAI_API_KEY": CANARY}
    on = machine(programs=("claude",))
    found = detect(variables, logged_in(tmp_path), on=on)
    assert [one.source for one in found.passed_over] == ["ANTHROPIC_API_KEY"]
    assert found.said == (
        "Claude Code login serves: haiku (tier 1), sonnet (tier 2), opus (tier 3). "
        "Passed over: ANTHROPIC_API_KEY; sef.toml can name them."
    )


def test_with_nothing_the_way_out_is_said(tmp_path: Path) -> None:
    """Nothing serves, each source says what is missing, and one message says what to do."""
    found = detect({}, tmp_path, on=machine(packages=()))
    assert (found.serving, found.executors, found.passed_over) == (None, (), ())
    assert found.said.startswith("No model can be asked here.")
    assert all(
        said in found.said for said in ("claude auth login", "ANTHROPIC_API_KEY", "sef.toml")
    )
    assert not any(one.usable or one.executors for one in found.findings)
    assert all(one.why.endswith(".") for one in found.findings)


def test_no_secret_is_taken(tmp_path: Path) -> None:
    """Of keys, tokens, credentials and addresses with passwords nothing is in what is found."""
    home = logged_in(tmp_path)
    on = machine(programs=("claude", "ollama"), tags=listing({"name": CODER}))
    hostile = {
        "ANTHROPIC_BASE_URL": f"https://me:{CANARY}@example.org",
        "OPENAI_BASE_URL": f"https://api.openai.com/v1?key={CANARY}",
        "OLLAMA_HOST": f"http://{CANARY}@127.0.0.1:11434",
    }
    for variables in (EVERYTHING, EVERYTHING | hostile):
        for where in (on, machine(packages=())):
            found = detect(variables, home, on=where)
            assert CANARY not in repr(found)
            assert CANARY not in json.dumps(asdict(found))
            assert CANARY not in found.said


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    """Empty and blank values are no keys."""
    found = detect(dict.fromkeys(EVERYTHING, "  "), tmp_path, on=machine())
    assert found.serving is None
    assert why(found, "provider keys").startswith("None is set")


@pytest.mark.parametrize("variable", [None, "CLAUDE_CONFIG_DIR"])
def test_a_login_is_seen_by_its_credentials(tmp_path: Path, variable: str | None) -> None:
    """In the home or in the folder that the client's variable names; an empty file is none."""
    home = logged_in(tmp_path)
    variables = {variable: str(home / ".claude")} if variable else {}
    at = tmp_path / "elsewhere" if variable else home
    on = machine(programs=("claude",))
    found = detect(variables, at, on=on)
    assert serving(found) == "Claude Code login"
    assert [(one.tier, one.model) for one in found.executors] == [
        (Tier.LIGHT, "haiku"),
        (Tier.STANDARD, "sonnet"),
        (Tier.TARGET, "opus"),
    ]
    assert {(one.use, one.provider, one.key_variable) for one in found.executors} == {
        ("claude", "anthropic", None)
    }
    (home / ".claude" / ".credentials.json").write_text("")
    assert detect(variables, at, on=on).serving is None


def test_a_token_is_a_login_and_its_variable_is_named(tmp_path: Path) -> None:
    """The offer says which variable holds the token."""
    found = detect({"CLAUDE_CODE_OAUTH_TOKEN": CANARY}, tmp_path, on=machine(bundled="/b/claude"))
    assert {one.key_variable for one in found.executors} == {"CLAUDE_CODE_OAUTH_TOKEN"}


def test_what_a_login_lacks_is_said(tmp_path: Path) -> None:
    """The package, then the client; without a login, how to log in."""
    home = logged_in(tmp_path)
    source = "Claude Code login"
    bare = detect({}, home, on=machine(programs=("claude",), packages=()))
    assert "pip install 'sef-framework[claude]'" in why(bare, source)
    assert "install Claude Code" in why(detect({}, home, on=machine()), source)
    out = detect({}, tmp_path / "other", on=machine(bundled="/b/claude"))
    assert why(out, source).endswith("/b/claude auth login.")


@pytest.mark.parametrize("says", [True, False, None])
def test_on_macos_the_client_is_asked(tmp_path: Path, says: bool | None) -> None:
    """Only its own word opens the keychain; without it the login cannot be seen."""
    on = machine(programs=("claude",), macos=True, logged_in=says)
    assert "None can be seen" in why(detect({}, tmp_path, on=on), "Claude Code login")
    (tmp_path / ".claude").mkdir()
    found = detect({}, tmp_path, on=on)
    assert (found.serving is not None) is bool(says)
    if not says:
        assert "None can be seen" in why(found, "Claude Code login")


def test_a_client_is_not_asked_where_it_never_ran(tmp_path: Path) -> None:
    """Asking makes it write its settings, so no folder means no question."""

    def never(_: str) -> bool:
        raise AssertionError("it was asked")

    on = machine(programs=("claude",), macos=True)
    asked = Machine(
        which=on.which,
        installed=on.installed,
        bundled=on.bundled,
        logged_in=never,
        tags=on.tags,
        macos=True,
    )
    assert detect({}, tmp_path, on=asked).serving is None


def test_every_chosen_model_has_a_price() -> None:
    """The price table knows each with its provider; a tier above costs more than one below."""
    prices = PriceTable()
    for provider in PROVIDERS:
        found = [
            prices.rates(resolve(model), on=CHOSEN_ON, provider=provider.name)
            for _, model in sorted(provider.models.items())
        ]
        inputs = [rates.input for rates in found if rates is not None]
        assert len(inputs) == len(provider.models)
        assert inputs == sorted(set(inputs))


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.name)
def test_a_key_gives_executors_of_its_provider(provider: object, tmp_path: Path) -> None:
    """Named after provider and tier, with the variable's name, through the api executor."""
    assert hasattr(provider, "key")
    found = detect({provider.key: CANARY}, tmp_path, on=machine())
    assert serving(found) == provider.key
    assert {one.tier: one.model for one in found.executors} == dict(provider.models)
    for one in found.executors:
        assert (one.use, one.provider) == ("api", provider.name)
        assert (one.base_url, one.key_variable) == (provider.url, provider.key)
        assert one.name.startswith(f"{provider.name}-")
    assert Tier.TARGET in provider.models


def test_a_key_needs_a_package(tmp_path: Path) -> None:
    """Without either the extra is named; an Anthropic key also works through Claude Code."""
    bare = detect({"DEEPSEEK_API_KEY": CANARY}, tmp_path, on=machine(packages=()))
    assert bare.serving is None
    assert "pip install 'sef-framework[api]'" in why(bare, "DEEPSEEK_API_KEY")
    sdk = machine(packages=("claude_agent_sdk",), bundled="/b/claude")
    found = detect({"ANTHROPIC_API_KEY": CANARY}, tmp_path, on=sdk)
    assert {(one.use, one.key_variable) for one in found.executors} == {
        ("claude", "ANTHROPIC_API_KEY")
    }
    assert detect({"OPENAI_API_KEY": CANARY}, tmp_path, on=sdk).serving is None


@pytest.mark.parametrize("name", WITHOUT_CHOICE)
def test_keys_without_a_choice_of_models_are_seen(name: str, tmp_path: Path) -> None:
    """They serve nothing, and sef.toml is named."""
    found = detect({name: CANARY}, tmp_path, on=machine())
    assert found.serving is None
    assert "sef.toml" in why(found, name)


@pytest.mark.parametrize(
    ("variable", "value", "used"),
    [
        ("ANTHROPIC", "https://gateway.example.org/", "https://gateway.example.org"),
        ("ANTHROPIC", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("ANTHROPIC", "http://gateway.example.org", None),
        ("ANTHROPIC", "https://a:b@gateway.example.org", None),
        ("ANTHROPIC", "https://gateway.example.org/?key=1", None),
        ("ANTHROPIC", "gateway.example.org", None),
        ("ANTHROPIC", "file:///etc/passwd", None),
        ("ANTHROPIC", "https://gate way", None),
        ("ANTHROPIC", "https://a:99999999", None),
        ("ANTHROPIC", "https://" + "a" * 1000, None),
        ("OPENAI", "https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("OPENAI", "https://llm.example.org/v1", None),
    ],
)
def test_other_addresses_are_taken_where_they_are_safe(
    variable: str, value: str, used: str | None, tmp_path: Path
) -> None:
    """Encrypted or on this machine, and without anything that might be a secret."""
    variables = {f"{variable}_API_KEY": CANARY, f"{variable}_BASE_URL": value}
    found = detect(variables, tmp_path, on=machine())
    assert {one.base_url for one in found.executors} == ({used} if used else set())
    if used is None:
        said = why(found, f"{variable}_API_KEY")
        assert f"{variable}_BASE_URL" in said and value not in said


def test_the_largest_coder_of_ollama_drafts(tmp_path: Path) -> None:
    """Made for code before larger ones; it serves the light tier alone."""
    models = (
        {"name": "llama3.3:70b", "size": 40_000},
        {"name": "qwen2.5-coder:7b", "size": 4_000},
        {"name": CODER, "size": 18_000},
        {"name": "nomic-embed-code:latest", "size": 90_000},
        {"name": "qwen3-coder:480b-cloud", "size": 99_000},
        {"name": "big-coder", "size": 99_000, "remote_host": "https://ollama.com"},
        {"name": "bad name\x1b[2J-coder", "size": 99_000},
    )
    found = detect({}, tmp_path, on=machine(tags=listing(*models)))
    (offer,) = found.executors
    assert (offer.name, offer.tier, offer.model) == ("ollama-light", Tier.LIGHT, CODER)
    assert (offer.base_url, offer.key_variable) == ("http://127.0.0.1:11434/v1", None)
    other = detect({}, tmp_path, on=machine(tags=listing(*models[:1])))
    assert other.executors[0].model == "llama3.3:70b"


def test_without_sizes_the_name_tells_which_is_larger(tmp_path: Path) -> None:
    """Parameters in the name decide where the server says no bytes."""
    names = ("qwen2.5-coder:7b", "qwen2.5-coder:32b-instruct-q4_K_M", "qwen2.5-coder:1.5b")
    on = machine(tags=listing(*({"name": name} for name in names)))
    assert detect({}, tmp_path, on=on).executors[0].model == names[1]


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104
        (":8080", "http://127.0.0.1:8080"),
        ("box.lan", "http://box.lan:11434"),
        ("box.lan:80", "http://box.lan:80"),
        ("https://box.lan", "https://box.lan:443"),
        ("http://box.lan", "http://box.lan:80"),
        ("[::1]:11434", "http://[::1]:11434"),
        ("https://box.lan/ollama/", "https://box.lan:443/ollama"),
        ("file:///etc/passwd", None),
        ("http://a b", None),
        ("u:p@box.lan", None),
    ],
)
def test_ollama_is_asked_where_its_variable_says(
    value: str, asked: str | None, tmp_path: Path
) -> None:
    """Loopback without it; a host, a port, both or an address with it; anything else is refused."""
    seen: list[str] = []
    on = machine(tags=seen.append)
    found = detect({"OLLAMA_HOST": value}, tmp_path, on=on)
    assert seen == ([asked] if asked else [])
    assert found.serving is None


@pytest.mark.parametrize(
    "said", [None, [], "x", {}, {"models": {}}, {"models": [None, 3, {"name": 3}, {"size": 1}]}]
)
def test_an_answer_of_another_shape_is_no_model(said: object, tmp_path: Path) -> None:
    """Whatever a server says that is not a list of names, it serves nothing."""
    found = detect({}, tmp_path, on=machine(tags=lambda _: said, programs=("ollama",)))
    assert found.serving is None
    assert "ollama pull" in why(found, "Ollama")


def test_a_real_server_is_asked_without_proxies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loopback provider lists its models; a proxy in the environment is not asked."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    names = ("qwen2.5-coder:7b", CODER)
    with LoopbackProvider(models=names) as provider:
        on = this_machine({"PATH": ""})
        only = machine(tags=on.tags)
        found = detect({"OLLAMA_HOST": provider.url}, tmp_path, on=only)
        assert [one.path for one in provider.requests] == ["/api/tags"]
    assert found.executors[0].model == CODER
    assert found.executors[0].base_url == f"{provider.url}/v1"


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each connection in its own way."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        answer(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(150):
        connection.sendall(b" ")
        time.sleep(0.04)


def test_a_slow_server_is_not_waited_for() -> None:
    """One that sends a byte now and then is left after the time that was given."""
    with listener(dripping) as url:
        began = time.monotonic()
        assert tags_at(url, 0.2) is None
        assert time.monotonic() - began < 3


def sending(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(text)

    return answer


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 500 No\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b'"' + b"x" * 2_000_000 + b'"',
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"models": [',
    ],
    ids=lambda text: repr(text[:40]),
)
def test_an_answer_that_is_none_gives_nothing(text: bytes) -> None:
    """Errors, redirects, pages, deep or endless JSON and cut answers are no list."""
    with listener(sending(text)) as url:
        assert tags_at(url) is None


def test_a_redirect_is_not_followed() -> None:
    """A server cannot send the question elsewhere."""
    with LoopbackProvider(models=(CODER,)) as provider:
        head = f"HTTP/1.1 302 Found\r\nLocation: {provider.url}/api/tags\r\n".encode()
        with listener(sending(head + b"Content-Length: 0\r\n\r\n")) as url:
            assert tags_at(url) is None
        assert provider.requests == ()


def test_nobody_there_is_nothing() -> None:
    """A closed port answers nothing, at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert tags_at(f"http://127.0.0.1:{port}") is None


def test_this_machine_finds_programs_on_the_given_path_alone(tmp_path: Path) -> None:
    """Programs come from the PATH that was given, packages are told without importing them."""
    program = tmp_path / "claude"
    program.write_text('#!/bin/sh\n[ -z "$ANTHROPIC_API_KEY" ] && echo \'{"loggedIn": true}\'\n')
    program.chmod(0o755)
    on = this_machine({"PATH": str(tmp_path), "ANTHROPIC_API_KEY": CANARY})
    assert on.which("claude") == str(program)
    assert this_machine({}).which("sh") is None
    assert on.installed("json") and not on.installed("no_such_package_of_anybody")
    assert on.logged_in(str(program)) is True


@pytest.mark.parametrize("said", ["", "no JSON", "[]", '{"loggedIn": "yes"}'])
def test_a_client_that_does_not_say_is_unknown(said: str, tmp_path: Path) -> None:
    """An answer of another shape, and a client that is not there, say nothing."""
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    on = this_machine({"PATH": str(tmp_path)})
    assert on.logged_in(str(program)) is None
    assert on.logged_in(str(tmp_path / "nobody")) is None


def test_what_is_refused_is_not_repeated() -> None:
    """The message of a refused address holds its variable's name and nothing of its value."""
    for value in (f"https://{CANARY}:x@a", f"{CANARY}", f"https://a/?{CANARY}", f"ftp://{CANARY}"):
        for take in (safe, parsed):
            with pytest.raises(Refused) as refused:
                take("SOME_URL", value)
            assert CANARY not in str(refused.value) and "SOME_URL" in str(refused.value)


@pytest.mark.slow
def test_the_real_client_says_whether_it_is_logged_in(tmp_path: Path) -> None:
    """Without credentials it says no, with some it says yes, also where a key is in the way."""
    program = str(client())
    variables = {"HOME": str(tmp_path), "PATH": "", "ANTHROPIC_API_KEY": CANARY}
    assert this_machine(variables).logged_in(program) is False
    (tmp_path / ".claude").mkdir(exist_ok=True)
    login = {"accessToken": CANARY, "refreshToken": CANARY, "expiresAt": 9_999_999_999_999}
    login |= {"scopes": ["user:inference"], "subscriptionType": "max"}
    (tmp_path / ".claude" / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))
    assert this_machine(variables).logged_in(program) is True

"""sef.toml."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path

import pytest

from sef.config import (
    ChecksConfig,
    Config,
    ExecutorConfig,
    PricesConfig,
    load_config,
)
from sef.environment import Settings
from sef.errors import ConfigError
from sef.model import Tier
from sef.sandbox import SandboxSettings

DOCUMENTED = Path(__file__).parent.parent / "docs" / "reference" / "configuration.md"


def written(folder: Path, text: str) -> Path:
    (folder / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    (folder / ".venv" / "bin" / "python").touch()
    (folder / "demo").mkdir(exist_ok=True)
    (folder / "demo" / "light.toml").touch()
    path = folder / "sef.toml"
    path.write_text(text)
    return path


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    """No file and an empty file say the same."""
    assert load_config(None) == load_config(written(tmp_path, "")) == Config()
    assert Config().checks.timeout_s == 900


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    """The example of the reference means what the reference says."""
    example = DOCUMENTED.read_text().split("```toml\n")[1].split("```")[0]
    assert load_config(written(tmp_path, example)) == Config(
        policy="auto",
        slots=4,
        checks=ChecksConfig(tests="pytest", lint="ruff check .", types="mypy src", timeout_s=900),
        python=tmp_path / ".venv/bin/python",
        executors=(
            ExecutorConfig(
                name="light",
                use="scripted",
                tier=Tier.LIGHT,
                script=tmp_path / "demo/light.toml",
                model="pretend-light",
            ),
        ),
    )


def test_limits_are_read(tmp_path: Path) -> None:
    """Money as it was written, to the cent."""
    text = (
        "budget_usd = 1.15\n[executors.x]\nuse = 'scripted'\ntier = 2\n"
        "script = 'demo/light.toml'\nat_once = 3\nretries = 0\n"
    )
    config = load_config(written(tmp_path, text))
    assert config.budget_usd == Decimal("1.15")
    assert (config.executors[0].at_once, config.executors[0].retries) == (3, 0)
    with pytest.raises(ConfigError, match="budget_usd"):
        load_config(written(tmp_path, "budget_usd = 0\n"))


@pytest.mark.parametrize(
    "key",
    [
        "policy",
        "slots",
        "tests",
        "lint",
        "types",
        "timeout_s",
        "memory_mb",
        "python",
        "setup",
        "mode",
        "linked",
        "network",
        "variables",
        "shown",
        "handover",
        "provider",
        "base_url",
        "key_variable",
        "cli_path",
        "requests_per_minute",
        "tokens_per_minute",
        "max_requests",
        "max_tokens",
        "max_usd",
        "stuck_s",
        "compact_at",
        "cache_read",
        "cache_write",
        "cache_write_1h",
        "use",
        "tier",
        "script",
        "model",
    ],
)
def test_every_key_is_documented(key: str) -> None:
    """The reference has a row for each key."""
    assert f"| `{key}` |" in DOCUMENTED.read_text()


def test_the_environment_of_forks_is_configured(tmp_path: Path) -> None:
    """What is said under [environment] is what the forks get."""
    text = '[environment]\nsetup = "uv sync"\nmode = "mount"\nlinked = ["data"]\n'
    found = load_config(written(tmp_path, text)).environment
    assert found == Settings(setup="uv sync", mode="mount", linked=("data",))


def test_the_sandbox_is_configured(tmp_path: Path) -> None:
    """It is required unless it is turned off in so many words."""
    assert load_config(None).sandbox.mode == "required"
    text = '[sandbox]\nmode = "off"\nnetwork = ["uv sync"]\nvariables = ["DATABASE_URL"]\n'
    found = load_config(written(tmp_path, text)).sandbox
    assert found == SandboxSettings(mode="off", network=("uv sync",), variables=("DATABASE_URL",))


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "a b"]
)
def test_no_key_can_be_given_to_checks(tmp_path: Path, name: str) -> None:
    """They run what drafts wrote."""
    with pytest.raises(ConfigError, match="variables"):
        load_config(written(tmp_path, f'[sandbox]\nvariables = ["{name}"]\n'))


MODEL = """
[executors.fast]
use = "api"
tier = 1
model = "qwen3-coder"
provider = "vllm"
base_url = "http://127.0.0.1:8000/v1/"
key_variable = "VLLM_KEY"
requests_per_minute = 60
tokens_per_minute = 100000
max_requests = 20
max_tokens = 500000
max_usd = 0.25
stuck_s = 120
compact_at = 30000

[executors.fast.prices]
input = 0.1
output = 0.4
cache_read = 0.01
"""


def test_a_model_of_any_provider_can_serve_any_tier(tmp_path: Path) -> None:
    """With its address, the name of its key's variable, its prices and its limits."""
    (found,) = load_config(written(tmp_path, MODEL)).executors
    assert (found.provider, found.base_url) == ("vllm", "http://127.0.0.1:8000/v1")
    assert (found.key_variable, found.max_usd) == ("VLLM_KEY", Decimal("0.25"))
    assert (found.requests_per_minute, found.tokens_per_minute) == (60, 100_000)
    assert (found.max_requests, found.max_tokens, found.compact_at) == (20, 500_000, 30_000)
    assert found.stuck_s == 120
    assert found.prices == PricesConfig(
        input=Decimal("0.1"), output=Decimal("0.4"), cache_read=Decimal("0.01")
    )


def test_a_linked_interpreter_stays_a_link(tmp_path: Path) -> None:
    """A virtual environment is known by the path of its interpreter, not by where that leads."""
    path = written(tmp_path, '[environment]\npython = "python"')
    (tmp_path / "python").symlink_to(tmp_path / ".venv/bin/python")
    assert load_config(path).python == tmp_path / "python"


def test_the_environment_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the process change no configuration."""
    monkeypatch.setenv("SEF_POLICY", "fast")
    monkeypatch.setenv("POLICY", "fast")
    assert load_config(written(tmp_path, "")) == Config()


def test_known_executors_may_be_passed_in(tmp_path: Path) -> None:
    """The names after use are the caller's to say."""
    path = written(tmp_path, '[executors.a]\nuse = "other"\ntier = 2')
    assert load_config(path, uses=("other",)).executors[0].use == "other"


def test_a_config_cannot_be_changed() -> None:
    """It is a value."""
    with pytest.raises(FrozenInstanceError):
        Config().slots = 2  # type: ignore[misc]


EXECUTOR = '[executors.a]\nuse = "scripted"\ntier = 1\nscript = "demo/light.toml"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('polcy = "fast"', 'sef.toml: unknown key "polcy" (did you mean "policy"?)'),
        ("[checks]\ntest = 'a'", 'sef.toml: [checks]: unknown key "test" (did you mean "tests"?)'),
        ("[environment]\npyton = 'a'", '[environment]: unknown key "pyton" (did you mean "python"?)'),
        (EXECUTOR + "teir = 1", '[executors.a]: unknown key "teir" (did you mean "tier"?)'),
        ('policy = "quick"', "sef.toml: policy = 'quick': must be auto, fast, standard or complex"),
        ("slots = 0", "slots = 0: must be a whole number from 1 to 10"),
        ("slots = 11", "slots = 11: must be"),
        ('slots = "4"', "slots = '4': must be"),
        ("slots = true", "slots = True: must be"),
        ("slots = 2.0", "slots = 2.0: must be"),
        ("checks = 3", "checks = 3: must be a table"),
        ("[checks]\ntimeout_s = 0", "[checks]: timeout_s = 0: must be a number of seconds"),
        ("[checks]\ntimeout_s = inf", "timeout_s = inf: must be"),
        ("[checks]\ntimeout_s = nan", "timeout_s = nan: must be"),
        ("[checks]\ntests = '  '", "tests = ' ': must be one command line"),
        ("[checks]\ntests = \"pytest 'x\"", "must be one command line with balanced quotes"),
        ('[checks]\ntests = "a\\nb"', "tests = 'a\\nb': must be one command line"),
        ('[checks]\ntests = "a\\u0000"', "must be one command line"),
        ("[environment]\npython = 'nowhere/python'", "there is no file"),
        ("[environment]\npython = 'demo'", "[environment]: python = 'demo': there is no file"),
        ('[environment]\npython = "a\\u0000"', "there is no file"),
        ("executors = 3", "executors = 3: must be tables [executors.NAME]"),
        ("executors.a = 3", "executors = 3: must be tables [executors.NAME]"),
        ("[executors.a]\ntier = 1", '[executors.a]: the key "use" is missing: the short name'),
        ("[executors.a]\nuse = 'scripted'", '[executors.a]: the key "tier" is missing: 1, 2 or 3'),
        ("[executors.tier]\nuse = 'scripted'", '[executors.tier]: the key "tier" is missing'),
        ("[executors.a]\nuse = 'scripted'\ntier = 0", "[executors.a]: tier = 0: must be 1, 2 or 3"),
        ("[executors.a]\nuse = 'scriptd'\ntier = 1", "use = 'scriptd' (did you mean \"scripted\"?): must be one of api, claude, scripted"),
        ("[executors.a]\nuse = 'scripted'\ntier = 1", 'the key "script" is missing'),
        ("[executors.a]\nuse = 'scripted'\ntier = 1\nscript = 'no.toml'", "[executors.a]: script = 'no.toml': there is no file"),
        (EXECUTOR.replace("executors.a", "executors.'a b'"), "'a b' is not a name"),
        (MODEL.replace('model = "qwen3-coder"', ""), 'the key "model" is missing: api asks a model'),
        (MODEL.replace("http://", "ftp://"), "base_url: must be an address"),
        (MODEL.replace("127.0.0.1", "me:key@127.0.0.1"), "base_url"),
        (MODEL.replace("base_url", "#base_url"), 'the key "base_url" is missing: where vllm is served'),
        (MODEL.replace('"VLLM_KEY"', '"sk-ant-123"'), "never a key itself"),
        (MODEL.replace("use = \"api\"", "use = \"claude\"\ncli_path = \"no\"").replace("vllm", "anthropic"), "cli_path = 'no': there is no file"),
        (EXECUTOR.replace("executors.a", "executors.tests"), "[executors.tests]: sef has an executor 'tests' of its own"),
        (EXECUTOR.replace("executors.a", "executors.search"), "'search' of its own"),
        ("policy = \nslots = 3", "sef.toml: not valid TOML: Invalid value (at line 1, column 10)"),
        ("slots = 1\nslots 2", "(at line 2, column 7)"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(tmp_path: Path, text: str, told: str) -> None:
    """An error names the file, the key, the value, and what is allowed."""
    with pytest.raises(ConfigError) as refused:
        load_config(written(tmp_path, text))
    assert told in str(refused.value)
    assert str(refused.value).startswith("sef.toml: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads to no file is an error, not the defaults."""
    with pytest.raises(ConfigError, match=r"there is no file .*sef\.toml"):
        load_config(tmp_path / "sef.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MODEL.replace("http://127.0.0.1:8000", "http://models.example.org"), "unencrypted"),
        (MODEL.replace(":8000", ":99999"), "base_url: must be an address"),
        (MODEL.replace('use = "api"', 'use = "claude"'), "Claude Code is served by anthropic"),
        (MODEL.replace("input = 0.1", "input = -1"), "[prices]: input = -1"),
        (MODEL.replace("output = 0.4", ""), '[prices]: the key "output" is missing'),
    ],
)
def test_what_could_not_work_or_would_leak_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """A key in the clear, a port that is none, a provider that Claude Code has not."""
    with pytest.raises(ConfigError) as refused:
        load_config(written(tmp_path, text))
    assert told in str(refused.value)


def test_what_may_be_a_secret_is_not_repeated(tmp_path: Path) -> None:
    """Neither a password in an address nor a key in the place of its variable's name."""
    for text in (
        MODEL.replace("127.0.0.1", "me:canary@127.0.0.1"),
        MODEL.replace("VLLM_KEY", "sk-canary"),
    ):
        with pytest.raises(ConfigError) as refused:
            load_config(written(tmp_path, text))
        assert "canary" not in str(refused.value)

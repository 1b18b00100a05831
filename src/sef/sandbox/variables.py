"""The environment of a command in a fork, by an allow-list: what is not named is not given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

_PLAIN: Final = frozenset(
    """
    PATH HOME USER LOGNAME SHELL TMPDIR TMP TEMP TERM COLORTERM COLUMNS LINES TZ LANG LANGUAGE PWD
    CI NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE PORT SOURCE_DATE_EPOCH NODE_ENV
    VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV PYTHONPATH PYTHONHOME PYTHONHASHSEED PYTHONUTF8
    PYTHONIOENCODING PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED PYTHONWARNINGS PYTHONNOUSERSITE
    PYTHONUSERBASE PYTHONPYCACHEPREFIX PYTEST_ADDOPTS MYPYPATH DJANGO_SETTINGS_MODULE PYENV_ROOT
    PYENV_VERSION UV_PYTHON UV_PYTHON_INSTALL_DIR UV_TOOL_DIR UV_CACHE_DIR UV_OFFLINE UV_NO_SYNC
    UV_PROJECT_ENVIRONMENT PIPX_HOME HYPOTHESIS_PROFILE
    CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN RUSTFLAGS RUSTDOCFLAGS RUSTC RUST_BACKTRACE RUST_LOG
    RUST_MIN_STACK CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_JOBS CARGO_BUILD_TARGET
    CARGO_INCREMENTAL CARGO_NET_OFFLINE CARGO_TERM_COLOR
    GOPATH GOROOT GOBIN GOMODCACHE GOCACHE GOFLAGS GOOS GOARCH GOPROXY GOSUMDB GOPRIVATE GONOSUMDB
    GONOPROXY GOWORK GOTOOLCHAIN GOEXPERIMENT GO111MODULE GODEBUG GOMAXPROCS CGO_ENABLED
    CGO_CFLAGS CGO_LDFLAGS
    NODE_OPTIONS NODE_PATH NVM_DIR NVM_BIN VOLTA_HOME FNM_DIR PNPM_HOME COREPACK_HOME BUN_INSTALL
    DENO_DIR DENO_INSTALL ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR
    JAVA_HOME JDK_HOME GRADLE_HOME MAVEN_HOME M2_HOME SDKMAN_DIR RBENV_ROOT GEM_HOME GEM_PATH
    CC CXX AR LD CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS PKG_CONFIG_PATH LD_LIBRARY_PATH
    LIBRARY_PATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH CPATH MANPATH OMP_NUM_THREADS
    SSL_CERT_FILE SSL_CERT_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy
    no_proxy all_proxy
    """.split()  # noqa: SIM905 -- a list of them would take a page
)
_CREDENTIALS: Final = re.compile(r"://[^/\s@]*@")
_PROVIDERS: Final = re.compile(
    r"(?i)(ANTHROPIC|CLAUDE|OPENAI|AZURE|AWS|BEDROCK|GEMINI|GOOGLE|VERTEX|DEEPSEEK|OPENROUTER|OLLAMA"
    r"|MISTRAL|GROQ|XAI|COHERE|CO_API|TOGETHER|FIREWORKS|PERPLEXITY|REPLICATE|HUGGINGFACE"
    r"|HUGGING_FACE|HF|CEREBRAS|MOONSHOT|DASHSCOPE|QWEN|ZHIPU|LITELLM|CODEX|CURSOR|COPILOT)(_|\Z)"
    r"|.*(API_?KEY|AUTH_?TOKEN)\Z"
)


def variables(given: Mapping[str, str], named: Iterable[str] = ()) -> dict[str, str]:
    """What a command is given of the variables: the allow-list and the `named` ones.

    A name that looks like a key of a model provider is never given, and of the allow-list no value
    that holds an address with a password.
    """
    wanted = {name for name in named if not is_key_of_a_provider(name)}
    return {
        name: value
        for name, value in given.items()
        if name in wanted or (_is_plain(name) and not _holds_password(name, value))
    }


def is_key_of_a_provider(name: str) -> bool:
    """True for the prefix of a model provider, and for what ends like an API key."""
    return _PROVIDERS.match(name) is not None


def _is_plain(name: str) -> bool:
    return name in _PLAIN or name.startswith("LC_")


def _holds_password(name: str, value: str) -> bool:
    """A proxy may be named without a scheme: user:password@host:port."""
    return bool(_CREDENTIALS.search(value)) or (name.lower().endswith("_proxy") and "@" in value)

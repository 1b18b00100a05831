"""What of the machine a command in a fork does not see, and which tools it sees again."""

# ruff: noqa: PTH110, PTH112
# Paths are texts here, of which a command has a hundred: pathlib takes milliseconds for them.
from __future__ import annotations

import os
import pwd
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from sef.sandbox.areas import Access, Areas, below

_PRIVATE: Final = ("/home", "/root", "/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm")  # noqa: S108
_OF_MACHINE: Final = (
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers"),
    *("/etc/ssh", "/etc/ssl/private", "/etc/krb5.keytab", "/var/spool", "/var/backups"),
)
SECRET: Final = (
    *(".ssh", ".aws", ".azure", ".gnupg", ".netrc", ".config", ".claude", ".claude.json", ".codex"),
    *(".docker", ".kube", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pypirc", ".git-credentials"),
    *(".gitconfig", ".password-store", ".local/share/keyrings", ".mozilla", ".thunderbird"),
    *(
        ".gem/credentials",
        ".m2/settings.xml",
        ".m2/settings-security.xml",
        ".gradle",
        ".vault-token",
    ),
    *(".terraform.d", ".oci", ".boto", ".s3cfg", ".pgpass", ".my.cnf", ".bash_history", ".gemini"),
    *(".zsh_history", ".python_history", ".node_repl_history", ".psql_history", ".cursor"),
    *(".cargo/credentials", ".cargo/credentials.toml", ".local/share/uv/credentials", ".snap"),
    *(".pki", ".var", ".dbus", ".Xauthority", ".ICEauthority"),
)
"""Below a home, never shown, whatever names them."""
_TOOLS: Final = (
    *(".cargo/bin", ".cargo/registry", ".cargo/git", ".cargo/env", ".rustup", ".pyenv", ".nvm"),
    *(".local/bin", ".local/lib", ".local/share/uv/python", ".local/share/uv/tools"),
    *(".local/share/pipx", ".local/share/mise", ".local/share/fnm", ".local/share/pnpm"),
    *(".local/share/virtualenvs", ".local/share/hatch", ".local/pipx", ".asdf", ".volta", ".fnm"),
    *(".bun/bin", ".deno/bin", ".sdkman/candidates", ".rbenv", ".nodenv", ".goenv", ".jenv"),
    *("go/bin", "go/pkg/mod", "miniconda3", "anaconda3", "miniforge3", "mambaforge"),
    *(".conda/envs", ".m2/repository", ".m2/wrapper", ".virtualenvs", ".cache/go-build"),
)
"""Below a home, what tool chains need."""
_WHOLE: Final = (
    *("RUSTUP_HOME", "GOROOT", "GOMODCACHE", "GOCACHE", "JAVA_HOME", "NVM_DIR", "PYENV_ROOT"),
    *("VOLTA_HOME", "FNM_DIR", "PNPM_HOME", "BUN_INSTALL", "DENO_INSTALL", "ASDF_DIR"),
    *("ASDF_DATA_DIR", "MISE_DATA_DIR", "RBENV_ROOT", "SDKMAN_DIR", "UV_PYTHON_INSTALL_DIR"),
    *("UV_TOOL_DIR", "PIPX_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "GEM_HOME"),
)
_PARTS: Final = {
    "CARGO_HOME": ("bin", "registry", "git", "env"),
    "GOPATH": ("bin", "pkg/mod"),
    "XDG_CACHE_HOME": ("go-build",),
}
"""Variables that name a folder of which only parts are shown."""


def machine(variables: Mapping[str, str], shown: Iterable[str] = ()) -> Areas:
    """The machine with homes, temporary files and sockets hidden, and tools shown again."""
    homes = homes_of(variables)
    private = {os.path.realpath(path) for path in (*_PRIVATE, tempfile.gettempdir(), *homes)}
    private |= {path for path in _OF_MACHINE if os.access(path, os.R_OK)}
    runtime = variables.get("XDG_RUNTIME_DIR", "")
    private |= {os.path.realpath(runtime)} if runtime.startswith("/") else set()
    areas = Areas().having(Access.HIDDEN, private - {"/"})
    wanted = [*_tools(variables, homes), *own_interpreter()]
    areas = showing(areas, wanted, homes)
    areas = showing(areas, [os.path.expanduser(path) for path in shown], homes)  # noqa: PTH111
    secrets = [f"{home}/{name}" for home in homes for name in SECRET]
    return areas.having(Access.HIDDEN, [path for path in secrets if os.path.lexists(path)])


def shown_below(
    home: Path, variables: Mapping[str, str], shown: Iterable[str] = ()
) -> tuple[Path, ...]:
    """What `machine` shows of a home, for a sandbox that can only show whole folders: tool chains
    and the `shown` ones that are there, but for those that hold a secret.
    """
    homes = (os.path.realpath(home),)
    named = [*_tools(variables, homes), *(_below_home(path, home) for path in shown)]
    secrets = [path for name in SECRET if os.path.lexists(path := f"{homes[0]}/{name}")]
    kept = (
        path
        for path in showing(Areas(), named, homes).places
        if below(path, homes[0]) and not any(below(secret, path) for secret in secrets)
    )
    return tuple(map(Path, kept))


def _below_home(path: str, home: Path) -> str:
    return f"{home}/{path[2:]}" if path.startswith("~/") else path


def showing(areas: Areas, paths: Iterable[str], homes: Iterable[str]) -> Areas:
    """The areas with those of the paths shown that hold no whole home and lie in no secret."""
    kept, homes = [], tuple(homes)
    for path in paths:
        real = os.path.realpath(path)
        whole = real == "/" or any(below(hidden, real) for hidden in (*homes, *_PRIVATE))
        if not whole and not _is_secret(real, homes) and os.path.exists(real):
            kept.append(path)
    return areas.having(Access.READ, kept)


def homes_of(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The homes of whoever runs this, without symbolic links; none that is the whole machine."""
    named = [variables.get("HOME", ""), os.environ.get("HOME", "")]
    with suppress(KeyError):  # a user without an entry
        named.append(pwd.getpwuid(os.getuid()).pw_dir)
    real = {os.path.realpath(home) for home in named if home.startswith("/")}
    system = ("/usr", "/bin", "/etc", "/proc", "/nonexistent")
    kept = (home for home in real if not any(below(each, home) for each in system))
    return tuple(sorted(home for home in kept if os.path.isdir(home)))


def own_interpreter() -> list[str]:
    """What the interpreter that runs this needs, for launchers and probes."""
    return [sys.executable, sys.prefix, sys.base_prefix, os.path.realpath(sys.executable)]


def git_folders(tree: Path) -> tuple[str, ...]:
    """The git folder of a work tree, and the one that all work trees share."""
    found = tree / ".git"
    try:
        if found.is_dir():
            return (os.path.realpath(found),)
        said = found.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
        own = Path(os.path.realpath(tree / said))
        common = own / (own / "commondir").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(dict.fromkeys((str(own), os.path.realpath(common))))


def _is_secret(path: str, homes: Iterable[str]) -> bool:
    return any(below(path, f"{home}/{name}") for home in homes for name in SECRET)


def _tools(variables: Mapping[str, str], homes: Iterable[str]) -> list[str]:
    found = [f"{home}/{name}" for home in homes for name in _TOOLS]
    found += [variables[name] for name in _WHOLE if variables.get(name, "").startswith("/")]
    for name, parts in _PARTS.items():
        folders = variables.get(name, "").split(os.pathsep)
        found += [f"{each}/{part}" for each in folders for part in parts if each.startswith("/")]
    for entry in variables.get("PATH", os.defpath).split(os.pathsep):
        if entry.startswith("/"):
            found += _programs(entry)
    return found


def _programs(entry: str) -> list[str]:
    """A folder of programs; with what lies beside it where that is a tool's own folder."""
    beside, name = os.path.split(entry.rstrip("/"))
    if name not in ("bin", "sbin", "shims") or os.path.lexists(f"{beside}/.git"):
        return [entry]
    signs = ("lib", "libexec", "pyvenv.cfg", "conda-meta")
    whole = any(os.path.exists(f"{beside}/{sign}") for sign in signs)
    return [entry, beside] if whole and not beside.endswith("/.local") else [entry]

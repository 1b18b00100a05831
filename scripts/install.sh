#!/bin/sh
# Deploys the executors of sef to Claude Code. Run it from anywhere: --project is where you are.
#
#   scripts/install.sh --user | --project | --both | --status | --uninstall
#
# and --dry-run, --force, --claude-md, --statusline, --json. Needs Python 3.11 or newer and no
# library; the same as `sef claude install`. SEF_PYTHON names a Python.
set -eu

# Where this file lies, through links to it.
self=$0
while [ -L "$self" ]; do
    target=$(readlink "$self")
    case $target in
        /*) self=$target ;;
        *) self=$(dirname "$self")/$target ;;
    esac
done
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd -P)

if [ ! -f "$root/src/sef/installation/__main__.py" ]; then
    echo "sef: $root is not a clone of sef" >&2
    echo "     With sef installed: sef claude install" "$@" >&2
    exit 2
fi

fits() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${SEF_PYTHON:-}" ] && ! fits "$SEF_PYTHON"; then
    echo "sef: SEF_PYTHON=$SEF_PYTHON is no Python 3.11 or newer" >&2
    exit 2
fi

# -I and an explicit path: the folder you are in, which may be anybody's, is not imported from.
for python in "${SEF_PYTHON:-}" "$root/.venv/bin/python" python3 \
    python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$python" ] && fits "$python"; then
        exec "$python" -I -B -c '
import sys
sys.path.insert(0, sys.argv[1])
from sef.installation.__main__ import main
sys.exit(main(sys.argv[2:]))
' "$root/src" "$@"
    fi
done

echo "sef: no Python 3.11 or newer was found" >&2
echo "     Name one: SEF_PYTHON=/path/to/python3 $0" "$@" >&2
exit 2

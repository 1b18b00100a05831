"""An npm workspace, written by hand: the app's tests reach the host in every way there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from foreign_projects import Project, make

from sef.environment.bubblewrap import bubblewrap

MOUNTS = bubblewrap() is not None
needs_mount = pytest.mark.skipif(not MOUNTS, reason="bubblewrap is missing or may not mount")
WAYS = [pytest.param(True, id="mounted", marks=needs_mount), pytest.param(False, id="copied")]

TESTS = """
const { test } = require("node:test");
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const os = require("node:os");
const CODE = 'console.log(require("host").WHO + require("plugin").host)';

test("in process", () => assert.equal(require("host").WHO, "fork"));
test("a dependency that requires its host", () => assert.equal(require("plugin").host, "fork"));
test("a package of the app's own", () => assert.equal(require("tool"), "tool"));
test("child", () => {
  assert.equal(execFileSync(process.execPath, ["-e", CODE]).toString(), "forkfork\\n");
});
test("child with a clean environment", () => {
  const said = execFileSync(process.execPath, ["-e", CODE], { env: {}, cwd: __dirname });
  assert.equal(said.toString(), "forkfork\\n");
});
test("module", async () => assert.equal((await import("host")).default.WHO, "fork"));
test("new file", () => assert.equal(require("host/new.js"), "fork"));
test("deleted file", () => assert.throws(() => require("host/old.js")));
test("program", () => {
  assert.equal(execFileSync("host", { cwd: os.tmpdir() }).toString(), "fork\\n");
});
"""


def package(name: str, **fields: object) -> str:
    return json.dumps({"name": name, "version": "1.0.0", **fields})


FILES = {
    "package.json": package("root", workspaces=["packages/*"], scripts={"test": "node --test"}),
    "package-lock.json": '{"lockfileVersion": 3}',
    "packages/host/package.json": package("host", main="index.js", bin={"host": "program.js"}),
    "packages/host/index.js": 'exports.WHO = "user";\n',
    "packages/host/old.js": "",
    "packages/host/program.js": '#!/usr/bin/env node\nconsole.log(require("./index").WHO);\n',
    "packages/app/package.json": package("app", dependencies={"host": "*", "plugin": "1"}),
    "packages/app/app.test.js": TESTS,
}
INSTALLED = {
    "node_modules/host": "-> ../packages/host",
    "node_modules/app": "-> ../packages/app",
    "node_modules/.bin/host": "-> ../../packages/host/program.js",
    "node_modules/plugin/package.json": package("plugin", peerDependencies={"host": "*"}),
    "node_modules/plugin/index.js": 'exports.host = require("host").WHO;\n',
    "node_modules/.cache/tool/host.js": 'exports.WHO = "user";\n',
    "packages/app/node_modules/tool/index.js": 'module.exports = "tool";\n',
}
DRAFT = {
    "packages/host/index.js": 'exports.WHO = "fork";\n',
    "packages/host/new.js": 'module.exports = "fork";\n',
    "packages/host/old.js": None,
}


def workspace(
    folder: Path,
    files: Mapping[str, str] | None = None,
    draft: Mapping[str, str | None] | None = None,
    installed: Mapping[str, str] | None = None,
) -> Project:
    """The workspace with changes: to its files, to the draft, to what is installed."""
    made = make(
        folder,
        {**FILES, **(files or {})},
        {**DRAFT, **(draft or {})},
        {**INSTALLED, **(installed or {})},
    )
    (made.tree / "packages/host/program.js").chmod(0o755)
    (made.fork / "packages/host/program.js").chmod(0o755)
    return made

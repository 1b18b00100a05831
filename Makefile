# Two commands do all set-up: `make run` and `make test`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test check unit format clean sweep test-environments

run: $(VENV)/.installed ## install sef and watch the demo
	$(BIN)/sef demo

test: check ## install, lint, type-check, all tests
	$(BIN)/python -m pytest -n auto

check: $(VENV)/.developed ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.developed ## the quick tests, below ten seconds
	$(BIN)/python -m pytest -m "not slow" -n auto

format: $(VENV)/.developed ## rewrite in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sweep: $(VENV)/.developed ## kill -9 a run at 45 moments, and resume it
	SWEEP_POINTS=45 $(BIN)/python -m pytest -s --timeout=900 -k nothing_completed tests/journal

PYTHONS ?= $(PYTHON)
test-environments: $(VENV)/.developed ## the whole matrix of environments, with real installers (long)
	$(BIN)/python -m tests.environment.matrix $(foreach one,$(PYTHONS),--python $(one)) --json

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "sef needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.developed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --editable '.[api,mcp]'
	@$(BIN)/python -m pip install --quiet --editable '.[claude]' || \
		echo "no Claude Code client for this machine: its tests are skipped" >&2
	@touch $@ $(VENV)/.installed

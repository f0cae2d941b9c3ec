# Everything below works on a machine with Python 3.11+ and make, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_CONSTRAINT := $(CURDIR)/.constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DAGSTER_HOME := $(CURDIR)
export ARENA_WORKSPACE := $(CURDIR)

.PHONY: help demo test ui check bench format clean
.DEFAULT_GOAL := help

help: ## Show the commands.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(READY): pyproject.toml .constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (on Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Setting up the environment in $(VENV) (about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## Run the arena on the demo shop and print the leaderboard.
	@$(BIN)/arena demo

test: $(READY) ## Run all tests.
	@$(BIN)/python -m pytest -n auto --dist loadgroup

ui: $(READY) ## Open the Dagster UI on the same state.
	@$(BIN)/arena ui

check: $(READY) ## Formatter, linter, types, import directions.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## Run the benchmarks; writes benchmarks/latest.json.
	@$(BIN)/python -m benchmarks

format: $(READY) ## Format the code.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove the environment and everything computed.
	rm -rf $(VENV) var

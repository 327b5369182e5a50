# Everything that is done with this repository, one task a line: `make help`.
# Python 3.11, 3.12 or 3.13; another one than the first found: make PYTHON=python3.13 demo
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$python && break; done)
INSTALL = $(BIN)/python -m pip --disable-pip-version-check --quiet install
COMPILE = $(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

.PHONY: help demo serve test test-fast fuzz lint format screenshots client-types bench bench-simulation bench-search bench-real bench-service lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## evolve a network for handwritten digits and say whether it was worth it
	@$(BIN)/cambrian demo

serve: $(VENV)/.demo ## start the service on 127.0.0.1 and browse the jobs
	@$(BIN)/cambrian serve


test: $(VENV)/.test $(VENV)/.generator $(VENV)/.browser lint ## every test: SQLite, PostgreSQL, Ray clusters, kills
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

test-fast: $(VENV)/.test ## the tests that take less than a second each, on SQLite, with fewer examples
	@$(BIN)/python -m pytest -m "not slow" -k "not postgresql" --hypothesis-profile fast --ignore tests/benchmarks \
		--numprocesses auto --maxprocesses 4

fuzz: $(VENV)/.test ## more than 20,000 requests made from the API's description, on PostgreSQL
	@$(BIN)/python -m tests.service.api.fuzzing

lint: $(VENV)/.test ## formatting, rules, types and the import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.test ## put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

screenshots: $(VENV)/.test $(VENV)/.browser ## the pages as docs/screenshots shows them, in about four minutes
	@$(BIN)/python -m tests.browser.screenshots

client-types: $(VENV)/.test ## the Python client's types, from the API's description
	@$(BIN)/python -m service.api.typed_dicts > $(VENV)/types.py
	@$(BIN)/ruff format - < $(VENV)/types.py > service/client/types.py

bench: $(VENV)/.bench ## ours, scikit-learn and (where they are installed) torch and JAX side by side
	@$(BIN)/python -m benchmarks --json benchmarks.json

bench-simulation: $(VENV)/.test ## up to 10,000 simulated workers, and how fast the driver proposes and records
	@$(BIN)/python -m benchmarks.simulation --json simulation.json

bench-search: $(VENV)/.test $(VENV)/.bench ## our search and its peers on tables of real trainings (built once, in about 20 minutes)
	@$(BIN)/python -m benchmarks.search --json search-benchmark.json --plot search-benchmark.svg

bench-real: $(VENV)/.test $(VENV)/.bench ## our evolution and Optuna's TPE in real trainings, to the test rows
	@$(BIN)/python -m benchmarks.search.real_runs --json build/real-runs.json

bench-service: $(VENV)/.test ## how long reads take beside a search at full load, at 1,000,000 stored candidates
	@$(BIN)/python -m benchmarks.service --json service.json

# The benchmark's pins leave torch out, and with it what it alone pulls in: its ordinary wheel for Linux brings gigabytes
# of CUDA libraries. It is measured where it is installed; `.venv/bin/pip install torch` does so. What tests and
# benchmarks share has one pin, because they share the environment.
lock: $(VENV)/.test ## pin the newest versions that pyproject.toml allows
	@$(INSTALL) uv
	@$(COMPILE) --extra data --extra onnx --extra editable --output-file requirements/demo.txt pyproject.toml
	@$(COMPILE) --extra test --output-file requirements/test.txt pyproject.toml
	@$(COMPILE) --extra bench --extra editable --excludes <(echo torch) --constraints requirements/test.txt \
		--output-file requirements/bench.txt pyproject.toml
	@echo openapi-python-client | $(COMPILE) --output-file requirements/generator.txt -

clean: ## remove the environment and every cache
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once and again when the pins change. Hashes are checked for every package; Cambrian itself is
# linked in place, with the build backend that the pins name, so that nothing is fetched outside of them.
$(VENV)/.demo: requirements/demo.txt pyproject.toml
$(VENV)/.test: requirements/test.txt pyproject.toml
$(VENV)/.bench: requirements/bench.txt pyproject.toml
$(VENV)/.demo $(VENV)/.test $(VENV)/.bench:
	@[[ -n "$(PYTHON)" ]] || { echo "Cambrian needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=/path/to/python demo" >&2; exit 1; }
	@[[ -x $(BIN)/python ]] || { echo "making the environment in $(VENV) with $$($(PYTHON) -V)" >&2; $(PYTHON) -m venv $(VENV); }
	@echo "installing the packages of $< (once)" >&2
	@$(INSTALL) --require-hashes --requirement $<
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The pages are tested in a Chromium: one that is installed, else Debian's where that may be installed, else Playwright's.
$(VENV)/.browser: requirements/test.txt | $(VENV)/.test
	@if $(BIN)/python -c 'import sys; from tests.browser.pages import executable; sys.exit(executable() is None)'; then :; \
	elif [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
		echo "installing Debian's Chromium (once)" >&2; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium >/dev/null; \
	else \
		echo "installing Playwright's Chromium (once)" >&2; \
		$(BIN)/python -m playwright install chromium; \
	fi
	@touch $@

# What makes a client from the API's description wants another typer than the command line has: it lives by itself.
$(VENV)/.generator: requirements/generator.txt | $(VENV)/.test
	@echo "installing the packages of $< (once)" >&2
	@$(BIN)/python -m venv $(VENV)/generator
	@$(VENV)/generator/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

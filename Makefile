# The developer interface: check, test, bench, demo, run. Everything installs itself into .venv;
# `install` does only that, `dev` adds the tools of check and test.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet --no-input
export PIP_PROGRESS_BAR := off

.PHONY: check test bench bench-long demo run install dev soak lock clean

demo: .venv/run
	$(BIN)/evenkeel demo

run: .venv/run
	$(BIN)/evenkeel serve

install: .venv/run

dev: .venv/dev

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/test_tidy.py

test: .venv/dev
	$(BIN)/pytest -m "not slow" --numprocesses auto --dist loadfile

soak: .venv/dev
	$(BIN)/pytest --timeout 7200 --hypothesis-profile soak

bench: .venv/dev
	$(BIN)/python -m benchmarks

bench-long: .venv/dev
	$(BIN)/python -m benchmarks --long
	$(BIN)/python -m benchmarks.case_studies

lock: .venv/dev
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-header --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-header --extra build --extra dev -c requirements.lock \
	  pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

# `run` needs only what the product needs; `dev` adds the tools of `check` and `test`
.venv/run: requirements.lock pyproject.toml | .venv/bin/python
	@echo "installing the pinned packages into .venv (once)"
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

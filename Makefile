# `make demo` and `make test` need Python >= 3.11, make and a package index; nothing else, no root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test check lint format lock clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

install: $(INSTALLED)  ## the virtual environment, from the lock file

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("gansearch needs Python >= 3.11, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "installing into $(VENV) (a few minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install  ## a search over a shipped supernet, from HTTP to a drawn front (KEEP=1 leaves it running)
	@$(BIN)/python infra/demo.py $(if $(KEEP),--keep)

test: install  ## the whole test suite
	@$(BIN)/pytest -n 2 --dist loadgroup

lint: install  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint  ## lint, and the tests that are not slow
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

format: install  ## rewrite files as ruff would have them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## pin today's versions of everything into requirements.lock
	infra/lock.sh

clean:  ## remove what was built here, but no data and no trainings
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis

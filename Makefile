# Two commands matter: `make demo` brings a stack up, `make test` proves the rest.
# Both make their own virtual environment and ask for root only where the kernel does.

PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo demo-down test check bench clean help

help:
	@echo "make demo       bring up samples/guestbook and say where it answers"
	@echo "make demo-down  take it down again, data included"
	@echo "make test       ruff, mypy, import contracts, unit, kernel and end-to-end tests"
	@echo "make check      the same without tests that need root"
	@echo "make bench      time the verbs, beside docker compose when it is there"

$(STAMP): pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check -e .
	@$(VENV)/bin/python -m compileall -q compose engine schemas
	@touch $@

$(DEV_STAMP): pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@$(VENV)/bin/python -m compileall -q compose engine schemas
	@touch $@ $(STAMP)

demo: $(STAMP)
	@$(SUDO) sh samples/guestbook/demo.sh $(CURDIR)/$(VENV)/bin/pycompose

demo-down: $(STAMP)
	@$(SUDO) $(VENV)/bin/pycompose -f samples/guestbook/compose.yaml down -v

test: $(DEV_STAMP)
	@$(SUDO) env PATH="$$PATH" bash tests/run $(VENV)/bin/python

check: $(DEV_STAMP)
	@bash tests/run $(VENV)/bin/python --no-kernel

bench: $(STAMP)
	@$(SUDO) $(VENV)/bin/python benchmarks/stacks.py --pycompose $(CURDIR)/$(VENV)/bin/pycompose

clean:
	rm -rf $(VENV) dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache

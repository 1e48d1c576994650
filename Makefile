# Everything one does with the project. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ROOMS := expectations etl app pages tests
KIT ?= ../shared/kit
LOCK_FLAGS ?=
SAMPLE ?= 1

# A stamp is named after the content of what was installed: an unchanged lock asks nothing of the network.
sum = $(shell cksum < $(1) | cut -d ' ' -f 1)
RUNTIME := $(VENV)/.runtime-$(call sum,requirements.lock)
DEVELOPMENT := $(VENV)/.development-$(call sum,requirements-dev.lock)
PROJECT := $(VENV)/.project-$(call sum,pyproject.toml)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUNTIME) $(PROJECT) ## simulated reports of all exchanges, then the dashboard in the browser
	$(BIN)/daxa demo

.PHONY: test
test: $(DEVELOPMENT) $(PROJECT) browser ## the tests, with a real PostgreSQL and a real browser
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

.PHONY: test-slow
test-slow: $(DEVELOPMENT) $(PROJECT) browser ## the tests that take longer: every screen in every look, proofs, benches (a part of them: SAMPLE=3)
	DAXA_TEST_LONG=1 DAXA_TEST_SAMPLE=$(SAMPLE) $(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or property"

.PHONY: check
check: $(DEVELOPMENT) $(PROJECT) ## formatting, lint and types
	$(BIN)/ruff format --check $(ROOMS)
	$(BIN)/ruff check $(ROOMS)
	$(BIN)/mypy

.PHONY: format
format: $(DEVELOPMENT) ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix-only $(ROOMS)
	$(BIN)/ruff format $(ROOMS)

.PHONY: rules
rules: $(RUNTIME) $(PROJECT) ## write the suites of the rule book from the rules' sources
	$(BIN)/daxa rules compile

.PHONY: lock
lock: $(DEVELOPMENT) ## write both locks anew from pyproject.toml (newer versions: LOCK_FLAGS=--upgrade)
	$(call compile,--extra build,requirements.lock)
	$(call compile,--extra build --extra test --extra check --constraint requirements.lock,requirements-dev.lock)

.PHONY: bench
bench: $(RUNTIME) $(PROJECT) ## measure speed, as ratios within one run
	$(BIN)/daxa bench

.PHONY: kit
kit: $(RUNTIME) $(PROJECT) ## hold the daxa command against the four parts of the conformance kit
	@if [ ! -d $(KIT) ]; then echo "No conformance kit at $(KIT); name its folder with KIT=..." >&2; exit 1; fi
	@for part in clean rejected breaches replay; do \
	    $(BIN)/python $(KIT)/run_kit.py $$part --daxa $(CURDIR)/$(BIN)/daxa; \
	done

.PHONY: clean
clean: ## remove caches and what was built; the environment and the store stay
	rm -rf build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(ROOMS) -type d -name __pycache__ -prune -exec rm -rf {} +

# The uv options that keep addresses and paths out of a lock.
compile = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links $(LOCK_FLAGS) $(1) --output-file $(2)

# The first Python 3.11 without known faults (app/floor.py); where there is none, the first.
$(BIN)/python:
	@found=; \
	for python in $$(type -aP python3.11 python3) "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.11.*/bin/python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null; then \
	        found=$${found:-$$python}; \
	        if $$python app/floor.py 2> /dev/null; then found=$$python; break; fi; \
	    fi; \
	done; \
	if [ -n "$$found" ]; then exec $$found -m venv $(VENV); fi; \
	echo "Python 3.11 is needed: neither python3.11 nor python3 is one." >&2; exit 1

$(RUNTIME): | $(BIN)/python
	@echo "Installing what the dashboard needs ..."
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@rm -f $(VENV)/.runtime-*
	@touch $@

# The development lock holds everything in the runtime lock, at the same versions.
$(DEVELOPMENT): | $(BIN)/python
	@echo "Installing what the dashboard and its tests need ..."
	@$(PIP) install --quiet --require-hashes --requirement requirements-dev.lock
	@rm -f $(VENV)/.development-* $(VENV)/.runtime-*
	@touch $@ $(RUNTIME)

$(PROJECT): | $(RUNTIME)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.project-*
	@touch $@

# Chromium and the Korean fonts of the screens are the system's: Debian's packages are the ones tested with.
FONTS := /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
.PHONY: browser
browser:
	@if [ -e /usr/bin/chromium ] && [ -e $(FONTS) ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    export DEBIAN_FRONTEND=noninteractive; \
	    echo "Installing chromium and fonts-noto-cjk ..."; \
	    { apt-get update && apt-get install --yes --no-install-recommends chromium fonts-noto-cjk; } \
	        < /dev/null > $(VENV)/browser.log 2>&1 || { tail -n 20 $(VENV)/browser.log >&2; exit 1; }; \
	else \
	    echo "The browser tests need two packages: apt-get install chromium fonts-noto-cjk" >&2; exit 1; \
	fi

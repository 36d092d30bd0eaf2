# `make` lists the targets. Everything is installed into .venv and .venvs of this directory, but for Debian packages.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
PYTEST := .venv/bin/pytest
# A module that makes networks stays in one worker: it builds its stage once, and its tests follow each other.
PYTEST_FLAGS := -n 2 --dist loadfile $(if $(CI),--color=no --durations=10 -ra,)
# What failed is asked once more, alone and on a stage of its own: two cores lend no test its share by the clock. Both runs are
# shown, and whatever is not green in the first is there to be mended.
AGAIN = || { test $$? = 1 && echo "== what failed, once more" && $(PYTEST) --last-failed --maxfail 1 $(if $(CI),--color=no,); }
BENCHES := $(sort $(shell grep -l __main__ bench/*.py 2>/dev/null))

.PHONY: help install demo demo-global test test-all lint bench lock az clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo '  make demo AZ=1     order with the real az, installed beside the project if need be'

install: ## what the service needs: Debian packages, .venv, eBPF object
	@scripts/bootstrap run

demo: ## order a circuit, send packets, break a leg, clean up (ARGS="-o json" for one JSON object)
	@scripts/bootstrap run $(if $(AZ),az,)
	@.venv/bin/trunkline demo $(if $(AZ),--az yes,) $(ARGS)

demo-global: ## two continents, Global Reach, a region lost, and the certificate (ARGS="--html FILE" keeps it)
	@scripts/bootstrap run
	@.venv/bin/trunkline demo --global $(ARGS)

lint: ## ruff, mypy (tests and bench too, less strictly), import rules
	@scripts/bootstrap test
	@$(MAKE) --no-print-directory checks

.PHONY: checks
checks:
	.venv/bin/ruff check src tests bench
	.venv/bin/mypy
	.venv/bin/mypy --config-file tests/mypy.ini tests
	MYPYPATH=bench .venv/bin/mypy --config-file tests/mypy.ini bench
	.venv/bin/lint-imports

test: ## the gate: linters and all tests but the slow ones (TESTS=path runs only these)
	@scripts/bootstrap test az sdk js
	@$(MAKE) --no-print-directory checks
	$(PYTEST) $(PYTEST_FLAGS) -m "not slow" $(TESTS) $(AGAIN)

test-all: ## the gate and the slow tests
	@scripts/bootstrap test az sdk js
	@$(MAKE) --no-print-directory checks
	$(PYTEST) $(PYTEST_FLAGS) $(TESTS) $(AGAIN)

bench: ## measure; docs/performance.md says what and how
	@scripts/bootstrap run
	@set -e; for bench in $(BENCHES); do echo "== $$bench"; $(PY) $$bench; done

az: ## install the Azure CLI into .venvs/az
	@scripts/bootstrap az

lock: ## write requirements/*.lock anew with the newest allowed versions
	@scripts/lock

clean: ## remove what was built and installed here (Debian packages stay)
	rm -rf .venv .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +
	rm -rf src/*.egg-info src/trunkline/fabric/bpf/*.o

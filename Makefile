# Each target sets up what it needs; `make help` lists them.

PYTHON ?= $(shell for v in 3.13 3.12 3.11; do command -v python$$v >/dev/null 2>&1 && python$$v -c '' 2>/dev/null && { echo python$$v; break; }; done || true)
ifeq ($(PYTHON),)
PYTHON := python3
endif
# A Python that is asked for (`make test PYTHON=python3.11`) has an environment of its own.
VENV := .venv$(if $(filter file,$(origin PYTHON)),,-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
export VENV
# Modules are compiled once, not in each of the processes that the tests start.
export PYTHONDONTWRITEBYTECODE :=
HOST ?= 127.0.0.1
PORT ?= 5000

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-clock test-portable check python bench bench-bundle bench-desk bench-load bench-press kills mutate fuzz lock translations words advisories audit confusables pictures docs wheel release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/ready: requirements-dev.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" sh .ci/setup python

$(VENV)/system: .ci/setup | $(VENV)/ready
	@sh .ci/setup system

$(VENV)/browser: .ci/setup package.json | $(VENV)/ready
	@sh .ci/setup browser

$(VENV)/clock: .ci/setup | $(VENV)/ready
	@sh .ci/setup clock

$(VENV)/docs: requirements-docs.lock .ci/setup | $(VENV)/ready
	@sh .ci/setup docs

run: $(VENV)/ready $(VENV)/system ## Serve the demo at http://127.0.0.1:5000
	@$(BIN)/campaign run --host $(HOST) --port $(PORT) --demo

test: $(VENV)/ready $(VENV)/system $(VENV)/browser ## Run every test, with coverage (both databases, Chromium)
	@$(BIN)/coverage erase
	@$(BIN)/python -m compileall -q -j 2 campaign
	@COVERAGE_PROCESS_START=pyproject.toml $(BIN)/coverage run -m pytest -n 3 --dist loadfile --no-loadscope-reorder
	@$(BIN)/coverage combine -q && $(BIN)/coverage report --format=total | sed 's/.*/coverage: &%/'

test-fast: $(VENV)/ready $(VENV)/system ## Run the tests that need no browser
	@$(BIN)/python -m pytest tests/unit tests/integration -n 2 --dist loadfile

test-clock: $(VENV)/ready $(VENV)/system $(VENV)/clock $(if $(WHOLE)$(PARTS),$(VENV)/browser) ## Run what knows days at other hours, days and zones (WHOLE=1: all tests; AT="UTC|2026-11-27 00:30:00")
	@WHOLE="$(WHOLE)" PARTS="$(PARTS)" sh .ci/clock $(if $(AT),"$(AT)")

test-portable: $(VENV)/ready $(VENV)/system ## Run a short part of the tests, for another Python
	@$(BIN)/python -m pytest -n 2 --dist loadfile -k "not postgresql" tests/unit tests/integration/deliveries/test_days.py tests/integration/signing/test_sign.py

check: $(VENV)/ready ## Lint, types, import contracts, templates, known holes of what is pinned
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/tmp/lint-imports.$$$$ 2>&1 || { cat /tmp/lint-imports.$$$$; exit 1; }
	@$(BIN)/djlint templates --lint --quiet
	@$(BIN)/djlint letters --lint --quiet --ignore H005,H007,H021,H030
	@$(BIN)/python .ci/advisories.py
	@echo "check: clean"

bench: $(VENV)/ready $(VENV)/system ## Measure letters, signing and pages against plain peers
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -W ignore -m benchmarks.desk
	@$(BIN)/python -W ignore -m benchmarks.webhooks

bench-desk: $(VENV)/ready $(VENV)/system ## Measure every page of the desk with a million signatures, on both databases
	@$(BIN)/python -W ignore -m benchmarks.desk

bench-load: $(VENV)/ready $(VENV)/system ## Sign under load: beside a bundle, for an hour, while processes are killed (MINUTES=60)
	@$(BIN)/python -W ignore -m benchmarks.load $(PART) --minutes $(or $(MINUTES),60)

bench-bundle: $(VENV)/ready $(VENV)/system ## Time bundles of 35,000 and 350,000 letters (docs/performance.md)
	@$(BIN)/python -m benchmarks.bundles --write

bench-press: $(VENV)/ready $(VENV)/system $(VENV)/browser ## Compare the press with other ways (docs/performance.md)
	@sh .ci/setup peers
	@$(BIN)/python -m benchmarks.press --write

kills: $(VENV)/ready $(VENV)/system ## Kill two workers 200 times over 5,000 letters, on both databases
	@KILLS=200 LETTERS=5000 $(BIN)/python -m pytest -q -s tests/integration/bundles/test_worker_kill.py -k random_moments

mutate: $(VENV)/ready $(VENV)/system ## Take each protection out in a copy; its tests must fail (LINES="17 18": some)
	@$(BIN)/python -m tests.mutations $(LINES)

python: ## Say which Python is used
	@echo $(PYTHON)

lock: $(VENV)/ready ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --upgrade -q -o requirements-dev.lock
	@$(BIN)/uv pip compile --group pyproject.toml:docs -c requirements-dev.lock --universal --python-version 3.11 --generate-hashes --upgrade -q -o requirements-docs.lock

translations: $(VENV)/ready ## Gather messages from code and templates, compile what is translated
	@$(BIN)/pybabel -q extract -F .ci/babel.cfg -k _l -k lazy_gettext --no-wrap --sort-by-file --omit-header -o $(VENV)/campaign.pot .
	@for code in $$(cd campaign/translations && ls -d */LC_MESSAGES | cut -d/ -f1); do $(BIN)/pybabel -q update -N --no-wrap --ignore-obsolete -i $(VENV)/campaign.pot -d campaign/translations -l $$code; done
	@$(BIN)/pybabel -q compile -d campaign/translations

words: $(VENV)/ready ## Print all texts of a package in four columns (PACKAGE=signing)
	@PYTHONPATH=. $(BIN)/python .ci/words.py $(PACKAGE)

advisories: $(VENV)/ready ## Take the newest advisories that `make check` holds the lock against (FROM=checkout)
	@$(BIN)/python .ci/advisories.py refresh $(FROM)

audit: $(VENV)/ready ## Ask PyPI today for known holes of what is pinned (pip-audit; `make check` goes by a stored list)
	@$(BIN)/uv tool run pip-audit --strict --disable-pip --require-hashes -r requirements-dev.lock

fuzz: $(VENV)/ready $(VENV)/system ## Ask the properties of the rules with other examples each time (MINUTES=10)
	@end=$$(( $$(date +%s) + 60 * $(or $(MINUTES),10) )); \
	while [ $$(date +%s) -lt $$end ]; do \
	  HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q -m hypothesis tests/unit || exit 1; done

confusables: $(VENV)/ready ## Make the table of letters that look alike anew (FROM=file)
	@PYTHONPATH=. $(BIN)/python .ci/confusables.py $(FROM)

pictures: $(VENV)/ready $(VENV)/system $(VENV)/browser ## Take the pictures of docs/ from the running demo
	@PYTHONPATH=. $(BIN)/python .ci/pictures.py

docs: $(VENV)/docs ## Build the documentation's site into build/docs/, strictly
	@$(BIN)/python .ci/docs.py

wheel: $(VENV)/ready ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel --outdir dist . >/dev/null && ls dist/*.whl

release: $(VENV)/ready ## Build wheel, source, checksums, SBOM and notes into dist/
	@$(BIN)/python .ci/release.py

clean: ## Remove what was built; keeps instance/
	@rm -rf .venv .venv-* dist .coverage* .mypy_cache .ruff_cache .hypothesis node_modules

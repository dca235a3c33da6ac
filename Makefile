# Every command a person needs. `make` alone explains them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
UV := .venv/bin/uv
UV_VERSION := 0.13.9
POINTS ?= 300
SEED ?= 2027

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit("hjemmekontor needs Python 3.11 or newer; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/ready: requirements.lock pyproject.toml | .venv/bin/uv
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements-dev.lock
	@touch $@

.venv/ready-benchmarks: requirements-benchmarks.lock .venv/ready-dev
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements-benchmarks.lock
	@touch $@

.PHONY: nightly
nightly: .venv/ready ## Set everything up and run tonight's night (against the sandbox until real systems are configured)
	.venv/bin/hjemmekontor migrate
	.venv/bin/hjemmekontor nightly

.PHONY: serve
serve: .venv/ready ## Prefect server with its UI, a worker, the deployments and the sandbox
	.venv/bin/hjemmekontor serve

.PHONY: test
test: .venv/ready-dev ## Set everything up and run all tests
	.venv/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

.PHONY: test-again
test-again: .venv/ready-dev ## Run the tests that failed last, one after the other
	.venv/bin/python -m pytest --last-failed --last-failed-no-failures none

.PHONY: torture
torture: .venv/ready-dev ## Kill a night with kill -9 at hundreds of points, and hold what the next one makes of it against one left alone
	.venv/bin/python -m pytest -n 2 --dist load -q tests/graph/test_killed.py --points $(POINTS) --seed $(SEED)

.PHONY: benchmark-deciding
benchmark-deciding: .venv/ready-benchmarks ## Time a night's decisions beside two workflow engines, which it installs
	.venv/bin/python -m benchmarks.deciding

.PHONY: benchmark-filings
benchmark-filings: .venv/ready-dev ## Time the filing of 5,000 documents, what many at a time gain, and by whose code the time goes
	.venv/bin/python -m benchmarks.filings

.PHONY: lint
lint: .venv/ready-dev ## Formatting, rules and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

.PHONY: format
format: .venv/ready-dev ## Format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: lock
lock: .venv/bin/uv ## Resolve the dependencies anew into the three lock files
	$(UV) pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade -o requirements.lock
	$(UV) pip compile pyproject.toml --extra build --extra dev -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet -o requirements-dev.lock
	$(UV) pip compile --group pyproject.toml:benchmarks -c requirements-dev.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet -o requirements-benchmarks.lock

.PHONY: clean
clean: ## Remove the environment and everything made under .local
	rm -rf .venv .local .mypy_cache .ruff_cache .hypothesis

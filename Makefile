# What a developer runs. `make` lists it.
PYTHON := .venv/bin/python

.PHONY: help setup fast test lint docs bench
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' $(MAKEFILE_LIST)

setup: $(PYTHON) ## Set up .venv with everything that tests need
	$(PYTHON) -m pip install -q -e '.[dev]'

$(PYTHON):
	python3 -m venv .venv

fast: ## Run the tests without the marker slow, which take about a minute together
	$(PYTHON) -m pytest -q -n auto -m "not slow"

test: ## Run every test
	$(PYTHON) -m pytest -q -n auto

lint: ## Check style, formatting and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

docs: ## Build the documentation site into site/
	$(PYTHON) -m pip install -q -e '.[docs]'
	.venv/bin/mkdocs build --strict

bench: ## Measure indexing speed on 1,000 and 10,000 files; writes build/bench/speed.md
	mkdir -p build/bench
	$(PYTHON) -m benchmarks.speed --sizes 1000,10000 --out build/bench

# Everything runs in .venv, which the first target that needs it sets up. `make help` lists the targets.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 3000

BIN := .venv/bin
INSTALLED := .venv/.installed
SOURCES := personalize_assets personalize_assets_tests benchmarks
# What is converted must be the same on every engine: sail by default, local on Spark 4.1, and on 3.5.6 as on Glue 5.1.
SPARK35 := .venv-spark35
CONVERSION_TESTS := $(addprefix personalize_assets_tests/test_,same_bytes.py pipeline.py checks.py corpus.py csv_export.py oracle.py engines.py privacy.py)

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-all test-local test-spark35 lint format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Convert both samples end to end; prints where the files lie
	@for config in sample_data/segment.yaml sample_data/firehose.yaml; do \
		echo; echo "$$ personalize-assets run --config $$config"; \
		$(BIN)/personalize-assets run --config $$config || exit 1; \
	done

# Without a DAGSTER_HOME the history of runs lies in .dagster/. There are no YAML components for `dg` to check.
dev: $(INSTALLED) ## Open the UI on http://127.0.0.1:3000 (PORT=3001 for another port)
	@if [ -z "$$DAGSTER_HOME" ]; then \
		export DAGSTER_HOME="$(CURDIR)/.dagster"; mkdir -p "$$DAGSTER_HOME"; \
		test -e "$$DAGSTER_HOME/dagster.yaml" || \
			printf 'telemetry:\n  enabled: false\nnux:\n  enabled: false\n' > "$$DAGSTER_HOME/dagster.yaml"; \
	fi; \
	export VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/$(BIN):$$PATH"; \
	echo "The UI: http://$(HOST):$(PORT) (Ctrl+C stops it)"; \
	exec dg dev --no-check-yaml --host $(HOST) --port $(PORT)

test: $(INSTALLED) ## Run the quick tests
	@$(BIN)/python -m pytest -m "not slow"

test-all: $(INSTALLED) ## Run every test, with many more examples in the property tests
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest

test-local: $(INSTALLED) ## Run the tests of the conversion on the engine local (Spark on Java)
	@$(BIN)/python -m pytest -m "not slow" --engine local $(CONVERSION_TESTS)

test-spark35: $(SPARK35)/.installed ## Run the tests of the conversion on Spark 3.5
	@$(SPARK35)/bin/python -c 'import pyspark; assert pyspark.__version__.startswith("3.5."), pyspark.__version__'
	@$(SPARK35)/bin/python -m pytest -m "not slow" --engine local $(CONVERSION_TESTS)

lint: $(INSTALLED) ## Check style, format and types
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy

format: $(INSTALLED) ## Put the code into the one format, and mend what can be mended
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

clean: ## Remove .venv and caches; data/ and .dagster/ stay
	@rm -rf .venv $(SPARK35) .pytest_cache .hypothesis .mypy_cache .ruff_cache build dist *.egg-info
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv: $(INSTALLED) ## Set up .venv only; again when pyproject.toml or constraints.txt change

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, but $(PYTHON) is" \
			"$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo missing)." \
			"Name another one: make PYTHON=python3.12 $(or $(MAKECMDGOALS),demo)" >&2; exit 1; }
	@echo "Setting up .venv (a few minutes the first time: PySpark alone is 400 MB)..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

$(SPARK35)/.installed: $(INSTALLED)
	@echo "Setting up $(SPARK35)..."
	@test -x $(SPARK35)/bin/python || $(BIN)/python -m venv $(SPARK35)
	@grep -v -e '^pyspark==' -e '^py4j==' constraints.txt > $(SPARK35)/constraints.txt
	@$(SPARK35)/bin/python -m pip install -q --disable-pip-version-check -c $(SPARK35)/constraints.txt \
		"pyspark==3.5.6" -e ".[dev]"
	@touch $@

# Everything runs in .venv; the first target that needs it creates it. `make help` lists the targets.

PYTHON ?= python3
# For `make test-python313`, where `python3.13` is not on the PATH.
PYTHON313 ?= python3.13
# `pip` is slower, and reads pip's own settings, such as a mirror of packages: make INSTALLER=pip demo
INSTALLER ?= uv
# A cache would keep 2 GB for PySpark alone, which comes as source; UV_NO_CACHE=false keeps one.
export UV_NO_CACHE ?= true
HOST ?= 127.0.0.1
PORT ?= 3000
EVENTS ?= 300000
RUNS ?= 3
MILLIONS ?= 3,30,200
EVENTS_A_DAY ?= 20000
SCALE ?= 1
PYTEST_OPTIONS ?=

BIN := .venv/bin
# `make demo` needs the package alone; everything else needs the tools of developers, too.
INSTALLED := .venv/.installed
DEVELOPED := .venv/.developed
TOOLS := ".[dev,bench]"
SOURCES := personalize_assets personalize_assets_tests benchmarks docs glue setup.py
# Every engine must convert alike: arrow (the default), local on Spark 4.1, and local on Spark 3.5.6 as on Glue 5.1.
SPARK35 := .venv-spark35
# Glue 6.0 has Python 3.13 and these of the packages that a job needs (AWS Glue guide, "Using Python libraries").
GLUE6_VENV := .venv-python313
GLUE6 := pyspark==4.1.1 pyarrow==23.0.1 pandas==2.3.3 numpy==2.4.4
# A task is the same code on each Spark, which only spreads it: files that start jobs of every kind.
SPARK_TESTS := $(addprefix personalize_assets_tests/engine/test_,checks.py engines.py formats.py oracle.py pipeline.py \
	real_values.py same_bytes.py)
# A file's tests run in one process, so what they share is started once. More processes than four only take memory.
PARALLEL := -n logical --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-all coverage faults test-local test-spark35 test-python313 bench bench-large lint docs site reference screenshots recording format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Convert both samples end to end and print the paths of the files
	@for config in sample_data/segment.yaml sample_data/firehose.yaml; do \
		echo; echo "$$ personalize-assets run --config $$config"; \
		home=$${DAGSTER_HOME:-$$($(BIN)/python -m personalize_assets.local_run.history $$config)} || exit 1; \
		DAGSTER_HOME="$$home" $(BIN)/personalize-assets run --config $$config || exit 1; \
	done

# Without a DAGSTER_HOME the history of runs is kept in .dagster/<dataset group>/, where `make demo` keeps its runs too.
# There are no YAML components for `dg` to check.
dev: $(DEVELOPED) ## Open the UI on http://127.0.0.1:3000 (PORT=3001 for another port)
	@home=$${DAGSTER_HOME:-$$($(BIN)/python -m personalize_assets.local_run.history)} || exit 1; \
	export DAGSTER_HOME="$$home"; \
	export VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/$(BIN):$$PATH"; \
	echo "The UI: http://$(HOST):$(PORT) (Ctrl+C stops it)"; \
	exec dg dev --no-check-yaml --host $(HOST) --port $(PORT)

test: $(DEVELOPED) ## Run the quick tests, on all cores (PYTEST_OPTIONS="-n 0" for one)
	@$(BIN)/python -m pytest -m "not slow" $(PARALLEL) $(PYTEST_OPTIONS)

test-all: $(DEVELOPED) ## Run every test, with many more examples in the property tests
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-thorough} $(BIN)/python -m pytest $(PARALLEL) $(PYTEST_OPTIONS)

faults: $(DEVELOPED) ## Kill, overlap, fill the disk, break S3: a table of what was wrong (FAULTS="--share 0.1")
	@$(BIN)/python -m personalize_assets_tests.helpers.faults $(FAULTS)

test-local: $(DEVELOPED) ## Run tests of the conversion on the engine local (Spark on Java)
	@$(BIN)/python -m pytest -m "not slow" --engine local $(SPARK_TESTS)

coverage: $(DEVELOPED) ## Show which lines the quick tests do not run (programs that they start are not counted)
	@$(BIN)/python -m pytest -m "not slow" $(PARALLEL) --cov --cov-report=term:skip-covered $(PYTEST_OPTIONS)

test-spark35: $(SPARK35)/.installed ## Run tests of the conversion on Spark 3.5
	@$(SPARK35)/bin/python -c 'import pyspark; assert pyspark.__version__.startswith("3.5."), pyspark.__version__'
	@$(SPARK35)/bin/python -m pytest -m "not slow" --engine local $(SPARK_TESTS)
	@$(SPARK35)/bin/python -m pytest $(addprefix personalize_assets_tests/end_to_end/test_,java.py job.py glue.py)

test-python313: $(GLUE6_VENV)/.installed ## Run the conversion's zip on Python 3.13, as Glue 6.0 has it
	@$(BIN)/python -m pytest personalize_assets_tests/end_to_end/test_glue_zip.py -k python_313

bench: $(DEVELOPED) ## Measure this project and its peers (EVENTS=3000000 RUNS=3 for the full size)
	@$(BIN)/python -m benchmarks.bench --events $(EVENTS) --runs $(RUNS)

# Hours, and 60 GB of disk for 200 million events: it prints how much it needs, and stops if there is less.
bench-large: $(DEVELOPED) ## Measure millions of events, 1,000 days, S3 and a Spark cluster (MILLIONS=3,30 SCALE=0.1)
	@$(BIN)/python -m benchmarks.bench large history s3 cluster --millions $(MILLIONS) --runs $(RUNS) \
		--events-a-day $(EVENTS_A_DAY) --scale $(SCALE)

lint: $(DEVELOPED) ## Check style, format, types, the layers of imports and the Dockerfile
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/hadolint docker/Dockerfile

docs: $(DEVELOPED) ## Serve the documentation on http://127.0.0.1:8000, and again after each change (PORT=8001)
	@exec $(BIN)/zensical serve --config-file mkdocs.yml --dev-addr $(HOST):$(if $(filter file,$(origin PORT)),8000,$(PORT))

# Strict: a link that leads nowhere, or a name that mkdocstrings does not find, is an error.
site: $(DEVELOPED) ## Build the documentation into build/site, with every link checked
	@$(BIN)/zensical build --config-file mkdocs.yml --clean --strict

reference: $(DEVELOPED) ## Generate the pages of docs/reference/ that are made from the code, and the sizes in docs/how-to/installation.md
	@$(BIN)/python -m docs.reference_pages
	@$(BIN)/python -m docs.sizes

screenshots: $(DEVELOPED) ## Take the screenshots of the documentation in Chromium (apt install chromium)
	@$(BIN)/python -m docs.screenshots

recording: $(DEVELOPED) ## Take docs/tutorial/first_hour.txt again: what a terminal shows of the first commands
	@$(BIN)/python -m docs.recording

format: $(DEVELOPED) ## Format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

clean: ## Remove .venv and caches; data/ and .dagster/ stay
	@rm -rf .venv $(SPARK35) $(GLUE6_VENV) .pytest_cache .hypothesis .mypy_cache .ruff_cache .cache build dist *.egg-info
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv: $(DEVELOPED) ## Only create or update .venv (after a change of pyproject.toml or constraints.txt)

# $(call install,ENVIRONMENT,WHAT): exact versions come from the constraints that WHAT names. On a terminal it shows the progress.
# Where packages come from a mirror that only pip's settings name, uv fails.
install_with_pip = $(1)/bin/python -m pip install --disable-pip-version-check --no-compile $(2)
ifeq ($(INSTALLER),pip)
install = $(install_with_pip)
else
install = VIRTUAL_ENV=$(CURDIR)/$(1) $(BIN)/uv pip install $(2) || { \
		echo "uv could not install it; pip tries (INSTALLER=pip: only pip)" >&2; $(install_with_pip); }
endif

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, but $(PYTHON) is" \
			"$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo missing)." \
			"Name another one: make PYTHON=python3.12 $(or $(MAKECMDGOALS),demo)" >&2; exit 1; }
	@echo "Setting up .venv: about 560 MB to download, of which PySpark is 430 MB..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
ifneq ($(INSTALLER),pip)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile -c constraints.txt uv || true # then pip tries
endif
	@$(call install,.venv,-c constraints.txt -e .)
	@touch $@

$(DEVELOPED): $(INSTALLED)
	@echo "Adding the tools of developers to .venv..."
	@$(call install,.venv,-c constraints.txt -e $(TOOLS))
	@touch $@

$(SPARK35)/.installed: $(DEVELOPED)
	@echo "Setting up $(SPARK35)..."
	@test -x $(SPARK35)/bin/python || $(BIN)/python -m venv $(SPARK35)
	@grep -v -e '^pyspark==' -e '^py4j==' constraints.txt > $(SPARK35)/constraints.txt
	@$(call install,$(SPARK35),-c $(SPARK35)/constraints.txt "pyspark==3.5.6" -e ".[dev]")
	@touch $@

$(GLUE6_VENV)/.installed: $(DEVELOPED)
	@echo "Setting up $(GLUE6_VENV)..."
	@test -x $(GLUE6_VENV)/bin/python || $(PYTHON313) -m venv $(GLUE6_VENV)
	@$(call install,$(GLUE6_VENV),$(GLUE6) $$(grep -E '^(isal|msgspec|obstore)==' constraints.txt))
	@touch $@

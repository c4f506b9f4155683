# Two targets do all set-up on a fresh machine: `make demo` and `make test`. The others are their steps.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$name && break; done)
DEMO := .venv
DEV := .venv-dev
NEWER := .venv-newer
HEAVY := .venv-heavy
BIN := $(CURDIR)/$(DEV)/bin
WITH_NODE := scripts/with_node $(DEV)
PIP := pip install -q --disable-pip-version-check
FRONT := package.json yarn.lock tsconfig.json $(shell find src style schema -type f 2>/dev/null)
BACK := pyproject.toml install.json $(shell find cloud_data_cockpit jupyter-config -type f \
	-not -path '*/__pycache__/*' -not -path '*/labextension/*' 2>/dev/null)

.PHONY: demo test check ceph pytest newer heavy unit wheel galata screens examples format clean
.DEFAULT_GOAL := test

# --- what a user calls ------------------------------------------------------------------------------------------------

demo: $(DEMO)/installed
	$(DEMO)/bin/cloud-data-cockpit demo --notebook-dir "$$HOME" $(ARGS)

test: check pytest newer heavy unit wheel galata
	@echo "All groups of tests have passed."

# --- environments -----------------------------------------------------------------------------------------------------

%/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name one: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $*

# The built front end is removed first: the build would take a stale one as it is.
$(DEMO)/installed: $(DEMO)/bin/python $(FRONT) $(BACK)
	rm -rf cloud_data_cockpit/labextension
	scripts/with_node $(DEMO) $(DEMO)/bin/$(PIP) '.[all]'
	touch $@

$(DEV)/installed: $(DEV)/bin/python pyproject.toml package.json
	rm -rf cloud_data_cockpit/labextension
	$(WITH_NODE) $(DEV)/bin/$(PIP) -e '.[test,all]' 'jupyter-builder>=1.2,<2'
	touch $@

node_modules/.yarn-state.yml: $(DEV)/installed package.json yarn.lock
	PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm install --immutable
	touch $@

$(DEV)/front: node_modules/.yarn-state.yml $(FRONT)
	rm -rf cloud_data_cockpit/labextension
	PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm build:prod
	PATH="$(BIN):$$PATH" $(WITH_NODE) jupyter-builder develop . --overwrite
	touch $@

# --- the groups of tests ----------------------------------------------------------------------------------------------

check: node_modules/.yarn-state.yml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm lint:check
	PATH="$(BIN):$$PATH" $(WITH_NODE) $(BIN)/python -m pytest tests/test_types.py

# Ceph is the second S3 service that the tests ask; where it cannot be installed they say so and go on without it.
ceph:
	scripts/ceph/install || test $$? = 3

pytest: $(DEV)/front ceph
	PATH="$(BIN):$$PATH" $(WITH_NODE) $(BIN)/python -m pytest

# Numpy, pandas and the formats' libraries are newer under a newer Python: what reads and cuts runs there once more.
newer: $(DEV)/front
	@newer=$$($(BIN)/python scripts/newer_python); \
	if [ -z "$$newer" ]; then echo "Only one Python here: nothing to run again"; exit 0; fi; set -e; \
	test -x $(NEWER)/bin/python || "$$newer" -m venv $(NEWER); \
	HATCH_BUILD_NO_HOOKS=true $(NEWER)/bin/$(PIP) -e '.[test,all]'; \
	$(NEWER)/bin/python -m pytest tests/formats tests/slicing tests/test_dataplug.py

# Engines that weigh more than all the rest together live in an environment of their own.
heavy: $(HEAVY)/installed
	$(HEAVY)/bin/python -m pytest -m heavy tests/executors tests/examples

$(HEAVY)/installed: $(HEAVY)/bin/python pyproject.toml
	HATCH_BUILD_NO_HOOKS=true $(HEAVY)/bin/$(PIP) -e '.[test,plot,dask,ray,lithops,joblib,spark]'
	touch $@

unit: node_modules/.yarn-state.yml
	PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm test

wheel: $(DEV)/installed
	rm -rf cloud_data_cockpit/labextension dist
	PATH="$(BIN):$$PATH" $(WITH_NODE) $(BIN)/python -m build --wheel --outdir dist .
	$(BIN)/python scripts/wheel_test.py dist/*.whl

galata: $(DEV)/front
	CHROMIUM="$$(scripts/need_chromium | tail -1)" PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm test:ui

# --- by hand ----------------------------------------------------------------------------------------------------------

screens: $(DEV)/front
	COCKPIT_SCREENS=1 COCKPIT_SCREENS_DIR=$(CURDIR)/docs/images CHROMIUM="$$(scripts/need_chromium | tail -1)" \
		PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm test:ui screens

# The notebooks of docs/examples with their outputs; each environment runs those that it has the libraries for.
examples: $(DEV)/installed $(HEAVY)/installed
	$(BIN)/python scripts/run_examples.py
	$(HEAVY)/bin/python scripts/run_examples.py engine-ray engine-lithops engine-spark

format: node_modules/.yarn-state.yml
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	PATH="$(BIN):$$PATH" $(WITH_NODE) jlpm lint

clean:
	rm -rf $(DEMO) $(DEV) $(NEWER) $(HEAVY) build dist lib node_modules cloud_data_cockpit/labextension .mypy_cache .ruff_cache

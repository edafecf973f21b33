# The two commands of the README need only Python 3.11 or newer and make. Everything else here is for who changes the code.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-real lint wheel clean samples contracts-data troubleshooting diagnose-cases

demo: $(VENV)/.installed ## show the whole retraining flow
	@exec $(BIN)/amlclassic demo

test: $(VENV)/.installed-test ## run the test suite that needs Python alone
	@exec $(BIN)/python -m pytest $(ARGS)

test-real: $(VENV)/.installed-dev ## install and start other people's programs and run the tests against them
	@tools/install-real.sh
	@exec $(BIN)/python -m pytest -p no:randomly tests/real $(ARGS)

lint: $(VENV)/.installed-dev ## style, types and layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: $(VENV)/.installed-dev ## build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist .

contracts-data: $(VENV)/.installed-dev ## compile contracts/*.yaml into what the packages read
	$(BIN)/python -m amlcontracts.compile

troubleshooting: $(VENV)/.installed-dev ## make docs/troubleshooting*.md from contracts/failures
	$(BIN)/python tools/make_troubleshooting.py

CASES ?= 2000
diagnose-cases: $(VENV)/.installed-dev ## break thousands of retrainings and diagnose each
	@$(BIN)/python tools/diagnose_cases.py $(CASES)

samples: $(VENV)/.installed-dev ## make the sample experiments and their initial models again
	$(BIN)/python tools/make_samples.py

clean: ## remove what these commands made
	rm -rf $(VENV) .build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "amlclassic needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing amlclassic into $(VENV) (a minute or so the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	@echo "Installing amlclassic and its test tools into $(VENV) (a minute or so the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed-test $(VENV)/.installed

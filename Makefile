# The two commands of the README need only Python 3.11 or newer and make. Everything else here is for who changes the code.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-real lint wheel clean samples contracts-data docs-reference troubleshooting diagnose-cases
.PHONY: contracts contracts-check contracts-mutants contracts-client-mutants contracts-mutation contracts-mutation-full
.PHONY: contracts-full contracts-fuzz contracts-seeds messages screenshots docs soak

demo: $(VENV)/.installed ## show the whole retraining flow
	@exec $(BIN)/amlclassic demo

test: $(VENV)/.installed-test ## run the test suite that needs Python alone
	@exec $(BIN)/python -m pytest $(ARGS)

SOAK ?= 20
soak: $(VENV)/.installed-test ## run the suite again and again, with four workers, in as many orders as SOAK says, then in its own
	@for seed in $$(seq 1 $(SOAK)); do \
	  echo "order $$seed of $(SOAK)"; \
	  $(BIN)/python -m pytest -q -n 4 --randomly-seed=$$seed $(ARGS) || exit 1; \
	done
	@exec $(BIN)/python -m pytest -q -n 4 -p no:randomly $(ARGS)

test-real: $(VENV)/.installed-dev ## install and start other people's programs and run the tests against them
	@tools/install-real.sh
	@exec $(BIN)/python -m pytest -p no:randomly tests/real tests/browser $(ARGS)

lint: $(VENV)/.installed-dev ## style, types and layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

# One thread per library: with a busy neighbour their own threads make a fit many times slower.
QUIET_LIBRARIES := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
MUTANTS := $(QUIET_LIBRARIES) PYTHONPATH=tests $(BIN)/python -m mutants

contracts: contracts-check contracts-mutants contracts-client-mutants contracts-mutation ## check the emulator against its contracts, and that checks and tests find mutants

contracts-check: $(VENV)/.installed-test ## check a served emulator; .build/contracts.html tells what was checked
	@mkdir -p .build
	@$(BIN)/python tools/check_served.py --html .build/contracts.html --junit .build/contracts.xml $(ARGS)

contracts-mutants: $(VENV)/.installed-test ## have every mutant found; docs/mutants.md is made from it
	@$(MUTANTS) --markdown docs/mutants.md

contracts-client-mutants: $(VENV)/.installed-test ## have every mutant of the client found; docs/client-mutants.md is made from it
	@$(MUTANTS).client --markdown docs/client-mutants.md

MUTATION := $(QUIET_LIBRARIES) PYTHONPATH=tests nice -n 19 $(BIN)/python -m mutation

contracts-mutation: $(VENV)/.installed-test ## have the tests of the rules and of the client notice changes, a sample of them
	@$(MUTATION) --sample 500

contracts-mutation-full: $(VENV)/.installed-test ## the same with every change there is; docs/mutation.md is made from it
	@$(MUTATION) --markdown docs/mutation.md

contracts-fuzz: $(VENV)/.installed-dev ## let schemathesis fuzz a strict emulator against contracts/openapi, about a minute
	@$(BIN)/python tools/fuzz_openapi.py $(ARGS)

contracts-seeds: $(VENV)/.installed-test ## check a served emulator twenty times with different seeds: no false alarm
	@$(BIN)/python tools/check_served.py --times 20

# Everything there is, without a bound on its time. What else proves that the checks catch things is added here.
contracts-full: $(VENV)/.installed-dev contracts-mutants contracts-client-mutants contracts-seeds ## the same with many more examples, twenty seeds, every byte and every mutation
	@$(MUTANTS) --seed 2
	@$(MUTANTS).client --seed 2
	@$(BIN)/python tools/check_served.py --full
	@AMLCLASSIC_EVERY_BYTE=1 $(BIN)/python -m pytest -q -n 2 tests/client/laws
	@$(BIN)/python tools/fuzz_openapi.py --examples 200
	@$(MUTATION) --markdown docs/mutation.md

wheel: $(VENV)/.installed-dev ## build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist .

contracts-data: $(VENV)/.installed-dev ## compile contracts/ into what the packages read, and docs/reference
	$(BIN)/python -m amlcontracts.compile
	$(BIN)/python -m amlcontracts.reference

docs-reference: $(VENV)/.installed-dev ## make docs/reference from contracts/, and docs/kit from the code
	$(BIN)/python -m amlcontracts.reference
	$(BIN)/python tools/make_kit_pages.py

troubleshooting: $(VENV)/.installed-dev ## make docs/troubleshooting*.md from contracts/failures
	$(BIN)/python tools/make_troubleshooting.py

CASES ?= 2000
diagnose-cases: $(VENV)/.installed-dev ## break thousands of retrainings and diagnose each
	@$(BIN)/python tools/diagnose_cases.py $(CASES)

messages: $(VENV)/.installed-dev ## bring the pages' Korean messages up to date and compile them
	$(BIN)/python tools/make_messages.py

screenshots: $(VENV)/.installed-dev ## make the pictures of docs/pages.md again
	@tools/install-real.sh
	@exec $(BIN)/python tools/make_screenshots.py

docs: $(VENV)/.installed-docs ## build the documentation into docs/_build; what is amiss in it is an error
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "See docs/_build/html/index.html"

samples: $(VENV)/.installed-dev ## make the sample experiments and their initial models again
	$(BIN)/python tools/make_samples.py

.PHONY: fuzz-models
fuzz-models: $(VENV)/.installed-test ## go through 200,000 broken model files (some minutes)
	@exec $(BIN)/python tools/fuzz_models.py $(ARGS)

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

$(VENV)/.installed-docs: pyproject.toml | $(VENV)/.installed-dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed-test $(VENV)/.installed

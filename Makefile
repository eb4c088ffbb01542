# `make demo` and `make test` set everything up by themselves; a second run uses what is there.
PYTHON ?= python3
BIN := .venv/bin
DONE := .venv/.setup-done

.PHONY: setup demo test lab check bench pins clean

setup: $(DONE)

$(DONE): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "promptlab needs Python 3.11 or newer; set PYTHON=python3.12, say")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]' -c constraints.txt
	touch $(DONE)

demo: setup
	@echo "discovery: 20 cases, 15 workers; calls take 3 to 8 s each, as in the founding result"
	PROMPTLAB_PROGRESS=text $(BIN)/promptlab run cases/discovery.yaml --prompt cases/prompts/discovery.md --tag parallel --workers 15 --fresh --table --min-pass-rate 0.6

# What fails beside others on a busy machine gets one more try by itself, in plain sight; what fails twice fails.
AGAIN := --last-failed --last-failed-no-failures none

test: setup
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not browser" || $(BIN)/python -m pytest -q -m "not browser" $(AGAIN)
	$(BIN)/python -m pytest -q -m browser || $(BIN)/python -m pytest -q -m browser $(AGAIN)

lab: setup
	$(BIN)/promptlab lab

bench: setup
	$(BIN)/python benchmarks/run_all.py

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pins:
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --no-header --no-annotate --quiet -o constraints.txt pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache

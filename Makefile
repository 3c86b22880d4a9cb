# make demo   a synthetic patient, contoured with the shipped weights, in demo/
# make test   everything that CI checks
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint install bench clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "rtcontour needs Python 3.11, 3.12 or 3.13; found $$($(PYTHON) --version). Say make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install
	$(BIN)/rtcontour demo demo --replace

lint: install
	$(BIN)/ruff check bundle scripts tests
	$(BIN)/ruff format --check bundle scripts tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: install lint
	$(BIN)/python -m pytest

bench: install
	$(BIN)/python scripts/bench/masks.py
	$(BIN)/python scripts/bench/rtstruct.py
	$(BIN)/python scripts/bench/metrics.py
	$(BIN)/python scripts/bench/evaluation.py
	$(BIN)/python scripts/bench/training.py
	$(BIN)/python scripts/bench/data_path.py

clean:
	rm -rf $(VENV) demo output build dist

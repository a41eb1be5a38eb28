# Two commands: `make demo` and `make test`. Both set up .venv by themselves; only Python >= 3.11 and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-kill test-adversity check bench bench-help bench-diagnosis test-lowest clean setup

demo: setup
	@$(BIN)/sre-space demo

# What needs no whole space shares the cores; then each space has the machine for itself, one after the other.
test: setup
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not e2e and not kill and not adversity"
	@$(BIN)/python -m pytest -m "e2e and not kill and not adversity" --durations=25

test-kill: setup
	@$(BIN)/python -m pytest -m kill

test-adversity: setup
	@$(BIN)/python -m pytest -m adversity

# The lowest versions that pyproject.toml allows, in an environment of their own.
test-lowest: setup
	@$(BIN)/python tools/test_lowest.py

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy src libs/*/src apps/*/src chaos/src evaluation/src tools tests libs/*/tests/*.py apps/*/tests/test_*.py chaos/tests evaluation/tests
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python tools/bench_help.py
	@$(BIN)/python tools/bench_spans.py
	@$(BIN)/python tools/bench.py

bench-help: setup
	@$(BIN)/python tools/bench_help.py

bench-diagnosis: setup
	@$(BIN)/python tools/bench_diagnosis.py $(CASES)
	@PYTHONPATH=tests $(BIN)/python tools/bench_made_up.py

setup:
	@$(PYTHON) tools/bootstrap.py

clean:
	rm -rf .venv .venv-lowest .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Two commands: `make demo` and `make test`. Both set up .venv by themselves; only Python >= 3.11 and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo page check-page screenshots test test-unit test-compose test-servers test-real test-all test-lowest coverage test-kill test-adversity
.PHONY: check bench bench-help bench-compose bench-dashboard bench-diagnosis bench-peers faults-a-day gate record-names record clean setup

# Compiled modules are kept: otherwise each process that starts, also of a space, compiles them again.
unexport PYTHONDONTWRITEBYTECODE

# What needs no whole space shares both cores.
PYTEST := $(BIN)/python -m pytest
BOTH := -n 2 --dist loadfile

demo: setup
	@$(BIN)/sre-space demo

test: setup
	@$(BIN)/python tools/run_tests.py

test-unit: setup
	@$(PYTEST) $(BOTH) -m "not long and not matrix" tests/unit tests/attack

# The contract suites on the real servers that the environment names (docs/real-servers.md); -rs says what is skipped.
test-servers: setup
	@$(PYTEST) -rs -k "oracle or foreign_programs or official or memory_and_runtime or postgresql" tests/contract apps/quote-service

# A whole space on the real servers that the environment names, or that Debian and PyPI have.
test-real: setup
	@$(PYTEST) -rs -m real tests/real

# The Compose stack with the embedded servers: up, healed, down; -rs says why it is skipped where no engine runs.
test-compose: setup
	@$(PYTEST) -rs -m compose tests/compose

coverage: setup
	@$(PYTEST) $(BOTH) -m "not long" --cov --cov-report=term:skip-covered tests/unit tests/attack

# Everything, every example of a generator too: hours.
test-all: setup
	@EXAMPLES=all $(PYTEST) $(BOTH) -m "not e2e"
	@$(PYTEST) -m e2e --durations=25

# The matrix of kills, or one part of it: KILL_SHARD=1/12.
test-kill: setup
	@$(PYTEST) -m kill

# The matrix of adversity, or one part of it: ADVERSITY_SHARD=1/12.
test-adversity: setup
	@$(PYTEST) -m adversity

# The lowest versions that pyproject.toml allows, in an environment of their own.
test-lowest: setup
	@$(BIN)/python tools/test_lowest.py

# The dashboard's page: `make page` builds it also after a try in vain; its checks need Node alone.
page: setup
	@$(BIN)/python tools/build_page.py --again

check-page: setup
	@$(BIN)/python tools/page_types.py --check
	@$(BIN)/python tools/check_page.py

# Each view, dark and light, at 360, 1280 and 1920 px, into $(SHOTS).
SHOTS ?= screenshots
screenshots: setup
	@$(BIN)/python tools/screenshots.py $(SHOTS)

# Python projects beside the root's; apps/frontend is none.
PROJECTS := $(wildcard libs/*/pyproject.toml apps/*/pyproject.toml */pyproject.toml)

check: setup check-page
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(PROJECTS:%/pyproject.toml=%/src) src tools tests libs/*/tests/*.py apps/*/tests/test_*.py chaos/tests evaluation/tests
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python tools/bench_help.py
	@$(BIN)/python tools/bench_spans.py
	@$(BIN)/python tools/bench.py

# Prometheus with Alertmanager beside Scout, on the same traffic; builds them once with Go, into a cache folder.
bench-peers: setup
	@$(BIN)/python tools/bench_peers.py

bench-help: setup
	@$(BIN)/python tools/bench_help.py

# With a whole space, which is broken a few times, after the figures of the page alone.
bench-dashboard: setup
	@$(BIN)/python tools/bench_dashboard.py space

# Ten kills on the Compose stack with the embedded servers.
bench-compose: setup
	@PYTHONPATH=tests $(BIN)/python tools/bench_compose.py

bench-diagnosis: setup
	@$(BIN)/python tools/bench_diagnosis.py $(CASES)
	@PYTHONPATH=tests $(BIN)/python tools/bench_made_up.py
	@$(BIN)/python tools/bench_hostile.py $(SEEDS)

# The diagnoses of the four sets of docs/diagnosis.md are, byte for byte, those of the last release.
gate: setup
	@$(BIN)/python tools/gate_diagnosis.py $(CASES)

record-names: setup
	@$(BIN)/python tools/public_names.py --record

record: setup
	@PYTHONPATH=tests $(BIN)/python tools/record_compat.py $(RELEASE)

faults-a-day: setup
	@$(BIN)/python tools/faults_a_day.py

setup:
	@$(PYTHON) tools/bootstrap.py

clean:
	rm -rf apps/frontend/node_modules src/sre_space/dashboard/static .venv .venv-lowest .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

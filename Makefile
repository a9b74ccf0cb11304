# What a developer, a new user and CI do with this project. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
BENCH := .venv-bench
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench lock generate clean

help: ## lists these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## makes .venv with all that is locked; on Debian as root also the servers of the demo and tests
	@bin/install-servers

$(INSTALLED): requirements.lock pyproject.toml
	@bin/make-venv $(PYTHON)
	@touch $@

demo: install ## a made-up company on a real Kafka: watch deals stall, and the mails that the reps get
	@$(BIN)/stallwatch demo

test: check ## lint, types and all tests, on real servers
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: install ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(BENCH)/installed ## what it costs, beside Quix Streams, bytewax and a loop written by hand; prints tables
	$(BIN)/python -m bench $(MEASURE)

$(BENCH)/installed: bench/requirements.lock $(INSTALLED)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(BENCH)
	$(BIN)/uv pip install --quiet --python $(BENCH) --require-hashes --requirements bench/requirements.lock
	@touch $@

lock: ## resolves all dependencies anew, for Python 3.11 to 3.13; deploy/ gets those of run time
	@[ -x $(BIN)/uv ] || $(MAKE) --no-print-directory install
	$(LOCK) --upgrade --extra dev pyproject.toml --output-file requirements.lock
	$(LOCK) --constraint requirements.lock pyproject.toml --output-file deploy/requirements.lock

generate: install ## writes what follows from the code: parts of the README, Grafana's dashboard files
	$(BIN)/python -m streams.readme_parts README.md
	$(BIN)/python -m dashboards.export

clean: ## removes .venv and everything that tools left behind
	rm -rf .venv .venv-bench build dist demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

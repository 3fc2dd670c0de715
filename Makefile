# Everything installs into .venv/ and var/ from pinned lists; `make` alone says what can be done.
# A step's stamp carries the hash of its inputs, so that a step runs again when its inputs change, and only then.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV     := uv==0.13.9
BIN    := .venv/bin
LOCKED := .venv/.locked-$(shell git hash-object requirements.txt)
LINKED := $(LOCKED)-$(shell git hash-object pyproject.toml)
JARS   := var/jars/.fetched-$(shell git hash-object infra/jvm/jars.txt)
CLASSES := $(JARS)-archived-$(shell git hash-object requirements.txt)
TRINO  := var/trino-server/.fetched-$(shell git hash-object infra/jvm/trino.txt)

.PHONY: help install generate lock demo demo-payments up down docker-secrets test test-unit mutants lint bench bench-dedup bench-risk bench-scale bench-model soak packages \
  dist clean

help: ## what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

install: $(CLASSES) $(TRINO) ## Python packages and jars, at the pinned versions (PYTHON=/path/to/python3.11 names another Python)

$(LOCKED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Python 3.11 is needed, but $(PYTHON) is another version. Install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "● Python packages"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@$(BIN)/uv pip sync --require-hashes --compile-bytecode requirements.txt
	@rm -f .venv/.locked-* && touch $@

$(LINKED): | $(LOCKED)
	@echo "● acude itself"
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(JARS): | $(LINKED)
	@echo "● jars of Kafka and Spark"
	@$(BIN)/python -m acude.local.fetch_jars
	@rm -f var/jars/.fetched-* && touch $@

$(CLASSES): | $(JARS)
	@echo "● Spark's classes, for faster starts"
	@$(BIN)/python -m acude.local.class_archive
	@rm -f var/jars/.fetched-*-archived-* && touch $@

$(TRINO): | $(LINKED)
	@echo "● Trino, which answers for Athena (821 MB, once)"
	@$(BIN)/python -m acude.local.fetch_trino
	@touch $@

generate: install ## the files that the contracts render: the databases' schemas and the data dictionary
	$(BIN)/python -m acude.contracts.redshift > infra/redshift/schema.sql
	$(BIN)/python -m acude.contracts.docs > docs/dictionary.md
	$(BIN)/python -m acude.payments.series.schema plain > infra/postgres/pagamentos.sql
	$(BIN)/python -m acude.payments.series.schema timescaledb > infra/postgres/pagamentos.timescaledb.sql

lock: $(LOCKED) ## pin what pyproject.toml allows, with hashes and without addresses
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --quiet --output-file requirements.txt

dist: install ## what machines without a checkout get, into dist/: a wheel, and a zip and a main file for spark-submit
	$(BIN)/python -m tools.dist

demo: install ## a day in the shop on this machine, with a report at the end
	@$(BIN)/acude demo

demo-payments: install ## 13 days of payments on this machine; a model learns from them and decides
	@$(BIN)/acude demo --payments

up: install ## the platform with live traffic, until Ctrl-C; TLS=1 encrypts what goes between its servers
	@$(BIN)/acude up $(if $(TLS),$(if $(filter 0 no false,$(TLS)),--no-tls,--tls))

down: ## stop whatever is left of the platform
	@test ! -x $(BIN)/acude || $(BIN)/acude down

docker-secrets: ## draw the secrets of docker/docker-compose.yml; in a container, where Açude isn't installed here
	@if test -x $(BIN)/acude; then $(BIN)/acude docker secrets; else \
	  SECRETS_UID=$$(id -u) SECRETS_GID=$$(id -g) docker compose -f docker/docker-compose.yml --profile tools run --rm --build secrets; fi

packages: ## what the tests need from the system (Chromium), by apt where that is allowed
	@.ci/packages

lint: install ## style, types, and the layers of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/Dockerfile

test-unit: install ## the tests that need no server
	$(BIN)/pytest -p no:schemathesis -n logical --maxprocesses 4 --dist loadgroup tests/unit

test: packages lint test-unit ## all the tests, with real servers and a real browser
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder --session-timeout 4700 --ignore tests/unit

mutants: install ## break rules on purpose and see the tests notice
	$(BIN)/python -m tests.mutants

bench: install ## the figures of the platform, into var/bench/
	$(BIN)/python -m benchmarks

bench-dedup: install ## the index of known event ids with 300 million of them: memory, restart, a batch
	$(BIN)/python -m benchmarks.dedup

bench-risk: install ## how fast payments are decided, and with a slow list or without Valkey
	$(BIN)/python -m benchmarks.risk
	$(BIN)/python -m benchmarks.payment_api

bench-scale: install ## days of 1, 5 and 20 million sales lines: seconds and memory
	$(BIN)/python -m benchmarks.scale

bench-model: install ## the fraud model compared with published ones
	$(BIN)/python -m benchmarks.model
	$(BIN)/python -m benchmarks.decided

soak: install ## long tests and every day of the real shop, then hours of traffic with faults
	$(BIN)/pytest -m soak
	RETAIL_DAYS=all $(BIN)/pytest tests/integration/batch/test_retail_oracle.py
	$(BIN)/python -m benchmarks.soak

clean: down ## remove what was installed and all local data
	rm -rf .venv var dist

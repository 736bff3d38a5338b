# `make` alone lists the commands. Each sets up what it needs; each can be run again.
SHELL := /bin/bash
.DEFAULT_GOAL := help
SIGNALS ?= 440
SEED ?= 1
ALERTS ?= 10000
PYTHON := .venv/bin/python
# Everything that the local tools need to know of a running stack.
ENV := set -a; test ! -f .local/env || . ./.local/env; set +a;

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: .setup-run ## set up everything, send a month of events, show what came of it; SIGNALS=440 SEED=1
	@$(PYTHON) -m deploy.local.demo --signals $(SIGNALS) --seed $(SEED)

.PHONY: run
run: .setup-run ## start everything in the background, without the month
	@$(PYTHON) -m deploy.local.stack run

.PHONY: stop
stop: ## stop what `run` or `demo` started; the data stay
	@test ! -x $(PYTHON) || $(PYTHON) -m deploy.local.stack stop

.PHONY: story
story: ## tell the way of one household, signal or alert: ID=…
	@test -n "$(ID)" || { echo "story: say whose: make story ID=…"; exit 2; }
	@$(ENV) $(PYTHON) -m deploy.local.story "$(ID)"

.PHONY: screenshots
screenshots: .setup-dev ## take the README's pictures of a demo that is up (`make demo` first)
	@deploy/local/setup.sh pages
	@$(ENV) $(PYTHON) -m deploy.local.screenshots docs/images

.PHONY: test
test: .setup-dev ## set up everything and run the tests, against a real RabbitMQ and PostgreSQL
	@$(PYTHON) -m pytest -n 3 --dist worksteal --ignore=tests/interface --ignore=tests/bench \
	  --ignore=tests/pages --ignore=tests/browser --ignore=tests/faults $(TESTS)

.PHONY: faults
faults: .setup-dev ## kill services at named points, take servers away, plant bugs: nothing is lost
	@$(PYTHON) -m pytest -n 2 --dist worksteal tests/faults

.PHONY: faults-notify
faults-notify: .setup-dev ## ten thousand alerts against a gateway that fails, with notify killed all along
	@ALERTS=$(ALERTS) $(PYTHON) -m pytest -q -s tests/faults/test_alerts.py -k household

.PHONY: check-contracts
check-contracts: .setup-dev ## check AsyncAPI, OpenAPI and a Node client; needs npm
	@tests/interface/check.sh

.PHONY: check-pages
check-pages: .setup-dev ## go through the pages without a browser, then with Chromium; needs npm for part of it
	@$(PYTHON) -m pytest -q -n 3 --dist loadfile tests/pages
	@tests/browser/check.sh

.PHONY: check-bench
check-bench: .setup-dev ## check that each part of `make bench` runs and counts right, at a small size
	@$(PYTHON) -m pytest -q tests/bench

.PHONY: lint
lint: .setup-dev ## check style, types, imports, SQL, and that generated files are current
	@$(PYTHON) -m tests.tidy.lint

.PHONY: fmt
fmt: .setup-dev ## format the code and write the generated files anew
	@.venv/bin/ruff check -q --fix . ; .venv/bin/ruff format -q .
	@$(PYTHON) -m tests.tidy.generated --write

.PHONY: bench
bench: .setup-dev ## measure the chain against its references; prints ratios
	@$(PYTHON) -m tests.bench

.PHONY: lock
lock: .setup-dev ## lock the requirements anew, with hashes
	@for set in run dev; do .venv/bin/uv pip compile -q --generate-hashes --no-emit-index-url \
	  --no-header --python-version 3.11 requirements/$$set.in -o requirements/$$set.txt; done

.PHONY: .setup-run .setup-dev
.setup-run:
	@deploy/local/setup.sh run
.setup-dev:
	@deploy/local/setup.sh dev

#!/usr/bin/env bash
# The contract checks that need npm: AsyncAPI by its parser, OpenAPI by the government's linter, and
# a client in Node against the running service. Says what it skips, and why.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly HERE=tests/interface
readonly RULES=${STANDARDS:-../shared/standards}/nlgov-api-design-rules.spectral.yaml

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "check-contracts: SKIPPED, node and npm are not installed (Debian: apt-get install npm)"
    exit 0
fi
if [[ ! -d $HERE/node_modules || $HERE/package-lock.json -nt $HERE/node_modules ]]; then
    timeout 300 npm --prefix "$HERE" ci --silent --no-audit --no-fund --ignore-scripts
    touch "$HERE/node_modules"
fi
timeout 120 node "$HERE/asyncapi.mjs" docs/asyncapi/*.json
if [[ -f $RULES ]]; then
    timeout 120 "$HERE/node_modules/.bin/spectral" lint --fail-severity error -r "$RULES" docs/openapi/*.json
else
    echo "check-contracts: the API Design Rules were SKIPPED, there is no $RULES"
fi
timeout 600 .venv/bin/python -m pytest -q "$HERE"

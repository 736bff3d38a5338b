#!/usr/bin/env bash
# The contract checks that need more than Python: AsyncAPI by its parser, OpenAPI by the government's
# linter, and a client in Node against the running service.
#
# What this machine cannot check is said at the end, and where CI is set it is a failure. Only the
# government's rules may always be absent, for they are not ours to copy, unless STANDARDS names
# the folder that has them.
set -euo pipefail

readonly HERE=tests/interface
readonly NO_NODE='AsyncAPI, API Design Rules, client in Node: no npm or node (Debian: apt-get install npm)'

main() {
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    rules=${STANDARDS:-../shared/standards}/nlgov-api-design-rules.spectral.yaml
    find_what_is_absent
    if ((${#missing[@]})) && [[ -n ${CI-} ]]; then
        say_unchecked
        exit 1
    fi
    if has_node; then check_with_node; fi
    check_with_python
    say_unchecked
}

find_what_is_absent() {
    missing=() absent=()
    has_node || missing+=("$NO_NODE")
    [[ -f $rules ]] || absent+=("API Design Rules: there is no $rules")
    if [[ -n ${STANDARDS-} ]]; then missing+=("${absent[@]}") absent=(); fi
}

has_node() {
    command -v npm >/dev/null && command -v node >/dev/null
}

check_with_node() {
    if [[ ! -d $HERE/node_modules || $HERE/package-lock.json -nt $HERE/node_modules ]]; then
        timeout 300 npm --prefix "$HERE" ci --silent --no-audit --no-fund --ignore-scripts
        touch "$HERE/node_modules"
    fi
    timeout 120 node "$HERE/asyncapi.mjs" docs/asyncapi/*.json
    if [[ -f $rules ]]; then
        timeout 120 "$HERE/node_modules/.bin/spectral" lint --fail-severity error -r "$rules" \
            docs/openapi/*.json
    fi
}

check_with_python() {
    local without=()
    has_node || without=(--ignore="$HERE/test_node.py")
    timeout 600 .venv/bin/python -m pytest -q "$HERE" "${without[@]}"
}

say_unchecked() {
    local one
    for one in "${missing[@]}" "${absent[@]}"; do
        printf 'check-contracts: NOT CHECKED: %s\n' "$one" >&2
    done
}

main

#!/usr/bin/env bash
# The pages in a browser: journeys on a phone and at a desk, barriers, and signing in at a provider
# that is not ours.
#
# What this machine cannot check is said at the end, and where CI is set it is a failure. Without a
# browser nothing is checked; without npm, all but barriers (axe-core) and the other provider.
set -euo pipefail

readonly HERE=tests/browser
readonly NO_BROWSER='everything: no chromium (Debian: apt-get install chromium)'
readonly NO_NODE='barriers, another provider: no npm or node (Debian: apt-get install npm)'

main() {
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    if ! has_browser || ! has_node; then deploy/local/setup.sh pages || true; fi
    find_what_is_absent
    if ((${#missing[@]})) && [[ -n ${CI-} ]]; then
        say_unchecked
        exit 1
    fi
    if has_browser; then check; fi
    say_unchecked
}

has_browser() { command -v chromium >/dev/null; }

has_node() { command -v npm >/dev/null && command -v node >/dev/null; }

find_what_is_absent() {
    missing=()
    has_browser || missing+=("$NO_BROWSER")
    has_node || missing+=("$NO_NODE")
}

check() {
    local without=(--ignore="$HERE/test_barriers.py" --ignore="$HERE/test_provider.py")
    if has_node; then
        without=()
        install
    fi
    timeout 480 .venv/bin/python -m pytest -q "$HERE" "${without[@]}"
}

install() {
    if [[ ! -d $HERE/node_modules || $HERE/package-lock.json -nt $HERE/node_modules ]]; then
        timeout 300 npm --prefix "$HERE" ci --silent --no-audit --no-fund --ignore-scripts
        touch "$HERE/node_modules"
    fi
}

say_unchecked() {
    local one
    for one in "${missing[@]}"; do
        printf 'check-pages: NOT CHECKED: %s\n' "$one" >&2
    done
}

main

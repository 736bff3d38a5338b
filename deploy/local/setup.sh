#!/usr/bin/env bash
# Makes a Debian 12 machine ready: the servers' packages, and the Python environment in .venv.
#
#   setup.sh run    what the services and the local stack need
#   setup.sh dev    that, and what tests and linters need
#   setup.sh pages  that, and a browser, and npm for what looks at pages with it
#
# It installs what is missing and nothing else, starts no service of the system, and prints a line
# for each thing that it does: nothing when there is nothing to do.
set -euo pipefail

readonly POSTGRES_MAJOR_MIN=15
readonly APT_SECONDS_MAX=900
readonly PIP_SECONDS_MAX=900
readonly POLICY=/usr/sbin/policy-rc.d
readonly CLUSTER_FOLDER=/etc/postgresql-common/createcluster.d
readonly NO_CLUSTER=$CLUSTER_FOLDER/voordeur-setup.conf
readonly UNITS=(rabbitmq-server.service postgresql.service epmd.service epmd.socket)
readonly MARK='# written by voordeur setup, for the time of one installation'

say() { printf 'setup: %s\n' "$*"; }

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

main() {
    case ${1-} in
        run | dev) set=$1 ;;
        pages) set=dev ;;
        *) fail 'usage: deploy/local/setup.sh run|dev|pages' ;;
    esac
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    find_missing_packages
    if [[ $1 == pages ]]; then find_missing_for_pages; fi
    if ((${#missing[@]})); then install_packages; fi
    if ! venv_is_current "$set"; then install_venv "$set"; fi
}

find_missing_packages() {
    missing=()
    has_rabbitmq || missing+=(rabbitmq-server)
    has_postgres || missing+=(postgresql-15)
    if ! venv_works; then
        choose_python
        "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    fi
}

find_missing_for_pages() {
    command -v chromium >/dev/null || missing+=(chromium)
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then missing+=(npm); fi
}

has_rabbitmq() {
    compgen -G '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server' >/dev/null
}

has_postgres() {
    local server major
    for server in /usr/lib/postgresql/*/bin/postgres; do
        major=${server#/usr/lib/postgresql/}
        major=${major%%/*}
        [[ -x $server && $major =~ ^[0-9]+$ ]] || continue
        if ((major >= POSTGRES_MAJOR_MIN)); then return 0; fi
    done
    return 1
}

venv_works() { is_new_enough .venv/bin/python && .venv/bin/python -c 'import pip' 2>/dev/null; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

choose_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        python=$(command -v "$name") || continue
        if is_new_enough "$python"; then return; fi
    done
    fail 'no Python 3.11 or newer: install one (Debian 12: apt-get install python3), then again'
}

install_packages() {
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        fail "not root and no sudo: as root run apt-get install ${missing[*]}, then this again"
    fi
    command -v apt-get >/dev/null || fail "no apt-get: install ${missing[*]} by hand, then again"
    say "installing Debian packages: ${missing[*]}"
    note_units
    apt_log=$(mktemp)
    trap put_back EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    keep_services_down
    # A third-party list that fails to update must not keep Debian's own packages from us.
    apt_get update || say 'apt-get update had errors; trying with the lists there are'
    apt_get install -y --no-install-recommends "${missing[@]}" || fail \
        "apt-get could not install ${missing[*]}: $(grep '^E:' "$apt_log" | tail -n 1 || true)" \
        "- see that apt-get works, or install them by hand, then again"
    put_back
    trap - EXIT INT TERM
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive timeout "$APT_SECONDS_MAX" \
        apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null >"$apt_log" 2>&1
}

# Debian starts a service that it installs. No policy-rc.d: ours says no; one that is there decides.
# A main cluster of PostgreSQL is not made either: the stack has its own.
keep_services_down() {
    if [[ ! -e $POLICY ]] || grep -qF "$MARK" "$POLICY"; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$MARK" | as_root tee "$POLICY" >/dev/null
        as_root chmod 755 "$POLICY"
    fi
    [[ -d $CLUSTER_FOLDER ]] || made_cluster_folder=yes
    as_root mkdir -p "$CLUSTER_FOLDER"
    printf '%s\ncreate_main_cluster = false\n' "$MARK" | as_root tee "$NO_CLUSTER" >/dev/null
}

put_back() {
    disable_new_units
    if grep -qsF "$MARK" "$POLICY"; then as_root rm -f "$POLICY"; fi
    as_root rm -f "$NO_CLUSTER"
    if [[ ${made_cluster_folder-} ]]; then
        as_root rmdir -p --ignore-fail-on-non-empty "$CLUSTER_FOLDER"
    fi
    rm -f "$apt_log"
}

note_units() {
    local unit
    new_units=()
    for unit in "${UNITS[@]}"; do
        [[ -e /lib/systemd/system/$unit ]] || new_units+=("$unit")
    done
}

# Best effort: a machine without an init system has nothing to disable.
disable_new_units() {
    local unit
    for unit in "${new_units[@]}"; do
        [[ -e /lib/systemd/system/$unit ]] || continue
        as_root update-rc.d "${unit%.service}" disable >/dev/null 2>&1 || true
        as_root systemctl disable "$unit" >/dev/null 2>&1 || true
    done
}

# The marker names what was installed, by the hash of its lock file; dev holds all that run does.
venv_is_current() {
    [[ -x .venv/bin/python ]] && grep -qsxF "$(installed_line "$1")" .venv/installed
}

installed_line() { printf '%s %s' "$1" "$(sha256sum <"requirements/$1.txt")"; }

install_venv() {
    if ! venv_works; then
        choose_python
        say "making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv || fail "$python -m venv does not work: see the lines above"
    fi
    say "installing requirements/$1.txt in .venv"
    rm -f .venv/installed
    # Wheels only: a machine without a compiler gets a clear refusal, not half a build.
    # docopt, which NotifyNL's client asks for, has none: it is plain Python.
    timeout "$PIP_SECONDS_MAX" .venv/bin/python -m pip install -qq --no-input \
        --disable-pip-version-check --only-binary :all: --no-binary docopt --require-hashes \
        -r "requirements/$1.txt" </dev/null ||
        fail "pip could not install requirements/$1.txt: see the lines above; when solved, again"
    if [[ $1 == dev ]]; then installed_line run && echo; fi >.venv/installed
    { installed_line "$1" && echo; } >>.venv/installed
}

main "$@"

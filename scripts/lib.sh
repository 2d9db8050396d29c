# What the scripts beside this file share. Sourced, never run.
# shellcheck shell=bash

# Sourcing also moves to the project root, so that every script can be called from any folder.
SCRIPT=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
ROOT=$PWD
readonly SCRIPT ROOT

# stdout belongs to results (pytest's closing line, an image's name); words for people go to stderr.
log() { printf '%s: %s\n' "${SCRIPT##*/}" "$*" >&2; }
die() { log "$*"; exit 1; }

# The help of a script is the comment at its head.
show_help() { awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$SCRIPT"; }

# The value of `key: value` in metadata.yaml, without needing a Python that can read YAML.
metadata_field() { sed -n "s/^  $1: \(.*\)/\1/p" "$ROOT/metadata.yaml"; }

# A Docker engine, not just its client. Bounded, because a socket can accept and never answer.
engine_answers() { command -v docker >/dev/null && timeout 10 docker info >/dev/null 2>&1; }

# Installs Debian packages where that is ours to do (root, apt-get); fails with what to install elsewhere.
need_debian_packages() {
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        log "these Debian/Ubuntu packages (or their like on another system) are missing: $*"
        return 1
    fi
    log "installing Debian packages: $*"
    # A package's own daemon is not started: whoever needs one starts it, and so can also end it.
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >&2
}

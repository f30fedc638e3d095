# Messages, the cache and its steps. Sourced by the scripts of this folder's parent.
# shellcheck shell=bash

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${QUANTA_CACHE:-${HOME:?HOME is not set}/.cache/quanta}
JOBS=${QUANTA_JOBS:-$(nproc)}
PINS=$ROOT/cmake/dependencies.txt
ME=${0##*/}

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "$ME" "$*" >&2
  exit 1
}

seconds() { printf '%d' "${EPOCHREALTIME%[.,]*}"; }

# open_cache: creates the cache and takes its lock, so that two set-ups run one after the other.
# Every child holds the lock too: what a killed set-up left running ends before the next one starts.
open_cache() {
  mkdir -p "$CACHE"/{downloads,src,tools,prefix,stamps,logs,tmp} 2> /dev/null ||
    die "cannot write to the cache $CACHE"
  CACHE=$(cd "$CACHE" && pwd)
  exec {LOCK}> "$CACHE/lock"
  if ! flock --nonblock "$LOCK"; then
    say "waiting for another set-up that uses $CACHE"
    flock "$LOCK"
  fi
  rm -rf "$CACHE"/tmp/*
}

require_space() { # MIB
  local free
  free=$(df --output=avail -m "$CACHE" | tail -1)
  [ "$free" -ge "$1" ] ||
    die "$CACHE has ${free// /} MiB free of about $1 MiB needed (QUANTA_CACHE moves the cache)"
}

# pin KIND NAME: the fields after NAME on that line of dependencies.txt.
pin() {
  local kind name rest
  while read -r kind name rest; do
    if [ "$kind $name" = "$1 $2" ]; then
      printf '%s\n' "$rest"
      return
    fi
  done < "$PINS"
  die "no line '$1 $2' in ${PINS#"$ROOT"/}"
}

# pins KIND GROUP: all lines of a group, e.g. `pins deb llvm`, without those two fields.
pins() {
  local kind group rest
  while read -r kind group rest; do
    if [ "$kind $group" = "$1 $2" ]; then printf '%s\n' "$rest"; fi
  done < "$PINS"
}

stamp_of() { # STEP...: fingerprints of finished steps, to chain later steps to them
  local s
  for s in "$@"; do cat "$CACHE/stamps/$s" 2> /dev/null || true; done
}

# step NAME DEST KEY RECIPE [ARG...]
# Runs `RECIPE ARG...` with $OUT, an empty folder, and then puts that folder in the place of
# $CACHE/DEST. Nothing happens when DEST was made by the same recipe with the same KEY and ARGs.
# With DEST = prefix/NAME the files are merged into the prefix instead.
step() {
  local name=$1 dest=$2 key=$3 recipe=$4
  shift 4
  local print log=$CACHE/logs/$name.log begin rc
  print=$({ printf '%s\0' "$key" "$@"; declare -f "$recipe"; } | sha256sum)
  print=${print%% *}
  if [ -e "$CACHE/$dest" ] && [ "$(stamp_of "$name")" = "$print" ]; then return 0; fi
  begin=$(seconds)
  rm -f "$CACHE/stamps/$name"
  WORK=$CACHE/tmp/$name OUT=$CACHE/tmp/$name/out
  rm -rf "$WORK"
  mkdir -p "$OUT"
  set +e
  (
    set -e
    "$recipe" "$@"
  ) > "$log" 2>&1
  rc=$?
  set -e
  if [ $rc -ne 0 ]; then
    explain_failure "$name" "$log"
  fi
  case $dest in
    prefix/*) merge_into_prefix "$name" "$dest" ;;
    *)
      mkdir -p "$(dirname "$CACHE/$dest")"
      rm -rf "${CACHE:?}/$dest"
      mv "$OUT" "$CACHE/$dest"
      ;;
  esac
  rm -rf "$WORK"
  printf '%s\n' "$print" > "$CACHE/stamps/$name.new"
  mv "$CACHE/stamps/$name.new" "$CACHE/stamps/$name"
  printf '  %-28s %4d s\n' "$name" $(($(seconds) - begin))
}

explain_failure() { # STEP LOG
  local reason
  if grep -q 'No space left on device' "$2"; then die "step $1: the disk is full ($CACHE)"; fi
  reason=$(sed -n 's/^setup-error: //p' "$2" | tail -1)
  if [ -n "$reason" ]; then die "step $1: $reason"; fi
  tail -n 15 "$2" >&2
  die "step $1 failed; everything it printed: $2"
}

# For recipes: the one line that tells the user what went wrong.
fail() {
  printf 'setup-error: %s\n' "$*"
  exit 1
}

# A prefix holds several packages; each one's list of files makes replacing it exact.
merge_into_prefix() { # STEP PREFIX
  local list=$CACHE/stamps/$1.files prefix=$CACHE/$2
  mkdir -p "$prefix"
  if [ -f "$list" ]; then
    (cd "$prefix" && xargs -r -d '\n' rm -f -- < "$list")
  fi
  (cd "$OUT" && find . ! -type d) > "$list"
  cp -a "$OUT/." "$prefix/"
}

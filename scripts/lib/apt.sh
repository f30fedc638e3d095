# Debian packages and sources, without touching the system's own apt state (except apt_require).
# shellcheck shell=bash

# apt_require COMMAND-OR-FILE:PACKAGE...: installs the packages whose command (or file) is missing.
apt_require() {
  local entry what reason missing=() sudo=()
  for entry in "$@"; do
    what=${entry%:*}
    case $what in
      /*) compgen -G "$what" > /dev/null || missing+=("${entry##*:}") ;;
      *) command -v "$what" > /dev/null || missing+=("${entry##*:}") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get > /dev/null || die "please install: ${missing[*]} (this system has no apt-get)"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || die "please install as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "  installing ${missing[*]}"
  if ! {
    "${sudo[@]}" apt-get -qq update &&
      "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "${missing[@]}"
  } > "$CACHE/logs/apt.log" 2>&1; then
    reason=$(grep '^E:' "$CACHE/logs/apt.log" | head -1 || true)
    die "apt-get could not install ${missing[*]}: $reason ($CACHE/logs/apt.log)"
  fi
}

APT_OPTIONS=()

# apt_index: a private package index of the suites that dependencies.txt names, refreshed when it is
# older than an hour.
apt_index() {
  local dir=$CACHE/apt repositories mirror security key sid type begin
  command -v apt-get > /dev/null ||
    fail "no apt-get here: configure with CMake alone, it fetches the same versions from upstream"
  APT_OPTIONS=(-qq
    -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::Etc::SourceList=$dir/sources.list"
    -o "Dir::State::Lists=$dir/lists"
    -o "Dir::Cache=$dir/cache"
    -o APT::Default-Release=bookworm
    -o APT::Sandbox::User=root
    -o APT::Update::Error-Mode=any
    -o Acquire::Languages=none
    -o Acquire::Retries=3)
  if [ -f "$dir/fresh" ] && [ -z "$(find "$dir/fresh" -mmin +60)" ]; then return 0; fi
  begin=$(seconds)
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  # The mirror is whatever this machine's own apt is configured with.
  # shellcheck disable=SC2016
  repositories=$(apt-get indextargets --format '$(REPO_URI)' | sort -u)
  mirror=$(grep -v security <<< "$repositories" | head -1 || true)
  security=$(grep security <<< "$repositories" | head -1 || true)
  [ -n "$mirror" ] || fail "apt knows no Debian mirror: run apt-get update first"
  key="arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
  sid="check-valid-until=no $key" # a mirror may carry an older one
  {
    for type in deb deb-src; do
      printf '%s [%s] %s %s main\n' "$type" "$key" "$mirror" bookworm \
        "$type" "$key" "$mirror" trixie "$type" "$sid" "$mirror" sid
    done
    [ -z "$security" ] || printf 'deb [%s] %s bookworm-security main\n' "$key" "$security"
  } > "$dir/sources.list"
  apt-get "${APT_OPTIONS[@]}" update ||
    fail "the Debian mirror $mirror cannot be read: is the network up?"
  touch "$dir/fresh"
  say "package index: $(($(seconds) - begin)) s"
}

download_of() { # NAME
  local version
  read -r version _ <<< "$(pin source "$1")"
  printf '%s' "$CACHE/downloads/$1-$version.orig"
}

# fetch_source NAME: its download_of, checked against its pin.
fetch_source() {
  local version package sha file uri
  read -r version package sha _ <<< "$(pin source "$1")"
  file=$(download_of "$1")
  if [ -f "$file" ] && sha256sum --check --quiet --status <<< "$sha  $file"; then return 0; fi
  apt_index
  uri=$(apt-get "${APT_OPTIONS[@]}" source --download-only --print-uris "$package" 2> /dev/null |
    sed -n "s/^'\([^']*\.orig\.tar\.[a-z0-9]*\)' .*/\1/p" | head -1 || true)
  [ -n "$uri" ] || fail "$package is not in the archive's index"
  curl --fail --silent --show-error --location --retry 3 --output "$file.part" "$uri" ||
    fail "cannot download the source of $1 $version: is the network up?"
  sha256sum --check --quiet --status <<< "$sha  $file.part" ||
    fail "the source of $1 has not the pinned SHA-256 (has the archive left version $version?)"
  mv "$file.part" "$file"
}

# unpack_source NAME: into $OUT, without the tarball's own top folder.
unpack_source() {
  local top
  fetch_source "$1"
  mkdir "$WORK/unpacked"
  tar -xf "$(download_of "$1")" -C "$WORK/unpacked" --no-same-owner
  top=("$WORK"/unpacked/*)
  [ ${#top[@]} = 1 ] || top=("$WORK/unpacked")
  rmdir "$OUT"
  mv "${top[0]}" "$OUT"
}

# fetch_debs GROUP: into downloads/debs/GROUP.
fetch_debs() {
  local dir=$CACHE/downloads/debs/$1 wanted=() package suite sha file
  rm -rf "$dir.part"
  mkdir -p "$dir.part"
  while read -r package suite sha; do wanted+=("$package/$suite"); done < <(pins deb "$1")
  apt_index
  # apt-get keeps an unfinished or older file apart by its name, and checks every file against the
  # signed index.
  (cd "$dir.part" && apt-get "${APT_OPTIONS[@]}" download "${wanted[@]}") ||
    fail "cannot download ${wanted[*]}: is the network up?"
  while read -r package suite sha; do
    [ "$sha" != - ] || continue
    file=$(compgen -G "$dir.part/${package}_*.deb" | head -1 || true)
    sha256sum --check --quiet --status <<< "$sha  $file" ||
      fail "$package of $suite has not the pinned SHA-256: the archive has $(basename "$file")"
  done < <(pins deb "$1")
  rm -rf "$dir"
  mv "$dir.part" "$dir"
}

# unpack_debs GROUP [TAR-OPTION...]: into $OUT.
unpack_debs() {
  local group=$1 deb
  shift
  fetch_debs "$group"
  for deb in "$CACHE/downloads/debs/$group"/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --no-same-owner -C "$OUT" "$@"
  done
  rm -rf "$CACHE/downloads/debs/$group"
}

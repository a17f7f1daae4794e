# Sourced by the other tools: what must be there before anything is built.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$(basename "$0"): $*"
  exit 1
}

# Debian packages that the build needs. Installs what is missing where it may, otherwise says how.
require_packages() {
  local missing=()
  local package
  if ! command -v dpkg-query >/dev/null; then
    say "Not a Debian system: make sure that libpng, libjpeg, OpenEXR, libzstd and SQLite can be built against."
    return
  fi
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" = 0 ]; then
    say "Installing ${missing[*]}"
    apt-get update -qq >&2 || fail "apt-get update failed; mend that, or install ${missing[*]} by hand"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >&2 ||
      fail "apt-get install failed; mend that, or install ${missing[*]} by hand"
  else
    fail "Debian packages are missing. Run this line, then try again:
  sudo apt-get install -y ${missing[*]}"
  fi
}

# Swift 6.2 or later.
require_swift() {
  command -v swift >/dev/null ||
    fail "there is no swift on the PATH; install Swift 6.2 or later from https://www.swift.org/install"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1)
  case "$version" in
    6.[2-9] | 6.[1-9][0-9] | [7-9].* | [1-9][0-9].*) ;;
    *) fail "found Swift '${version:-unknown}', expected 6.2 or later; get it from https://www.swift.org/install" ;;
  esac
}

# The processor must have what the program asks for when it starts (x86-64-v3; with AVX-512 it uses that).
require_processor() {
  [ "$(uname -m)" = x86_64 ] || return 0
  [ -r /proc/cpuinfo ] || return 0
  local flag
  for flag in avx2 fma bmi2 f16c movbe abm; do
    grep -qw "$flag" /proc/cpuinfo ||
      fail "this processor lacks $flag; Glint needs x86-64-v3, with AVX2 and FMA (Intel since 2013, AMD since 2015)"
  done
}

require_everything() {
  require_packages libpng-dev libjpeg-dev libopenexr-dev libzstd-dev libsqlite3-dev zlib1g-dev
  require_swift
  require_processor
}

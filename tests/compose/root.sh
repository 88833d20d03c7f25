#!/bin/bash
# A root file system with these packages of one release of Debian, made once.
#
#   root.sh ROOT SUITE PACKAGE,PACKAGE…
#
# CLOSURE_DEBOOTSTRAP is the folder that debootstrap was unpacked into.
# It ends with 69 where the release has no such package, and with another code where what failed may pass.
set -euo pipefail

root=${1:?usage: root.sh ROOT SUITE PACKAGES}
suite=${2:?usage: root.sh ROOT SUITE PACKAGES}
packages=${3:?usage: root.sh ROOT SUITE PACKAGES}
mirror=http://deb.debian.org/debian

if [[ -s $root.made ]]; then
  exit 0
fi
rm -rf "$root"
mkdir -p "$(dirname "$root")"
export DEBOOTSTRAP_DIR=$CLOSURE_DEBOOTSTRAP/usr/share/debootstrap
# A release that is newer than debootstrap itself is set up as the newest always is.
script=$DEBOOTSTRAP_DIR/scripts/$suite
[[ -e $script ]] || script=$DEBOOTSTRAP_DIR/scripts/sid
if ! "$CLOSURE_DEBOOTSTRAP/usr/sbin/debootstrap" --variant=minbase --include="$packages" "$suite" "$root" "$mirror" \
  "$script" >"$root.log" 2>&1; then
  tail -n 20 "$root.log" >&2
  if grep --quiet "^E: Couldn't find these debs" "$root.log"; then
    exit 69
  fi
  exit 1
fi
# What nobody reads there.
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale,info}/* \
  "$root"/var/lib/postgresql/*
date --utc +%Y%m%dT%H%M%S >"$root.made"

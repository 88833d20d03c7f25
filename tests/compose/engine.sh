#!/bin/bash
# The first process of namespaces of its own: starts a container engine and runs a command beside it. With its end
# everything in them ends, whatever the engine had started.
#
#   engine.sh TOOLS STATE own|machine COMMAND…
#
# TOOLS is what tools.sh unpacked, STATE a folder for the engine's data and log. With a network of its `own` nothing outside
# can be reached; with the `machine`'s the engine only builds, and changes nothing of it.
set -euo pipefail

usage="usage: engine.sh TOOLS STATE own|machine COMMAND"
tools=${1:?$usage} state=${2:?$usage} network=${3:?$usage}
shift 3
export PATH=$tools/root/usr/sbin:$tools/root/usr/bin:$PATH
export LD_LIBRARY_PATH=$tools/root/usr/lib/$(uname -m)-linux-gnu
export XTABLES_LIBDIR=$LD_LIBRARY_PATH/xtables
export DOCKER_CONFIG=$tools/docker DOCKER_BUILDKIT=1 CLOSURE_DEBOOTSTRAP=$tools/root
unset DOCKER_HOST DOCKER_CONTEXT

# Its sockets and its pid files are nobody else's; where names are asked for may stand below /run, and stays.
mkdir -p "$state"
resolver=$(readlink --canonicalize /etc/resolv.conf)
resolver_text=$(<"$resolver")
mount --make-rprivate /
mount -t tmpfs tmpfs /run
if [[ $resolver == /run/* ]]; then
  mkdir -p "$(dirname "$resolver")"
  echo "$resolver_text" >"$resolver"
fi
options=()
if [[ $network == own ]]; then
  ip link set lo up
else
  options+=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false)
fi
dockerd "${options[@]}" --data-root "$state/data" --exec-root /run/docker-exec >"$state/engine.log" 2>&1 &
engine=$!
for _ in {1..120}; do
  if docker version >/dev/null 2>&1; then
    unset LD_LIBRARY_PATH XTABLES_LIBDIR
    code=0
    "$@" || code=$?
    kill "$engine"
    wait "$engine" || true
    exit "$code"
  fi
  if ! kill -0 "$engine" 2>/dev/null; then
    break
  fi
  sleep 0.5
done
echo "the engine does not come up; the end of $state/engine.log:" >&2
tail -n 5 "$state/engine.log" >&2
exit 75

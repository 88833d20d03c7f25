#!/bin/bash
# A container engine with everything that it calls, unpacked into a folder from Debian's packages; nothing is installed.
#
#   tools.sh FOLDER
#
# It ends with 69 where this machine can never have it, and with another code where what failed may pass.
#
# The engine is of this machine's own release, whose libraries it uses; Compose 2 is of a newer one, because Debian 12 has
# the first version of Compose only, and its program needs nothing of that release.
set -euo pipefail

folder=${1:?usage: tools.sh FOLDER}
newer=trixie
keys=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=http://deb.debian.org/debian

if [[ -s $folder/made ]]; then
  exit 0
fi
if [[ ! -e $keys ]]; then
  echo "there is no $keys; this machine is no Debian" >&2
  exit 69
fi
own=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
rm -rf "$folder"
mkdir -p "$folder"/{debs,root,state/lists/partial,cache/archives/partial,docker/cli-plugins}
for suite in $(printf '%s\n' "$own" "$newer" | sort -u); do
  echo "deb [signed-by=$keys] $mirror $suite main"
done >"$folder/sources.list"
touch "$folder/status"
cat >"$folder/apt.conf" <<APT
Dir::State "$folder/state";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
APT::Sandbox::User "root";
APT
export APT_CONFIG=$folder/apt.conf
apt-get --quiet --quiet update
cd "$folder/debs"
apt-get --quiet --quiet download "docker-compose/$newer" \
  {docker.io,containerd,runc,debootstrap,iptables,libip4tc2,libip6tc2,libxtables12,libnftnl11}"/$own" \
  {libnetfilter-conntrack3,libnfnetlink0,libmnl0,iproute2,libbpf1,libelf1}"/$own"
for package in *.deb; do
  dpkg-deb --extract "$package" ../root
done
cd "$folder/root"
# The names that the package's own installation would make.
for name in {iptables,ip6tables}{,-save,-restore}; do
  ln -sf xtables-nft-multi "usr/sbin/$name"
done
cp usr/libexec/docker/cli-plugins/docker-compose "$folder/docker/cli-plugins/"
rm -rf "$folder"/{debs,state,cache,root/usr/share/{doc,man,locale}}
date --utc >"$folder/made"

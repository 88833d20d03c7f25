#!/bin/bash
# Stand-ins for the official images that docker-compose.yml and deploy/Dockerfile name, made from Debian's packages for a
# machine that reaches no registry of images.
#
#   base-images.sh roots FOLDER              makes root file systems; what is there already is used again
#   base-images.sh images FOLDER RABBITMQ    gives them to the engine under the images' names; RABBITMQ is the root file
#                                            system of the broker
#   base-images.sh compiler FOLDER           the same for the image that compiles, with the compiler of CLOSURE_SYSROOT
set -euo pipefail

usage="usage: base-images.sh roots|images|compiler FOLDER [RABBITMQ]"
what=${1:?$usage}
folder=${2:?$usage}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rabbitmq=rabbitmq:4.3.3-management
postgres=postgres:17
runtime=debian:bookworm-slim
compiler=rust:1.95-bookworm

if [[ $what == roots ]]; then
  "$here/root.sh" "$folder/servers-trixie" trixie rabbitmq-server,postgresql
  "$here/root.sh" "$folder/runtime" bookworm ca-certificates
  exit
fi

if [[ $what == compiler ]]; then
  "$here/root.sh" "$folder/compiler" bookworm ca-certificates,gcc,libc6-dev,make,perl,pkg-config
  # What this machine trusts, which in some networks is an authority of their own.
  install -m 644 /etc/ssl/certs/ca-certificates.crt "$folder/compiler/etc/ssl/certs/ca-certificates.crt"
  tar --create --directory "$folder/compiler" . | docker import - closure-compiler >/dev/null
  docker build --quiet --tag "$compiler" --file - "${CLOSURE_SYSROOT:?}" >/dev/null <<DOCKERFILE
FROM closure-compiler
COPY bin/cargo bin/rustc /usr/local/rust/bin/
COPY lib /usr/local/rust/lib/
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DOCKERFILE
  exit
fi

# import NAME ROOT CHANGE…
import() {
  local name=$1 root=$2 change changes=()
  shift 2
  for change in "$@"; do
    changes+=(--change "$change")
  done
  tar --create --one-file-system --directory "$root" . | docker import "${changes[@]}" - "$name" >/dev/null
}

servers=$folder/servers-trixie
broker=${3:?$usage}
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# What the images have beside their packages.
install -m 755 "$here/postgres.sh" "$servers/usr/local/bin/postgres-entrypoint.sh"
install -d "$servers/docker-entrypoint-initdb.d" "$broker/etc/rabbitmq/conf.d"
install -m 755 "$here/rabbitmq.sh" "$broker/usr/local/bin/rabbitmq-entrypoint.sh"
echo '[rabbitmq_management].' >"$broker/etc/rabbitmq/enabled_plugins"
printf 'loopback_users.guest = false\nlog.console = true\nlog.file = false\n' >"$broker/etc/rabbitmq/conf.d/10-defaults.conf"
programs=$(cd "$servers" && echo usr/lib/postgresql/*/bin)

import closure-servers "$servers" "ENV PATH=/$programs:$path"
if [[ $broker == "$servers" ]]; then
  docker tag closure-servers closure-broker
else
  import closure-broker "$broker" "ENV PATH=$path"
fi
docker build --quiet --tag "$rabbitmq" - >/dev/null <<DOCKERFILE
FROM closure-broker
ENV HOME=/var/lib/rabbitmq PATH=/usr/lib/rabbitmq/bin:$path
VOLUME /var/lib/rabbitmq
EXPOSE 5672 15672
ENTRYPOINT ["rabbitmq-entrypoint.sh"]
CMD ["rabbitmq-server"]
DOCKERFILE
docker build --quiet --tag "$postgres" - >/dev/null <<DOCKERFILE
FROM closure-servers
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-entrypoint.sh"]
CMD ["postgres"]
DOCKERFILE
import "$runtime" "$folder/runtime" 'CMD ["bash"]'

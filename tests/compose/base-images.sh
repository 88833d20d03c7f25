#!/bin/bash
# Stand-ins for the official images that docker-compose.yml and deploy/Dockerfile name, made from Debian's packages for a
# machine that reaches no registry of images.
#
#   base-images.sh roots FOLDER [SUITE]     makes the root file systems; what is there already is used again
#   base-images.sh images FOLDER [SUITE]    gives them to the engine under the images' names
#   base-images.sh compiler FOLDER          the same for the image that compiles, with the compiler of CLOSURE_SYSROOT
#
# SUITE is the release of Debian whose RabbitMQ and PostgreSQL are taken: both stand in one file system, which two names
# share.
set -euo pipefail

what=${1:?usage: base-images.sh roots|images|compiler FOLDER [SUITE]}
folder=${2:?usage: base-images.sh roots|images|compiler FOLDER [SUITE]}
suite=${3:-trixie}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rabbitmq=rabbitmq:4.3.3-management
postgres=postgres:17
runtime=debian:bookworm-slim
compiler=rust:1.95-bookworm

if [[ $what == roots ]]; then
  "$here/root.sh" "$folder/servers-$suite" "$suite" rabbitmq-server,postgresql
  "$here/root.sh" "$folder/runtime" bookworm ca-certificates
  exit
fi

if [[ $what == compiler ]]; then
  "$here/root.sh" "$folder/compiler" bookworm ca-certificates,gcc,libc6-dev,make,perl,pkg-config
  tar --create --directory "$folder/compiler" . | docker import - closure-compiler >/dev/null
  docker build --quiet --tag "$compiler" --file - "${CLOSURE_SYSROOT:?}" >/dev/null <<DOCKERFILE
FROM closure-compiler
COPY bin/cargo bin/rustc /usr/local/rust/bin/
COPY lib /usr/local/rust/lib/
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DOCKERFILE
  exit
fi

# What the servers' images have beside their packages.
servers=$folder/servers-$suite
install -m 755 "$here/rabbitmq.sh" "$servers/usr/local/bin/rabbitmq-entrypoint.sh"
install -m 755 "$here/postgres.sh" "$servers/usr/local/bin/postgres-entrypoint.sh"
install -d "$servers/etc/rabbitmq/conf.d" "$servers/docker-entrypoint-initdb.d"
echo '[rabbitmq_management].' >"$servers/etc/rabbitmq/enabled_plugins"
printf 'loopback_users.guest = false\nlog.console = true\nlog.file = false\n' >"$servers/etc/rabbitmq/conf.d/10-defaults.conf"
programs=$(cd "$servers" && echo usr/lib/postgresql/*/bin)
path=/usr/lib/rabbitmq/bin:/$programs:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# import NAME ROOT CHANGE…
import() {
  local name=$1 root=$2 change changes=()
  shift 2
  for change in "$@"; do
    changes+=(--change "$change")
  done
  tar --create --one-file-system --directory "$root" . | docker import "${changes[@]}" - "$name" >/dev/null
}

import "closure-servers:$suite" "$servers" "ENV PATH=$path"
docker build --quiet --tag "$rabbitmq" - >/dev/null <<DOCKERFILE
FROM closure-servers:$suite
ENV HOME=/var/lib/rabbitmq
VOLUME /var/lib/rabbitmq
EXPOSE 5672 15672
ENTRYPOINT ["rabbitmq-entrypoint.sh"]
CMD ["rabbitmq-server"]
DOCKERFILE
docker build --quiet --tag "$postgres" - >/dev/null <<DOCKERFILE
FROM closure-servers:$suite
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-entrypoint.sh"]
CMD ["postgres"]
DOCKERFILE
import "$runtime" "$folder/runtime" 'CMD ["bash"]'

#!/bin/bash
# What the official image of RabbitMQ does before its server starts, as far as docker-compose.yml counts on it: the data
# folder belongs to the user `rabbitmq`, the server runs as that user, logs to the console and has the management plugin.
set -euo pipefail

if [[ ${1:-} == rabbitmq-server && $(id -u) == 0 ]]; then
  chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi
export HOME=/var/lib/rabbitmq
exec "$@"

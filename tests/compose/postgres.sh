#!/bin/bash
# What the official image of PostgreSQL does before its server starts, as far as docker-compose.yml counts on it:
# POSTGRES_PASSWORD_FILE, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, PGDATA, and the scripts of
# /docker-entrypoint-initdb.d, once in a volume's life, with a server that listens on the socket alone.
set -euo pipefail

if [[ ${1:-} != postgres ]]; then
  exec "$@"
fi
if [[ $(id -u) == 0 ]]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  chmod 3777 /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  password=$(mktemp)
  printf '%s\n' "${POSTGRES_PASSWORD:-$(<"${POSTGRES_PASSWORD_FILE:?}")}" >"$password"
  # The arguments are words by the image's own documentation.
  eval "initdb --username=\"\$user\" --pwfile=\"\$password\" ${POSTGRES_INITDB_ARGS:-}" >/dev/null
  PGPASSWORD=$(<"$password")
  export PGPASSWORD
  rm "$password"
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl --silent -D "$PGDATA" -o "-c listen_addresses=''" --wait start
  if [[ $database != postgres ]]; then
    psql --no-psqlrc --quiet --username="$user" --dbname=postgres --command="CREATE DATABASE \"$database\""
  fi
  for script in /docker-entrypoint-initdb.d/*.sh; do
    [[ ! -e $script ]] || bash "$script"
  done
  pg_ctl --silent -D "$PGDATA" --mode=fast --wait stop
  unset PGPASSWORD
fi
exec "$@" -c listen_addresses='*'

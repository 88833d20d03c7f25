#!/bin/bash
# Runs grants.sql as the tables' owner, whose address stands in the file `database_url_owner`; after each `fleet migrate`.
#
# The password goes to psql through its environment, which the owner's own processes alone can read; in an argument
# every user of the host could.
set -euo pipefail

file=${CLOSURE_SECRETS_FOLDER:-/run/secrets}/database_url_owner
url=$(<"$file")
if [[ ! $url =~ ^(postgres(ql)?://closure_owner):([A-Za-z0-9._-]+)@(.+)$ ]]; then
  echo "grants.sh: $file must begin with postgres://closure_owner:PASSWORD@, the password in A-Z a-z 0-9 . _ -" >&2
  exit 64
fi
export PGPASSWORD=${BASH_REMATCH[3]}
exec psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file="$(dirname "$0")/grants.sql" \
  --dbname="${BASH_REMATCH[1]}@${BASH_REMATCH[4]}"

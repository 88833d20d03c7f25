#!/bin/bash
# Makes the database's users; run it as the superuser, as often as you like: it makes what is missing and sets every
# password anew, so that it serves the first start, an upgrade that brings a user, and a change of passwords.
#
# closure_owner     owns the schema: `fleet migrate` and grants.sql
# closure_sms, closure_email, closure_dial, closure_fallback, closure_dead, closure_cancel, closure_bounces
#                   one for each role of `fleet work`
# closure_advisor   the advisor: it reads what the rules ask about and writes nothing
# closure_operator  people: `fleet dead`, `template`, `suppress`, `fallback-hold`, `gateways`, `show`
# closure_doctor    `fleet doctor`: it counts and reads nobody's text
# closure_pbx       Asterisk: it adds call records and sees nothing
# closure_fleet     several roles in one process, `fleet work sms email`: it has the rights of all of them; made where
#                   its secret is
# What each may do with the tables stands in grants.sql. The intake has no database.
#
# Each has a file `database_url_<user>`, with the address that the process itself is given:
# postgres://closure_<user>:<password>@host/closure, the password in letters, digits, dots, dashes and underscores.
# Passwords go through standard input, never through an argument. The superuser's own is in `postgres_password`,
# where the server asks for it.
set -euo pipefail

folder=${CLOSURE_SECRETS_FOLDER:-/run/secrets}
database=${POSTGRES_DB:-closure}
superuser=${POSTGRES_USER:-postgres}

workers=(sms email dial fallback dead cancel bounces)
users=(owner "${workers[@]}" advisor operator doctor pbx)
if [[ -e $folder/database_url_fleet ]]; then
  users+=(fleet)
fi

password_of() {
  local file=$folder/database_url_$1 url
  if [[ ! -r $file ]]; then
    echo "roles.sh: there is no $file; deploy/make-secrets.sh makes what is missing and keeps the rest" >&2
    exit 64
  fi
  url=$(<"$file")
  if [[ ! $url =~ ^postgres(ql)?://closure_$1:([A-Za-z0-9._-]+)@ ]]; then
    echo "roles.sh: $file must begin with postgres://closure_$1:PASSWORD@, the password in A-Z a-z 0-9 . _ -" >&2
    exit 64
  fi
  printf '%s' "${BASH_REMATCH[2]}"
}

# make ROLE LOGIN|NOLOGIN
make() {
  echo "SELECT 'CREATE ROLE closure_$1' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'closure_$1') \\gexec"
  echo "ALTER ROLE closure_$1 $2;"
}

sql=$(make worker NOLOGIN && make courier NOLOGIN && make fleet NOLOGIN)
for user in "${users[@]}"; do
  # A failing command substitution inside an argument would go unnoticed.
  password=$(password_of "$user")
  sql+=$'\n'$(make "$user" "LOGIN PASSWORD '$password'")
done

list() {
  local IFS=,
  echo "$*"
}
named=("${users[@]/#/closure_}")
sql+="
ALTER ROLE closure_pbx CONNECTION LIMIT 10;
ALTER ROLE closure_advisor CONNECTION LIMIT 20;
ALTER ROLE closure_bounces CONNECTION LIMIT 20;
GRANT closure_courier TO closure_sms, closure_email, closure_dial;
GRANT closure_worker TO $(list "${workers[@]/#/closure_}");
GRANT $(list "${workers[@]/#/closure_}") TO closure_fleet;
ALTER DATABASE \"$database\" OWNER TO closure_owner;
REVOKE ALL ON DATABASE \"$database\" FROM PUBLIC;
GRANT CONNECT ON DATABASE \"$database\" TO $(list "${named[@]}");
REVOKE CREATE ON SCHEMA public FROM PUBLIC;"

if [[ -z ${PGPASSWORD:-} && -r $folder/postgres_password ]]; then
  PGPASSWORD=$(<"$folder/postgres_password")
  export PGPASSWORD
fi
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$superuser" --dbname="$database" <<<"SET client_min_messages = warning;
$sql"

#!/bin/bash
# Makes the database's users when the data is made; the image of PostgreSQL runs it once, as the superuser.
#
# closure_owner   owns the schema: `fleet migrate` and grants.sql
# closure_fleet   what the roles are: it changes rows and no table
# closure_advisor the advisor: it reads what the rules ask about and writes nothing
# closure_bounces the bounce reader: it ends accepted mails and lists their recipients
# closure_pbx     Asterisk: it adds call records and sees nothing
#
# Each has a file `database_url_<user>`, with the address that the process itself is given:
# postgres://closure_<user>:<password>@host/closure, the password in letters, digits, dots, dashes and underscores.
set -euo pipefail

folder=${CLOSURE_SECRETS_FOLDER:-/run/secrets}
database=${POSTGRES_DB:-closure}
superuser=${POSTGRES_USER:-postgres}

password_of() {
  local file=$folder/database_url_$1 url
  url=$(<"$file")
  if [[ ! $url =~ ^postgres(ql)?://closure_$1:([A-Za-z0-9._-]+)@ ]]; then
    echo "roles.sh: $file must begin with postgres://closure_$1:PASSWORD@, the password in A-Z a-z 0-9 . _ -" >&2
    exit 64
  fi
  printf '%s' "${BASH_REMATCH[2]}"
}

# A failing command substitution inside the here-document would go unnoticed.
owner=$(password_of owner)
fleet=$(password_of fleet)
pbx=$(password_of pbx)
advisor=$(password_of advisor)
bounces=$(password_of bounces)

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$superuser" --dbname="$database" <<SQL
CREATE ROLE closure_owner LOGIN PASSWORD '$owner';
CREATE ROLE closure_fleet LOGIN PASSWORD '$fleet';
CREATE ROLE closure_pbx LOGIN PASSWORD '$pbx' CONNECTION LIMIT 10;
CREATE ROLE closure_advisor LOGIN PASSWORD '$advisor' CONNECTION LIMIT 20;
CREATE ROLE closure_bounces LOGIN PASSWORD '$bounces' CONNECTION LIMIT 20;
ALTER DATABASE "$database" OWNER TO closure_owner;
REVOKE ALL ON DATABASE "$database" FROM PUBLIC;
GRANT CONNECT ON DATABASE "$database" TO closure_fleet, closure_pbx, closure_advisor, closure_bounces;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL

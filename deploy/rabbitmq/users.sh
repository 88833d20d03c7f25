#!/bin/bash
# Makes one RabbitMQ user for each role, with the narrowest rights; run it as often as you like.
#
#   users.sh FOLDER
#
# FOLDER holds one file for each user, `broker_uri_<user>`, with the address that the role itself is given:
# amqp://<user>:<password>@host:port/%2f. Names and passwords are letters, digits, dots, dashes and underscores, so
# that nothing in them needs escaping. Passwords go through standard input, never through an argument.
# RABBITMQCTL names another rabbitmqctl, RABBITMQ_VHOST another virtual host than /.
#
# From RabbitMQ 4 on rabbitmqctl reads a password only where `add_user NAME` or `change_password NAME` is all that it is
# given: with one word more, such as --quiet, it closes its input and waits for ever.
set -euo pipefail

folder=${1:?usage: users.sh FOLDER}
ctl=${RABBITMQCTL:-rabbitmqctl}
vhost=${RABBITMQ_VHOST:-/}

none='^$'
# The delays of one channel lead back to that channel alone. They are named one by one: a role must not publish to a
# queue's dead letters or to closure.home.
delay='(1s|5s|30s|2m|10m|1h)'
# While workers of an earlier release still run beside new ones, say CLOSURE_FORMER_WORKERS=yes: those write to delays
# that all channels shared, and the fallback worker to closure.jobs. Run this once more without it when they are gone.
former=''
former_jobs=''
if [[ ${CLOSURE_FORMER_WORKERS:-no} == yes ]]; then
  former="|retry\.$delay"
  former_jobs='|jobs'
fi
dead='((sms|email|dial|receipts|cancel|webhooks)\.dead|unroutable)'

existing=$("$ctl" --quiet list_users --no-table-headers | cut -f1)

# user USER CONFIGURE WRITE READ
user() {
  local name=$1 file=$folder/broker_uri_$1 uri password
  uri=$(<"$file")
  if [[ ! $uri =~ ^amqps?://$name:([A-Za-z0-9._-]+)@ ]]; then
    echo "users.sh: $file must begin with amqp://$name:PASSWORD@, the password in A-Z a-z 0-9 . _ -" >&2
    exit 64
  fi
  password=${BASH_REMATCH[1]}
  if grep -qxF -- "$name" <<<"$existing"; then
    printf '%s\n' "$password" | "$ctl" change_password "$name" >/dev/null
  else
    printf '%s\n' "$password" | "$ctl" add_user "$name" >/dev/null
  fi
  "$ctl" --quiet set_permissions --vhost "$vhost" "$name" "$2" "$3" "$4"
}

#    user      configure              write                                    read
user topology '^(closure|crm)\.'     '^(closure|crm)\.'                       '^(closure|crm)\.'
user crm      "$none"                '^closure\.jobs$'                        '^crm\.outcomes$'
user sms      "$none"                "^closure\.(outcomes|receipts|retry\.sms\.$delay$former)\$" '^closure\.sms$'
user email    "$none"                "^closure\.(outcomes|retry\.email\.$delay$former)\$"         '^closure\.email$'
user dial     "$none"                "^closure\.(outcomes|retry\.dial\.$delay$former)\$"          '^closure\.dial$'
user fallback "$none"                "^closure\.(fallback|outcomes$former_jobs)\$"                   '^closure\.receipts$'
user dead     "$none"                '^closure\.outcomes$'                    "^closure\.$dead\$"
user cancel   "$none"                '^closure\.outcomes$'                    '^closure\.cancel$'
user intake   "$none"                '^closure\.receipts$'                    "$none"
user webhooks "$none"                '^closure\.webhooks\.aside$'             '^closure\.webhooks$'
user operator "$none"                '^closure\.(jobs|outcomes|receipts|webhooks\.again)$' "$none"
# From 4.2.6 on the broker tells how many messages wait only to who has some right to the queue. To write to a queue that
# is no exchange means nothing by itself, so that this right lets the doctor see, and neither publish nor read.
user doctor   "$none"                '^closure\.((sms|email|dial|cancel|webhooks)(\.dead)?|receipts\.dead)$' "$none"

# The bounce reader of an earlier release had a user of its own.
if [[ ! $former ]] && grep -qxF bounces <<<"$existing"; then
  "$ctl" --quiet delete_user bounces
fi

# Everybody knows guest's password.
if grep -qxF guest <<<"$existing"; then
  "$ctl" --quiet delete_user guest
fi

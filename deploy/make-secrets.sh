#!/bin/bash
# Makes the folder of secrets that docker-compose.yml mounts: random passwords for the broker and the database, and
# empty files for what only other people can give you.
#
#   deploy/make-secrets.sh [FOLDER]        the default is deploy/secrets; existing files are kept as they are
#
# CLOSURE_CRM_BROKER is the way by which the CRM comes, such as amqps://broker.example.com:5671; from another machine it comes
# over TLS alone (deploy/compose-tls.yml). CLOSURE_BROKER_HOST is the broker as the fleet's own processes see it,
# CLOSURE_DATABASE_HOST the database: HOST:PORT, and without it the socket that the containers share.
#
# The folder is closed to other users of this host; the files themselves can be read by all, because the processes in
# the containers have users of their own.
set -euo pipefail

folder=${1:-$(dirname "$0")/secrets}
broker=${CLOSURE_BROKER_HOST:-rabbitmq:5672}
database=${CLOSURE_DATABASE_HOST:-%2Fvar%2Frun%2Fpostgresql}
crm_broker=${CLOSURE_CRM_BROKER:-amqp://$broker}
if [[ ! $crm_broker =~ ^(amqps?)://([^][:space:]/@?#]+)$ ]]; then
  # The value itself may have somebody's password in it.
  echo "make-secrets.sh: CLOSURE_CRM_BROKER must be amqps://HOST:PORT without a user, and CLOSURE_BROKER_HOST HOST:PORT" >&2
  exit 64
fi
crm_scheme=${BASH_REMATCH[1]} crm_place=${BASH_REMATCH[2]}
mkdir -p "$folder"
chmod 700 "$folder"
umask 022

password() {
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# keep FILE TEXT
keep() {
  if [[ -e $folder/$1 ]]; then
    echo "kept     $1"
  else
    printf '%s' "$2" >"$folder/$1"
    echo "written  $1"
  fi
}

keep broker_uri_crm "$crm_scheme://crm:$(password)@$crm_place/%2f"
if [[ ${CLOSURE_CRM_BROKER:-} && $(<"$folder/broker_uri_crm") != "$crm_scheme://crm:"*"@$crm_place/%2f" ]]; then
  echo "change   broker_uri_crm, which names another way than $crm_broker: write that into it, and leave user and password"
fi
for user in topology sms email dial fallback dead cancel intake webhooks operator doctor; do
  keep "broker_uri_$user" "amqp://$user:$(password)@$broker/%2f"
done
for user in owner sms email dial fallback dead cancel bounces advisor operator doctor pbx; do
  keep "database_url_$user" "postgres://closure_$user:$(password)@$database/closure"
done
keep postgres_password "$(password)"
# You choose this value and give it to NHN Cloud with the webhook's address.
keep nhn_webhook_secret "$(password)"
keep nhn_webhook_secret_next ""
# This one you give to Infobip, as the user and the password of its reports.
keep infobip_webhook_secret "closure:$(password)"
keep infobip_webhook_secret_next ""
# Twilio signs with the account's own token, which it gives you.
keep twilio_auth_token ""
keep twilio_auth_token_next ""
# Sinch signs with a secret that its account manager sets up for the callbacks of the service plan.
keep sinch_webhook_secret ""
keep sinch_webhook_secret_next ""
# The CRM sends this one with its questions to the advisor.
keep advisor_token "$(password)"
keep advisor_token_next ""
# This one asks the advisor what became of jobs; empty it, and nobody may.
keep advisor_jobs_token "$(password)"
keep advisor_jobs_token_next ""
# It makes our envelope senders ours; the roles email and bounces share it.
keep bounce_secret "$(password)"
keep bounce_secret_next ""
# It hashes recipients, so that they are found and written down nowhere; a new key is a further line with the next number.
# A key that is lost takes with it whatever it hashed: keep a copy where the database's backups are not.
keep recipient_hash_keys "1:$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
# It signs what is posted to the CRM's webhook; the CRM has it too.
keep webhooks_secret "whsec_$(head -c 32 /dev/urandom | base64)"
keep webhooks_secret_next ""
# Without a key nothing is signed.
keep dkim_key ""
keep dkim_second_key ""
for file in nhn_secret_key infobip_api_key twilio_secret sinch_api_token smtp_password ari_password; do
  keep "$file" ""
done

for file in nhn_secret_key ari_password; do
  [[ -s $folder/$file ]] || echo "fill in  $file (the role that needs it refuses to start without it)"
done
for file in infobip_api_key twilio_secret twilio_auth_token sinch_api_token sinch_webhook_secret; do
  [[ -s $folder/$file ]] || echo "fill in  $file, if sms.gateways names that gateway"
done
[[ -s $folder/smtp_password ]] || echo "fill in  smtp_password, if the mail server asks for one"

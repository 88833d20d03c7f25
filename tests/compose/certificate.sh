#!/bin/bash
# An authority of two days, and a certificate of its for `localhost`, in the form that deploy/compose-tls.yml asks for.
#
#   certificate.sh FOLDER
set -euo pipefail

cd "${1:?usage: certificate.sh FOLDER}"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=compose -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem \
  -extfile <(echo subjectAltName=DNS:localhost)
# The container's user is nobody on this host.
chmod 644 server.key

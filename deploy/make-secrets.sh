#!/bin/sh
# Makes the secrets of docker-compose.yml, each once: deploy/make-secrets.sh [FOLDER]
# The folder is closed to others. The files in it are readable, because the users inside the containers have other numbers.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
cd "$folder"
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
for name in postgres_password database_password ray_token; do
    [ -s "$name" ] || random >"$name"
done
printf 'postgresql://cambrian:%s@postgres:5432/cambrian' "$(cat database_password)" >database_url
chmod 444 postgres_password database_password ray_token database_url

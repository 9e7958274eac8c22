#!/bin/sh
# Imports what a transfer medium contains: images/NAME.tar (docker or OCI archives) and files/. Run it on the transfer host,
# such as from a timer of systemd. The secret of the deploy token is in /etc/transfer/secret, readable by its user only.
set -eu

medium=${1:?usage: transfer.sh FOLDER}
registry=${REGISTRY:-registry.example.com}
secret_file=${SECRET_FILE:-/etc/transfer/secret}

# Neither skopeo nor curl gets the secret as an argument, which other users can read.
skopeo login --username transfer --password-stdin "$registry" < "$secret_file"
trap 'skopeo logout "$registry"' EXIT

for archive in "$medium"/images/*.tar; do
  [ -e "$archive" ] || continue
  name=$(basename "$archive" .tar)
  skopeo copy "docker-archive:$archive" "docker://$registry/approved/plant/$name"
done

for file in "$medium"/files/*; do
  [ -e "$file" ] || continue
  printf 'user = "transfer:%s"\n' "$(cat "$secret_file")" |
    curl --silent --show-error --fail-with-body --config - --upload-file "$file" \
      "https://$registry/files/approved/plant/$(basename "$file")"
done

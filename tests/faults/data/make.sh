#!/bin/sh
# Made the certificates beside it, once: an authority, and two certificates of it for a server on loopback, one that
# expired in 2021 and one that never will in practice. They protect nothing; the authority's key is thrown away.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/conf" <<END
[ca]
default_ca = authority
[authority]
database = $work/index
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = names
unique_subject = no
[names]
commonName = supplied
[req]
distinguished_name = none
[none]
[authority_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server_extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
: >"$work/index"
echo 01 >"$work/serial"

# certificate NAME KEY SUBJECT EXTENSIONS FROM TO OPTION...
certificate() {
    name=$1 key=$2 subject=$3 extensions=$4 from=$5 to=$6
    shift 6
    openssl req -new -newkey rsa:2048 -nodes -config "$work/conf" -subj "/CN=$subject" -keyout "$key" \
        -out "$work/request"
    openssl ca -batch -notext -config "$work/conf" -in "$work/request" -extensions "$extensions" \
        -startdate "$from" -enddate "$to" -out "$work/certificate" "$@"
    cat "$work/certificate" >"$name"
}

certificate authority.pem "$work/key" "Flagship tests" authority_extensions 20200101000000Z 21200101000000Z \
    -selfsign -keyfile "$work/key"
for pair in expired:20210101000000Z valid:21200101000000Z; do
    certificate "${pair%%:*}.pem" "$work/server.key" localhost server_extensions 20200101000000Z "${pair#*:}" \
        -cert authority.pem -keyfile "$work/key"
    cat "$work/server.key" >>"${pair%%:*}.pem"
done

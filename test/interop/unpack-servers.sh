#!/usr/bin/env bash
# Unpacks Postfix, Exim, OpenSMTPD, Dovecot, HAProxy and nginx, each with what it needs beyond this machine, into a folder of its own, from where
# foreign-server.ts runs them. Nothing is installed and nothing is started: Debian's packages of Postfix and Exim exclude
# each other, and an installed server is one that runs.
set -euo pipefail
folder=${LETTERLOCK_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/letterlock/servers}
mkdir -p "$folder"
is_updated=false

# unpack NAME PACKAGE…: the first apt-get brings what is not installed here, the second what is.
unpack() {
  local name=$1 root=$folder/$1 packages part
  shift
  [[ $(cat "$root/complete" 2>/dev/null) != "$*" ]] || return 0
  echo "Unpacking $*"
  $is_updated || apt-get update -qq
  is_updated=true
  packages=$(mktemp -d)
  rm -rf "$root"
  mkdir -p "$root"/{usr,etc} "$packages/partial"
  apt-get install -y -qq --no-install-recommends --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
    -o Dir::Cache::archives="$packages" "$@"
  for part in "$@"; do
    compgen -G "$packages/${part}_*.deb" >/dev/null ||
      (cd "$packages" && apt-get download -qq -o APT::Sandbox::User=root "$part")
  done
  for part in "$packages"/*.deb; do dpkg-deb -x "$part" "$root"; done
  rm -rf "$packages"
  # Where /lib is /usr/lib, a package may have its files in either.
  for part in lib bin sbin; do
    [[ -d $root/$part ]] || continue
    mkdir -p "$root/usr/$part"
    cp -a "$root/$part/." "$root/usr/$part/"
    rm -rf "${root:?}/$part"
  done
  echo "$*" >"$root/complete"
}

unpack postfix postfix
unpack exim exim4-daemon-heavy exim4-base exim4-config
unpack opensmtpd opensmtpd stunnel4
unpack dovecot dovecot-core dovecot-lmtpd dovecot-pop3d
unpack haproxy haproxy
unpack nginx nginx-light libnginx-mod-mail

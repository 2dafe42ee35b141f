#!/bin/sh
# with_postgresql.sh COMMAND...: starts a PostgreSQL server of Debian's package in a folder of its own, on a socket in
# it and on no network, runs COMMAND with PTARMIGAN_TEST_POSTGRESQL set, and takes the server away. Exit 77 and a
# message where PostgreSQL is not installed.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || { echo "skipped: PostgreSQL is not installed (apt install postgresql)"; exit 77; }
folder=$(mktemp -d)
as=""
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
  chown nobody "$folder"
  as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
stop() { $as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"; }
trap stop EXIT
cd "$folder"
$as "$bin/initdb" -D "$folder/data" -U test -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
$as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w \
  -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c fsync=off" start >/dev/null || { cat "$folder/log"; exit 1; }
PTARMIGAN_TEST_POSTGRESQL="postgresql:///postgres?host=$folder&user=test" "$@"

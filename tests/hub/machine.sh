#!/usr/bin/env bash
# Process 1 of a machine within this one, for root: machine.sh "CLOSED PLACES" KEPT_PATH ...
# It has its own accounts, homes and /srv, and sees the kept paths where they are outside. Nothing
# of it is on the disk, and all of it is gone when its standard input ends.
set -euo pipefail
places=$1
shift

mount -t tmpfs -o mode=0755 machine /mnt
number=0
for path in "$@"; do
  mkdir "/mnt/$((++number))"
  mount --rbind "$path" "/mnt/$number"
done
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
for place in $places; do
  mount -t tmpfs -o mode=0755 machine "$place"
done
chmod 1777 /tmp
number=0
for path in "$@"; do
  mkdir -p "$path"
  mount --rbind "/mnt/$((++number))" "$path"
done
echo ready
exec cat >/dev/null

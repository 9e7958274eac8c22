#!/bin/sh
# Runs a program in the file system of an image as an orchestrator does: process 1 of its namespace, user 65532, the root
# read-only; only /tmp and the state can be written. For where no container engine can start one. Needs root.
#
#   test/container/run-read-only.sh ROOT CONFIG STATE PROGRAM [ARGUMENT…]
set -eu

if [ "${1:-}" != --inside ]; then
  # The exit code and the signals are the program's: exec, and unshare hands its child's code on.
  exec unshare --mount --pid --fork --kill-child=SIGTERM "$0" --inside "$@"
fi

root=$2 config=$3 state=$4
shift 4
mount --make-rprivate / 2>/dev/null || true
mount --bind "$root" "$root"
mount --bind "$config" "$root/etc/gatehouse"
mount --bind "$state" "$root/var/lib/gatehouse"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root/etc/gatehouse"
mount -o remount,ro,bind "$root"
exec setpriv --clear-groups --no-new-privs \
  unshare --root "$root" --wd /var/lib/gatehouse --setgid 65532 --setuid 65532 -- "$@"

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a command in a throw-away copy of this machine's file system:
#
#   throwaway.sh SECONDS COMMAND [ARG...]
#
# What the command writes, installs and deletes is gone afterwards, and so are its processes: it
# has mounts (an overlay on /) and process numbers of its own.  /dev/null is its standard input.
# The source tree is there, and cannot be written to.  For root; needs unshare(1) and overlayfs.
# Exit status: the command's; 137 when the time is over; 77 with the reason where this machine does
# not allow it.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd -P)

cannot() {
	printf 'no throw-away root: %s\n' "$*" >&2
	exit 77
}

# In the new namespaces; the last step makes the command process 1 of its own.
enter() {
	local place=$1 root=$1/root node tree
	shift
	mount -t tmpfs -o mode=755 ulp-throwaway "$place" || cannot "a tmpfs cannot be mounted"
	mkdir "$place/upper" "$place/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" overlay "$root" ||
		cannot "an overlay on / cannot be mounted"
	mount -t proc proc "$root/proc" || cannot "/proc cannot be mounted"
	# Only what programs need: the machine's devices are no copies.
	mount -t tmpfs -o mode=755 ulp-throwaway "$root/dev" || cannot "/dev cannot be mounted"
	for node in null zero full random urandom; do
		touch "$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"
	done
	ln -s /proc/self/fd "$root/dev/fd"
	mkdir "$root/dev/shm"
	mount -t tmpfs -o mode=755 ulp-throwaway "$root/run"
	mount -t tmpfs -o mode=1777 ulp-throwaway "$root/tmp"
	for tree in "$top" ${ULP_THROWAWAY_SHARE:-}; do
		mkdir -p "$root$tree"
		mount --bind "$tree" "$root$tree" && mount -o remount,bind,ro "$root$tree" ||
			cannot "$tree cannot be mounted"
	done
	cd / && exec chroot "$root" "$@"
}

if [ "$1" = --enter ]; then
	shift
	enter "$@"
fi

seconds=$1
shift
[ "$(id -u)" -eq 0 ] || cannot "not root"
for folder in /usr /var /etc; do
	! mountpoint -q "$folder" || cannot "$folder is a file system of its own"
done
namespaces='--mount --pid --fork --kill-child'
# shellcheck disable=SC2086
unshare $namespaces true 2>/dev/null || cannot "namespaces are not allowed"
place=$(mktemp -d) || exit
trap 'rmdir "$place"' EXIT
trap 'exit 1' HUP INT TERM
# unshare waits for its child and lets no other signal end it; with it, all processes end.
# shellcheck disable=SC2086
timeout --foreground -s KILL "$seconds" unshare $namespaces "$0" --enter "$place" "$@" </dev/null

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Shows live patching on a running process: before, after, reverted.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"
. "$top/scripts/lib/openssl-server.sh"
. "$top/scripts/lib/glibc.sh"
. "$top/tests/lib/process.sh"

usage() {
	cat <<END
Usage: scripts/demo.sh [openssl | glibc | --help]
Installs what is missing (on Debian), builds in _build/demo, and shows a live patch on a
running process: before, after, reverted.

  (nothing)   a small example program and its library, docs/example/
  openssl     nginx with TLS under load: a real fix of OpenSSL goes into master and workers,
              and out again, while requests are counted
  glibc       a program with four threads in malloc: two real fixes of glibc, one of them in
              malloc itself, go into it, and out again
  --help      show this help

The exit status is 0 if everything was as it should be.
END
}

build=$build_root/demo
faults=0

heading() {
	printf '\n== %s\n' "$*"
}

# Shows a command as one would type it, and runs it.
show() {
	printf '$ %s\n' "$*"
	"$@" || fault "status $? of: $*"
}

fault() {
	printf 'NOT AS IT SHOULD BE: %s\n' "$*"
	faults=$((faults + 1))
}

# expect WHAT GOT WANTED
expect() {
	if [ "$2" = "$3" ]; then
		printf '%s: %s\n' "$1" "$2"
	else
		fault "$1: $2 (wanted: $3)"
	fi
}

# Where the kernel lets processes trace only their children, ulp needs root.
ulp() {
	local scope=0
	[ ! -r /proc/sys/kernel/yama/ptrace_scope ] ||
		scope=$(cat /proc/sys/kernel/yama/ptrace_scope)
	if [ "$scope" -gt 0 ] && [ "$(id -u)" -ne 0 ]; then
		as_root "$build/ulp" "$@"
	else
		"$build/ulp" "$@"
	fi
}

ulp-packer() {
	"$build/ulp-packer" "$@"
}

prepare() {
	need_build_packages || die "packages are missing"
	case $1 in
	openssl)
		# shellcheck disable=SC2086
		need_packages $packages_openssl || die "packages are missing"
		;;
	glibc)
		# shellcheck disable=SC2086
		need_packages $packages_glibc || die "packages are missing"
		;;
	esac
	say "building in _build/demo"
	build_variant demo --disable-unit-tests || die "the build failed"
	work=$(mktemp -d) || die "no folder for temporary files"
	trap 'process_stop_all; rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
}

finish() {
	if [ "$faults" -gt 0 ]; then
		heading "$faults not as it should be"
		exit 1
	fi
	heading "all as it should be"
}

# --- the example -------------------------------------------------------------

example_says() {
	tail -n 1 "$work/program.log" | sed 's/^question [0-9]*: //'
}

example_does_say() {
	[ "$(example_says)" = "$1" ]
}

# Waits for the program's next lines to say so; shows the last two.
example_expect() {
	wait_for 20 example_does_say "$1"
	tail -n 2 "$work/program.log"
	expect "the program says" "$(example_says)" "$1"
}

demo_example() {
	local plugin
	prepare example
	plugin=$(find_plugin) || die "there is no plugin in _build/demo"
	cp "$top"/docs/example/* "$work/"
	cd "$work" || exit

	heading "A library, built with one more flag, and a program that uses it"
	show gcc -O2 -g -fPIC -shared -fplugin="$plugin" -Wl,-soname,libcalendar.so.1 \
		-Wl,--build-id -o libcalendar.so.1 calendar.c
	show ulp livepatchable libcalendar.so.1
	show gcc -O2 -g -o program program.c ./libcalendar.so.1
	# shellcheck disable=SC2016
	say '$ LD_LIBRARY_PATH=. LD_PRELOAD=libpulp.so.0 ./program >program.log &'
	LD_LIBRARY_PATH=. LD_PRELOAD=$build/.libs/libpulp.so.0 \
		process_start ./program >program.log
	example_expect "2100 is a leap year"

	heading "The fix: an object file and a spec become a container"
	show gcc -O2 -g -fPIC -c -o calendar-fix.o calendar-fix.c
	show ulp-packer calendar-fix.yaml calendar-fix.o -t libcalendar.so.1 -o calendar-fix.so
	show ulp dump calendar-fix.so

	heading "It goes into the running process"
	show ulp trigger -p "$process_pid" calendar-fix.so
	example_expect "2100 is no leap year"
	show ulp patches -p "$process_pid"

	heading "And out again"
	show ulp trigger -p "$process_pid" --revert calendar-fix.so
	example_expect "2100 is a leap year"
	show ulp patches -p "$process_pid"
	finish
}

# --- OpenSSL -----------------------------------------------------------------

demo_openssl() {
	local container=openssl-CVE-2025-69418.so pid all
	prepare openssl
	openssl_build "$(find_plugin)" || die "OpenSSL could not be built"
	openssl_fix CVE-2025-69418 "$work/fix" || die "the fix could not be compiled"
	server_build_programs && server_make_certificate || die "the server could not be set up"

	heading "nginx and a second program on OpenSSL ${openssl_version%%-*}, with the runtime"
	server_start || die "nginx does not start"
	victim_start || die "the second program does not start"
	all="$server_pids $victim_pid"
	# shellcheck disable=SC2086
	on_our_libraries_all $all || fault "a process is not on the libraries built here"
	say "nginx: master $server_pid, workers $(server_children)on 127.0.0.1:$server_port"
	say "a program that encrypts with OCB: $victim_pid"
	load_start
	load_more 100 || fault "the server does not answer"
	say "$(load_count done) TLS requests done, $(load_count failed) failed; the load goes on"
	expect "OCB gives" "$(victim_answer)" "encrypt WRONG, decrypt WRONG"

	heading "The fix becomes a container"
	cd "$work" || exit
	show ulp livepatchable "$openssl_dir/libcrypto.so.3"
	show ulp-packer "$top/specs/openssl/CVE-2025-69418.yaml" "${fix_objects[@]}" \
		-t "$openssl_dir/libcrypto.so.3" -o "$container"
	readelf -SW "$container" | grep -F .ulp || fault "the container has no section .ulp"
	show ulp dump "$container"

	heading "It goes into master, workers and the second program"
	for pid in $all; do
		show ulp trigger -p "$pid" "$container"
	done
	expect "OCB gives" "$(victim_answer)" "encrypt RIGHT, decrypt RIGHT"
	for pid in $all; do
		show ulp patches -p "$pid"
	done
	load_more 200 || fault "the server stopped answering"
	say "$(load_count done) TLS requests done, $(load_count failed) failed"

	heading "And out again"
	for pid in $all; do
		show ulp trigger -p "$pid" --revert "$container"
	done
	expect "OCB gives" "$(victim_answer)" "encrypt WRONG, decrypt WRONG"
	load_more 200 || fault "the server stopped answering"
	load_stop

	heading "Requests"
	say "$(load_count done) requests done, $(load_count failed) failed"
	[ "$(load_count failed)" -eq 0 ] || { fault "requests failed"; cat "$work/load.err"; }
	finish
}

# --- glibc -------------------------------------------------------------------

# What the program says; see tests/e2e/victims/libc_victim.c.
libc_says() {
	local line
	echo '?' >&8 && read -r -t 60 line <&9 && printf '%s\n' "$line"
}

# expect_libc FOUND: what it finds besides the number of rounds, and that its threads go on.
expect_libc() {
	local line
	line=$(libc_says)
	say "$line"
	expect "the program finds" "${line%, rounds *}" "$1, faults 0"
	wait_for 60 libc_goes_on "${line##* }" || fault "its threads do not go on"
}

libc_goes_on() {
	local line
	line=$(libc_says)
	[ "${line##* }" -gt "$1" ]
}

demo_glibc() {
	local name
	prepare glibc
	glibc_build plugin "$(find_plugin)" || die "glibc could not be built"
	quietly "$work/victim.log" gcc -std=gnu17 -D_GNU_SOURCE -O2 -g -o "$work/libc_victim" \
		"$top/tests/e2e/victims/libc_victim.c" -pthread || die "the program could not be compiled"
	cd "$work" || exit

	heading "A program on glibc $glibc_version, with the runtime; four threads allocate"
	mkfifo ask answer
	exec 8<>ask 9<>answer
	process_start on_our_glibc ./libc_victim <ask >answer 8>&- 9>&-
	expect_libc "wordexp WRONG, memalign WRONG"

	heading "The fixes become containers"
	show ulp livepatchable "$glibc_dir/libc.so.6"
	for name in CVE-2025-15281 CVE-2026-0861; do
		glibc_fix "$name" "$work/fix" || die "the fix could not be compiled"
		show ulp-packer "$top/specs/glibc/$name.yaml" "${fix_objects[@]}" \
			-t "$glibc_dir/libc.so.6" -o "glibc-$name.so"
	done

	heading "They go in"
	show ulp trigger -p "$process_pid" glibc-CVE-2025-15281.so
	expect_libc "wordexp RIGHT, memalign WRONG"
	show ulp trigger -p "$process_pid" glibc-CVE-2026-0861.so
	expect_libc "wordexp RIGHT, memalign RIGHT"
	show ulp patches -p "$process_pid"

	heading "And out again"
	show ulp trigger -p "$process_pid" --revert glibc-CVE-2025-15281.so
	show ulp trigger -p "$process_pid" --revert glibc-CVE-2026-0861.so
	expect_libc "wordexp WRONG, memalign WRONG"
	finish
}

case ${1-} in
'') demo_example ;;
openssl) demo_openssl ;;
glibc) demo_glibc ;;
--help) usage ;;
*)
	usage >&2
	exit 2
	;;
esac

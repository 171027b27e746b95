#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real fix of OpenSSL goes into a TLS server under load, and out again: no request fails, and a
# second program on the same library computes wrong, right, and wrong again.
# Needs the library that scripts/check.sh builds; skipped without it.
. "${ULP_SRCDIR:?}/tests/lib/real.sh"
. "$top/scripts/lib/openssl-server.sh"

need_openssl
container=$work/openssl-CVE-2025-69418.so
library=$openssl_dir/libcrypto.so.3

# on_each PID... -- COMMAND...: runs it with "-p PID" for each; fails where one of them fails.
on_each() {
	local pids=() pid status=0
	while [ "$1" != -- ]; do
		pids+=("$1")
		shift
	done
	shift
	for pid in "${pids[@]}"; do
		"$@" -p "$pid" >"$work/out" 2>"$work/err" || {
			status=$?
			printf '# status %d for pid %d\n' "$status" "$pid"
			sed 's/^/# /' "$work/out" "$work/err"
		}
	done
	return "$status"
}

# The checksums of libcrypto's code in the given processes.
code_of() {
	local pid
	for pid; do
		mapped_code "$pid" "$library"
	done
}

# patches_name PID...: whether `ulp patches` shows the live patch, its label and its library.
patches_name() {
	local pid
	for pid; do
		ulp patches -p "$pid" >"$work/out" 2>"$work/err" || return
		grep -q "^PID: $pid, name: " "$work/out" &&
			grep -qF "in $library:" "$work/out" &&
			grep -q "livepatch: openssl-CVE-2025-69418" "$work/out" &&
			grep -q "bug labels: CVE-2025-69418" "$work/out" || return
	done
}

tap_ok "the fix is compiled from the fixed source" openssl_fix CVE-2025-69418 "$work/fix" ||
	tap_bail "no fix"
server_build_programs || tap_bail "the programs of this test could not be compiled"
server_make_certificate || tap_bail "no certificate"
server_start || tap_bail "nginx does not start"
victim_start || tap_bail "the program does not start"
all="$server_pids $victim_pid"
# shellcheck disable=SC2086
tap_ok "all run on the patchable library, with the runtime" on_our_libraries_all $all
tap_ok "the library is patchable" ulp livepatchable "$library"
load_start
tap_ok "requests are answered" load_more 50
# shellcheck disable=SC2086
original=$(code_of $all)
tap_is "before: the fault is there" "encrypt WRONG, decrypt WRONG" "$(victim_answer)"

run ulp-packer "$top/specs/openssl/CVE-2025-69418.yaml" "${fix_objects[@]}" -t "$library" -o "$container"
tap_is "the fix is packed" 0 "$status"
readelf -SW "$container" >"$work/sections" 2>&1
tap_has "the container has .ulp" "$work/sections" ' \.ulp '
tap_has "the container has .ulp.rev" "$work/sections" ' \.ulp\.rev '

# shellcheck disable=SC2086
{
	tap_ok "it goes into master, workers and program" on_each $all -- ulp trigger "$container"
	tap_is "after: the fault is gone" "encrypt RIGHT, decrypt RIGHT" "$(victim_answer)"
	tap_ok "ulp check finds it everywhere" on_each $all -- ulp check "$container"
	tap_ok "ulp patches shows it everywhere" patches_name $all
	tap_ok "requests are answered with the fix" load_more 100

	tap_ok "it is taken out everywhere" on_each $all -- ulp trigger --revert "$container"
	tap_is "reverted: the fault is back" "encrypt WRONG, decrypt WRONG" "$(victim_answer)"
	tap_is "the code is byte for byte as it was" "$original" "$(code_of $all)"
	tap_ok "requests are answered after the revert" load_more 100

	tap_ok "it goes in once more" on_each $all -- ulp trigger "$container"
	tap_is "again: the fault is gone" "encrypt RIGHT, decrypt RIGHT" "$(victim_answer)"
	tap_ok "and out once more" on_each $all -- ulp trigger --revert "$container"
}
# shellcheck disable=SC2086
tap_is "the code is as it was, once more" "$original" "$(code_of $all)"
load_stop
echo "# $(load_count done) requests done, $(load_count failed) failed"
tap_is "no request failed" 0 "$(load_count failed)" || cat "$work/load.err"
tap_done

# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# openssl_example FOLDER: leaves there what the test of openssl-livepatches needs: the package's
# source, a live patchable libcrypto.so.3, and a program that shows whether the fix is in effect.
# Building OpenSSL takes minutes, so a build has to be there: the one that the other tests use, or
# $ULP_OPENSSL_BUILD.  Needs common.sh, sources.sh and openssl.sh.

openssl_example() {
	local out=$1
	rm -rf "$out"
	if [ -n "${ULP_OPENSSL_BUILD:-}" ]; then
		openssl_dir=$ULP_OPENSSL_BUILD
	else
		openssl_is_built "$(find_plugin "$build_root/gcc" 2>/dev/null)" || return
		[ -e "$openssl_dir/ulp.so" ] || return
	fi
	mkdir -p "$out"
	quietly "$out/example.log" "$top/packaging/examples/openssl-livepatches.sh" \
		--build="$openssl_dir" "$out/source" CVE-2025-69418 || return
	quietly "$out/victim.log" gcc -std=gnu17 -D_GNU_SOURCE -O2 -isystem "$openssl_dir/include" \
		-isystem "$(openssl_source)/include" -o "$out/ocb_victim" \
		"$top/tests/e2e/victims/ocb_victim.c" -L"$openssl_dir" -lcrypto -pthread || return
	cp "$openssl_dir/libcrypto.so.3" "$out/"
}

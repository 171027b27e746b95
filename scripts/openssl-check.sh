#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs OpenSSL's own test suite on a build with the plugin, and compares it with a plain build's.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"

usage() {
	cat <<END
Usage: scripts/openssl-check.sh [OPTION]...
Builds all of Debian's OpenSSL with the plugin, programs and tests included, runs its "make test",
and compares the result of each test with that of a plain build.  Builds and the plain build's
results are kept in _cache/; without anything kept it takes some 20 minutes of CPU time.

  --plugin PLUGIN   the plugin [that of _build/gcc]
  --subset          only tests that take a minute in all, and no plain build: each has to pass
  --help            show this help

The last line of the output is the number of test files and tests; the exit status is 0 if all
passed that pass without the plugin.
END
}

# They go through much of both libraries, and need only programs that link the shared libraries:
# those that link the static ones would have every source compiled once more.
subset_tests="test_sanity test_lhash test_stack test_bn test_exp test_dgst test_enc test_pkeyutl
	test_evp test_x509 test_verify test_verify_extra test_d2i test_pkcs7 test_pkcs12 test_req
	test_crl test_asn1_time test_x509_time test_constant_time test_packet test_clienthello
	test_servername test_async test_threads test_dtls test_ssl_new test_tls13messages
	test_sslrecords test_sslmessages test_cms test_cmsapi test_ocsp test_tsa test_ca"
subset_programs="link-utils util/wrap.pl util/shlib_wrap.sh apps/openssl apps/CA.pl apps/tsget.pl
	providers/legacy.so engines/ossltest.so test/sanitytest test/lhash_test test/stack_test
	test/bntest test/exptest test/evp_test test/v3ext test/verify_extra_test test/d2i_test
	test/pkcs7_test test/pkcs12_format_test test/crltest test/asn1_time_test
	test/x509_time_test test/constant_time_test test/packettest test/clienthellotest
	test/servername_test test/asynctest test/threadstest test/threadstest_fips test/dtlstest
	test/ssl_test test/cmsapitest test/ocspapitest"

# A test that hangs must not hang the whole; machines differ widely.
test_seconds=5400

plugin='' subset=no
option() {
	case $1 in
	--plugin) option_plugin "$@" ;;
	--subset) subset=yes ;;
	*) return 1 ;;
	esac
}
read_options "$@"

# make_more TARGET...: makes more of the build in openssl_dir, which is complete for the libraries.
# Without the mark while it goes on: a build that is interrupted is done again from the start.
make_more() {
	local status=0
	(
		flock 9
		rm "$openssl_dir/complete"
		quietly "$openssl_dir/make-more.log" make -C "$openssl_dir" -j"$(jobs_count)" "$@" ||
			status=$?
		touch "$openssl_dir/complete"
		exit "$status"
	) 9>"$cache/openssl/lock"
}

# run_suite RESULTS [TEST...]: runs OpenSSL's tests, all or those named, and leaves in the folder
# RESULTS: log, files (a line a test file), tests (a line a test).
run_suite() {
	local results=$1 status=0
	shift
	rm -rf "$results"
	mkdir -p "$results"
	(
		cd "$openssl_dir" || exit
		HARNESS_JOBS=$(jobs_count) HARNESS_TAP_COPY=$results/tap \
			timeout -k 30 "$test_seconds" make run_tests TESTS="$*" >"$results/log" 2>&1 </dev/null
	) || status=$?
	[ "$status" -ne 124 ] || say "the tests did not end in $test_seconds seconds" >&2
	# "30-test_evp.t .... ok", also "skipped: reason"; behind remarks where a test failed.
	sed -n -E 's/.*([0-9]{2}-test_[a-z0-9_]*\.t) \.+ ?(.*)/\1 \2/p' "$results/log" |
		sort >"$results/files"
	# Files run side by side, so that their lines are mixed: without numbers and sorted.  One of
	# the tests has the name of a random folder.
	sed -n -E -e 's|[A-Za-z0-9]{32}/randomname|RANDOM/randomname|' \
		-e 's/^(not ok|ok) [0-9]+/\1/p' "$results/tap" | sort >"$results/tests"
	sed -n 's/^Files=\([0-9]*\), Tests=\([0-9]*\), .*/\1 \2/p' "$results/log" | tail -n 1 \
		>"$results/counts"
	return "$status"
}

# summary RESULTS TEXT
summary() {
	local files tests
	read -r files tests <"$1/counts" || die "the tests came to no end: $1/log"
	say "$2: $files test files ($(grep -c ' skipped: ' "$1/files") skipped), $tests tests," \
		"$(grep -c '^not ok' "$1/tests") not ok"
}

# The whole suite on the build that openssl_dir is.
whole_suite() {
	local results=$openssl_dir/suite started=$SECONDS
	make_more build_sw || die "the programs and tests of OpenSSL could not be built"
	say "built in $((SECONDS - started)) s"
	started=$SECONDS
	run_suite "$results" alltests || tail -n 40 "$results/log"
	say "tested in $((SECONDS - started)) s"
}

# compare_suites PLAIN PLUGIN: the folders of the results; prints what differs.
compare_suites() {
	diff -u "$1/files" "$2/files" && diff -u "$1/tests" "$2/tests"
}

check_whole() {
	local plain with
	openssl_build '' || die "OpenSSL could not be built"
	plain=$openssl_dir/suite
	if [ ! -s "$plain/counts" ]; then
		say "without the plugin:"
		whole_suite
	fi
	summary "$plain" plain
	openssl_build "$plugin" || die "OpenSSL could not be built"
	with=$openssl_dir/suite
	say "with the plugin:"
	whole_suite
	compare_suites "$plain" "$with" || die "the results differ from those of the plain build"
	say "every result is that of the plain build"
	summary "$with" "with the plugin"
}

check_subset() {
	local results
	openssl_build "$plugin" || die "OpenSSL could not be built"
	results=$openssl_dir/subset
	# shellcheck disable=SC2086
	make_more $subset_programs || die "the programs of OpenSSL could not be built"
	# shellcheck disable=SC2086
	run_suite "$results" $subset_tests || {
		tail -n 60 "$results/log" >&2
		die "tests of OpenSSL fail with the plugin: $results/log"
	}
	summary "$results" "subset with the plugin"
}

exec </dev/null
# shellcheck disable=SC2086
need_packages gcc make $packages_openssl || die "packages are missing"
[ -n "$plugin" ] || plugin=$(find_plugin "$build_root/gcc") ||
	die "the plugin is not built; name one with --plugin"
if [ "$subset" = yes ]; then
	check_subset
else
	check_whole
fi

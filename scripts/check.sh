#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs every test and every static check.  The last line is "N passed, N failed[, N skipped]".
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"
. "$top/scripts/lib/glibc.sh"

usage() {
	cat <<END
Usage: scripts/check.sh [--quick | --help]
Installs what is missing (on Debian), builds in _build/, and runs every test and static check.

  --quick   only the build with gcc and its tests
  --help    show this help

The last line of the output is "N passed, N failed", with ", N skipped" where there are some;
the exit status is 0 if nothing failed.
END
}

# No variant's tests take nearly as long; one that hangs must not hang the whole.
tests_seconds=1200

passed=0
failed=0
skipped=0

# log_of NAME: where the output of a step goes.
log_of() {
	mkdir -p "$build_root"
	printf '%s/%s.log\n' "$build_root" "$(printf '%s' "$1" | tr -c 'A-Za-z0-9\n' '-')"
}

# step NAME COMMAND...: one test that is one command.  Its output is shown where it fails.
step() {
	local name=$1 started=$SECONDS log
	shift
	log=$(log_of "$name")
	if "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		say "PASS: $name ($((SECONDS - started)) s)"
		return 0
	fi
	failed=$((failed + 1))
	say "FAIL: $name ($((SECONDS - started)) s)"
	tail -n 60 "$log" | sed 's/^/    /'
	return 1
}

# tap NAME COMMAND...: a command that speaks TAP; each of its results counts.
tap() {
	local name=$1 log started=$SECONDS status=0 good bad skips
	shift
	log=$(log_of "$name")
	"$@" >"$log" 2>&1 </dev/null || status=$?
	skips=$(grep -cE '^ok .*# SKIP|^1\.\.0 # SKIP' "$log")
	good=$(($(grep -c '^ok ' "$log") - $(grep -cE '^ok .*# SKIP' "$log")))
	bad=$(grep -c '^not ok ' "$log")
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	[ $((good + bad + skips)) -gt 0 ] || bad=1
	passed=$((passed + good))
	skipped=$((skipped + skips))
	failed=$((failed + bad))
	if [ "$bad" -gt 0 ]; then
		say "FAIL: $name"
		grep -v '^ok ' "$log" | tail -n 60 | sed 's/^/    /'
	fi
	grep -E '^ok .*# SKIP|^1\.\.0 # SKIP' "$log" | sed 's/^/SKIP: /' | head -n 5
	say "$name: $((good + bad + skips)) results ($((SECONDS - started)) s)"
}

# A failure that is not a step of its own.
fail() {
	failed=$((failed + 1))
	say "FAIL: $*"
}

# count RESULT FILE: how many results of a kind automake's result file has.
count() {
	grep -c "^:test-result: $1" "$2"
}

# Counts the results of one test program from its .trs file; shows its log where one failed.
# Automake adds an ERROR for an exit status that only repeats the failures: it counts once.
add_results() {
	local trs=$1 variant=$2 fails errors
	fails=$(($(count FAIL "$trs") + $(count XPASS "$trs")))
	errors=$(count ERROR "$trs")
	if [ "$fails" -gt 0 ] && [ "$errors" -eq 1 ] && ! grep -q '^ERROR.*Bail out' "${trs%.trs}.log"; then
		errors=0
	fi
	passed=$((passed + $(count PASS "$trs") + $(count XFAIL "$trs")))
	skipped=$((skipped + $(count SKIP "$trs")))
	failed=$((failed + fails + errors))
	if [ $((fails + errors)) -gt 0 ]; then
		say "FAIL: $variant: $(basename "$trs" .trs)"
		# What succeeded is left out, so that the remarks on what failed are in sight.
		grep -vE '^(PASS: |ok )' "${trs%.trs}.log" | tail -n 60 | sed 's/^/    /'
	elif grep -q '^:test-result: SKIP' "$trs"; then
		grep -hE '^SKIP' "${trs%.trs}.log" | sort -u | head -n 5
	fi
}

# make_check VARIANT unit|other [make's options]: one kind of tests; what make prints goes to check.log.
make_check() {
	local variant=$1 kind=$2 dir=$build_root/$1
	shift 2
	timeout -k 30 "$tests_seconds" make -C "$dir" -k "$@" check \
		TESTS="$(make -s -C "$dir" "print-$kind-tests")" >>"$dir/check.log" 2>&1 </dev/null
	[ $? -ne 124 ] || fail "$variant: the tests did not end in $tests_seconds seconds"
}

# run_tests VARIANT: make check, and the sum of its results.
run_tests() {
	local variant=$1 dir=$build_root/$1 started=$SECONDS before=$((passed + failed + skipped)) trs
	step "$variant: test programs" make -C "$dir" -j"$(jobs_count)" check TESTS= || return
	find "$dir" -name '*.trs' -delete
	# The long loops are for one compiler.
	[ "$variant" = gcc ] || export ULP_CYCLES=100 ULP_UNWIND_CYCLES=10 ULP_KILLS=20 ULP_ROUNDS=1 \
		ULP_TORTURE_CYCLES=20 ULP_TORTURE_BORROWS=10 ULP_TORTURE_KILLS=1 ULP_CONTRACT_FLIPS=20
	: >"$dir/check.log"
	make_check "$variant" unit -j"$(jobs_count)"
	# One after the other: they stop processes and change what is everybody's, such as a folder in /run.
	make_check "$variant" other
	while read -r trs; do
		add_results "$trs" "$variant"
	done < <(find "$dir" -name '*.trs' | sort)
	if [ $((passed + failed + skipped)) -eq "$before" ]; then
		fail "$variant: no test was run"
		tail -n 40 "$dir/check.log" | sed 's/^/    /'
	fi
	say "$variant: $((passed + failed + skipped - before)) results ($((SECONDS - started)) s)"
}

# variant NAME [configure's arguments]: builds it and runs its tests.
variant() {
	step "$1: build" build_variant "$@" || return
	run_tests "$1"
}

# Compiles all fixes of specs/$1, so that the sources that they come from are there.
prepare_fixes() {
	local fix
	for fix in "$top/specs/$1"/*.fix; do
		"${1}_fix" "$(basename "$fix" .fix)" "$build_root/fix" || return
	done
}

# Everything that tests/e2e/openssl.sh and fixes_openssl.sh need: they neither build nor fetch
# anything themselves.
prepare_openssl() {
	openssl_build "$(find_plugin "$build_root/gcc")" &&
		prepare_fixes openssl &&
		fetch_program nginx /usr/sbin/nginx
}

# The same for tests/e2e/glibc.sh, glibc_functions.sh and fixes_glibc.sh.
prepare_glibc() {
	glibc_build plugin "$(find_plugin "$build_root/gcc")" &&
		prepare_fixes glibc &&
		fetch_program nginx /usr/sbin/nginx
}

# The libraries' own tests, as far as they go in minutes.
library_tests() {
	local plugin
	plugin=$(find_plugin "$build_root/gcc") || return
	step "OpenSSL's own tests" "$top/scripts/openssl-check.sh" --subset --plugin "$plugin"
	step "glibc's own tests" "$top/scripts/glibc-check.sh" --plugin "$plugin"
}

# The plugin for an older GCC, and the tests of the variant gcc that compile with it.
build_plugin_gcc11() {
	mkdir -p "$build_root/gcc-11" && cd "$build_root/gcc-11" &&
		"$top/configure" --enable-werror PLUGIN_GCC=gcc-11 && make gcc-plugin/ulp.so
}

plugin_tests_gcc11() {
	local test
	for test in $(make -s -C "$build_root/gcc" print-unit-tests); do
		case $test in
		unit_gcc_plugin*)
			ULP_PLUGIN_GCC=gcc-11 ULP_BUILDDIR=$build_root/gcc-11 \
				"$build_root/gcc/$test" || return
			;;
		esac
	done
}

gcc11() {
	# shellcheck disable=SC2086
	step "gcc-11: packages" need_packages $packages_gcc11 &&
		step "gcc-11: plugin" build_plugin_gcc11 &&
		step "gcc-11: the plugin's tests" plugin_tests_gcc11
}

# --- static checks -------------------------------------------------------------

c_folders="container i18n engine runtime trigger packer"

c_files() {
	local folder
	for folder; do
		find "$top/$folder" -name '*.c' -o -name '*.h' -o -name '*.cc'
	done | sort
}

check_format() {
	local file status=0
	# shellcheck disable=SC2086
	for file in $(c_files $c_folders gcc-plugin tests docs bench); do
		clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || {
			echo "${file#"$top"/} is not formatted: clang-format -i"
			status=1
		}
	done
	return "$status"
}

# What the compiler is told besides the warnings, for the tools that parse the sources.
tool_flags() {
	local arch folder
	arch=$(sed -n 's/^ULP_ARCH = //p' "$build_root/gcc/Makefile")
	printf '%s\n' -D_GNU_SOURCE -DHAVE_CONFIG_H "-I$top" "-I$build_root/gcc" \
		'-DULP_LIVEPATCH_DIR=""' '-DLOCALEDIR=""' '-DRUNTIME_DIR=""'
	for folder in "$top"/*/arch/"$arch"; do
		printf '%s\n' "-I$folder"
	done
}

# One file a process: version 14 warns wrongly where it has seen another file before.
check_tidy() {
	# shellcheck disable=SC2046,SC2086
	c_files $c_folders | grep '\.c$' | xargs -P "$(jobs_count)" -n 1 sh -c '
		flags=$1
		shift
		clang-tidy --quiet "$@" -- -std=gnu17 $flags 2>&1' sh "$(tool_flags | tr '\n' ' ')"
}

check_cppcheck() {
	# shellcheck disable=SC2046,SC2086
	cppcheck --quiet -j "$(jobs_count)" --std=c11 --language=c --error-exitcode=1 \
		--inline-suppr --enable=warning,performance,portability \
		--suppressions-list="$top/scripts/cppcheck.suppress" \
		$(tool_flags) $(c_files $c_folders | grep '\.c$')
}

# What make install lays down, at its places.
check_install() {
	local root name
	root=$(mktemp -d) || return
	make -C "$build_root/gcc" install DESTDIR="$root" || return
	for name in bin/ulp bin/ulp-packer lib/libpulp.so.0 share/man/man1/ulp.1 \
		share/ulp/ulp-output.schema.json share/bash-completion/completions/ulp \
		share/locale/de/LC_MESSAGES/ulp.mo; do
		[ -e "$root/usr/local/$name" ] || {
			echo "$name is not installed"
			return 1
		}
	done
	[ -n "$(find "$root" -path '*/plugin/ulp.so')" ] || {
		echo "the plugin is not installed"
		return 1
	}
	rm -rf "$root"
}

# Builds from the tarball in a read-only source tree and runs the unit tests there.  Not the end to
# end tests: they have run twice by now, and the tarball's share in them is the same.
check_dist() {
	make -C "$build_root/gcc" distcheck -j"$(jobs_count)" \
		TESTS="$(make -s -C "$build_root/gcc" print-unit-tests)"
}

# What reads the specs and objects that patch authors give; an hour: make fuzz FUZZ_SECONDS=3600.
check_fuzz() {
	make -C "$build_root/gcc" fuzz FUZZ_TARGETS='fuzz_object fuzz_spec' FUZZ_SECONDS=60
}

static_checks() {
	step "clang-format" check_format
	step "clang-tidy" check_tidy
	step "cppcheck" check_cppcheck
	step "include directions" "$top/scripts/check-includes.sh"
	step "help and man pages" "$top/scripts/check-help.sh" "$build_root/gcc"
	step "fuzzing, a minute each" check_fuzz
	step "make install" check_install
	step "make distcheck" check_dist
}

static_and_sanitized() {
	static_checks
	variant sanitized --enable-asan --enable-ubsan CC=gcc CXX=g++
}

# --- two things at once ---------------------------------------------------------

# aside_begin COMMAND...: steps that run while others do; the results come with aside_end.  Most
# steps keep one processor busy, and are not disturbed.
aside_begin() {
	aside_folder=$(mktemp -d) || exit
	(
		passed=0 failed=0 skipped=0
		trap 'echo "$passed $failed $skipped" >"$aside_folder/counts"' EXIT
		"$@"
	) >"$aside_folder/out" 2>&1 &
	aside_pid=$!
}

# Waits for them.
aside_end() {
	local more_passed=0 more_failed=1 more_skipped=0
	wait "$aside_pid"
	cat "$aside_folder/out"
	read -r more_passed more_failed more_skipped <"$aside_folder/counts" || more_failed=1
	passed=$((passed + more_passed))
	failed=$((failed + more_failed))
	skipped=$((skipped + more_skipped))
	rm -rf "$aside_folder"
}

# --- the whole ------------------------------------------------------------------

finish() {
	local skips=
	[ "$skipped" -eq 0 ] || skips=", $skipped skipped"
	say "$passed passed, $failed failed$skips"
	[ "$failed" -eq 0 ]
	exit
}

quick=no
case ${1-} in
'') ;;
--quick) quick=yes ;;
--help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac
exec </dev/null

# shellcheck disable=SC2086
need_build_packages $packages_tests || fail "packages for the build are missing"
if [ "$quick" = yes ]; then
	variant gcc --enable-werror CC=gcc CXX=g++
	finish
fi
# shellcheck disable=SC2086
need_packages $packages_check $packages_openssl $packages_glibc $packages_packaging ||
	fail "packages for the checks are missing"
if step "gcc: build" build_variant gcc --enable-werror CC=gcc CXX=g++; then
	step "OpenSSL with the plugin" prepare_openssl
	step "glibc with the plugin" prepare_glibc
	run_tests gcc
	aside_begin static_and_sanitized
	library_tests
	tap "Debian packages" "$top/packaging/test-debs.sh"
	tap "RPMs" "$top/packaging/test-rpms.sh"
	gcc11
	variant clang --enable-werror CC=clang CXX=clang++
	aside_end
fi
finish

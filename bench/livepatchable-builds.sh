#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures what live patchable entries cost in OpenSSL and glibc, for docs/livepatchable-builds.md.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"
. "$top/scripts/lib/glibc.sh"
. "$top/bench/lib/report.sh"
. "$top/bench/lib/functions.sh"
. "$top/bench/lib/sizes.sh"
. "$top/bench/lib/instructions.sh"

document=$top/docs/livepatchable-builds.md
results=$build_root/bench-results

usage() {
	cat <<END
Usage: bench/livepatchable-builds.sh [OPTION]...
Builds Debian's OpenSSL and glibc without entries, with -fpatchable-function-entry=16,14 and with
the plugin, counts functions, bytes, relocations and instructions, and prints the tables.  The
first run takes about an hour and a half on two processors; the builds are kept in _cache/.

  --build DIR   a finished build of this project; without it _build/bench is made
  --only PART   measure only this part: functions, sizes or instructions; what was measured
                before in _build/bench-results serves for the rest
  --print       measure nothing, print what was measured before
  --update      also write the tables into docs/livepatchable-builds.md
  --help        show this help

The exit status is 0 if all was measured, whether the targets hold or not: the last table says so.
END
}

# Sets build, the folder with the tool and the plugin, and plugin.
prepare() {
	# shellcheck disable=SC2086
	need_build_packages $packages_openssl $packages_glibc $packages_bench ||
		die "packages are missing"
	bench_build
	plugin=$(find_plugin) || die "there is no plugin in $build"
	mkdir -p "$results"
}

# The builds: sets openssl_dirs and glibc_dirs, variant -> folder.
declare -A openssl_dirs glibc_dirs

build_libraries() {
	local variant
	for variant in plain stock plugin plugin-keep plain-cet plugin-cet; do
		openssl_build_variant "$variant" "$(plugin_for "$variant")" >&2 ||
			die "OpenSSL could not be built ($variant)"
		openssl_dirs[$variant]=$openssl_dir
	done
	for variant in plain stock plugin; do
		glibc_build "$variant" "$(plugin_for "$variant")" >&2 ||
			die "glibc could not be built ($variant)"
		glibc_dirs[$variant]=$glibc_dir
	done
}

plugin_for() {
	case $1 in
	plugin*) echo "$plugin" ;;
	esac
}

# each_library FUNCTION VARIANT...: calls it with name, variant and file of each library.
each_library() {
	local measure=$1 variant
	shift
	for variant; do
		"$measure" libcrypto.so.3 "$variant" "${openssl_dirs[$variant]}/libcrypto.so.3" &&
			"$measure" libssl.so.3 "$variant" "${openssl_dirs[$variant]}/libssl.so.3" || return
		case $variant in
		*-*) ;; # of OpenSSL only
		*) "$measure" libc.so.6 "$variant" "${glibc_dirs[$variant]}/libc.so.6" || return ;;
		esac
	done
}

measure_functions_all() {
	each_library measure_functions plain stock plugin
}

measure_sizes_all() {
	each_library measure_sizes plain stock plugin plugin-keep plain-cet plugin-cet
}

# The plain build twice: the counts have to be the same.
measure_instructions_all() {
	local variant from
	compile_workloads "${openssl_dirs[plain]}" || return
	for variant in plain plain-again stock plugin plugin-keep; do
		from=${variant%-again}
		measure_instructions openssl "$variant" "${openssl_dirs[$from]}/libcrypto.so.3" \
			"${openssl_dirs[$from]}/libssl.so.3" || return
		[ "$variant" != plugin-keep ] || continue
		measure_instructions glibc "$variant" "${glibc_dirs[$from]}/libc.so.6" \
			"${glibc_dirs[$from]}/elf/ld.so" || return
	done
}

# What the numbers depend on.
measure_conditions() {
	local valgrind
	valgrind=$(valgrind --version)
	cat <<END
- GCC $(gcc -dumpfullversion), $(ld --version | sed -n '1s/.* /binutils /p'), ${valgrind/-/ },
  $(. /etc/os-release && printf '%s' "$PRETTY_NAME"), $(uname -m)
- OpenSSL: source package $openssl_version; glibc: source package $glibc_version
END
}

tables="conditions functions reasons sizes cet facts instructions keep targets"
table_script=tables.pl

build='' parts='functions sizes instructions' update=no
option() {
	case $1 in
	--only)
		case ${2-} in
		functions | sizes | instructions) parts=$2 ;;
		*) die "--only needs functions, sizes or instructions" ;;
		esac
		taken=2
		;;
	*) bench_option "$@" ;;
	esac
}
read_options "$@"

work=$(mktemp -d) || die "no folder for temporary files"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ -n "$parts" ]; then
	prepare
	build_libraries
	measure_conditions >"$results/conditions.md"
	for part in $parts; do
		keep_rows "$part" "measure_${part}_all"
	done
fi
print_tables || die "not all parts have been measured yet"
[ "$update" = no ] || update_tables

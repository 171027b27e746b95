#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures what live patchable entries cost in OpenSSL and glibc, for docs/livepatchable-builds.md.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"
. "$top/scripts/lib/glibc.sh"
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
	if [ -z "$build" ]; then
		build=$build_root/bench
		say "building in _build/bench" >&2
		build_variant bench --disable-unit-tests || die "the build failed"
	fi
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

# measure PART: results go into place only if all of them are there.
measure() {
	"measure_$1_all" >"$work/$1.tsv" || die "$1 could not be measured"
	mv "$work/$1.tsv" "$results/$1.tsv"
}

tables="conditions functions reasons sizes cet facts instructions keep targets"

table() {
	if [ "$1" = conditions ]; then
		cat "$results/conditions.md"
	else
		perl "$top/bench/lib/tables.pl" "$results" "$1"
	fi
}

print_tables() {
	local name
	for name in $tables; do
		table "$name" && say || return
	done
}

# Replaces what stands between "<!-- table: NAME -->" and "<!-- end of table -->".
update_document() {
	local name
	for name in $tables; do
		table "$name" >"$work/table" &&
			awk -v name="$name" -v file="$work/table" '
				!inside { print }
				$0 == "<!-- table: " name " -->" {
					inside = found = 1
					print ""
					while ((getline line < file) > 0)
						print line
					print ""
				}
				inside && $0 == "<!-- end of table -->" { inside = 0; print }
				END { exit !found }' "$document" >"$work/document" &&
			cat "$work/document" >"$document" ||
			die "${document#"$top"/} has no place for the table \"$name\""
	done
}

build='' parts='functions sizes instructions' update=no
while [ $# -gt 0 ]; do
	case $1 in
	--build)
		[ $# -ge 2 ] || die "--build needs a folder"
		build=$(realpath -e "$2") || die "no folder $2"
		shift
		;;
	--only)
		case ${2-} in
		functions | sizes | instructions) parts=$2 ;;
		*) die "--only needs functions, sizes or instructions" ;;
		esac
		shift
		;;
	--print) parts= ;;
	--update) update=yes ;;
	--help)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done

work=$(mktemp -d) || die "no folder for temporary files"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ -n "$parts" ]; then
	prepare
	build_libraries
	measure_conditions >"$results/conditions.md"
	for part in $parts; do
		measure "$part"
	done
fi
print_tables || die "not all parts have been measured yet"
[ "$update" = no ] || update_document

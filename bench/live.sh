#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures what live patching costs the processes that are patched, for docs/benchmarks.md.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/tests/lib/process.sh"
. "$top/bench/lib/report.sh"
. "$top/bench/lib/live.sh"

document=$top/docs/benchmarks.md
results=$build_root/bench-live

usage() {
	cat <<END
Usage: bench/live.sh [OPTION]...
Measures malloc's throughput with and without the runtime, the cost of a start, the runtime's
memory, how long busy threads stand still while functions are replaced, against the bare stop of
the same threads, the time for one process and for a thousand, and the cost of a call.  Prints
tables with the targets, and draws the figures.  Takes some minutes.

  --build DIR   a finished build of this project [\$ULP_BUILDDIR]; without it _build/bench is made
  --quick       about a minute: fewer rounds, the same sizes
  --smoke       some seconds: one round of small sizes, to see that all of it runs
  --only PART   measure only this part: ${all_parts// /, };
                what was measured before serves for the rest
  --output DIR  where rows, tables and figures go [_build/bench-live]
  --print       measure nothing, print what was measured before
  --update      also write tables and figures into docs/
  --help        show this help

The exit status is 0 if all was measured, whether the targets hold or not: the first table says so.
END
}

all_parts='malloc start memory pause processes calls'

# The full run; --quick and --smoke take less.  A pause is THREADSxFUNCTIONS.
live_functions='1 100 1000'
live_pauses='1x1 10x1 100x1 1000x1 10x100 10x1000'
live_malloc_rounds=40 live_malloc_pairs=2000000
live_starts=4000
live_memory_rounds=5
live_pause_rounds=30 live_pause_settle=0.1 # seconds
live_herds='1 1000' live_herd_rounds=3
live_call_rounds=101 live_calls=3000000
live_patience=120 # seconds, until a process that does not answer counts as failed

sizes_quick() {
	live_malloc_rounds=12
	live_starts=1000
	live_memory_rounds=2
	live_pause_rounds=9
	live_herd_rounds=1
	live_call_rounds=21
}

sizes_smoke() {
	live_functions='1 100'
	live_pauses='1x1 10x1 10x100'
	live_malloc_rounds=1 live_malloc_pairs=20000
	live_starts=3
	live_memory_rounds=1
	live_pause_rounds=1
	live_herds='1 5' live_herd_rounds=1
	live_call_rounds=3 live_calls=1000
}

# Sets build, with the tool, the packer, the runtime and the plugin.
prepare() {
	[ -n "$build" ] || need_build_packages || die "packages are missing"
	bench_build
	find_plugin >/dev/null || die "there is no plugin in $build"
	tool=$build/ulp
	runtime=$(realpath -e "$build/.libs/libpulp.so.0") || die "there is no runtime in $build"
	mkdir -p "$results"
	cd "$work" || exit
	(umask 022 && build_all) >build.log 2>&1 || {
		cat build.log >&2
		die "what is to be measured could not be built"
	}
}

# What the numbers depend on; $1 is the load before.
conditions() {
	cat <<END
- $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) processors$(
		grep -q '^flags.* hypervisor' /proc/cpuinfo && echo ' of a virtual machine'
	); $(. /etc/os-release && printf '%s' "$PRETTY_NAME"), Linux $(uname -r | sed 's/-.*//'),
  $(getconf GNU_LIBC_VERSION), GCC $("$plugin_gcc" -dumpfullversion)
- Load average of the minute before the measurement: $1; of its last minute: $(cut -d ' ' -f 1 /proc/loadavg)
- The thread that pauses are measured in had $(
		if [ "$(cat processor 2>/dev/null)" = alone ]; then
			echo 'a processor to itself'
		else
			echo 'no processor to itself: its gaps are partly those of other programs'
		fi
	)
END
}

measure() {
	local started=$SECONDS
	keep_rows "$1" "measure_$1"
	say "$1: $((SECONDS - started)) s" >&2
}

tables="targets conditions malloc start memory pause processes calls"
table_script=live.pl
figures="malloc start pause-threads pause-functions calls"

draw_figures() {
	local name
	for name in $figures; do
		perl "$top/bench/lib/plot.pl" "$results" "$name" >"$results/benchmarks-$name.svg" ||
			return
	done
}

update_document() {
	update_tables
	cp "$results"/benchmarks-*.svg "$top/docs/" || die "the figures could not be copied"
}

build=${ULP_BUILDDIR-} parts=$all_parts update=no
plugin_gcc=${PLUGIN_GCC:-gcc}
option() {
	case $1 in
	--output)
		[ $# -ge 2 ] || die "--output needs a folder"
		mkdir -p "$2" && results=$(realpath -e "$2") || die "no folder $2"
		taken=2
		;;
	--quick) sizes_quick ;;
	--smoke) sizes_smoke ;;
	--only)
		case " $all_parts " in
		*" ${2:-?} "*) parts=$2 ;;
		*) die "--only needs one of: $all_parts" ;;
		esac
		taken=2
		;;
	*) bench_option "$@" ;;
	esac
}
read_options "$@"

work=$(mktemp -d) || die "no folder for temporary files"
live_sleeper=ulpbench$$
finish() {
	process_stop_all
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
if [ -n "$parts" ]; then
	prepare
	load=$(cut -d ' ' -f 1 /proc/loadavg)
	for part in $parts; do
		measure "$part"
	done
	# A part that is measured again later does not change what the others depended on.
	if [ "$parts" = "$all_parts" ] || [ ! -e "$results/conditions.md" ]; then
		conditions "$load" >"$results/conditions.md"
	fi
fi
draw_figures && print_tables || die "not all parts have been measured yet"
[ "$update" = no ] || update_document

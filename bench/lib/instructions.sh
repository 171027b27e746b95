# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Instruction counts of the workloads under valgrind.  Needs common.sh and sizes.sh.
#
# Everything that a count could depend on is fixed: the program and its place, the environment,
# what the processor is said to offer, random numbers and time (workloads/openssl.c).

# Has folders for openssl and glibc with program and libraries: the same paths in all variants.
run_root=$build_root/bench-run

# compile_workloads OPENSSL: OPENSSL is a build of it, for the headers and for the link.
compile_workloads() {
	local flags="-std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror" sources=$top/bench/workloads
	rm -rf "$run_root"
	mkdir -p "$run_root/openssl" "$run_root/glibc"
	# shellcheck disable=SC2086
	quietly "$run_root/glibc.log" gcc $flags -fno-builtin -o "$run_root/glibc/workload" \
		"$sources/main.c" "$sources/glibc.c" -pthread &&
		quietly "$run_root/openssl.log" gcc $flags -isystem "$1/include" \
			-isystem "$(openssl_source)/include" -o "$run_root/openssl/workload" \
			"$sources/main.c" "$sources/openssl.c" -L"$1" -lssl -lcrypto
}

# lay_out PROGRAM LIBRARY...: the libraries of a variant, stripped, and the lists of their entries.
lay_out() {
	local dir=$run_root/$1 library name
	shift
	for library; do
		name=$(basename "$library")
		strip_library "$library" "$dir/$name" &&
			perl "$top/bench/lib/entries.pl" "$dir/$name" >"$dir/$name.entries" || return
	done
}

# Sets command to what runs the program on the libraries that were laid out.
set_command() {
	local dir=$run_root/$1
	command=("$dir/workload")
	case $1 in
	glibc) command=("$dir/ld.so" --library-path "$dir" "$dir/workload") ;;
	esac
}

# Runs a command in the one environment.
in_environment() {
	env -i PATH=/usr/bin:/bin LC_ALL=C TZ=UTC LD_BIND_NOW=1 OPENSSL_CONF=/dev/null \
		OPENSSL_ia32cap=:0 "$@"
}

# counted PROGRAM WORKLOAD ITERATIONS: one run; prints its instructions and its calls of functions
# with entries.
counted() {
	local program=$1 dir=$run_root/$1 list lists=() environment=() command
	shift
	[ "$program" != openssl ] || environment=(LD_LIBRARY_PATH="$dir")
	for list in "$dir"/*.entries; do
		lists+=("${list%.entries}=$list")
	done
	set_command "$program"
	quietly "$dir/valgrind.log" in_environment "${environment[@]}" valgrind --tool=callgrind \
		--callgrind-out-file="$dir/callgrind.out" --dump-instr=yes --compress-strings=no \
		--compress-pos=no "${command[@]}" "$@" &&
		perl "$top/bench/lib/callgrind.pl" "$dir/callgrind.out" "${lists[@]}"
}

# measure_instructions PROGRAM VARIANT LIBRARY...: prints rows of
# "PROGRAM VARIANT WORKLOAD INSTRUCTIONS CALLS", both per iteration, separated by tabs.  A run of
# N iterations is taken from one of 2N, so that what comes before the first one cancels.
measure_instructions() {
	local program=$1 variant=$2 name nr once twice list command
	shift 2
	lay_out "$program" "$@" || return
	set_command "$program"
	list=$(LD_LIBRARY_PATH=$run_root/openssl "${command[@]}") || return
	while read -r name nr; do
		say "$program, $variant: $name" >&2
		once=$(counted "$program" "$name" "$nr") &&
			twice=$(counted "$program" "$name" $((2 * nr))) || return
		printf '%s %s\n' "$once" "$twice" | awk -v nr="$nr" -v program="$program" \
			-v variant="$variant" -v name="$name" \
			'{ printf "%s\t%s\t%s\t%.3f\t%.3f\n", program, variant, name,
				($3 - $1) / nr, ($4 - $2) / nr }'
	done <<<"$list"
}

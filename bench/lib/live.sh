# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What bench/live.sh measures: each measure_PART prints rows
#
#     PART  CASE  WHAT  ROUND  VALUE [VALUE]
#
# with tabs between them; bench/lib/live.pl tells what the values are.  What is compared is measured
# in turn, so that what else the machine does meanwhile hits both alike.  Used: $top, $work (the
# working folder), $build, $tool, $runtime, the sizes of live.sh, and tests/lib/process.sh.

live_cflags='-std=gnu17 -D_GNU_SOURCE -O2 -g'

# row PART CASE WHAT ROUND VALUE...
row() {
	local IFS=$'\t'
	printf '%s\n' "$*"
}

# --- what is measured is built ----------------------------------------------------------

# Functions of some 250 bytes each, as libcrypto's are in the mean.
library_source() {
	awk -v nr="$1" -v add="$2" 'BEGIN {
		for (i = 0; i < nr; i++) {
			printf "int bench_%d(int n);\nint bench_%d(int n)\n{\n", i, i
			for (j = 0; j < 14; j++)
				printf "\tn = (n ^ %d) * %d + (n >> %d);\n", 7 * i + j, 2 * (i + j) + 3, j % 5 + 1
			printf "\treturn (n & 1023) + %d;\n}\n", add
		}
	}'
}

# spec NAME SONAME FUNCTION...
spec() {
	printf 'ulp: 1\nname: %s\nlabels: [%s]\ntarget:\n  soname: %s\nfunctions:\n' "$1" "$1" "$2"
	shift 2
	printf '  - replace: %s\n' "$@"
}

with_plugin() {
	"$plugin_gcc" -fplugin="$build/gcc-plugin/ulp.so" $live_cflags -fPIC "$@"
}

program() {
	local name=$1
	shift
	"${ULP_CC:-gcc}" $live_cflags -Wall -Wextra -o "$name" "$top/bench/live/$name.c" \
		-Wl,-rpath,"$work" "$@" -pthread
}

# container NAME SONAME SOURCE FUNCTION...
container() {
	local name=$1 soname=$2 source=$3
	shift 3
	spec "$name" "$soname" "$@" >"$name.yaml" &&
		with_plugin -falign-functions=64 -ffunction-sections -DCALLS_FIX -c -o "$name.o" \
			"$source" &&
		"$build/ulp-packer" "$name.yaml" "$name.o" -t "$soname" -o "$name.so"
}

build_targets() {
	local nr shared="-shared -Wl,--build-id=sha1"
	library_source "${live_functions##* }" 0 >functions.c &&
		with_plugin $shared -Wl,-soname,libbench.so -o libbench.so functions.c &&
		with_plugin $shared -Wl,-soname,libentry.so -falign-functions=64 -o libentry.so \
			"$top/bench/live/calls_functions.c" || return
	"$plugin_gcc" $live_cflags -fPIC $shared -falign-functions=64 -DCALLS_PLAIN -o libplain.so \
		-Wl,-soname,libplain.so "$top/bench/live/calls_functions.c" || return
	for nr in $live_functions; do
		library_source "$nr" 1 >"fix$nr.c" &&
			container "fix$nr" libbench.so "fix$nr.c" \
				$(seq -f 'bench_%g' 0 $((nr - 1))) || return
	done
	container calls libentry.so "$top/bench/live/calls_functions.c" calls_patched
}

build_programs() {
	program malloc && program starts && program empty && program herd && program bare &&
		program sleeper libbench.so && program busy libbench.so &&
		program calls libplain.so libentry.so
}

# Another run beside this one must not meet our processes, which are chosen by name.
build_all() {
	build_targets && build_programs && mv sleeper "$live_sleeper"
}

# --- processes that answer --------------------------------------------------------------

# partner_start COMMAND...: with our end of its input and output at 8 and 9; sets partner.
partner_start() {
	rm -f in out
	mkfifo in out || return
	# Opened for both, so that neither end waits for the other.
	exec 8<>in 9<>out
	process_start "$@" <in >out 8>&- 9>&-
	partner=$process_pid
}

# Prints a line of its output; fails where none comes.
partner_line() {
	local line
	IFS= read -r -t "$live_patience" line <&9 && printf '%s\n' "$line"
}

# The two FIFOs are open for writing here as well, so that it gets no end of file from us.
partner_stop() {
	exec 8>&- 9<&-
	process_stop "$partner"
}

# change PID CONTAINER
change() {
	"$tool" trigger -p "$1" "$2" >change.out 2>&1 && grep -q '^SUCCESS' change.out && return
	cat change.out >&2
	return 1
}

now_ns() {
	local now=${EPOCHREALTIME/[.,]/}
	printf '%s000\n' "$now"
}

# --- malloc -----------------------------------------------------------------------------

# "again" is the same as "without": how far two runs differ that do not differ.
measure_malloc() {
	local round threads what preload
	for round in $(seq "$live_malloc_rounds"); do
		for threads in 1 2 4 8; do
			# Each of them comes first, second and third as often as the others.
			for what in $(printf '%s\n' without with again without with |
				sed -n "$((round % 3 + 1)),$((round % 3 + 3))p"); do
				preload=
				[ "$what" != with ] || preload=$runtime
				row malloc "$threads" "$what" "$round" $(LD_PRELOAD=$preload \
					./malloc "$threads" "$live_malloc_pairs") || return
			done
		done
	done
}

# --- start-up ---------------------------------------------------------------------------

measure_start() {
	./starts "$live_starts" "$runtime" "$work/empty" | awk -v OFS='\t' '
		{ print "start", "exec", $1, $2, $3, $4 }'
}

# --- memory -----------------------------------------------------------------------------

# private PID REGEX: private bytes, clean and dirty, of its mappings whose line matches, and of one
# without a name right behind: a library's variables that begin with zero.
private() {
	awk -v want="$2" '
		/^[0-9a-f]+-[0-9a-f]+ / {
			split($1, range, "-")
			counts = $0 ~ want || (counts && NF == 5 && range[1] == end)
			end = range[2]
		}
		/^Private_(Clean|Dirty):/ && counts { sum += $2 * 1024 }
		END { print sum + 0 }' "/proc/$1/smaps"
}

memory_rows() {
	row memory "$1" runtime "$2" "$(private "$partner" '/libpulp[.]so')"
	row memory "$1" heap "$2" "$(private "$partner" '[[]heap[]]')"
	row memory "$1" all "$2" "$(private "$partner" .)"
}

# Another process with the runtime is there, as it is where all have it: without one the pages of
# its file would count as private.
measure_memory() {
	local round companion
	process_start env LD_PRELOAD="$runtime" "$work/$live_sleeper" >/dev/null
	companion=$process_pid
	for round in $(seq "$live_memory_rounds"); do
		partner_start "$work/$live_sleeper"
		partner_byte && memory_rows without "$round" || return
		partner_stop
		partner_start env LD_PRELOAD="$runtime" "$work/$live_sleeper"
		partner_byte && memory_rows with "$round" && change "$partner" fix1.so &&
			memory_rows patched "$round" || return
		partner_stop
	done
	process_stop "$companion"
}

partner_byte() {
	local byte
	read -r -t "$live_patience" -N 1 byte <&9
}

# --- pause ------------------------------------------------------------------------------

# The processors that the first busy thread leaves to the others: all but the last.
other_processors() {
	taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' |
		awk -F- '{ for (i = $1; i <= $NF; i++) list[n++] = i }
			END { for (i = 0; i < (n > 1 ? n - 1 : n); i++) printf i ? ",%d" : "%d", list[i] }'
}

# pause CASE WHAT ROUND COMMAND...: runs it while the two threads read the clock.  A while after the
# last one: how soon an idle processor sleeps depends on how it slept just before, so that a stop
# right after one of ulp, which keeps them awake, would gain from that.
pause() {
	local case=$1 what=$2 round=$3 gaps
	shift 3
	sleep "$live_pause_settle" && echo go >&8 && [ "$(partner_line)" = going ] && taskset -c "$live_processors" "$@" &&
		echo end >&8 && gaps=$(partner_line) &&
		row pause "$case" "$what" "$round" ${gaps/ /$'\t'}
}

trigger() {
	pause "$1" "$2" "$3" "$tool" trigger -q -p "$partner" ${5-} "fix$4.so"
}

# Each round is a process of its own: a second apply has less to do than the first.
pause_round() {
	local case=$1 threads=$2 functions=$3 round=$4 ready
	partner_start env LD_PRELOAD="$runtime" ./busy "$threads"
	ready=$(partner_line) && echo "${ready#ready }" >processor || return
	pause "$case" none "$round" sleep 0.01 &&
		if [ $((round % 2)) -eq 0 ]; then
			pause "$case" bare-1 "$round" ./bare "$partner" &&
				trigger "$case" apply "$round" "$functions" &&
				pause "$case" bare-2 "$round" ./bare "$partner" &&
				trigger "$case" revert "$round" "$functions" --revert
		else
			trigger "$case" apply "$round" "$functions" &&
				pause "$case" bare-1 "$round" ./bare "$partner" &&
				trigger "$case" revert "$round" "$functions" --revert &&
				pause "$case" bare-2 "$round" ./bare "$partner"
		fi || return
	partner_stop
}

measure_pause() {
	local round case
	live_processors=$(other_processors)
	for round in $(seq "$live_pause_rounds"); do
		for case in $live_pauses; do
			pause_round "$case" "${case%x*}" "${case#*x}" "$round" || return
		done
	done
}

# --- processes --------------------------------------------------------------------------

# timed CASE WHAT ROUND OPTIONS: the whole command, for all processes of that name.
timed() {
	local begin end
	begin=$(now_ns)
	"$tool" trigger -q -p "$live_sleeper" $4 fix1.so >herd.out 2>&1 ||
		{ cat herd.out >&2; return 1; }
	end=$(now_ns)
	row processes "$1" "$2" "$3" $((end - begin))
}

measure_processes() {
	local round nr
	for round in $(seq "$live_herd_rounds"); do
		for nr in $live_herds; do
			partner_start env LD_PRELOAD="$runtime" ./herd "$nr" "$work/$live_sleeper"
			[ "$(partner_line)" = ready ] && timed "$nr" apply "$round" '' &&
				timed "$nr" revert "$round" --revert || return
			# It ends them one by one.
			exec 8>&-
			wait_for "$live_patience" process_ended "$partner"
			partner_stop
		done
	done
}

# --- calls ------------------------------------------------------------------------------

measure_calls() {
	local line
	partner_start env LD_PRELOAD="$runtime" ./calls "$live_call_rounds" "$live_calls"
	[ "$(partner_line)" = ready ] && change "$partner" calls.so && echo go >&8 || return
	while line=$(partner_line) && [ "$line" != end ]; do
		row calls call ${line// /$'\t'}
	done
	partner_stop
	[ "$line" = end ]
}

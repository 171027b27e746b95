#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fixes that use thread-local variables of their target: of a library that is loaded at start-up or
# by dlopen(), for each model that the compiler has, and of a program.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# threads_build FOLDER [FLAG...]: the library with these flags, and a fix made with the same ones
threads_build() {
	build_folder=$1
	shift
	mkdir -p "$build_folder"
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -shared "$@" \
		-DTHREADS_BUILD="\"$$ $build_folder\"" -Wl,-soname,libthreads.so.1 -Wl,--build-id=sha1 \
		-o "$build_folder/libthreads.so.1" "$victims/libthreads.c"
	threads_fix "$build_folder" "$build_folder" "$@"
	must "$packer" "$build_folder.yaml" "$build_folder.o" -t "$build_folder/libthreads.so.1" \
		-o "$build_folder.so"
}

# threads_fix NAME FOLDER [FLAG...]: the spec and the object
threads_fix() {
	fix_name=$1
	fix_spec "$1" threads_add | sed "s/libvictim/libthreads/" >"$1.yaml"
	shift 2
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC "$@" -DTIMES=2 -DTHREADS_BUILD='""' \
		-ffunction-sections -fdata-sections -c -o "$fix_name.o" "$victims/libthreads.c"
}

# threads_program NAME [FLAG...]
threads_program() {
	program=$1
	shift
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags -fPIE -pie -Wl,--build-id=sha1 -o "$program" \
		"$victims/threads.c" "$@" -pthread
}

threads_build default
threads_build no-plt -fno-plt
threads_build initial-exec -ftls-model=initial-exec
threads_build local-dynamic -ftls-model=local-dynamic
threads_build descriptors -mtls-dialect=gnu2
threads_program linked default/libthreads.so.1
threads_program loaded -DLOADED

# check_library PROGRAM FOLDER: both threads' variables, with the old code, the new one, the old one
check_library() {
	case_name="$1, $2"
	victim_program=./$1
	victim_start "$1-$2" "$2"
	pid=$victim_pid
	tap_ok "$case_name: thread 0 before" answers "$1-$2" 1120 add 0 10
	tap_ok "$case_name: thread 1 before" answers "$1-$2" 1110 add 1 5
	run apply "$pid" "$2.so"
	tap_is "$case_name: applied" 0 "$status"
	tap_ok "$case_name: thread 0 adds twice" answers "$1-$2" 1160 add 0 10
	tap_ok "$case_name: what the old code sees in thread 0" answers "$1-$2" 1160 get 0
	tap_ok "$case_name: thread 1 has its own" answers "$1-$2" 1110 get 1
	tap_ok "$case_name: thread 1 adds twice" answers "$1-$2" 1150 add 1 10
	tap_ok "$case_name: and thread 0 keeps its own" answers "$1-$2" 1160 get 0
	run revert "$pid" "$2.so"
	tap_is "$case_name: reverted" 0 "$status"
	tap_ok "$case_name: thread 0 adds once" answers "$1-$2" 1162 add 0 1
	tap_ok "$case_name: the process ends well" victim_end "$1-$2" "$pid"
}

for folder in default no-plt initial-exec local-dynamic descriptors; do
	check_library linked "$folder"
	check_library loaded "$folder"
done

# --- a program's own ---------------------------------------------------------------

cat >program.yaml <<'YAML'
ulp: 1
name: program
target:
  soname: linked
functions:
  - replace: program_add
YAML

# check_program FLAG...: the same source with these flags
check_program() {
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags "$@" -DTIMES=2 -ffunction-sections \
		-fdata-sections -c -o program.o "$victims/threads.c"
	must "$packer" program.yaml program.o -t linked -o program.so
	case_name="program, $*"
	victim_program=./linked
	victim_start program default
	pid=$victim_pid
	tap_ok "$case_name: before" answers program 15 mine 0 5
	run apply "$pid" program.so
	tap_is "$case_name: applied" 0 "$status"
	tap_ok "$case_name: thread 0 adds twice" answers program 25 mine 0 5
	tap_ok "$case_name: thread 1 has its own" answers program 12 mine 1 1
	tap_ok "$case_name: the process ends well" victim_end program "$pid"
}

check_program -fPIE
check_program -fPIE -ftls-model=initial-exec
check_program -fPIC
check_program -fPIC -fno-plt
check_program -fPIC -mtls-dialect=gnu2

# --- what cannot be -----------------------------------------------------------------

threads_fix other initial-exec -ftls-model=initial-exec
run "$packer" other.yaml other.o -t default/libthreads.so.1 -o other.so
tap_is 'a cheaper model than the library has cells for is refused' 5 "$status"
tap_has 'the error names the source, the variable and the remedy' err \
	'libthreads\.c:[0-9]+ .*(own|threads_shown) .*compile with -fPIC -ftls-model='
tap_ok 'no container is made' [ ! -e other.so ]

tap_done

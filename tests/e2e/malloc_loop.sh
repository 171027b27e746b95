#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The runtime interposes nothing of malloc's or dl*'s family but what unwinders ask, and a process
# whose four threads do nothing but allocate and free is patched and reverted 1000 times without a
# failure.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cycles=${ULP_CYCLES:-1000}

# --- the runtime's dynamic symbols ------------------------------------------

readelf --dyn-syms -W "$runtime" | awk '$1 ~ /^[0-9]+:$/ && $8 != "" { print $7, $8 }' |
	sed 's/@.*//' >symbols
grep -v '^UND ' symbols | cut -d ' ' -f 2 >defined
grep '^UND ' symbols | cut -d ' ' -f 2 >undefined
tap_ok 'the runtime defines its registry' grep -qx ulp_registry defined
family='malloc|calloc|realloc|reallocarray|free|cfree|memalign|posix_memalign|aligned_alloc|valloc|pvalloc'
family="$family|malloc_usable_size|mallinfo2?|mallopt|sbrk|brk|mmap|munmap|dl[a-z_]*|_dl_.*|__libc_dl.*|__tls_get_addr"
tap_is 'the runtime interposes none of malloc and dl* but the two that unwinders ask' \
	'' "$(grep -Ex "$family" defined | grep -vx -e _dl_find_object -e dl_iterate_phdr)"
tap_is 'the runtime calls none of malloc and dl*' '' \
	"$(grep -Ex "$family" undefined | grep -vx -e mmap -e munmap)"
# Nor what calls malloc for it, or depends on what the program has of the same name.
hidden='strn?dup|v?asprintf|f[d]?open|open_memstream|getline|getdelim|opendir|fdopendir|scandir|realpath'
hidden="$hidden|getpw.*|getgr(nam|gid|ent).*|setlocale|localtime.*|tzset|mktime|getenv|secure_getenv"
hidden="$hidden|qsort(_r)?"
tap_is 'nor what calls malloc itself' '' "$(grep -Ex "$hidden" undefined)"
tap_is 'the runtime needs nothing that the libc does not have' '' \
	"$(readelf -dW "$runtime" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^libc\.so\.6$')"
# What the C library's start-up files refer to, and no more than a handful of calls of our own.
grep -Evx '__cxa_finalize|__gmon_start__|_ITM_.*|__stack_chk_fail' undefined >needed
echo "# undefined symbols of the runtime: $(xargs <needed)"
tap_ok 'the runtime needs few symbols' [ "$(wc -l <needed)" -le 45 ]

# --- a tight malloc loop -----------------------------------------------------

fix_source fix victim_number 101 victim_other 102
fix_spec fix victim_number victim_other >fix.yaml
pack fix

# No SUCCESS, or a word too many: whatever a retry or a fault would leave.
change() {
	"$ulp" trigger -p "$a" -v "$@" fix.so >out 2>err || return 1
	[ "$(sed -n 1p out)" = "SUCCESS pid $a (victim): fix.so" ] && [ "$(wc -l <out)" -eq 2 ] &&
		[ ! -s err ]
}

all_cycles() {
	for n in $(seq "$cycles"); do
		change && change --revert && continue
		echo "# cycle $n failed"
		sed 's/^/# /' out err
		return 1
	done
}

victim_start a
a=$victim_pid
code=$(ask a code)
tap_ok 'four threads allocate' answers a started threads malloc 4
tap_ok 'one calls the patched functions' answers a started threads call 1
tap_ok 'all of them run' wait_for 60 loops_grow a 0

# One cycle with a look at the effect.
tap_ok 'apply' change
tap_ok 'applied' answers a 105 number 4
tap_ok 'revert' change --revert
tap_ok 'reverted' answers a 5 number 4

loops_before=$(ask a loops)
started=$(date +%s)
tap_ok "applied and reverted $cycles times" all_cycles
echo "# $cycles cycles in $(($(date +%s) - started)) s"
loops_after=$(ask a loops)
echo "# each thread did at least $((loops_after - loops_before)) loops meanwhile"
tap_ok 'all threads went on meanwhile' [ "$loops_after" -gt "$loops_before" ]
tap_ok 'and do still' wait_for 60 loops_grow a "$loops_after"
tap_ok 'no wrong result' answers a 0 wrong
tap_ok 'no system call was seen to be interrupted' answers a 0 eintr
tap_is 'the code is as it was' "$code" "$(ask a code)"
tap_ok 'the process ends well' victim_end a "$a"
tap_done

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A thread in the unlikely part of a function, which stands elsewhere, is inside the function.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cat >cold.h <<'C'
int work(int n);
__attribute__((cold, noinline)) int rest(int n);
C
cat >cold.c <<'C'
#include "cold.h"
#include <unistd.h>
/* Until somebody writes into the FIFO that is descriptor 3. */
int rest(int n)
{
	char byte;

	return read(3, &byte, 1) == 1 ? n : -1;
}
int work(int n)
{
	if (__builtin_expect(n < 0, 0))
		return rest(-n) * 2;
	return n + STEP;
}
C
cat >main.c <<'C'
#include "cold.h"
#include <stdio.h>
int main(void)
{
	char answer[16];

	for (;;) {
		printf("%d %d\n", work(1), work(-21));
		fflush(stdout);
		if (!fgets(answer, sizeof(answer), stdin))
			return 0;
	}
}
C
cat >fix.yaml <<'YAML'
ulp: 1
name: fix
target:
  soname: libcold.so.1
functions:
  - replace: work
YAML
mkdir cold
must "$gcc" -fplugin="$plugin" -O2 -g -fPIC -shared -DSTEP=1 -DBUILD="\"$$\"" \
	-Wl,-soname,libcold.so.1 -Wl,--build-id=sha1 -o cold/libcold.so.1 cold.c
must "$gcc" -fplugin="$plugin" -O2 -g -fPIC -DSTEP=100 -ffunction-sections -c -o fix.o cold.c
must "$gcc" -O2 -o main main.c cold/libcold.so.1
must "$packer" fix.yaml fix.o -t cold/libcold.so.1
nm cold/libcold.so.1 | grep -q ' work\.cold$' || tap_skip_all 'this compiler splits no functions'
run "$ulp" dump fix.so
tap_has 'container has the unlikely part' out '^    work\.cold: 0x[0-9a-f]+, [0-9]+ bytes$'

mkfifo main.in main.out main.gate || tap_bail 'no FIFO can be made'
process_start env LD_PRELOAD="$runtime" LD_LIBRARY_PATH="$tap_dir/cold" \
	sh -c 'exec ./main <main.in >main.out 3<main.gate'
pid=$process_pid
exec 7>main.in 8<main.out 9>main.gate

# It reads in rest(), which the unlikely part has called: x86-64's system call 0, descriptor 3.
comes_to_rest() {
	wait_for "$answer_seconds" grep -q '^0 0x3 ' "/proc/$pid/syscall" ||
		tap_bail 'the process does not come to rest'
}
# goes_on: lets it leave and sets answer
goes_on() {
	printf x >&9
	read -r answer <&8
}

comes_to_rest
run "$ulp" trigger -p "$pid" --timeout 1 fix.so
tap_ok 'a thread in the unlikely part holds the patch up' [ "$status" -ne 0 ]
tap_has 'and the part is named' out '^ERROR .*work\.cold'
goes_on
tap_is 'the old one goes on' '2 42' "$answer"

run "$ulp" trigger -p "$pid" --timeout 60 fix.so
tap_is 'applied when it is outside' 0 "$status"
printf '\n' >&7
comes_to_rest
goes_on
tap_is 'the new one is in effect' '101 42' "$answer"
printf '\n' >&7
comes_to_rest
run "$ulp" trigger -p "$pid" --timeout 1 --revert fix.so
tap_ok 'so does one in the unlikely part of the new function' [ "$status" -ne 0 ]
tap_has 'and the container is named' out '^ERROR .*fix\.so'
goes_on
run "$ulp" trigger -p "$pid" --timeout 60 --revert fix.so
tap_is 'reverted when it is outside' 0 "$status"
exec 7>&- 8<&- 9>&-
tap_ok 'the process ends well' wait "$pid"

tap_done

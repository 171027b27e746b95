#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The command line of ulp: help, wrong usage, wrong files; and what dump and
# livepatchable say of right ones.  Nothing here touches a process.
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"

ulp=$ULP_BUILDDIR/ulp
packer=$ULP_BUILDDIR/ulp-packer
cc=${ULP_CC:-cc}
cd "$tap_dir" || exit 99

# wrong NAME STATUS REGEX ARG...: ulp ARG... prints nothing on stdout, a line
# that matches on stderr, and ends with that status.
wrong() {
	name=$1
	want=$2
	regex=$3
	shift 3
	run "$ulp" "$@"
	if [ "$status" -eq "$want" ] && [ ! -s out ] && grep -Eq -e "$regex" err; then
		tap_report 0 "$name"
	else
		tap_report 1 "$name"
		tap_explain "status $status, wanted $want and on stderr: $regex"
	fi
}

# --- the program itself -----------------------------------------------------

run "$ulp" --version
tap_has 'version names the program' out '^ulp [0-9]+\.[0-9]+'
run "$ulp" --help
tap_is 'help succeeds' 0 "$status"
for command in trigger patches check messages dump livepatchable extract help; do
	tap_has "help lists $command" out "^  $command "
done
cp out help
run "$ulp" help
tap_ok 'help without a command equals --help' cmp out help
for command in trigger patches check messages dump livepatchable extract help; do
	run "$ulp" "$command" --help
	tap_has "$command has a help of its own" out "^Usage: ulp $command "
	cp out help
	run "$ulp" help "$command"
	tap_ok "help $command equals $command --help" cmp out help
done

wrong 'no command is wrong usage' 2 'a command is missing'
wrong 'unknown command' 2 '^ulp: frobnicate: unknown command;' frobnicate
wrong 'unknown command near a known one' 2 "did you mean 'trigger'\\?" triger x
wrong 'beginning of a command' 2 "did you mean 'livepatchable'\\?" live x
wrong 'unknown command is not echoed raw to the terminal' 2 '^ulp: \\x1b\[2J: ' "$(printf '\033[2J')"
wrong 'unknown command of help' 2 '^ulp: nonsense: unknown command' help nonsense
wrong 'two commands for help' 2 'one command at a time' help dump check
wrong 'unknown option of ulp' 2 "^ulp: unrecognized option '--frobnicate'" --frobnicate
for command in trigger patches check messages dump livepatchable extract help; do
	wrong "unknown option of $command" 2 "^ulp $command: unrecognized option '--frobnicate'" \
		"$command" --frobnicate
done
wrong 'dump without an operand' 2 'a container is missing' dump
wrong 'extract without a library' 2 'a library is missing' extract -o x
wrong 'extract without a file to write' 2 'the file to write is missing' extract x
wrong 'extract of two libraries' 2 'one library at a time' extract x y -o z
wrong 'livepatchable without an operand' 2 'a library is missing' livepatchable

wrong 'trigger without an operand' 2 'a container is missing' trigger
wrong 'check without an operand' 2 'a container is missing' check
wrong 'check with two containers' 2 'one container at a time' check a.so b.so
for command in trigger patches check messages; do
	wrong "$command: -p without a process" 2 'requires an argument' "$command" -p
	wrong "$command: -p twice" 2 'can be given once' "$command" -p 1 -p 2
	wrong "$command: -p with nothing" 2 'wants a process ID or a name' "$command" -p ''
	wrong "$command: -p with a number that is none of a process" 2 'no process ID is so large' \
		"$command" -p 2147483648
done
for seconds in '' -1 0 x 1x 86401 99999999999999999999; do
	wrong "trigger: --timeout=$seconds" 2 'a timeout is a number of seconds' \
		trigger "--timeout=$seconds" x.so
done
for jobs in '' 0 257 +5 ' 5' ' -18446744073709551615'; do
	wrong "trigger: -j '$jobs'" 2 '-j wants a number from 1 to 256' trigger -j "$jobs" x.so
done

# What an empty variable of a script gives.
for command in trigger check dump livepatchable; do
	wrong "$command: a file without a name" 2 '^ulp: the name of the file is empty' "$command" ''
done
wrong 'extract: a file to write without a name' 2 'the file to write is missing' extract -o '' x

# /dev/full takes no byte: the answer is lost, which must not be success.
if [ -c /dev/full ]; then
	status=0
	"$ulp" --help >/dev/full 2>err || status=$?
	: >out
	tap_is 'a full disk is an error' 8 "$status"
	tap_has 'a full disk is named' err '^ulp: standard output: '
else
	tap_skip 'a full disk is an error' 'no /dev/full'
fi

# --- livepatchable ----------------------------------------------------------

cat >victim.c <<'C'
static volatile int secret = 40;
int add(int n);
__attribute__((noinline)) int add(int n)
{
	return secret + n;
}
int twice(int n);
int twice(int n)
{
	return add(n) + add(n);
}
C
flags='-O2 -fPIC -fcf-protection=none'
# shellcheck disable=SC2086
build() {
	$cc $flags "$@" >build.log 2>&1 && return
	sed 's/^/# /' build.log
	tap_bail "failed: $cc $flags $*"
}
build -fpatchable-function-entry=16,14 -shared -Wl,--build-id=sha1 -o libstock.so victim.c
build -fpatchable-function-entry=16,0 -shared -Wl,--build-id=sha1 -o libother.so victim.c
build -shared -Wl,--build-id=sha1 -o libplain.so victim.c
build -c -o victim.o victim.c

run "$ulp" livepatchable libstock.so
tap_is 'livepatchable: yes is status 0' 0 "$status"
tap_has 'livepatchable: entries of the compiler itself' out \
	'^libstock.so: livepatchable, 2 functions have entries \(-fpatchable-function-entry=16,14\), '
run "$ulp" livepatchable libother.so
tap_is 'livepatchable: other entries of the compiler' \
	'libother.so: not livepatchable, no function has an entry' "$(cat out)"
run "$ulp" livepatchable libplain.so
tap_is 'livepatchable: no is status 1' 1 "$status"
tap_is 'livepatchable: says no' 'libplain.so: not livepatchable, no function has an entry' \
	"$(cat out)"
run "$ulp" livepatchable -q libplain.so
tap_is 'livepatchable -q: status 1' 1 "$status"
tap_is 'livepatchable -q: says nothing' '' "$(cat out err)"
run "$ulp" livepatchable missing.so libplain.so
tap_is 'livepatchable: an error outranks an answer' 8 "$status"
tap_has 'livepatchable: goes on after an error' out '^libplain.so: not livepatchable'

cp libstock.so alien.so
printf '\267\000' | dd of=alien.so bs=1 seek=18 conv=notrunc 2>/dev/null # EM_AARCH64
wrong 'livepatchable: made for another machine' 3 '^ulp: alien\.so: .*machine' livepatchable alien.so

# --- files that cannot be read ----------------------------------------------

cp libplain.so locked.so
chmod 000 locked.so
chmod 755 .
as_nobody=
[ "$(id -u)" -ne 0 ] || as_nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
mkfifo fifo
: >empty
echo 'just some text, and no more than that' >text
mkdir folder

for command in dump livepatchable trigger check; do
	wrong "$command: no such file" 8 '^ulp: missing.so: .*No such file' "$command" missing.so
	wrong "$command: a directory" 3 '^ulp: folder: not a regular file' "$command" folder
	wrong "$command: a FIFO" 3 '^ulp: fifo: .*not a regular file' "$command" fifo
	wrong "$command: empty file" 3 '^ulp: empty: ' "$command" empty
	wrong "$command: text" 3 '^ulp: text: ' "$command" text
	wrong "$command: an object file" 3 '^ulp: victim.o: ' "$command" victim.o
	wrong "$command: a name that is not echoed raw" 8 '^ulp: \\x1b\[31mx: ' \
		"$command" "$(printf '\033[31mx')"
	if [ -n "$as_nobody" ] && ! $as_nobody "$ulp" --version >/dev/null 2>&1; then
		tap_skip "$command: unreadable file" 'another user cannot run the tool here'
		continue
	fi
	run $as_nobody "$ulp" "$command" locked.so
	tap_is "$command: unreadable file is status 7" 7 "$status"
	tap_has "$command: unreadable file is named" err '^ulp: locked.so: .*Permission denied'
done

# --- dump -------------------------------------------------------------------

for command in dump trigger check; do
	wrong "$command: a library that is no container" 3 \
		'^ulp: libplain.so: .*not a live patch' "$command" libplain.so
done

# From here on with the plugin, which a build may lack.
plugin=$ULP_BUILDDIR/gcc-plugin/ulp.so
if [ ! -f "$plugin" ]; then
	tap_skip 'containers' 'the plugin was not built'
	tap_done
fi
cc=${PLUGIN_GCC:-gcc}
build "-fplugin=$plugin" -shared -Wl,-soname,libvictim.so.1 -Wl,--build-id=sha1 \
	-o libvictim.so.1 victim.c
run "$ulp" livepatchable libvictim.so.1
tap_is 'livepatchable: yes is status 0' 0 "$status"
tap_has 'livepatchable: says how many, and which layout' out \
	'^libvictim.so.1: livepatchable, 2 functions have entries \(5-byte NOP\), '
run "$ulp" livepatchable libvictim.so.1 libplain.so
tap_is 'livepatchable: one no among several is status 1' 1 "$status"
tap_is 'livepatchable: one line for each library' 2 "$(wc -l <out)"

cat >fix.c <<'C'
extern volatile int secret;
int add(int n);
int add(int n)
{
	return secret + n + 1;
}
C
cat >fix.yaml <<'YAML'
ulp: 1
name: victim-CVE-2000-0001
description: add() forgets one
labels: [CVE-2000-0001, bsc#1]
target:
  soname: libvictim.so.1
functions:
  - replace: add
YAML
build "-fplugin=$plugin" -c -o fix.o fix.c
run "$packer" fix.yaml fix.o -t libvictim.so.1 -o fix.so
if [ "$status" -ne 0 ]; then
	tap_explain 'ulp-packer failed'
	tap_bail 'no container to dump'
fi
build_id=$(readelf -n libvictim.so.1 | sed -n 's/.*Build ID: //p')
own_id=$(readelf -n fix.so | sed -n 's/.*Build ID: //p')

# --- ulp-packer --template --------------------------------------------------------

run "$packer" --template CVE-2000-0002 -t libvictim.so.1 add
tap_is 'template: status' 0 "$status"
tap_has 'template: the name of target and fix' out '^name: libvictim-CVE-2000-0002$'
tap_has 'template: the label' out '^labels: \[CVE-2000-0002\]$'
tap_has 'template: the build of the target' out "^  build_id: $build_id\$"
cp out made.yaml
run "$packer" --check made.yaml
tap_is 'template: what it makes is a valid spec' 0 "$status"
run "$packer" made.yaml fix.o -t libvictim.so.1 -o made.so
tap_is 'template: what it makes can be packed' 0 "$status"
run "$packer" --template CVE-2000-0002 -t libvictim.so.1 -o made.yaml add
tap_is 'template: a spec is not written over' 2 "$status"
run "$packer" --template CVE-2000-0002 -t libvictim.so.1 -o other.yaml add
tap_ok 'template: into a file' cmp made.yaml other.yaml
run "$packer" --template CVE-2000-0002 -t libvictim.so.1 ad
tap_is 'template: unknown function' 5 "$status"
tap_has 'template: near names' err 'near names: add'
run "$packer" --template CVE-2000-0002 add
tap_is 'template: without a target' 2 "$status"
run "$packer" --template CVE-2000-0002 -t libvictim.so.1
tap_is 'template: without a function' 2 "$status"

# --- ulp dump ----------------------------------------------------------------------

run "$ulp" dump fix.so
cp out whole
tap_is 'dump succeeds' 0 "$status"
tap_has 'dump: file' whole '^fix\.so:$'
tap_has 'dump: name' whole '^  name: +victim-CVE-2000-0001$'
tap_has 'dump: description' whole '^  description: +add\(\) forgets one$'
tap_has 'dump: labels' whole '^  labels: +CVE-2000-0001, bsc#1$'
tap_has 'dump: own build ID' whole "^  build ID: +$own_id\$"
tap_has 'dump: target' whole '^  target: +libvictim\.so\.1$'
tap_has 'dump: build ID of the target' whole "^  target build ID: +$build_id\$"
tap_has 'dump: consistency' whole '^  consistency: +function '
tap_has 'dump: replaced function' whole '^    add -> add$'
tap_has 'dump: layout of the entry' whole 'entry: 0x[0-9a-f]+, 5-byte NOP,'
tap_has 'dump: private symbol' whole '^    secret at 0x'
tap_has 'dump: what is needed to revert' whole '^  \.ulp\.rev:$'
run "$ulp" dump fix.so missing.so fix.so
tap_is 'dump: status of the file that failed' 8 "$status"
tap_is 'dump: goes on after an error' 2 "$(grep -c '^fix.so:$' out)"

# --- processes that are not there --------------------------------------------

# Larger than any kernel.pid_max (4194304 at most, proc(5)).
nobody=999999999
for command in patches messages; do
	wrong "$command: no such process" 4 "^ulp: .*$nobody" "$command" -p "$nobody"
done
wrong 'check: no such process' 4 "^ulp: .*$nobody" check -p "$nobody" fix.so
run "$ulp" trigger -p "$nobody" fix.so
tap_is 'trigger: no such process is status 4' 4 "$status"
tap_has 'trigger: no such process is an ERROR' out "^ERROR   pid $nobody: "
run "$ulp" trigger -q -p "$nobody" fix.so
tap_is 'trigger -q: nothing on stdout' '' "$(cat out)"
tap_has 'trigger -q: the error on stderr' err "^ulp: pid $nobody: "
for command in trigger check; do
	run "$ulp" "$command" -p 'no-such-name-*' fix.so
	tap_is "$command: a name that nobody has is status 1" 1 "$status"
	tap_has "$command: a name that nobody has is told" out \
		'^no process that matches .*: no process has such a name'
done
run "$ulp" patches -p 'no-such-name-*'
tap_is 'patches: a name that nobody has is no error' 0 "$status"
run "$ulp" trigger fix.so missing.so
tap_is 'trigger: one container that is missing is an error' 8 "$status"
tap_is 'trigger: and no process is touched for the others' '' "$(cat out)"

# --- damaged containers -----------------------------------------------------

len=$(stat -c %s fix.so)
for part in 1 5 10 25 50 75 90 99; do
	head -c $((len * part / 100)) fix.so >cut.so
	wrong "dump: cut to $part %" 3 '^ulp: cut\.so: ' dump cut.so
done
# One byte changed at each of these places of .ulp: magic, version, length, checksum, content.
ulp_off=$((0x$(readelf -SW fix.so | sed 's/^ *\[ *[0-9]*\]//' | awk '$1 == ".ulp" {print $4}')))
for place in 0 8 16 24 40 100; do
	cp fix.so bent.so
	printf '\377' | dd of=bent.so bs=1 seek=$((ulp_off + place)) conv=notrunc 2>/dev/null
	wrong "dump: byte $place of .ulp changed" 3 '^ulp: bent\.so: \.ulp\+0x[0-9a-f]+: ' dump bent.so
done
for section in .ulp .ulp.rev; do
	objcopy -R "$section" fix.so less.so 2>/dev/null
	wrong "dump: without $section" 3 "^ulp: less\\.so: " dump less.so
done
cp fix.so alien.so
printf '\267\000' | dd of=alien.so bs=1 seek=18 conv=notrunc 2>/dev/null # EM_AARCH64
wrong 'dump: made for another machine' 3 '^ulp: alien\.so: ' dump alien.so

tap_done

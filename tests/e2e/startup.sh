#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A process applies the live patches of its folder before main(): what it takes, what it leaves and
# says so, who may opt out, and that nothing else of it shows.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

unset LIBPULP_PATCH_PATH LIBPULP_DISABLE_ON_PATH LIBPULP_DISABLE_ON_USERS LIBPULP_DISABLE_ON_GROUPS
victim_program early

# early NAME [VARIABLE=VALUE...]: starts the program, sets pid; what it says is in NAME.log
early() {
	early_name=$1
	shift
	process_start env LD_PRELOAD="$runtime" LD_LIBRARY_PATH="$tap_dir/lib" "$@" \
		"${early_program:-./early}" >"$early_name.log" 2>&1
	pid=$process_pid
	wait_for 30 grep -q '^ready' "$early_name.log" || tap_bail "$early_name does not start"
}

# first NAME: what the functions gave in main()
first() {
	sed -n 's/^other \([0-9]*\) third \([0-9]*\) .*/\1 \2/p' "$1.log" | sed -n 1p
}

told_more() {
	[ "$(grep -c '^other' "$1.log")" -gt "$2" ]
}

# now NAME: what they give now
now() {
	now_nr=$(grep -c '^other' "$1.log")
	kill -USR1 "$pid"
	wait_for 30 told_more "$1" "$now_nr"
	sed -n 's/^other \([0-9]*\) third \([0-9]*\) .*/\1 \2/p' "$1.log" | tail -n 1
}

# said NAME REGEX: a message of the process
said() {
	run "$ulp" messages -p "$pid"
	tap_has "$1" out "$2"
}

not_said() {
	run "$ulp" messages -p "$pid"
	tap_is "$1" '' "$(grep -E -e "$2" out)"
}

# folder NAME FILE...: a folder of live patches
folder() {
	mkdir "$1"
	folder_path=$tap_dir/$1
	shift
	cp "$@" "$folder_path"
}

adding_fix one victim_other 100
adding_fix two victim_third 200

# --- applied before main(), and as good as any other -------------------------------

early plain
tap_is 'without a folder: nothing is changed' '6 7' "$(first plain)"
said 'without a folder: the runtime is ready' '  libpulp .* is ready$'
tap_has 'without a folder: errno is 0 in main()' plain.log ' errno 0 '
cp plain.log quiet
process_stop "$pid"

folder both one.so two.so
early both LIBPULP_PATCH_PATH="$folder_path"
tap_is 'both are in effect in main()' '104 204' "$(first both)"
tap_is 'a process sees nothing else of it: heap, files, errno' "$(sed -n 1p quiet)" \
	"$(sed -n 1p both.log)"
tap_has 'errno is 0 in main()' both.log ' errno 0 '
tap_is 'patches' 'two.so one.so' "$(patches_of "$pid")"
said 'messages: what was applied' \
	'  applied one\.so at the start of the process: 1 function of libvictim\.so\.1$'
run "$ulp" check -p "$pid" one.so
tap_is 'check: applied' 0 "$status"
run apply "$pid" one.so
tap_has 'trigger: applied already' out 'already'
run revert "$pid" one.so
tap_is 'revert' 0 "$status"
tap_is 'reverted' '6 204' "$(now both)"
run apply "$pid" one.so
tap_is 'and applied again' 0 "$status"
tap_is 'applied again' '104 204' "$(now both)"
tap_is 'no mapping is writable and executable' '' "$(grep ' .wx' "/proc/$pid/maps")"
process_stop "$pid"

# --- which ones, and in which order --------------------------------------------------

mkdir nested nested/package nested/package/deeper nested/.hidden
cp one.so nested/package
cp two.so nested/package/deeper
cp two.so nested/.hidden
cp two.so nested/two.txt
early nested LIBPULP_PATCH_PATH="$tap_dir/nested"
tap_is 'folders of the folder are looked into, no deeper; hidden and other files are not' '104 7' \
	"$(first nested)"
process_stop "$pid"

early list LIBPULP_PATCH_PATH="$tap_dir/nested::$tap_dir/both:/nonexistent"
tap_is 'several folders, and a container in two of them' '104 204' "$(first list)"
said 'a folder that is named and not there is told' 'ignored /nonexistent: there is no such folder'
not_said 'the same container twice is not' 'not applied'
process_stop "$pid"

early relative LIBPULP_PATCH_PATH=both
tap_is 'a path that is not absolute is ignored' '6 7' "$(first relative)"
said 'a path that is not absolute: said' 'ignored both: .*not absolute'
process_stop "$pid"

early empty LIBPULP_PATCH_PATH=
tap_is 'an empty path: nothing' '6 7' "$(first empty)"
process_stop "$pid"

adding_fix a_needs victim_other 300 'requires: [b_base]'
adding_fix b_base victim_third 400
adding_fix c_lacks victim_number 500 'requires: [not_there]'
folder ordered a_needs.so b_base.so c_lacks.so
early ordered LIBPULP_PATCH_PATH="$folder_path"
tap_is 'what is required goes first, whatever the names are' '304 404' "$(first ordered)"
said 'what lacks its requirement is told' 'not applied .*: c_lacks\.so: requires .*not_there'
tap_is 'and not applied' 'a_needs.so b_base.so' "$(patches_of "$pid")"
process_stop "$pid"

adding_fix a_old victim_other 600
adding_fix b_new victim_other 700 'supersedes: [a_old]'
folder superseded a_old.so b_new.so
early superseded LIBPULP_PATCH_PATH="$folder_path"
tap_is 'one that is superseded is not applied' '704 7' "$(first superseded)"
tap_is 'only the other is' 'b_new.so' "$(patches_of "$pid")"
said 'it is said why' 'not applied .*: a_old\.so: .*supersedes it'
process_stop "$pid"


victim_other_build=$(mktemp -d "$tap_dir/XXXXXX")
# shellcheck disable=SC2086
must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -shared -DVICTIM_BUILD='"another"' \
	-Wl,-soname,libvictim.so.1 -Wl,--build-id=sha1 -o "$victim_other_build/libvictim.so.1" \
	"$victims/libvictim.c"
process_start env LD_PRELOAD="$runtime" LD_LIBRARY_PATH="$victim_other_build" \
	LIBPULP_PATCH_PATH="$tap_dir/both" ./early >another.log 2>&1
pid=$process_pid
tap_ok 'another build of the library: starts' wait_for 30 grep -q '^ready' another.log
tap_is 'another build of the library: not touched' '6 7' "$(first another)"
not_said 'another build of the library: not a word' '\.so'
process_stop "$pid"

# The runtime's own function, in which the process is while it is looked for.
if "$ulp" livepatchable -q "$runtime"; then
	cat >self.c <<-'C'
		void startup(char **argv, char **envp);
		void startup(char **argv, char **envp)
		{
			(void)argv, (void)envp;
		}
	C
	fix_spec self startup | sed 's/libvictim\.so\.1/libpulp.so.0/' >self.yaml
	compile_fix self
	must "$packer" self.yaml self.o -t "$runtime" -o self.so
	folder self_folder self.so one.so
	early self LIBPULP_PATCH_PATH="$folder_path"
	tap_is 'a function in use is not replaced, the others are' '104 7' "$(first self)"
	said 'a function in use is named' 'not applied .*: self\.so: startup is in use'
	tap_is 'a function in use: its container has left' 1 "$(grep -c 'r-xp.* 00:00 0 *$' "/proc/$pid/maps")"
	process_stop "$pid"
else
	tap_skip 'a function in use' 'the runtime is built without the plugin'
fi

# --- what is not trusted ---------------------------------------------------------------

# untrusted NAME REGEX: with the folder NAME `one` is ignored and said so, and `two` is applied
untrusted() {
	early "$1" LIBPULP_PATCH_PATH="$tap_dir/$1"
	tap_is "$1: only the other is applied" '6 204' "$(first "$1")"
	said "$1: said" "ignored $tap_dir/$1/one\\.so: $2"
	process_stop "$pid"
}

folder file_group one.so two.so
chmod 664 file_group/one.so
untrusted file_group 'its group or others may write to it'
folder file_world one.so two.so
chmod 646 file_world/one.so
untrusted file_world 'its group or others may write to it'
folder damaged one.so two.so
must dd if=/dev/zero of=damaged/one.so bs=1 seek=64 count=2000 conv=notrunc
untrusted damaged '.'
folder byte one.so two.so
record=$(readelf -SW one.so | sed -n 's/.* \.ulp  *PROGBITS  *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
printf x | must dd of=byte/one.so bs=1 seek=$((0x$record + 100)) conv=notrunc
untrusted byte '\.ulp[^/]*: .*checksum[^/]*$'
folder cut one.so two.so
head -c 3000 one.so >cut/one.so
untrusted cut 'it is not a live patch'
folder no_container one.so two.so
cp lib/libvictim.so.1 no_container/one.so
untrusted no_container 'it is not a live patch'
folder fifo one.so two.so
rm fifo/one.so
mkfifo fifo/one.so
untrusted fifo 'it is not a file'
folder dangling one.so two.so
rm dangling/one.so
ln -s /nonexistent dangling/one.so
untrusted dangling 'it cannot be opened'

folder folder_world one.so
chmod 777 folder_world
early folder_world LIBPULP_PATCH_PATH="$folder_path"
tap_is 'a folder that all may write to is ignored' '6 7' "$(first folder_world)"
said 'and said so' "ignored $folder_path: its group or others may write to it"
process_stop "$pid"

ln -s both linked
ln -s ../one.so nested/package/link.so
early linked LIBPULP_PATCH_PATH="$tap_dir/linked"
tap_is 'a link is as good as what it leads to' '104 204' "$(first linked)"
process_stop "$pid"

if [ "$(id -u)" -eq 0 ]; then
	folder file_owner one.so two.so
	chown 65534 file_owner/one.so
	untrusted file_owner 'it is not owned by root'
	folder folder_owner one.so
	chown 65534 folder_owner
	early folder_owner LIBPULP_PATCH_PATH="$folder_path"
	tap_is 'a folder of another user is ignored' '6 7' "$(first folder_owner)"
	process_stop "$pid"
	ln -s folder_owner/one.so both/zz.so
	early link_owner LIBPULP_PATCH_PATH="$tap_dir/both"
	tap_is 'a link: what counts is the file that it leads to' '104 204' "$(first link_owner)"
	rm both/zz.so
	process_stop "$pid"
else
	tap_skip 'files of other users' 'not root'
fi

# --- the default folder -------------------------------------------------------------------

# A runtime whose default folder is $tap_dir/d: the same path length, filled up with slashes.
usual=$(grep -ao '/[[:print:]]*/livepatches' "$runtime" | head -n 1)
own=$tap_dir/d
while [ "${#own}" -lt "${#usual}" ]; do
	own=${own%d}/d
done
mkdir d rt
if [ "${#own}" -eq "${#usual}" ]; then
	LC_ALL=C sed "s|$usual|$own|" "$runtime" >rt/libpulp.so.0
	chmod 755 rt/libpulp.so.0
	early usual LD_PRELOAD="$tap_dir/rt/libpulp.so.0"
	tap_is 'the default folder: empty' '6 7' "$(first usual)"
	process_stop "$pid"
	cp one.so d
	early usual LD_PRELOAD="$tap_dir/rt/libpulp.so.0"
	if [ "$(id -u)" -eq 0 ]; then
		tap_is 'the default folder: applied' '104 7' "$(first usual)"
	else
		said 'the default folder: must be owned by root' 'ignored .*: it is not owned by root'
	fi
	process_stop "$pid"
	early instead LD_PRELOAD="$tap_dir/rt/libpulp.so.0" LIBPULP_PATCH_PATH="$tap_dir/both"
	tap_is 'the default folder: a path stands in its place' '104 204' "$(first instead)"
	process_stop "$pid"
	early none LD_PRELOAD="$tap_dir/rt/libpulp.so.0" LIBPULP_PATCH_PATH=
	tap_is 'the default folder: an empty path stands for no folder' '6 7' "$(first none)"
	process_stop "$pid"
else
	tap_skip 'the default folder' "its path is too short: $usual"
	cp "$runtime" rt
fi

# --- more rights than the user -----------------------------------------------------------

# With the runtime among its needs: of a preload the dynamic linker would not hear.
secure_start() {
	process_start setpriv --reuid=65534 --regid=65534 --clear-groups env "$@" ./setuid \
		>secure.log 2>&1
	pid=$process_pid
	wait_for 30 grep -q '^ready' secure.log
}

secure_cases() {
	# shellcheck disable=SC2086
	must "$gcc" $victim_cflags -o setuid "$victims/early.c" lib/libvictim.so.1 -Wl,--no-as-needed \
		rt/libpulp.so.0 -Wl,-rpath,"$tap_dir/lib:$tap_dir/rt"
	chmod 4755 setuid
	secure_start LIBPULP_PATCH_PATH="$tap_dir/both" LIBPULP_DISABLE_ON_PATH='*' || {
		tap_skip 'set-user-ID' 'the user nobody cannot start a program here'
		return
	}
	grep -q ' secure 1$' secure.log || {
		tap_skip 'set-user-ID' 'the file system does not honour it'
		return
	}
	if [ -e d/one.so ]; then
		tap_is 'set-user-ID: the default folder, and not the path' '104 7' "$(first secure)"
	else
		tap_is 'set-user-ID: the path is ignored' '6 7' "$(first secure)"
	fi
	said 'set-user-ID: said' 'LIBPULP_PATCH_PATH is ignored: '
	not_said 'set-user-ID: the opt-out is ignored' 'disabled'
	run apply "$pid" two.so
	tap_is 'set-user-ID: can be patched' 0 "$status"
	process_stop "$pid"
	secure_child_case
}

# What a set-user-ID program executes as root for real has no more rights than its user.
secure_child_case() {
	cat >become_root.c <<-'C'
		#include <unistd.h>
		int main(void)
		{
			if (setgid(0) || setuid(0))
				return 1;
			execlp("env", "env", (char *)0);
			return 1;
		}
	C
	# shellcheck disable=SC2086
	must "$gcc" $victim_cflags -o become_root become_root.c -Wl,--no-as-needed rt/libpulp.so.0 \
		-Wl,-rpath,"$tap_dir/rt"
	set -- env STARTUP_FIRST=1 LIBPULP_PATCH_PATH="$tap_dir/both" LIBPULP_DISABLE_ON_PATH='*' \
		STARTUP_SECOND=2 LIBPULP_DISABLE_ON_USERS='*' LIBPULP_DISABLE_ON_GROUPS='*' ./become_root
	must "$@"
	tap_is 'a program that root has started hands all variables on' 6 \
		"$(grep -c -e ^LIBPULP_ -e ^STARTUP_ must.log)"
	chmod 4755 become_root
	must setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	tap_is 'set-user-ID: hands the ones that it has ignored to no program' \
		'STARTUP_FIRST=1 STARTUP_SECOND=2' "$(grep -e '^LIBPULP_' -e '^STARTUP_' must.log | xargs)"
}

if [ "$(id -u)" -ne 0 ]; then
	tap_skip 'set-user-ID' 'not root'
elif ! command -v setpriv >/dev/null; then
	tap_skip 'set-user-ID' 'no setpriv'
else
	secure_cases
fi

# --- other threads ----------------------------------------------------------------------

cat >starter.c <<'C'
#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *p)
{
	for (;;)
		pause();
	return p;
}
__attribute__((constructor)) static void start(void)
{
	pthread_t id;
	pthread_create(&id, NULL, wait_for_ever, NULL);
}
C
must "$gcc" -shared -fPIC -o lib/libstarter.so starter.c
# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o threaded "$victims/early.c" lib/libvictim.so.1 -Wl,--no-as-needed \
	lib/libstarter.so
early_program=./threaded
early threaded LIBPULP_PATCH_PATH="$tap_dir/both"
early_program=
tap_is 'with threads that run already nothing is applied' '6 7' "$(first threaded)"
said 'with threads: said, with the remedy' 'no live patch was applied .*threads.*ulp trigger'
run apply "$pid" one.so two.so
tap_is 'with threads: the remedy works' 0 "$status"
tap_is 'with threads: patched' '104 204' "$(now threaded)"
process_stop "$pid"

# --- opt-outs -----------------------------------------------------------------------------

# opted_out NAME VARIABLE=VALUE: nothing is applied, at the start or later
opted_out() {
	early "$1" LIBPULP_PATCH_PATH="$tap_dir/both" "$2"
	tap_is "$1: nothing is applied" '6 7' "$(first "$1")"
	said "$1: said" "live patching is disabled by ${2%%=*}"
	run apply "$pid" one.so
	tap_is "$1: trigger: status" 7 "$status"
	tap_has "$1: trigger: the reason and the remedy" out '^ERROR .*disabled.*set_patchable'
	process_stop "$pid"
}

# not_opted_out NAME VARIABLE=VALUE
not_opted_out() {
	early "$1" LIBPULP_PATCH_PATH="$tap_dir/both" "$2"
	tap_is "$1: applied" '104 204' "$(first "$1")"
	process_stop "$pid"
}

opted_out by_path LIBPULP_DISABLE_ON_PATH="/nonexistent:$tap_dir/ea*"
opted_out by_user LIBPULP_DISABLE_ON_USERS="nobody-here:$(id -un | cut -c 1-3)*"
opted_out by_user_number LIBPULP_DISABLE_ON_USERS="$(id -u)"
opted_out by_group LIBPULP_DISABLE_ON_GROUPS="$(id -gn)"
not_opted_out other_path LIBPULP_DISABLE_ON_PATH="$tap_dir/late:early"
not_opted_out other_user LIBPULP_DISABLE_ON_USERS='nobody-here:4294967'
not_opted_out other_group LIBPULP_DISABLE_ON_GROUPS='nobody-here::'

# --- set_patchable ---------------------------------------------------------------------------

early switched LIBPULP_PATCH_PATH="$tap_dir/both"
run "$ulp" set_patchable -p "$pid" disable
tap_is 'disable: status' 0 "$status"
tap_has 'disable: the outcome' out "^SUCCESS pid $pid "
tap_has 'disable: what is applied stays' out '2 live patches stay applied'
run "$ulp" set_patchable --json -p "$pid" disable
tap_has 'disable: in JSON as well' out '"note": ?"2 live patches stay applied"'
run "$ulp" patches -p "$pid"
tap_has 'disabled: patches says so, and the remedy' out \
	"^  Live patching is disabled.*set_patchable -p $pid enable"
tap_is 'disable: it does' '104 204' "$(now switched)"
run revert "$pid" one.so
tap_is 'disabled: reverting works' 0 "$status"
run apply "$pid" one.so
tap_is 'disabled: applying does not' 7 "$status"
tap_has 'disabled: the reason and the remedy' out '^ERROR .*disabled.*set_patchable'
tap_is 'disabled: nothing has changed' '6 204' "$(now switched)"
run "$ulp" set_patchable -p "$pid" enable
tap_is 'enable: status' 0 "$status"
run "$ulp" patches -p "$pid"
tap_ok 'enabled: patches does not say so any more' sh -c '! grep disabled out'
run apply "$pid" one.so
tap_is 'enabled: applying works' 0 "$status"
tap_is 'enabled: applied' '104 204' "$(now switched)"
said 'set_patchable: messages' 'live patching was disabled by ulp set_patchable'
run "$ulp" set_patchable -p "$pid"
tap_is 'set_patchable without a word' 2 "$status"
run "$ulp" set_patchable enable
tap_is 'set_patchable without a process' 2 "$status"
run "$ulp" set_patchable -p "$pid" maybe
tap_is 'set_patchable with another word' 2 "$status"

# The registry of a tool that was killed in the middle of a commit, as far as that shows.
cat >commit.c <<'C'
#include "engine/registry_format.h"
#include <stddef.h>
#include <stdio.h>
int main(void)
{
	printf("%zu %02x\n", offsetof(struct ulp_registry, commit), ULP_COMMIT_DECIDED);
}
C
must "${ULP_CC:-cc}" -I"$ULP_SRCDIR" -o commit commit.c
read -r offset decided <<END
$(./commit)
END
base=$(sed -n '/libpulp\.so\.0/{s/-.*//p;q;}' "/proc/$pid/maps")
symbol=$(nm -D "$runtime" | sed -n 's/^\([0-9a-f]*\) . ulp_registry$/\1/p')
poke "$pid" $((0x$base + 0x$symbol + offset)) "$decided"
run "$ulp" patches -p "$pid"
tap_has 'patches: a change that is not finished' out \
	"^  A change is not finished; the next 'ulp trigger' will finish it"
run apply "$pid" --dry-run one.so
tap_is 'a change that is not finished: --dry-run: status' 6 "$status"
tap_has 'a change that is not finished: --dry-run does not finish it' out \
	'^ERROR .*an earlier ulp did not live to finish a change'
not_said 'a change that is not finished: nor says that it has' 'finished a change'
run revert "$pid" two.so
tap_is 'a change that is not finished: the next one: status' 0 "$status"
tap_is 'a change that is not finished: the next one is done as well' '104 7' "$(now switched)"
said 'a change that is not finished: messages: the next one has finished it' \
	'Z finished a change that an earlier ulp did not live to finish$'
run "$ulp" patches -p "$pid"
tap_ok 'a change that is not finished: patches does not say so any more' \
	sh -c '! grep "not finished" out'

# While another tool commits a look finds the same, but not for long.  It ends with the process.
cat >commit_often.c <<'C'
#include "engine/registry_format.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
static int set(int mem, off_t at, uint32_t commit, unsigned ms)
{
	int ok = pwrite(mem, &commit, sizeof(commit), at) == sizeof(commit);

	usleep(ms * 1000);
	return ok;
}
int main(int argc, char **argv)
{
	int mem = argc == 3 ? open(argv[1], O_RDWR) : -1;
	off_t at = argc == 3 ? strtoll(argv[2], NULL, 10) : 0;

	for (int n = 0; n < 2400; n++)
		if (!set(mem, at, ULP_COMMIT_DECIDED, 5) || !set(mem, at, ULP_COMMIT_IDLE, 20))
			return 1;
}
C
must "${ULP_CC:-cc}" -D_GNU_SOURCE -I"$ULP_SRCDIR" -o commit_often commit_often.c
process_start ./commit_often "/proc/$pid/mem" $((0x$base + 0x$symbol + offset))
committer=$process_pid
unfinished=0
for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	"$ulp" patches -p "$pid" >out 2>err || unfinished=failed
	! grep -q 'is not finished' out || unfinished=$look
done
process_stop "$committer"
tap_is 'patches: a change that another tool is at work on' 0 "$unfinished"
run "$ulp" set_patchable --usage
tap_has 'set_patchable: the usage has the process' out '-p PROCESS enable\|disable'
run "$ulp" set_patchable -p $$ disable
tap_is 'set_patchable without the runtime: status' 4 "$status"
tap_has 'set_patchable without the runtime: an outcome' out "^ERROR +pid $$: .*libpulp\.so\.0"
run "$ulp" set_patchable --json -p $$ disable
tap_has 'set_patchable without the runtime: in JSON' out '"outcome": ?"ERROR"'
process_stop "$pid"

# --- what it costs where there is nothing to do ------------------------------------------------

if [ -z "$usual" ]; then
	tap_skip 'without a folder: one system call' 'the name of the default folder is not known'
elif command -v strace >/dev/null; then
	must strace -o calls -E LC_ALL=C -E LD_PRELOAD="$runtime" true
	tap_is 'without a folder: one system call' 1 "$(grep -cF "\"$usual\"" calls)"
	tap_is 'and no other after it but the program'\''s own' '' \
		"$(sed "1,\\|\"$usual\"|d" calls | grep -e mmap -e /proc)"
else
	tap_skip 'without a folder: one system call' 'no strace'
fi
tap_done

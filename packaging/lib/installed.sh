# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the tests of the Debian packages and of the RPMs share.  It runs in a throw-away root (see
# throwaway.sh) where the packages are installed, and uses nothing of the source tree but
# docs/example and the helpers of the tests.
#
# The test that sources it defines:
#   livepatches_build VERSION    builds calendar-livepatches from the folder livepatches; sets package
#   package_install FILE...      package_remove NAME...      installs or upgrades; removes

. "${ULP_SRCDIR:?}/tests/lib/tap.sh"
cd "$tap_dir" || exit 99
chmod 755 "$tap_dir"
cp "$ULP_SRCDIR"/docs/example/* .
export LC_ALL=C

# In this throw-away root: what somebody has installed by "make install".
rm -f /usr/local/bin/ulp* /usr/local/lib/libpulp.so*

# must COMMAND...: what all the rest builds on.
must() {
	"$@" >must.log 2>&1 && return
	tail -n 60 must.log | sed 's/^/# /'
	tap_bail "failed: $*"
}

# The last line that a program has printed, without its number.
says() {
	[ "$(tail -n 1 "$1.log" | sed 's/^question [0-9]*: //')" = "$2" ]
}

tap_says() {
	tap_ok "$1" wait_for 30 says "$2" "$3"
}

# program_start NAME ANSWER [VARIABLE=VALUE...]: sets NAME_pid; ANSWER is what it has to say first.
program_start() {
	program_name=$1
	first_answer=$2
	shift 2
	process_start env LD_PRELOAD=libpulp.so.0 "$@" ./program >"$program_name.log"
	eval "${program_name}_pid=$process_pid"
	wait_for 30 says "$program_name" "$first_answer" || {
		sed 's/^/# /' "$program_name.log"
		tap_bail "the program $program_name does not say: $first_answer"
	}
}

patches_of() {
	ulp patches -p "$1" | sed -n 's/^ *livepatch: //p' | xargs
}

# --- what comes with the tools -----------------------------------------------

tool_files() {
	for name in ulp ulp-packer; do
		tap_is "completion of $name" "complete -F _ulp $name" "$(
			bash --norc -c '. "/usr/share/bash-completion/completions/$1" && complete -p "$1"' \
				bash "$name" 2>&1)"
	done
	for name in ulp-output ulp-spec; do
		tap_ok "schema $name" test -s "/usr/share/ulp/$name.schema.json"
	done
}

# --- the flags ---------------------------------------------------------------

flags() {
	tap_is 'ulp-cflags: the plugin is in the folder of GCC' '-fplugin=ulp' "$(ulp-cflags)"
	tap_is 'ulp-cflags --ldflags' '-fplugin=ulp -Wl,--build-id=sha1' "$(ulp-cflags --ldflags)"
	tap_is 'ulp-cflags --exclude' \
		'-fplugin=ulp -fplugin-arg-ulp-exclude=a* -fplugin-arg-ulp-exclude=b' \
		"$(ulp-cflags --exclude='a*' --exclude=b)"
	tap_is 'pkg-config --cflags' "$(ulp-cflags)" "$(pkg-config --cflags ulp | xargs)"
	tap_is 'pkg-config --libs' "$(ulp-cflags --ldflags)" "$(pkg-config --libs ulp | xargs)"
	tap_is 'pkg-config --variable=cflags' "$(ulp-cflags)" "$(pkg-config --variable=cflags ulp)"
	tap_is 'pkg-config: the folder of the plugin' "$(gcc -print-file-name=plugin)" \
		"$(pkg-config --variable=plugindir ulp)"
	tap_is 'the version is the same everywhere' "$(ulp-cflags --version | sed 's/.* //')" \
		"$(pkg-config --modversion ulp)"
	meson_finds_them
	libtool_hands_them_on

	printf '#!/bin/sh\ncase $1 in -dumpversion) echo 99 ;; *) echo gcc-99 ;; esac\n' >gcc-99
	chmod 755 gcc-99
	run ulp-cflags --cc=./gcc-99
	tap_is 'ulp-cflags: another GCC is an error' 2 "$status"
	tap_is 'ulp-cflags: no flags after an error' '' "$(cat "$tap_dir/out")"
	tap_has 'ulp-cflags: which GCC it is for' "$tap_dir/err" 'is for GCC [0-9]+, but ./gcc-99 is GCC 99$'
	run ulp-cflags --cc=/no/such/gcc
	tap_has 'ulp-cflags: no compiler' "$tap_dir/err" 'the compiler /no/such/gcc cannot be run$'
	# shellcheck disable=SC2016
	run ulp-cflags --exclude='a b$c'
	tap_is 'ulp-cflags: what would not stay one flag is refused' 2 "$status"
}

# meson finds them as a dependency.
meson_finds_them() {
	command -v meson >/dev/null || {
		tap_skip 'meson' 'meson is not installed'
		return
	}
	mkdir meson
	cp calendar.c calendar.h meson/
	cat >meson/meson.build <<-'END'
		project('calendar', 'c')
		shared_library('calendar', 'calendar.c', dependencies: dependency('ulp'))
	END
	must meson setup meson/b meson
	must meson compile -C meson/b
	run ulp livepatchable meson/b/libcalendar.so
	tap_has 'meson: dependency()' out 'livepatchable, 2 functions'
}

# What docs/distributions.md says of libtool and -flto.
libtool_hands_them_on() {
	command -v libtool >/dev/null || {
		tap_skip 'libtool' 'libtool is not installed'
		return
	}
	must libtool --tag=CC --mode=compile gcc -O2 -flto -fplugin=ulp -c -o lt.lo calendar.c
	must libtool --tag=CC --mode=link gcc -O2 -flto -Wc,-fplugin=ulp -Wl,--build-id \
		-rpath /usr/lib -o liblt.la lt.lo
	run ulp livepatchable .libs/liblt.so
	tap_has 'libtool and -flto: -Wc,-fplugin=ulp' out 'livepatchable, 2 functions'
}

# --- a library, a live patch, a process -----------------------------------------

# shellcheck disable=SC2046
first_path() {
	mkdir -p own
	must gcc -O2 -g -fPIC $(ulp-cflags) -shared $(ulp-cflags --ldflags) \
		-Wl,-soname,libcalendar.so.1 -o own/libcalendar.so.1 calendar.c
	run ulp livepatchable own/libcalendar.so.1
	tap_is 'a library built with the flags is livepatchable' 0 "$status"
	must gcc -O2 -fPIC -flto $(ulp-cflags --exclude='calendar_nr*') -c -o lto.o calendar.c
	must gcc -O2 -flto -shared $(ulp-cflags --exclude='calendar_nr*' --ldflags) -o lto.so lto.o
	run ulp livepatchable lto.so
	tap_is 'with -flto too' 0 "$status"
	must gcc -O2 -o program program.c own/libcalendar.so.1
	program_start own '2100 is a leap year' LD_LIBRARY_PATH=own
	tap_ok 'the installed runtime is preloaded by its name' process_maps "$own_pid" \
		'/usr/lib[^ ]*/libpulp\.so\.0'
	must gcc -O2 -g -fPIC -c -o calendar-fix.o calendar-fix.c
	must ulp-packer calendar-fix.yaml calendar-fix.o -t own/libcalendar.so.1 -o calendar-fix.so
	run ulp trigger calendar-fix.so
	tap_is 'trigger' 0 "$status"
	tap_says 'the fix is in effect' own '2100 is no leap year'
	tap_is 'patches' calendar-fix.so "$(patches_of "$own_pid")"
	run ulp trigger --revert calendar-fix.so
	tap_is 'revert' 0 "$status"
	tap_says 'the fix is reverted' own '2100 is a leap year'
	process_stop "$own_pid"
}

# --- a package of live patches ------------------------------------------------------

# new_fix FOLDER NAME FUNCTION...: a fix for the source of the package
new_fix() {
	new_folder=$1/fixes
	new_name=$2
	shift 2
	mkdir -p "$new_folder/$new_name"
	cp calendar.h calendar-fix.c "$new_folder/$new_name/"
	echo '-O2 -g -fPIC' >"$new_folder/$new_name/flags"
	{
		sed -e "s/^name:.*/name: $new_name/" -e '/^functions:/q' calendar-fix.yaml
		printf '  - replace: %s\n' "$@"
	} >"$new_folder/$new_name.yaml"
}

# The installed library is the target; it is stripped, and its debug file is installed.
new_livepatches() {
	must sh "$1/new-package.sh" --package=calendar-livepatches --target="$2" \
		--target-package=libcalendar1 livepatches
	new_fix livepatches calendar-one calendar_is_leap
}

# The next version: another container, which also replaces a second function.
change_livepatches() {
	must make -C livepatches clean
	rm -rf livepatches/fixes/*
	new_fix livepatches calendar-two calendar_is_leap calendar_nr_asked
	cat >>livepatches/fixes/calendar-two/calendar-fix.c <<'C'

unsigned long calendar_nr_asked(void)
{
	return nr_asked + 1000000;
}
C
}

hold() {
	mkfifo hold.fifo
	process_start ./tracer "$1" hold.fifo >hold.log
	hold_pid=$process_pid
	wait_for 30 grep -q tracing hold.log || tap_bail 'a process cannot be traced here'
}

let_go() {
	echo >hold.fifo
	wait_for 30 process_ended "$hold_pid"
	process_stop "$hold_pid"
	rm hold.fifo
}

livepatches() {
	must gcc -O2 -o program program.c "$1"
	must gcc -O2 -o tracer "$ULP_SRCDIR/tests/e2e/victims/tracer.c"
	must livepatches_build 1
	first=$package
	change_livepatches
	must livepatches_build 2
	second=$package
	must livepatches_build 3
	third=$package

	run package_install "$first"
	tap_is 'live patches: installed where no process has the runtime' 0 "$status"
	tap_is 'live patches: then nothing is said' '' "$(cat out err | grep calendar-livepatches:)"
	tap_is 'live patches: their place' /usr/lib/livepatches/calendar-livepatches/calendar-one.so \
		"$(echo /usr/lib/livepatches/*/*.so)"
	run package_remove calendar-livepatches
	tap_is 'live patches: removed where no process has the runtime' 0 "$status"

	program_start a '2100 is a leap year'
	program_start b '2100 is a leap year'
	hold "$b_pid"
	run package_install "$first"
	tap_is 'a process that cannot be patched does not stop the installation' 0 "$status"
	tap_has 'it is named' out "^calendar-livepatches: ERROR +pid $b_pid .*traced"
	tap_has 'the others are counted' out '^calendar-livepatches: calendar-one\.so applied in 1 process$'
	tap_says 'the fix is in effect' a '2100 is no leap year'
	let_go
	run /usr/libexec/ulp/livepatches apply calendar-livepatches
	tap_says 'applied again, it reaches the process that was left out' b '2100 is no leap year'
	tap_is 'applied again, it says so' 'calendar-livepatches: calendar-one.so applied in 1 process' \
		"$(cat out err)"

	hold "$b_pid"
	run package_install "$second"
	tap_is 'upgrade: status' 0 "$status"
	tap_ok 'upgrade: the new one is in effect' wait_for 30 grep -q 'question 1000' a.log
	tap_is 'upgrade: the old one has left' calendar-two.so "$(patches_of "$a_pid")"
	tap_has 'upgrade: a process without the new one keeps the old one' out \
		"^calendar-livepatches: pid $b_pid keeps calendar-one\\.so"
	let_go
	tap_is 'upgrade: it has it' calendar-one.so "$(patches_of "$b_pid")"

	program_start c '2100 is no leap year'
	tap_is 'a process that starts now has it from the start' calendar-two.so "$(patches_of "$c_pid")"
	run package_install "$third"
	tap_is 'upgrade with the same container: status' 0 "$status"
	tap_is 'upgrade with the same container: applied where it was missing' \
		'calendar-livepatches: calendar-two.so applied in 1 process' \
		"$(cat out err | grep 'calendar-livepatches: .*two')"
	tap_is 'upgrade: what could not leave before leaves now' calendar-two.so "$(patches_of "$b_pid")"
	tap_ok 'upgrade: nothing is kept any more' test ! -e /run/ulp/livepatches/calendar-livepatches
	tap_is 'upgrade with the same container: it stays' calendar-two.so "$(patches_of "$a_pid")"
	tap_says 'upgrade: a process started meanwhile has it' c '2100 is no leap year'

	run package_remove calendar-livepatches
	tap_is 'removed: status' 0 "$status"
	tap_has 'removed: what was reverted' out \
		'^calendar-livepatches: calendar-two\.so reverted in 3 processes$'
	tap_says 'removed: the fix is reverted' a '2100 is a leap year'
	tap_is 'removed: nothing is applied' '' "$(patches_of "$a_pid")"
	tap_ok 'removed: no file is left' test ! -e /usr/lib/livepatches/calendar-livepatches
	tap_ok 'the process lives' kill -0 "$a_pid"

	# Not in $tap_dir, which is deleted.  The mounts end with their command.
	mkdir -p /image/usr /image/proc
	for folder in bin lib lib64 sbin; do
		ln -s usr/$folder /image/$folder
	done
	run unshare --mount sh -c 'mount --bind /usr /image/usr && mount --bind /proc /image/proc &&
		chroot /image /usr/libexec/ulp/livepatches apply calendar-livepatches'
	tap_is 'in an image that is made in a folder no process is touched' \
		'calendar-livepatches: not the root folder of the running system: no process is touched' \
		"$(cat out)"
}

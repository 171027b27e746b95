#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian packages in the folder $ULP_BUILDDIR are installed and used; see test-debs.sh.

package_install() {
	dpkg -i "$@"
}

package_remove() {
	dpkg --remove "$@"
}

# set_version FOLDER VERSION
set_version() {
	sed -i "1s/(.*)/($2)/" "$1/debian/changelog"
}

# build FOLDER [VARIABLE=VALUE...]: its packages come to lie beside it
build() {
	build_folder=$1
	shift
	(cd "$build_folder" && env DEB_BUILD_OPTIONS=nocheck "$@" dpkg-buildpackage -us -uc -b)
}

livepatches_build() {
	set_version livepatches "$1"
	build livepatches || return
	package=$(echo calendar-livepatches_"$1"_*.deb)
}

. "${ULP_SRCDIR:?}/packaging/lib/installed.sh"
lib=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

# --- the packages -----------------------------------------------------------------

run lintian --fail-on error --allow-root "$ULP_BUILDDIR"/*.changes
tap_is 'lintian finds no error' 0 "$status"
preload=$(cat /etc/ld.so.preload 2>/dev/null)
# Without those of the debug information.
packages=$(find "$ULP_BUILDDIR" -name '*.deb' ! -name '*-dbgsym_*')
# shellcheck disable=SC2086
run package_install $packages
tap_is 'the packages can be installed' 0 "$status"
[ "$status" -eq 0 ] || tap_bail 'nothing else can be tested'
tap_is 'installing enables the runtime for no process' "$preload" \
	"$(cat /etc/ld.so.preload 2>/dev/null)"
tap_is 'where ulp is' /usr/bin/ulp "$(command -v ulp)"
tap_has 'libpulp0 tells how to enable it' /usr/share/doc/libpulp0/README.Debian 'LD_PRELOAD=libpulp'

tool_files
flags
first_path

# --- a package that is built live patchable ------------------------------------------

mkdir -p calendar/debian/source
cp calendar.c calendar.h calendar/
cat >calendar/Makefile <<'END'
libcalendar.so.1: calendar.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared $(LDFLAGS) -Wl,-soname,$@ -o $@ $<
clean:
	rm -f libcalendar.so.1
END
cat >calendar/debian/control <<'END'
Source: calendar
Maintainer: Nobody <nobody@calendar.invalid>
Build-Depends: debhelper-compat (= 13), libpulp-dev

Package: libcalendar1
Architecture: any
Depends: ${shlibs:Depends}, ${misc:Depends}
Description: leap years
END
cat >calendar/debian/changelog <<'END'
calendar (1) unstable; urgency=low

  * First version.

 -- Nobody <nobody@calendar.invalid>  Sat, 21 Nov 2026 12:00:00 +0000
END
echo "libcalendar.so.1 ${lib#/}" >calendar/debian/install
echo '3.0 (native)' >calendar/debian/source/format

# rules LINE...: debian/rules with these lines
rules() {
	{
		printf '#!/usr/bin/make -f\n'
		printf '%s\n' "$@"
		printf '%%:\n\tdh $@\n'
	} >calendar/debian/rules
	chmod 755 calendar/debian/rules
}

# entries: what the installed file of the package says
entries() {
	ulp livepatchable "calendar/debian/libcalendar1$lib/libcalendar.so.1" | sed 's/.*: //'
}

rules
must build calendar
tap_is 'a package without the flags' 'not livepatchable, no function has an entry' "$(entries)"
must build calendar DEB_CFLAGS_APPEND="$(ulp-cflags)" DEB_LDFLAGS_APPEND="$(ulp-cflags --ldflags)"
tap_has 'DEB_CFLAGS_APPEND in the environment' must.log '-fplugin=ulp'
run entries
tap_has 'makes it livepatchable' out '^livepatchable, 2 functions'
printf 'append %s -fplugin=ulp\n' CFLAGS LDFLAGS >/etc/dpkg/buildflags.conf
must build calendar
run entries
tap_has 'buildflags.conf' out '^livepatchable, 2 functions'
rm /etc/dpkg/buildflags.conf
rules 'ULP_EXCLUDE = calendar_nr*' 'include /usr/share/ulp/livepatchable.mk'
must build calendar
run entries
tap_has 'livepatchable.mk with ULP_EXCLUDE' out '^livepatchable, 1 function'
rules 'ULP_CC = /no/such/gcc' 'include /usr/share/ulp/livepatchable.mk'
run build calendar
tap_ok 'livepatchable.mk: a compiler that has no plugin breaks the build' test "$status" -ne 0
tap_has 'livepatchable.mk: and the reason is given' err 'the compiler /no/such/gcc cannot be run'
rules 'include /usr/share/dpkg/default.mk' 'include /usr/share/ulp/livepatchable.mk'
must build calendar
run entries
tap_has 'livepatchable.mk after default.mk' out '^livepatchable, 2 functions'
rules 'include /usr/share/ulp/livepatchable.mk' \
	'execute_after_dh_auto_build:' '	ulp livepatchable libcalendar.so.1'
must build calendar
run entries
tap_has 'livepatchable.mk, and a check in the build' out '^livepatchable, 2 functions'
# shellcheck disable=SC2046
must package_install $(echo libcalendar1_1_*.deb libcalendar1-dbgsym_1_*deb)

new_livepatches /usr/share/doc/libpulp-dev/examples/livepatches "$lib/libcalendar.so.1"
livepatches "$lib/libcalendar.so.1"

# --- openssl-livepatches ---------------------------------------------------------------

# What the program finds now.
openssl_answer() {
	echo '?' >&8
	timeout 30 head -n 1 <&9 | sed 's/, rounds.*//'
}

openssl_livepatches() {
	cp "$ULP_BUILDDIR/openssl/libcrypto.so.3" "$lib/"
	cp -r "$ULP_BUILDDIR/openssl/source" openssl-livepatches
	must build openssl-livepatches
	mkfifo ask answer
	# Read and write, so that neither side waits for the other to open its end.
	exec 8<>ask 9<>answer
	# A background process of dash has no other standard input than what it opens itself.
	process_start sh -c 'LD_PRELOAD=libpulp.so.0 exec "$0" <ask >answer' \
		"$ULP_BUILDDIR/openssl/ocb_victim"
	wait_for 30 process_maps "$process_pid" libpulp
	tap_is 'OpenSSL: the fault' 'encrypt WRONG, decrypt WRONG' "$(openssl_answer)"
	run package_install openssl-livepatches_1_*.deb
	tap_is 'openssl-livepatches: installed' 'encrypt RIGHT, decrypt RIGHT' "$(openssl_answer)"
	tap_is 'openssl-livepatches: patches' openssl-CVE-2025-69418.so "$(patches_of "$process_pid")"
	run package_remove openssl-livepatches
	tap_is 'openssl-livepatches: removed' 'encrypt WRONG, decrypt WRONG' "$(openssl_answer)"
	process_stop "$process_pid"
}

if [ -x "$ULP_BUILDDIR/openssl/ocb_victim" ]; then
	openssl_livepatches
else
	tap_skip 'openssl-livepatches' 'OpenSSL was not built: scripts/demo.sh openssl builds it'
fi

# --- and out again ------------------------------------------------------------------

run package_remove libpulp-dev gcc-12-plugin-ulp libpulp-tools libpulp0
tap_is 'the packages can be removed' 0 "$status"
hash -r
tap_is 'no program is left' '' "$(command -v ulp ulp-packer ulp-cflags)"
tap_done

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The RPMs in the folder $ULP_BUILDDIR are installed and used; see test-rpms.sh.

# No RPM is installed here that could satisfy a dependency.
package_install() {
	rpm -U --nodeps "$@"
}

package_remove() {
	rpm -e --nodeps "$@"
}

# build SPEC SOURCE-FOLDER VERSION
build() {
	tar --transform "s|^[^/]*|$2-$3|" -cJf "$2-$3.tar.xz" "$2"
	rpmbuild -bb --nodeps --define "_topdir $PWD/top" --define "_sourcedir $PWD" \
		--define "_rpmdir $PWD" --define "_libdir $lib" \
		--define '_rpmfilename %%{NAME}-%%{VERSION}.rpm' "$1"
}

livepatches_build() {
	rm -rf calendar-livepatches
	cp -r livepatches calendar-livepatches
	sed -i "s/^Version:.*/Version: $1/" calendar-livepatches/calendar-livepatches.spec
	build calendar-livepatches/calendar-livepatches.spec calendar-livepatches "$1" || return
	package=calendar-livepatches-$1.rpm
}

. "${ULP_SRCDIR:?}/packaging/lib/installed.sh"
lib=/usr/lib64
! command -v dpkg-architecture >/dev/null || lib=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

# --- the packages -----------------------------------------------------------------

preload=$(cat /etc/ld.so.preload 2>/dev/null)
run package_install "$ULP_BUILDDIR"/*.rpm
tap_is 'the packages can be installed' 0 "$status"
[ "$status" -eq 0 ] || tap_bail 'nothing else can be tested'
tap_is 'installing enables the runtime for no process' "$preload" \
	"$(cat /etc/ld.so.preload 2>/dev/null)"
tap_is 'where ulp is' /usr/bin/ulp "$(command -v ulp)"

tool_files
flags
first_path

# --- a package that is built live patchable ------------------------------------------

tap_is 'the macro of the flags' "$(ulp-cflags)" "$(rpm --eval '%{ulp_cflags}')"
tap_is 'the macro of the flags for linking' "$(ulp-cflags --ldflags)" "$(rpm --eval '%{ulp_ldflags}')"
mkdir calendar
cp calendar.c calendar.h calendar/
# calendar_spec LINE...: with these lines before %prep
calendar_spec() {
	cat <<-'END'
		%global debug_package %{nil}
		%global __os_install_post %{nil}
		Name: calendar
		Version: 1
		Release: 1
		Summary: leap years
		License: GPL-3.0-or-later
		Source0: calendar-1.tar.xz
		BuildRequires: libpulp-devel
		%description
		Leap years.
	END
	printf '%s\n' "$@"
	cat <<-'END'
		%prep
		%autosetup
		%build
		gcc %{optflags} -fPIC -shared %{?build_ldflags} -Wl,-soname,libcalendar.so.1 \
			-o libcalendar.so.1 calendar.c
		%install
		install -D libcalendar.so.1 %{buildroot}%{_libdir}/libcalendar.so.1
		%check
		%ulp_check %{buildroot}%{_libdir}/libcalendar.so.1
		%files
		%{_libdir}/libcalendar.so.1
	END
}
calendar_spec >calendar.spec
run build calendar.spec calendar 1
tap_ok 'a package without the flags does not pass %ulp_check' test "$status" -ne 0
tap_has '%ulp_check tells why' err 'a file is not live patchable: .*/libcalendar\.so\.1$'
calendar_spec '%global optflags %{optflags} %{ulp_cflags}' \
	'%global build_ldflags %{?build_ldflags} %{ulp_ldflags}' >calendar.spec
run build calendar.spec calendar 1
tap_is 'with the macros it does' 0 "$status"
must package_install calendar-1.rpm
run ulp livepatchable "$lib/libcalendar.so.1"
tap_has 'the installed library is livepatchable' out 'livepatchable, 2 functions'

template=$(rpm --eval '%{_docdir}')/libpulp-devel/livepatches
[ -d "$template" ] || template=$(rpm -qd libpulp-devel | sed -n 's|/new-package\.sh$||p')
new_livepatches "$template" "$lib/libcalendar.so.1"
livepatches "$lib/libcalendar.so.1"

# --- and out again ------------------------------------------------------------------

run package_remove libpulp-devel gcc12-plugin-ulp libpulp-tools libpulp0
tap_is 'the packages can be removed' 0 "$status"
hash -r
tap_is 'no program is left' '' "$(command -v ulp ulp-packer ulp-cflags)"
tap_done

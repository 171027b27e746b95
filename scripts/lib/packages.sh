# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Installs Debian packages that are missing, and only those.  Needs common.sh.

packages_build="autoconf automake libtool make gcc g++ binutils binutils-dev libelf-dev libdw-dev
	gettext libyaml-dev libjson-c-dev"
packages_tests="libcmocka-dev libunwind-dev gdb linux-perf lld groff-base libxml2-utils perl strace locales python3-jsonschema
	libjemalloc2 libtcmalloc-minimal4 musl-tools"
packages_check="clang clang-format clang-tidy cppcheck libclang-rt-14-dev xz-utils"
packages_openssl="dpkg-dev perl openssl ca-certificates"
packages_packaging="debhelper dpkg-dev gettext libjson-c-dev libtool-bin lintian meson pkg-config rpm xz-utils"
packages_glibc="dpkg-dev perl ca-certificates gawk bison gettext python3 xz-utils"
packages_gcc11="g++-11 gcc-11-plugin-dev"
packages_bench="valgrind perl"

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "not root and there is no sudo; run as root: $*"
	fi
}

package_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages NAME...: installs those that are missing and says which.
need_packages() {
	local name missing=() how=
	if ! command -v apt-get >/dev/null; then
		say "this is no Debian: nothing is installed here; configure names what is missing"
		return 0
	fi
	for name; do
		package_installed "$name" || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] || how=" (with sudo)"
	say "installing$how: ${missing[*]}"
	quietly "$build_root/apt.log" as_root apt-get -qq update || return
	quietly "$build_root/apt.log" as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -y --no-install-recommends install "${missing[@]}"
}

# What configure asks for, and further packages if named.  The headers of the plugin interface belong to the default GCC's
# version, which is only known once that is there.
need_build_packages() {
	# shellcheck disable=SC2086
	need_packages $packages_build "$@" || return
	if command -v apt-get >/dev/null; then
		need_packages "gcc-$(gcc -dumpversion | sed 's/\..*//')-plugin-dev"
	fi
}

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the Debian packages, source and binary.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/packaging/lib/export.sh"

out=$build_root/debs

usage() {
	cat <<END
Usage: packaging/build-debs.sh [--check] [--output=FOLDER | --help]
Installs what is missing, exports the source tree, and builds the Debian packages from it.

  --check          run the tests as part of the build (takes some minutes)
  --output=FOLDER  where the packages go, a folder of their own [_build/debs]
  --help           show this help
END
}

build_options='nocheck'
option() {
	case $1 in
	--check) build_options= ;;
	--output=?*) option_output "$1" ;;
	*) return 1 ;;
	esac
}
read_options "$@"

command -v dpkg >/dev/null || die "Debian packages are built on Debian and its like"
# shellcheck disable=SC2086
need_build_packages $packages_packaging $packages_tests || die "packages are missing"

version=$(package_version)
source=$out/libpulp-$version
case $(sed -n '1s/.*(\(.*\)-[^-]*).*/\1/p' "$top/packaging/debian/changelog") in
"$version") ;;
*) die "packaging/debian/changelog does not begin with the version of configure.ac, $version" ;;
esac

fresh_folder "$out"
export_tree "$source" || die "the source tree could not be exported"
export_tarball "$source" "libpulp-$version" "$out/libpulp_$version.orig.tar.xz" || die "no tarball"
cp -r "$source/packaging/debian" "$source/debian" || die "no folder debian"
say "building Debian packages in ${out#"$top"/}"
(
	cd "$source" || exit
	DEB_BUILD_OPTIONS="${build_options:+$build_options }parallel=$(jobs_count)" \
		DEB_BUILD_PROFILES=$build_options \
		quietly "$out/build.log" dpkg-buildpackage -us -uc
) || die "dpkg-buildpackage failed; see ${out#"$top"/}/build.log"
rm -rf "$source"
find "$out" -maxdepth 1 -name '*.deb' | sort

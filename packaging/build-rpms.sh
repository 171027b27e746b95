#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the RPMs.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/packaging/lib/export.sh"

out=$build_root/rpms

usage() {
	cat <<END
Usage: packaging/build-rpms.sh [--check] [--output=FOLDER | --help]
Installs what is missing (on Debian), exports the source tree, and builds the RPMs from it.

  --check          run the tests as part of the build (takes some minutes)
  --output=FOLDER  where the packages go, a folder of their own [_build/rpms]
  --help           show this help
END
}

arguments=()
option() {
	case $1 in
	--check) arguments+=(--with check) ;;
	--output=?*) option_output "$1" ;;
	*) return 1 ;;
	esac
}
read_options "$@"

# shellcheck disable=SC2086
need_build_packages $packages_packaging $packages_tests || die "packages are missing"
command -v rpmbuild >/dev/null || die "rpmbuild is missing"
# On Debian no RPM is installed that could satisfy a dependency, and libraries have another folder.
if command -v dpkg-architecture >/dev/null; then
	arguments+=(--nodeps --define "_libdir /usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)")
fi

version=$(package_version)
grep -Eqx "Version: +$version" "$top/packaging/rpm/libpulp.spec" ||
	die "packaging/rpm/libpulp.spec does not have the version of configure.ac, $version"

fresh_folder "$out"
export_tree "$out/libpulp-$version" || die "the source tree could not be exported"
export_tarball "$out/libpulp-$version" "libpulp-$version" "$out/libpulp-$version.tar.xz" ||
	die "no tarball"
rm -rf "$out/libpulp-$version"
say "building RPMs in ${out#"$top"/}"
quietly "$out/build.log" rpmbuild -bb "${arguments[@]}" --define "_topdir $out" \
	--define "_sourcedir $out" --define "_rpmdir $out" --define "_smp_mflags -j$(jobs_count)" \
	--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
	"$top/packaging/rpm/libpulp.spec" || die "rpmbuild failed; see ${out#"$top"/}/build.log"
rm -rf "$out/BUILD" "$out/BUILDROOT" "$out/SPECS" "$out/SRPMS"
find "$out" -maxdepth 1 -name '*.rpm' | sort

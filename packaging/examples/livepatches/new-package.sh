#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the source of a package of live patches from the template in this script's folder.
set -eu
template=$(cd "$(dirname "$0")" && pwd -P)

usage() {
	cat <<END
Usage: new-package.sh OPTION... FOLDER
Makes FOLDER, the source of a package of live patches for dpkg-buildpackage and for rpmbuild.
Add the fixes to its folder fixes/; its Makefile tells how.

  --package=NAME         the new package, such as openssl-livepatches
  --version=VERSION      its version [1]
  --target=FILE          the library that is patched
  --target-package=NAME  the package that has the library
  --maintainer=NAME      whose package it is [\$DEBFULLNAME <\$DEBEMAIL>]
  --help                 show this help
END
}

fail() {
	printf 'new-package.sh: %s\n' "$*" >&2
	exit 2
}

package='' version=1 target='' target_package='' folder=''
maintainer="${DEBFULLNAME:-root} <${DEBEMAIL:-root@localhost}>"
while [ $# -gt 0 ]; do
	case $1 in
	--package=?*) package=${1#*=} ;;
	--version=?*) version=${1#*=} ;;
	--target=?*) target=${1#*=} ;;
	--target-package=?*) target_package=${1#*=} ;;
	--maintainer=?*) maintainer=${1#*=} ;;
	--help)
		usage
		exit 0
		;;
	-*) fail "$1: unknown option" ;;
	*) folder=$1 ;;
	esac
	shift
done
[ -n "$package" ] && [ -n "$target" ] && [ -n "$target_package" ] && [ -n "$folder" ] || {
	usage >&2
	exit 2
}
case "$package$version$target$target_package$maintainer" in
*[\|\&\\]*) fail 'the characters | & \ cannot be part of a name' ;;
esac
[ ! -e "$folder" ] || fail "$folder exists"

mkdir -p "$folder/fixes"
cp -r "$template/Makefile" "$template/debian" "$folder/"
cp "$template/livepatches.spec" "$folder/$package.spec"
mv "$folder/debian/livepatches" "$folder/debian/$package.livepatches"
date=$(LC_ALL=C date -R)
for file in "$folder/Makefile" "$folder/$package.spec" "$folder"/debian/[!s]*; do
	sed -i -e "s|@PACKAGE@|$package|g" -e "s|@VERSION@|$version|g" -e "s|@TARGET@|$target|g" \
		-e "s|@TARGET_PACKAGE@|$target_package|g" -e "s|@MAINTAINER@|$maintainer|g" \
		-e "s|@DATE@|$date|g" "$file"
done

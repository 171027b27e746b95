# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# test_packages KIND [FOLDER]: what test-debs.sh and test-rpms.sh do.  Needs $top.

. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"
. "$top/packaging/lib/openssl-example.sh"

# Many times what it takes on a free machine.
test_seconds=1800

test_packages() {
	local kind=$1 packages=${2:-$build_root/$1} status=0
	if [ $# -lt 2 ]; then
		"$top/packaging/build-$kind.sh" --output="$packages" | sed 's/^/# /' || {
			echo 'Bail out! the packages cannot be built'
			exit 1
		}
	fi
	packages=$(realpath -e "$packages") || exit
	[ "$kind" != debs ] || openssl_example "$packages/openssl" ||
		echo '# there is no build of OpenSSL'
	ULP_THROWAWAY_SHARE=$packages "$top/packaging/lib/throwaway.sh" "$test_seconds" \
		env -i PATH="$PATH" HOME=/root DEBIAN_FRONTEND=noninteractive \
		ULP_SRCDIR="$top" ULP_BUILDDIR="$packages" \
		sh "$top/packaging/lib/inside-$kind.sh" 2>"$packages/test.err" || status=$?
	case $status in
	77) echo "1..0 # SKIP $(tail -n 1 "$packages/test.err")" ;;
	137) echo "Bail out! not done in $test_seconds seconds" ;;
	esac
	[ "$status" -eq 77 ] || sed 's/^/# /' "$packages/test.err"
	[ "$status" -eq 0 ] || [ "$status" -eq 77 ]
	exit
}

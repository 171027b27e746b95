#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the source of the package openssl-livepatches: real fixes for Debian's libcrypto.so.3.
set -u -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"

usage() {
	cat <<END
Usage: packaging/examples/openssl-livepatches.sh [--build=FOLDER] OUTPUT FIX...
Makes OUTPUT, the source of a package with a live patch for each FIX of specs/openssl, such as
CVE-2025-69418.  It has the fixed files and the headers that they need, and is built by
dpkg-buildpackage or rpmbuild where the target library is installed.

  --build=FOLDER  a build of OpenSSL by scripts/openssl-build.sh, for its flags and headers
                  [the one for the plugin in _build/gcc, made if it is not there]
  --help          show this help
END
}

# tokens COMMAND: its words as the shell reads them, one a line.
tokens() {
	sh -c "set -f; printf '%s\n' $1"
}

# The words of a command in GCC's notation for a file of options.
write_flags() {
	sed -e 's/[\\"'\'' ]/\\&/g'
}

# add_headers FOLDER OUT INCLUDE-FOLDERS...: copies what the file needs of these folders, each to a
# folder of its own that keeps their order; prints the flags.
add_headers() {
	local needed=$1 out=$2 number=0 folder header
	shift 2
	for folder; do
		folder=$(realpath "$folder")
		number=$((number + 1))
		while read -r header; do
			case $header in
			"$folder"/*)
				mkdir -p "$(dirname "$out/include-$number/${header#"$folder"/}")"
				cp "$header" "$out/include-$number/${header#"$folder"/}"
				;;
			esac
		done <"$needed"
		[ ! -d "$out/include-$number" ] || printf '%s\n' "-Iinclude-$number"
	done
}

# add_file PATH FIXED COMMAND OUT: one source file of a fix, its flags and its headers.
add_file() {
	local path=$1 fixed=$2 command=$3 out=$4 words word folders=() needed=$work/needed
	mapfile -t words < <(tokens "$command")
	(
		cd "$openssl_dir" &&
			"${words[@]}" -iquote "$(dirname "$(openssl_source)/$path")" -M "$fixed"
	) >"$work/rule" || return
	tr -s ' \\' '\n\n' <"$work/rule" | grep '\.h$' | while read -r word; do
		(cd "$openssl_dir" && realpath "$word")
	done | sort -u >"$needed"
	folders+=("$(dirname "$(openssl_source)/$path")")
	{
		for word in "${words[@]:1}"; do
			case $word in
			-I*) folders+=("$(cd "$openssl_dir" && realpath "${word#-I}")") ;;
			-fplugin=*) echo -fplugin=ulp ;;
			-f*-prefix-map=* | -c | -g | -MMD) ;;
			*) printf '%s\n' "$word" | write_flags ;;
			esac
		done
		echo -g
		add_headers "$needed" "$out" "${folders[@]}"
	} >"$out/flags"
	# Its #line directives name the folder that is removed at the end.
	sed "/^#line /s|\"$fixed\"|\"${path##*/}\"|" "$fixed" >"$out/${path##*/}"
}

# add_fix NAME: several files of one fix would have flags of their own each.
add_fix() {
	local name=openssl-$1 out=$output/fixes/openssl-$1 path
	path=$(fix_lines "$1" file)
	[ "$(wc -l <<<"$path")" -eq 1 ] || die "$1 changes several files; this template takes one"
	openssl_fix "$1" "$work/$1" || die "$1 could not be compiled"
	mkdir -p "$out"
	grep -qx "name: $name" "$top/specs/openssl/$1.yaml" || die "the spec of $1 has another name"
	cp "$top/specs/openssl/$1.yaml" "$out.yaml"
	add_file "$path" "$work/$1/$(basename "$path")" \
		"$(cat "$work/$1/$(basename "$path" .c).command")" "$out" || die "no headers for $1"
}

openssl_dir=
while [ $# -gt 0 ]; do
	case $1 in
	--build=?*) openssl_dir=$(realpath -e "${1#*=}") || exit ;;
	--help)
		usage
		exit 0
		;;
	-*) die "$1: unknown option" ;;
	*) break ;;
	esac
	shift
done
[ $# -ge 2 ] || {
	usage >&2
	exit 2
}
output=$(realpath -m "$1")
shift
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

[ -n "$openssl_dir" ] || openssl_build "$(find_plugin "$build_root/gcc")" ||
	die "OpenSSL could not be built"
sh "$top/packaging/examples/livepatches/new-package.sh" --package=openssl-livepatches \
	--target="/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/libcrypto.so.3" \
	--target-package=libssl3 "$output" || exit
for fix; do
	add_fix "$fix"
done

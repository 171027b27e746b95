# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Debian's OpenSSL as a live patchable library, and objects with the fixes of later versions.
# Needs common.sh and sources.sh.
. "$top/scripts/lib/builds.sh"

# The version that runs and has the faults.
openssl_version=3.0.17-1~deb12u2

openssl_source() {
	printf '%s\n' "$cache/src/openssl-${openssl_version%%-*}"
}

unpack_openssl() {
	unpack_source openssl "$openssl_version" "$(openssl_source)"
}

# Debian's flags (debian/rules of the package); $1 gets what is to be added to CFLAGS.
openssl_flags() {
	local get
	get() {
		DEB_BUILD_MAINT_OPTIONS='hardening=+all future=+lfs' dpkg-buildflags --get "$1"
	}
	CFLAGS="$(get CFLAGS)${1:+ $1}"
	CPPFLAGS=$(get CPPFLAGS)
	LDFLAGS=$(get LDFLAGS)
	CC=gcc # the plugin's, whatever the caller's CC is
	export CC CFLAGS CPPFLAGS LDFLAGS
}

# The arguments of ./Configure, from the same place.
openssl_arguments() {
	local host
	host=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	printf '%s\n' shared --prefix=/usr --openssldir=/usr/lib/ssl "--libdir=lib/$host" \
		no-idea no-mdc2 no-rc5 no-zlib no-ssl3 enable-unit-test no-ssl3-method \
		enable-rfc3779 enable-cms no-capieng no-rdrand
	if [ "$(dpkg-architecture -qDEB_HOST_ARCH_CPU)" = amd64 ]; then
		printf '%s\n' enable-ec_nistp_64_gcc_128
	fi
	printf 'debian-%s\n' "$(dpkg-architecture -qDEB_HOST_ARCH)"
}

# The variants of a build: what each adds to Debian's CFLAGS.
#   plain        nothing
#   stock        what GCC offers by itself; 14 bytes before the entry, 2 after it
#   plugin       the plugin
#   plugin-keep  the plugin, with the optimisations that make callers rely on bodies
#   plain-cet    with endbr64 at the functions' start, as some distributions build
#   plugin-cet   the same and the plugin
# openssl_variant_flags VARIANT PLUGIN
openssl_variant_flags() {
	case $1 in
	plain) ;;
	stock) printf '%s\n' -fpatchable-function-entry=16,14 ;;
	plugin) printf '%s\n' "-fplugin=$2" ;;
	plugin-keep) printf '%s\n' "-fplugin=$2 -fplugin-arg-ulp-ipa=keep" ;;
	plain-cet) printf '%s\n' -fcf-protection ;;
	plugin-cet) printf '%s\n' "-fcf-protection -fplugin=$2" ;;
	*) die "there is no variant $1 of OpenSSL's build" ;;
	esac
}

# What a build depends on, as one word; see build_key.  The folder of the cache counts: OpenSSL's
# Makefile names it, and a cache that was moved does not build.
openssl_key() {
	{
		openssl_variant_flags "$1" ulp.so
		openssl_arguments
		DEB_BUILD_MAINT_OPTIONS='hardening=+all future=+lfs' dpkg-buildflags --export=cmdline |
			sed 's/-f[a-z]*-prefix-map=[^ ]*//g'
		gcc -v 2>&1 | tail -n 1
		printf '%s\n' "$openssl_version" "$cache"
	} | build_key "$2"
}

# openssl_variant_is_built VARIANT [PLUGIN]: sets openssl_dir to where that build belongs; true
# if it is there.
openssl_variant_is_built() {
	local key
	openssl_variant_flags "$1" ulp.so >/dev/null # here an unknown variant ends the script
	key=$(openssl_key "$1" "${2-}") || return
	openssl_dir=$cache/openssl/$1-$key
	[ -e "$openssl_dir/complete" ]
}

# openssl_build_variant VARIANT [PLUGIN]: builds libcrypto.so.3 and libssl.so.3 where that is not
# done yet and sets openssl_dir to the folder.
openssl_build_variant() {
	local variant=$1 plugin=${2-}
	! openssl_variant_is_built "$variant" "$plugin" || return 0
	build_once openssl "$variant" "$plugin" "$openssl_dir"
}

# openssl_build PLUGIN, openssl_is_built PLUGIN: the same with the plugin; an empty PLUGIN gives
# a plain build.
openssl_build() {
	openssl_build_variant "$(openssl_variant_of "$1")" "$1"
}

openssl_is_built() {
	openssl_variant_is_built "$(openssl_variant_of "$1")" "$1"
}

openssl_variant_of() {
	if [ -n "$1" ]; then
		echo plugin
	else
		echo plain
	fi
}

openssl_build_locked() {
	local variant=$1 plugin=$2 dir=$3 arguments
	unpack_openssl || return
	say "building OpenSSL $openssl_version in ${dir#"$top"/} (takes some minutes)"
	build_begin "$plugin" "$dir"
	mapfile -t arguments < <(openssl_arguments)
	(
		cd "$dir" || exit
		openssl_flags "$(openssl_variant_flags "$variant" "$dir/ulp.so")"
		quietly configure.log "$(openssl_source)/Configure" "${arguments[@]}" || exit
		quietly make.log make -j"$(jobs_count)" build_generated || exit
		quietly make.log make -j"$(jobs_count)" libcrypto.so libssl.so
	) || return
	build_end openssl "$variant" "$dir" 1 # each is some 150 MB
}

# --- fixes --------------------------------------------------------------------
# specs/openssl/NAME.fix describes a fix; see fixes.sh.
. "$top/scripts/lib/fixes.sh"

# fix_lines NAME KEY: the values of a key.
fix_lines() {
	fix_values "$top/specs/openssl/$1.fix" "$2"
}

# find_fixed_version WANTED BEFORE: sets fixed_version to the newest source of the same series that
# has the fix.
find_fixed_version() {
	local version
	[ -n "${ULP_SOURCES:-}" ] || update_sources || return
	for version in $(source_versions openssl); do
		case $version in
		3.0.*)
			if version_fits "${version%%-*}" "$1" "$2"; then
				fixed_version=$version
				return 0
			fi
			;;
		esac
	done
	say "no source of openssl $1 or later${2:+ and before $2} in the 3.0 series is offered by" \
		"this machine's mirror" >&2
	return 1
}

# openssl_fixed_file WANTED BEFORE PATH: sets fixed_path to the file as upstream has it in such a
# version.  What was fetched before is used again without asking the mirror.
openssl_fixed_file() {
	local path=$3 dir tarball
	for dir in "$cache"/src/fixed-[0-9]*; do
		if [ -f "$dir/$path" ] && version_fits "${dir##*-}" "$1" "$2"; then
			fixed_path=$dir/$path
			return 0
		fi
	done
	find_fixed_version "$1" "$2" || return
	fetch_source openssl "$fixed_version" --tar-only || return
	dir=$cache/src/fixed-${fixed_version%%-*}
	tarball=$(echo "$cache/sources/$fixed_version"/openssl_*.orig.tar.gz)
	mkdir -p "$dir"
	# All that may be asked for: to look for one file takes as long.
	tar -xzf "$tarball" -C "$dir" --strip-components=1 --wildcards \
		'*/crypto/*.[ch]' '*/include/*.h' '*/ssl/*.[ch]' || return
	fixed_path=$dir/$path
}

# openssl_fix NAME OUT: compiles the fix into the folder OUT, one object a source file, as the
# build compiles that file.  Sets fix_objects to their paths.
openssl_fix() {
	make_fix openssl "$1" "$2"
}

# compile_like_openssl PATH OUT: compiles the copy in OUT with the command that the build has for
# PATH.  The functions get sections of their own, so that the packer's link drops those that nobody
# asks for; messages name the source by its path in the build.
compile_like_openssl() {
	local path=$1 out=$2 source object command copy folder tree=()
	source=$(openssl_source)/$path
	copy=$out/$(basename "$path")
	object=$(cd "$openssl_dir" && awk -v base="$(dirname "$path")/lib" -v file="$(basename "$path" .c)" '
		index($0, base) == 1 && $1 ~ ("-shlib-" file "\\.o:") { sub(/:.*/, ""); print; exit }' Makefile)
	if [ -z "$object" ]; then
		say "the build of OpenSSL has no rule for $path" >&2
		return 1
	fi
	command=$(make -s -n -C "$openssl_dir" -W "$(openssl_build_name "$path")" "$object" |
		grep -- " -c -o $object " | sed -e 's/ -MMD -MF [^ ]*\( -MT [^ ]*\)\{0,1\}//' -e "s| -c -o $object .*||")
	if [ -z "$command" ]; then
		say "make does not say how $object is compiled" >&2
		return 1
	fi
	printf '%s\n' "$command" >"${copy%.c}.command"
	folder=$(dirname "$path")
	if [ -d "$out/tree" ]; then
		tree=(-I "$out/tree/include" -iquote "$out/tree/$folder")
	fi
	# The compiler's name stands first in the command, and the first -I is the first to be searched.
	# shellcheck disable=SC2086
	(cd "$openssl_dir" && quietly "${copy%.c}.log" sh -c "${command%% *} \"\$@\" ${command#* }" sh \
		"${tree[@]}" -ffunction-sections -fdata-sections -iquote "$(dirname "$source")" \
		"-fmacro-prefix-map=$out=$(dirname "$(openssl_build_name "$path")")" \
		-c -o "${copy%.c}.o" "$copy")
}

# A source as the build's Makefile names it (relative to the build folder).
openssl_build_name() {
	realpath --relative-to="$openssl_dir" "$(openssl_source)/$1"
}

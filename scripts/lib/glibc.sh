# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Debian's glibc as a live patchable library, programs that run on it, and objects with the fixes
# of later versions.  Needs common.sh and sources.sh.
. "$top/scripts/lib/builds.sh"

# The version that runs and has the faults.
glibc_version=2.36-9+deb12u7

# Where a version's source is unpacked.
glibc_source() {
	printf '%s\n' "$cache/src/glibc-$(printf '%s' "${1:-$glibc_version}" | tr -c 'A-Za-z0-9.\n' -)"
}

# unpack_glibc [VERSION]
unpack_glibc() {
	local version=${1:-$glibc_version}
	unpack_source glibc "$version" "$(glibc_source "$version")"
}

# The variants of a build: what each adds to Debian's CFLAGS.
#   plain    nothing
#   stock    what GCC offers by itself; 14 bytes before the entry, 2 after it
#   plugin   the plugin
# glibc_variant_flags VARIANT PLUGIN
glibc_variant_flags() {
	case $1 in
	plain) ;;
	stock) printf '%s\n' -fpatchable-function-entry=16,14 ;;
	plugin) printf '%s\n' "-fplugin=$2" ;;
	*) die "there is no variant $1 of glibc's build" ;;
	esac
}

# What debian/rules.d/build.mk writes into configparms for the package libc6 of amd64; $1: added to
# CFLAGS, and so to ASFLAGS.  Nothing is ever installed; the folders are known to the programs.
glibc_configparms() {
	local source host flags
	source=$(glibc_source)
	host=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	flags="-pipe -O2 -g -fdebug-prefix-map=$source=.${1:+ $1}"
	cat <<-END
		BUILD_CC = gcc
		BUILD_CXX = g++
		CFLAGS = $flags
		ASFLAGS = $flags
		BUILD_CFLAGS = -O2 -g -fdebug-prefix-map=$source=.
		LDFLAGS =
		BASH := /bin/bash
		KSH := /bin/bash
		SHELL := /bin/bash
		LIBGD = no
		bindir = /usr/bin
		datadir = /usr/share
		complocaledir = /usr/lib/locale
		sysconfdir = /etc
		libexecdir = /usr/lib
		rootsbindir = /sbin
		includedir = /usr/include
		docdir = /usr/share/doc
		mandir = /usr/share/man
		sbindir = /usr/sbin
		vardbdir = /var/lib/misc
		libdir = /usr/lib/$host
		slibdir = /lib/$host
		rtlddir = /lib64
		include $source/debian/testsuite-xfail-debian.mk
	END
}

# The arguments of configure, from the same place, for amd64.  SELinux serves nscd only.
glibc_arguments() {
	local host
	host=$(dpkg-architecture -qDEB_HOST_GNU_TYPE)
	printf '%s\n' "--host=$host" "--build=$host" --prefix=/usr --without-selinux \
		--disable-crypt --enable-stackguard-randomization --enable-stack-protector=strong \
		"--with-pkgversion=Debian GLIBC $glibc_version" --with-timeoutfactor=25 \
		--enable-multi-arch --enable-kernel=3.2
}

# Runs a command of glibc's build: with nothing of the caller's that would change it.
glibc_make() {
	env -u CFLAGS -u CPPFLAGS -u CXXFLAGS -u LDFLAGS -u ASFLAGS -u LD_LIBRARY_PATH -u LD_PRELOAD \
		-u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u LANGUAGE LANG=C LC_ALL=C \
		CC='gcc -Wl,--hash-style=both' CXX='g++ -Wl,--hash-style=both' \
		AUTOCONF=false MAKEINFO=: "$@"
}

# What a build depends on, as one word; see build_key.
glibc_key() {
	{
		glibc_configparms "$(glibc_variant_flags "$1" ulp.so)"
		glibc_arguments
		gcc -v 2>&1 | tail -n 1
		printf '%s\n' "$glibc_version" "$cache"
	} | build_key "$2"
}

# glibc_is_built VARIANT [PLUGIN]: sets glibc_dir to where that build belongs; true if it is there.
glibc_is_built() {
	local key
	key=$(glibc_key "$1" "${2-}") || return
	glibc_dir=$cache/glibc/$1-$key
	[ -e "$glibc_dir/complete" ]
}

# glibc_build VARIANT [PLUGIN]: builds all of glibc where that is not done yet and sets glibc_dir
# to the folder of the build, which has libc.so.6, elf/ld.so and what else make leaves there.
glibc_build() {
	local variant=$1 plugin=${2-}
	[ "$variant" = plugin ] || plugin=
	! glibc_is_built "$variant" "$plugin" || return 0
	build_once glibc "$variant" "$plugin" "$glibc_dir"
}

glibc_build_locked() {
	local variant=$1 plugin=$2 dir=$3 arguments
	unpack_glibc || return
	say "building glibc $glibc_version in ${dir#"$top"/} (takes some minutes)"
	build_begin "$plugin" "$dir"
	mapfile -t arguments < <(glibc_arguments)
	(
		cd "$dir" || exit
		glibc_configparms "$(glibc_variant_flags "$variant" "$dir/ulp.so")" >configparms
		quietly configure.log glibc_make "$(glibc_source)/configure" "${arguments[@]}" ||
			exit
		quietly make.log glibc_make make -j"$(jobs_count)"
	) || return
	build_end glibc "$variant" "$dir" 0 # each is nearly 1 GB
}

# --- fixes --------------------------------------------------------------------
# specs/glibc/NAME.fix describes a fix; see fixes.sh.  Its versions are those of Debian's package,
# since Debian keeps the same upstream version and adds patches.
. "$top/scripts/lib/fixes.sh"

# glibc_find_fixed WANTED BEFORE: sets glibc_fixed_version to the newest source of the same upstream
# version that has the fix.
glibc_find_fixed() {
	local version
	[ -n "${ULP_SOURCES:-}" ] || update_sources || return
	for version in $(source_versions glibc); do
		if [ "${version%%-*}" = "${glibc_version%%-*}" ] && version_fits "$version" "$1" "$2"; then
			glibc_fixed_version=$version
			return 0
		fi
	done
	say "no source of glibc $1 or later${2:+ and before $2} is offered by this machine's mirror" >&2
	return 1
}

# glibc_fixed_file WANTED BEFORE PATH: sets fixed_path to the file as Debian has it in such a
# version.  Of the later source only the files that some fix names are kept.
glibc_fixed_file() {
	local path=$3 dir tree each
	for dir in "$cache"/src/fixed-glibc-*; do
		if [ -f "$dir/$path" ] && version_fits "$(cat "$dir/version")" "$1" "$2"; then
			fixed_path=$dir/$path
			return 0
		fi
	done
	glibc_find_fixed "$1" "$2" || return
	unpack_glibc "$glibc_fixed_version" || return
	tree=$(glibc_source "$glibc_fixed_version")
	dir=$cache/src/fixed-${tree##*/}
	for each in $(sed -n 's/^file[[:space:]]\{1,\}//p' "$top"/specs/glibc/*.fix); do
		mkdir -p "$dir/$(dirname "$each")"
		cp "$tree/$each" "$dir/$each" || return
	done
	printf '%s\n' "$glibc_fixed_version" >"$dir/version"
	[ "$tree" = "$(glibc_source)" ] || rm -rf "$tree"
	fixed_path=$dir/$path
}

# glibc_fix NAME OUT: compiles the fix into the folder OUT, one object a source file, as the build
# in $glibc_dir compiles that file for libc.so.6.  Sets fix_objects to their paths.
glibc_fix() {
	make_fix glibc "$1" "$2"
}

# A source as the build names it, which compiles in the source's folder.
glibc_build_name() {
	basename "$1"
}

# compile_like_glibc PATH OUT [FOLDER]: compiles the copy in OUT with the command that the build has
# for PATH; in the folder of that name where it is not PATH's own, as with what lies below sysdeps.
# The functions get sections of their own, so that the packer's link drops those that nobody asks
# for; messages name the source by its path in the build.
compile_like_glibc() {
	local path=$1 out=$2 in=${3:-} folder file object command copy
	file=${in:+../$path}
	file=${file:-$(basename "$path")}
	in=${in:-$(dirname "$path")}
	folder=$(glibc_source)/$in
	copy=$out/$(basename "$path")
	object=$glibc_dir/$in/$(basename "$path" .c).os
	command=$(cd "$folder" && glibc_make make -r -n -C . "objdir=$glibc_dir" -W "$file" "$object" 2>/dev/null |
		sed -n "s|^\\(gcc .*\\) $file -c \\(.*\\) -o $object .*|\\1 \\2|p")
	if [ -z "$command" ]; then
		say "make does not say how $object is compiled" >&2
		return 1
	fi
	printf '%s\n' "$command" >"${copy%.c}.command"
	(cd "$folder" && quietly "${copy%.c}.log" sh -c "$command \"\$@\"" sh \
		-ffunction-sections -fdata-sections -iquote "$(dirname "$folder/$file")" \
		"-fmacro-prefix-map=$out/=" -c -o "${copy%.c}.o" "$copy")
}

# --- programs on it -----------------------------------------------------------

# The folders of a build that have libraries (as the build's own testrun.sh lists them), then the
# system's, for the libraries of others.
glibc_library_path() {
	local host folder
	for folder in . math elf dlfcn nss nis rt resolv mathvec nptl; do
		printf '%s:' "$glibc_dir/$folder"
	done | sed 's|/\.:|:|'
	host=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	printf '%s\n' "/lib/$host:/usr/lib/$host"
}

# on_our_glibc PROGRAM [ARG...]: becomes that program (a path) on the libc in $glibc_dir, through
# its own dynamic linker, as libc and linker must be of one build.  What it starts itself runs on
# the system's libc.  $build/.libs has the runtime.
on_our_glibc() {
	LD_PRELOAD=$build/.libs/libpulp.so.0 exec "$glibc_dir/elf/ld.so" \
		--library-path "$(glibc_library_path)" "$@"
}

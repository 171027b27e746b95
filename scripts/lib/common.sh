# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the scripts share: where things are, how they speak, how a step is run quietly.
# Sourced with $top set to the top of the source tree.

# What programs print is read here and there.
export LC_ALL=C

# Kept between runs: sources, builds of OpenSSL.  Both folders may be deleted at any time.
cache=${ULP_CACHE:-$top/_cache}
build_root=$top/_build

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Runs a command with its output in the file $1; shows the file's end where it fails.
quietly() {
	local log=$1 status=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ "$status" -ne 0 ]; then
		printf 'failed with status %d: %s\n' "$status" "$*" >&2
		tail -n "${ULP_TAIL:-40}" "$log" | sed 's/^/    /' >&2
	fi
	return "$status"
}

jobs_count() {
	nproc 2>/dev/null || echo 2
}

# Configures in _build/VARIANT where that is not done yet, then makes it.
# build_variant VARIANT [configure's arguments]
build_variant() {
	local dir=$build_root/$1
	shift
	# Objects made with other options would stay: make does not know that they are stale.
	if [ -d "$dir" ] && ! printf '%s\n' "$@" | cmp -s - "$dir/arguments"; then
		rm -rf "$dir"
	fi
	mkdir -p "$dir"
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ] ||
		[ -n "$(find "$top" -name _build -prune -o -name _cache -prune -o \
			\( -name local.mk -o -path "$top/Makefile.am" \) \
			-newer "$top/Makefile.in" -print -quit)" ]; then
		quietly "$build_root/autogen.log" "$top/autogen.sh" || return
	fi
	if [ ! -f "$dir/arguments" ]; then
		(cd "$dir" && quietly configure.log ../../configure "$@") || return
		printf '%s\n' "$@" >"$dir/arguments"
	fi
	quietly "$dir/make.log" make -C "$dir" -j"$(jobs_count)"
}

# The plugin of a build.
find_plugin() {
	realpath -e "${1:-$build}/gcc-plugin/ulp.so"
}

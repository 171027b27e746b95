# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Builds of other projects' libraries, each kept in _cache/LIBRARY/VARIANT-KEY.  The folder's file
# "complete" is made last: an interrupted build is done again from the start, because make cannot
# know an object that was cut short.  Needs common.sh.

# build_key PLUGIN: what a build depends on, as one word: what standard input has, and of the plugin
# only the bits that do something: neither its debug information nor its build ID, which name the
# folder that it was built in.
build_key() {
	local bits
	bits=$(mktemp) || return
	if [ -n "$1" ]; then
		objcopy --strip-all --remove-section=.note.gnu.build-id "$1" "$bits" || return
	fi
	cat "$bits" - | sha256sum | cut -c 1-12
	rm -f "$bits"
}

# build_once LIBRARY VARIANT PLUGIN DIR: makes the build in DIR where that is not done yet, by
# LIBRARY_build_locked VARIANT PLUGIN DIR; who comes meanwhile waits.
build_once() {
	mkdir -p "$cache/$1"
	(
		flock 9
		[ ! -e "$4/complete" ] || exit 0
		"$1_build_locked" "$2" "$3" "$4"
	) 9>"$cache/$1/lock"
}

# build_begin PLUGIN DIR: a fresh folder, with a copy of the plugin, if there is one, because fixes
# and tests are compiled with the same command long after.
build_begin() {
	rm -rf "$2"
	mkdir -p "$2"
	[ -z "$1" ] || cp "$1" "$2/ulp.so"
}

# build_end LIBRARY VARIANT DIR NR: the build is complete; of the variant's others the newest NR are
# kept.
build_end() {
	touch "$3/complete"
	find "$cache/$1" -mindepth 1 -maxdepth 1 -type d -name "$2-????????????" ! -path "$3" \
		-printf '%T@ %p\n' | sort -rn | tail -n "+$(($4 + 1))" | cut -d ' ' -f 2- |
		while read -r old; do
			rm -rf "$old"
		done
}

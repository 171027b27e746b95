# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A clean copy of the source tree, and what the scripts that build packages share.
# Needs scripts/lib/common.sh.

package_version() {
	sed -n 's/^AC_INIT(\[ulp\], \[\([^]]*\)\])$/\1/p' "$top/configure.ac"
}

# The files that belong to the source: what git knows or would add; without git (an unpacked
# tarball) everything but the folders that something was built in.
source_files() {
	if [ "$(git -C "$top" rev-parse --show-toplevel 2>/dev/null)" = "$top" ]; then
		git -C "$top" ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d '' file; do
				[ ! -f "$top/$file" ] || printf '%s\0' "$file"
			done
	else
		(cd "$top" && find . \( -path ./_build -o -path ./_cache -o -name .git \
			-o -type d ! -name . -exec test -e '{}/config.status' \; \) -prune \
			-o ! -type d -print0)
	fi
}

# export_tree FOLDER: the folder must not exist.
export_tree() {
	mkdir -p "$1" || return
	source_files | tar -C "$top" --null -T - -cf - | tar -C "$1" -xf - || return
	# A tarball's tree that was built in place.
	[ ! -e "$1/Makefile" ] || quietly "$1.clean.log" make -C "$1" distclean
}

# export_tarball FOLDER NAME FILE: packs FOLDER as NAME into FILE.
export_tarball() {
	tar -C "$(dirname "$1")" --owner=0 --group=0 --sort=name --transform "s|^$(basename "$1")|$2|" \
		-cJf "$3" "$(basename "$1")"
}

# fresh_folder FOLDER: makes it, and deletes it before if it is one that was made so.
fresh_folder() {
	if [ -d "$1" ] && [ ! -e "$1/made-by-packaging" ] && [ -n "$(ls -A "$1")" ]; then
		die "$1 is not empty, and was not made by this script"
	fi
	rm -rf "$1"
	mkdir -p "$1" && touch "$1/made-by-packaging" || die "$1 cannot be made"
}

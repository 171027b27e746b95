# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Objects with the fixes of later versions, compiled as the running library's build compiles them.
# Used by openssl.sh and glibc.sh; needs common.sh.
#
# A fix is described in specs/LIBRARY/NAME.fix by lines of "key value":
#   fixed-in VERSION    the version that has it; a later one will do
#   before VERSION      but not this one or a later one: there the functions have other changes, too
#   file PATH           a file of the source that changes.  What changes in it follows; the rest of
#                       it stays as it is in the running version.
#   function NAME       the function as the fixed version has it; a new one is put before the next
#                       one that stands here
#   edit NAME OLD => NEW
#                       only this in the function NAME, where the fixed version has NEW as well, but
#                       also changes that are not part of the fix
#   declaration NAME, define NAME, struct NAME
#                       of a header
#   unit PATH           the file that is compiled, where that is not each .c file which changes
#
# A library brings four functions along:
#   LIBRARY_source                        prints the folder of the running version's source
#   LIBRARY_fixed_file WANTED BEFORE PATH sets fixed_path to that file of the fixed version
#   LIBRARY_build_name PATH               prints the path by which the build compiles that file
#   compile_like_LIBRARY PATH OUT         compiles OUT/basename of PATH into an object in OUT

# fix_values DESCRIPTION KEY: the values of a key.
fix_values() {
	sed -n "s/^$2[[:space:]]\{1,\}//p" "$1"
}

# fix_units DESCRIPTION: the files to compile.
fix_units() {
	fix_values "$1" unit | grep . || fix_values "$1" file | grep '\.c$'
}

# version_fits VERSION WANTED BEFORE: whether a version has the fix and is not too new.
version_fits() {
	dpkg --compare-versions "$1" ge "$2" &&
		{ [ -z "$3" ] || dpkg --compare-versions "$1" lt "$3"; }
}

# Headers that change lie in a tree of links to the source's headers, so that all the others of the
# source are found from there, and the compiler looks there first.
# fix_tree SOURCE TREE
fix_tree() {
	[ ! -d "$2" ] || return 0
	(
		mkdir -p "$2" && cd "$1" || exit
		find crypto include ssl -type d -exec sh -c 'cd "$0" && mkdir -p "$@"' "$2" {} + || exit
		find crypto include ssl -name '*.h' | while read -r header; do
			printf '%s\n%s\n' "$1/$header" "$2/$header"
		done | xargs -d '\n' -n 400 perl -e 'while (@ARGV) { symlink shift, shift or die "$!\n" }'
	)
}

# make_fix LIBRARY NAME OUT: compiles the fix into the folder OUT, one object a source file.  Sets
# fix_objects to their paths.
make_fix() {
	local library=$1 description=$top/specs/$1/$2.fix out=$3 source path copy wanted before name
	fix_objects=()
	rm -rf "$out/tree"
	mkdir -p "$out"
	source=$("${library}_source")
	wanted=$(fix_values "$description" fixed-in)
	before=$(fix_values "$description" before)
	for path in $(fix_values "$description" file); do
		"${library}_fixed_file" "$wanted" "$before" "$path" || return
		copy=$out/$(basename "$path")
		name=("$("${library}_build_name" "$path")")
		if [ "${path%.h}" != "$path" ]; then
			fix_tree "$source" "$out/tree" || return
			copy=$out/tree/$path
			name=()
		fi
		quietly "$out/graft.log" perl "$top/scripts/openssl-graft.pl" "$source/$path" \
			"$fixed_path" "$copy" "$description" "$path" "${name[@]}" || return
	done
	for path in $(fix_units "$description"); do
		if ! fix_values "$description" file | grep -qxF "$path"; then
			cp "$source/$path" "$out/" || return
		fi
		"compile_like_$library" "$path" "$out" || return
		fix_objects+=("$out/$(basename "$path" .c).o")
	done
}

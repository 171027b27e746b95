# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What a library's file shows without running it.  Needs common.sh.  Each function that measures
# prints rows of "LIBRARY VARIANT WHAT NUMBER", separated by tabs.

# section_len FILE PATTERN: bytes in the file of all sections whose name matches.
section_len() {
	# Of a debug file readelf remarks on stderr that segments are empty.
	readelf -SW "$1" 2>/dev/null | sed -n 's/^ *\[ *[0-9]*\] //p' |
		awk -v pattern="$2" '$1 ~ pattern { print "0x" $5 }' |
		perl -ne '$sum += hex; END { print $sum // 0, "\n" }'
}

entry_lists='^([.]ulp[.]entries|__patchable_function_entries)$'

# count_relocations FILE: all dynamic relocations, and those that lie inside the list of entries.
# A line of readelf is a relocation if it begins with an address, which for packed ones (DT_RELR)
# is all of it.
count_relocations() {
	readelf -SrW "$1" | perl -ne '
		s/^ *\[ *\d+\] //;
		@words = split;
		if (/^\S+ +\w+ +[0-9a-f]{16} / && $words[0] =~ /'"$entry_lists"'/) {
			($from, $to) = (hex $words[2], hex($words[2]) + hex $words[4]);
		} elsif (/^[0-9a-f]{16}(?:$| .* R_)/) {
			$all++;
			$inside++ if defined $from && hex $words[0] >= $from && hex $words[0] < $to;
		}
		END { printf "%d %d\n", $all // 0, $inside // 0 }'
}

file_len() {
	stat -L -c %s "$1"
}

# As dh_strip does it with a shared library.
strip_library() {
	strip --strip-unneeded --remove-section=.comment --remove-section=.note -o "$2" "$1"
}

# measure_sizes LIBRARY VARIANT FILE: FILE is not stripped.
measure_sizes() {
	local library=$1 variant=$2 file=$3 row
	local stripped=$work/stripped debug=$work/debug compressed=$work/compressed
	strip_library "$file" "$stripped" &&
		objcopy --only-keep-debug "$file" "$debug" &&
		objcopy --only-keep-debug --compress-debug-sections "$file" "$compressed" || return
	{
		size "$stripped" | awk 'NR == 2 { print "size-text " $1; print "size-data " $2 }'
		echo "text $(section_len "$file" '^[.]text$')"
		echo "list $(section_len "$file" "$entry_lists")"
		echo "stripped $(file_len "$stripped")"
		count_relocations "$file" | awk '{ print "relocations " $1; print "list-relocations " $2 }'
		echo "facts $(section_len "$debug" '^[.]debug[.]ulp$')"
		echo "facts-compressed $(section_len "$compressed" '^[.]debug[.]ulp$')"
		echo "dwarf $(section_len "$debug" '^[.]debug_')"
		echo "dwarf-compressed $(section_len "$compressed" '^[.]debug_')"
	} | while read -r row; do
		printf '%s\t%s\t%s\n' "$library" "$variant" "${row/ /	}"
	done
}

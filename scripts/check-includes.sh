#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Holds the directions of the includes: who may use whom (docs/architecture.md), and that code for
# one architecture stays in its arch/ folders.  Prints each violation; status 1 if there is one.
set -u
cd "$(dirname "$0")/.." || exit

# A folder, and whose headers it may include.
allowed() {
	case $1 in
	container) echo "container" ;;
	i18n) echo "container i18n" ;;
	engine) echo "container engine" ;;
	runtime) echo "container engine runtime" ;;
	trigger) echo "container engine i18n trigger" ;;
	packer) echo "container i18n packer" ;;
	gcc-plugin) echo "container/entry.h container/facts_format.h gcc-plugin" ;;
	esac
}

# Whether the header $1 stands in one of the folders, or is one of the headers, that follow.
is_allowed() {
	local header=$1 each
	shift
	for each; do
		case $header in
		"$each" | "$each"/*) return 0 ;;
		esac
	done
	return 1
}

folders="container i18n engine runtime trigger packer gcc-plugin"
# sources FOLDER... [find's conditions]
sources() {
	find "$@" -type f \( -name '*.[chS]' -o -name '*.cc' \) -print0
}

bad=0
complain() {
	printf '%s\n' "$*"
	bad=1
}

for folder in $folders; do
	while IFS=: read -r file line text; do
		header=$(printf '%s' "$text" | sed 's/^[^"<]*["<]\([^">]*\)[">].*/\1/')
		case $header in
		config.h) continue ;;
		*/*) ;;
		*)
			# GCC's headers have no folder; ours are always named with theirs.
			[ ! -e "$(dirname "$file")/$header" ] ||
				complain "$file:$line: $header has to be included with its folder"
			continue
			;;
		esac
		# Only our own folders are of interest, not sys/ or elfutils/.
		# shellcheck disable=SC2086
		is_allowed "$header" $folders tests || continue
		# shellcheck disable=SC2046
		is_allowed "$header" $(allowed "$folder") ||
			complain "$file:$line: $folder/ must not include $header"
	done < <(sources "$folder" | xargs -0 grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]')
done

# What compilers define for a CPU.
cpu='__(x86_64|amd64|i386|aarch64|arm|powerpc|powerpc64|ppc64|PPC64|s390x|riscv)(__)?\b'
# shellcheck disable=SC2086
while IFS= read -r match; do
	complain "$match: belongs into an arch/ folder"
done < <(sources $folders tests ! -path '*/arch/*' |
	xargs -0 grep -HnE "^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b.*$cpu" | cut -d : -f 1,2)

exit "$bad"

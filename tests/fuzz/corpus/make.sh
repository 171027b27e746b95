#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Usage: make.sh SOURCES FOLDER: compiles the corpus of fuzz_object, several ways each.
# CC and CXX name the compilers.
set -e
sources=$1
folder=$2
mkdir -p "$folder"
way=0
for flags in '-fPIC' '-fPIC -ffunction-sections -fdata-sections -g' \
	'-fPIC -ftls-model=initial-exec -fno-plt' '-fPIE' '-fno-pie -fno-pic'; do
	way=$((way + 1))
	for source in "$sources"/*; do
		name=$(basename "$source")
		compiler=${CC:-cc}
		case $name in
		*.cc) compiler=${CXX:-c++} ;;
		esac
		# shellcheck disable=SC2086
		$compiler -O2 $flags -c -o "$folder/$name.$way.o" "$source"
		case $flags in
		-fPIC*)
			# shellcheck disable=SC2086
			$compiler -shared -nostdlib -Wl,--build-id=sha1 -Wl,-soname,libx.so.1 \
				-o "$folder/$name.$way.so" "$folder/$name.$way.o"
			;;
		esac
	done
done

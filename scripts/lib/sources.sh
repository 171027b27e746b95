# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Debian's source packages by apt, with lists of its own: /etc/apt is read, never changed, and no
# root is needed.  The mirror is the machine's own.  Needs common.sh.

apt_home=$cache/apt

# apt with the private lists.
private_apt() {
	local tool=$1
	shift
	"$tool" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt_home/parts" \
		-o Dir::State::lists="$apt_home/lists" -o Dir::Cache="$apt_home/cache" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

# The machine's entries for its own release, as binary and source entries.  Others (third
# parties, other suites) are left out: they need not offer sources and would fail the update.
derive_sources() {
	local codename
	codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
	mkdir -p "$apt_home/parts" "$apt_home/lists/partial" "$apt_home/cache/archives/partial"
	rm -f "$apt_home"/parts/*
	find /etc/apt/sources.list /etc/apt/sources.list.d -maxdepth 1 -name '*.list' -type f \
		-exec cat {} + 2>/dev/null |
		awk -v suite="^$codename(-(updates|security))?(/updates)?\$" '
			$1 != "deb" { next }
			{
				options = ""; i = 2
				if ($2 ~ /^\[/) { do options = options $i " "; while ($(i++) !~ /\]$/) }
				if ($(i + 1) !~ suite || $0 !~ / main( |$)/) next
				print "deb", options $i, $(i + 1), "main"
				print "deb-src", options $i, $(i + 1), "main"
			}' >"$apt_home/parts/machine.list"
	find /etc/apt/sources.list.d -maxdepth 1 -name '*.sources' -type f 2>/dev/null |
		while read -r file; do
			CODENAME=$codename perl -00 -ne '
				s/^#.*\n//mg;
				next unless /^Types:.*\bdeb\b/mi && /^Components:.*\bmain\b/mi;
				next unless /^Suites:.*(?<![\w-])$ENV{CODENAME}(?![\w.])/mi;
				s/^Types:.*/Types: deb deb-src/mi;
				s/\n*\z/\n\n/;
				print;' "$file" >"$apt_home/parts/$(basename "$file")"
		done
}

# Fetches the lists, once a run.
update_sources() {
	[ -z "${sources_updated:-}" ] || return 0
	command -v apt-get >/dev/null || die "Debian's sources are fetched with apt-get; this is no Debian"
	derive_sources
	quietly "$apt_home/update.log" private_apt apt-get update || return
	sources_updated=yes
}

# source_versions PACKAGE: the versions that can be had, one a line, newest first.
source_versions() {
	if [ -n "${ULP_SOURCES:-}" ]; then
		find "$ULP_SOURCES" -maxdepth 1 -name "$1_*.dsc" | sed "s|.*/$1_||; s|\\.dsc\$||" | sort -ruV
		return
	fi
	private_apt apt-cache showsrc "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -ruV
}

# fetch_source PACKAGE VERSION [apt-get source's options]: leaves the files in
# _cache/sources/VERSION.  With ULP_SOURCES set to a folder that has the package's files
# (.dsc, .orig.tar.*, .debian.tar.*), they are taken from there.
fetch_source() {
	local package=$1 version=$2 dir=$cache/sources/$2
	shift 2
	[ ! -e "$dir/complete" ] || return 0
	mkdir -p "$dir"
	if [ -n "${ULP_SOURCES:-}" ]; then
		cp "$ULP_SOURCES/${package}_${version%%-*}"[-.]* "$dir/" ||
			die "ULP_SOURCES=$ULP_SOURCES has no source of $package $version"
	else
		say "fetching the source of $package $version"
		update_sources || return
		(cd "$dir" && quietly fetch.log private_apt apt-get "$@" --download-only \
			source "$package=$version") || return
	fi
	touch "$dir/complete"
}

# unpack_source PACKAGE VERSION FOLDER: the source as Debian builds it, upstream's with the patches of
# debian/patches, where it is not in the folder yet.
unpack_source() {
	[ ! -e "$3/debian/complete" ] || return 0
	fetch_source "$1" "$2" || return
	rm -rf "$3"
	mkdir -p "$cache/src"
	quietly "$3.log" dpkg-source --no-check --no-copy -x "$cache/sources/$2/$1_$2.dsc" "$3" ||
		return
	touch "$3/debian/complete"
}

# fetch_program PACKAGE PATH: prints the path of a program: the system's, or the one of the
# unpacked package.  Unpacked and not installed: an installed daemon would be started.
fetch_program() {
	local package=$1 path=$2 dir=$cache/programs/$1
	if [ -x "$path" ]; then
		printf '%s\n' "$path"
		return 0
	fi
	if [ ! -x "$dir/$path" ]; then
		update_sources >&2 || return
		mkdir -p "$dir"
		(cd "$dir" && quietly fetch.log private_apt apt-get download "$package" &&
			dpkg-deb -x "$package"_*.deb .) || return
	fi
	[ -x "$dir/$path" ] || return
	printf '%s\n' "$dir$path"
}

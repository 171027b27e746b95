# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Work for a bash that runs on the libc under test: what it prints must not depend on the libc.
# $1: an empty folder.
set -u
cd "$1" || exit

echo "== pipes and subshells"
seq 1 2000 | while read -r n; do
	printf '%d\n' $((n * n % 97))
done | sort -n | uniq -c | tail -n 3
(
	cd /
	echo "in $PWD"
)
[ "$PWD" = "$(cd "$1" && pwd)" ] && echo "and back"

echo "== arithmetic"
sum=0
for ((i = 0; i < 5000; i++)); do
	sum=$(((sum * 31 + i) & 0xffffff))
done
echo "$sum $((16#ff)) $((2 ** 40)) $((-7 / 2))"

echo "== globbing"
mkdir -p some/folder
for n in {1..30}; do
	: >"some/folder/file$n.txt"
done
shopt -s extglob nullglob globstar
echo some/folder/file[1-3].txt some/folder/file1?(0|5).txt **/*29.txt none*
set -- some/folder/*
echo "$# files"

echo "== words"
text="the quick  brown	fox"
read -r -a words <<<"$text"
echo "${#words[@]} ${words[*]^} ${text//o/0} ${text: -3}"
[[ "2036-01-19" =~ ^([0-9]+)-([0-9]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[@]:1}"
declare -A map=([one]=1 [two]=2)
echo "$((map[one] + map[two]))"
printf '%08.3f|%-6s|%x|%q\n' 3.14159 ab 48879 "a b"
TZ=UTC printf '%(%Y-%m-%d %H:%M:%S)T\n' 2000000000

echo "== jobs and signals"
trap 'echo caught' USR1
kill -USR1 $$
(exit 3) &
wait $!
echo "status $?"
cat <(echo from a process) <<'END'
END
echo "done"

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The documents against what they describe: the table of exit statuses, the man
# pages' own markup, links.  (The options: scripts/check-help.sh.)
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"

man=$ULP_SRCDIR/man
errors=$ULP_SRCDIR/container/err.h
cd "$tap_dir" || exit 99

# --- exit statuses ----------------------------------------------------------

# X(name, status, skip, "text") gives status|name|text; success stands in the prose of the pages.
sed -n 's/^[[:space:]]*X(\(ULP_[A-Z]*\), \([0-9]*\), [01], "\(.*\)").*/\2|\1|\3/p' "$errors" |
	grep -v '^0|' | sort >list
tap_ok 'container/err.h has a list' [ "$(wc -l <list)" -gt 20 ]
# A text that is too long for one line stands between T{ and T}.
sed -e 's/\\-/-/g; s/\\(aq/'"'"'/g' -e '/T{$/{N;N;s/T{\n//;s/\nT}$//}' "$man/ulp.1" |
	grep -E '^[0-9]\|' | sort >table
run diff list table
tap_is 'ulp.1 has the errors of container/err.h' 0 "$status"

# --- the plugin's facts ------------------------------------------------------

# X(name, number, "text") of the states, X(name, bit, "text") of what callers rely on.
sed -n 's/^[[:space:]]*X(ULP_FACTS_[A-Z_]*, \([0-9]*\), "\(.*\)").*/\1|\2/p' \
	"$ULP_SRCDIR/container/facts_format.h" |
	grep -vE '\|(function|clone|part|alias|thunk|merged|static|hidden|global)$' | sort >list
tap_ok 'container/facts_format.h has lists' [ "$(wc -l <list)" -gt 15 ]
sed 's/\\-/-/g' "$man/ulp-facts.5" | grep -E '^[0-9]+\|' | sort >table
run diff list table
tap_is 'ulp-facts.5 has the lists of container/facts_format.h' 0 "$status"

# --- markup and links -------------------------------------------------------

for page in "$man"/*.[157]; do
	name=${page##*/}
	if command -v groff >/dev/null; then
		run groff -man -t -ww -Tutf8 "$page"
		tap_is "$name has no fault of markup" '' "$(cat err)"
	else
		tap_skip "$name has no fault of markup" 'no groff'
	fi
done
for document in README.md CONTRIBUTING.md docs/architecture.md; do
	folder=$(dirname "$ULP_SRCDIR/$document")
	grep -Eo '\]\([^)#]+' "$ULP_SRCDIR/$document" | sed 's/^](//' | grep -v '^https*:' >links
	missing=$(while read -r link; do
		[ -e "$folder/$link" ] || echo "$link"
	done <links)
	tap_is "$document: links lead somewhere" '' "$missing"
done

tap_done

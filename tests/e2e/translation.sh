#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp in German: the catalogue has every message of the program, the words of outcomes and the help
# are German under LANG=de_DE.UTF-8, and JSON stays as it is.
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"
. "$ULP_SRCDIR/tests/lib/german.sh"

ulp=$ULP_BUILDDIR/ulp
cd "$tap_dir" || exit 99
for tool in xgettext msgcmp msgattrib localedef; do
	command -v "$tool" >/dev/null || tap_skip_all "there is no $tool (packages gettext, locales)"
done
[ -f "$ULP_BUILDDIR/po/de.mo" ] || tap_skip_all 'built without catalogues (--disable-nls)'

# --- the catalogue ------------------------------------------------------------

run make -s -C "$ULP_BUILDDIR" po/ulp.pot
tap_is 'the messages of the program are found' 0 "$status"
for text in 'too many relations' "a unit's length" 'asleep (state S)' 'target build ID:'; do
	tap_ok "those of tables as well: $text" grep -qxF "msgid \"$text\"" "$ULP_BUILDDIR/po/ulp.pot"
done
run msgcmp "$ULP_SRCDIR/po/de.po" "$ULP_BUILDDIR/po/ulp.pot"
tap_is 'each of them is translated (else: make update-po)' 0 "$status"
run msgattrib --only-fuzzy --no-obsolete "$ULP_SRCDIR/po/de.po"
tap_ok 'none is a guess' test ! -s out
run msgattrib --only-obsolete "$ULP_SRCDIR/po/de.po"
tap_ok 'none is left over' test ! -s out

# --- the program --------------------------------------------------------------

missing=$(german_missing)
[ -z "$missing" ] || {
	tap_skip 'ulp speaks German' "$missing"
	tap_done
}
german_prepare

german "$ulp" dump missing.so
tap_is 'the exit status is the same' 8 "$status"
tap_has 'an error is in German, with the text of the C library' err '^ulp: missing\.so: kann nicht geöffnet werden: '
german "$ulp" frobnicate
tap_has 'so is a wrong command' err 'unbekannter Befehl'
german "$ulp" trigger --help
tap_has 'so is the help' out 'Live-Patches wieder zurücknehmen'
german "$ulp" trigger -p 999999999 "$ulp"
tap_has 'so is the refusal of a file that is no container' err 'kein Shared Object|kein Container|Sektion'
german "$ulp" patches -p 999999999 --json
tap_has 'JSON is not translated' out '"text": ?"[^"]*process 999999999'
tap_ok 'nor are the errors beside it' sh -c '! grep -q Prozess err'
run env LANG=C LC_ALL=C ULP_TEXTDOMAINDIR="$tap_dir/catalogues" "$ulp" dump missing.so
tap_has 'English is what the C locale has' err '^ulp: missing\.so: cannot open: No such file'
tap_done

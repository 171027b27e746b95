#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp and ulp-packer in German: the catalogue has every message of the programs, the words of outcomes
# and the help are German under LANG=de_DE.UTF-8, and JSON and the template of a spec stay as they are.
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"
. "$ULP_SRCDIR/tests/lib/german.sh"

ulp=$ULP_BUILDDIR/ulp
packer=$ULP_BUILDDIR/ulp-packer
cd "$tap_dir" || exit 99
for tool in xgettext msgcmp msgattrib localedef; do
	command -v "$tool" >/dev/null || tap_skip_all "there is no $tool (packages gettext, locales)"
done
[ -f "$ULP_BUILDDIR/po/de.mo" ] || tap_skip_all 'built without catalogues (--disable-nls)'

# --- the catalogue ------------------------------------------------------------

run make -s -C "$ULP_BUILDDIR" po/ulp.pot
tap_is 'the messages of the programs are found' 0 "$status"
for text in 'too many relations' "a unit's length" 'asleep (state S)' 'target build ID:' \
	'has constructors' 'base class' 'the spec is empty' 'has no symbol table'; do
	tap_ok "those of tables as well: $text" grep -qxF "msgid \"$text\"" "$ULP_BUILDDIR/po/ulp.pot"
done
# A file that the list of sources lacks would lack its texts.
(cd "$ULP_SRCDIR" && grep -rlE '\bulp_fail(_errno)?\(|\b(N_|_|ULP_TEXT)\("' \
	container engine i18n packer trigger --include='*.c') | sort >files
: >left
while read -r file; do
	grep -q "^#:.* $file:" "$ULP_BUILDDIR/po/ulp.pot" || echo "$file" >>left
done <files
tap_ok 'many files have messages' [ "$(wc -l <files)" -gt 50 ]
tap_is 'each of them is in the catalogue' '' "$(cat left)"
run msgcmp "$ULP_SRCDIR/po/de.po" "$ULP_BUILDDIR/po/ulp.pot"
tap_is 'each of them is translated (else: make update-po)' 0 "$status"
run msgattrib --only-fuzzy --no-obsolete "$ULP_SRCDIR/po/de.po"
tap_ok 'none is a guess' test ! -s out
run msgattrib --only-obsolete "$ULP_SRCDIR/po/de.po"
tap_ok 'none is left over' test ! -s out

# --- ulp --------------------------------------------------------------

missing=$(german_missing)
[ -z "$missing" ] || {
	tap_skip 'ulp and ulp-packer speak German' "$missing"
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

# --- ulp-packer ---------------------------------------------------------------

library=$ULP_BUILDDIR/.libs/libpulp.so.0
cat >spec.yaml <<'YAML'
ulp: 1
name: fix
target:
  soname: libvictim.so.1
  build_id: 0123456789abcdef0123456789abcdef01234567
functions:
  - replace: victim_number
YAML
sed 's/^name:.*/&\nlables: []/' spec.yaml >typo.yaml
sed 's/^name:.*/&\ndescription: .INF/' spec.yaml >number.yaml

german "$packer" --check typo.yaml
tap_is 'ulp-packer: the exit status is the same' 3 "$status"
tap_has 'an error in a spec is in German' err \
	'^ulp-packer: typo\.yaml:3:1: unbekannter Schlüssel »lables«; hier bekannt: ulp, name'
german "$packer" --check missing.yaml
tap_has 'one of a system call, too' err '^ulp-packer: missing\.yaml: kann nicht geöffnet werden: '
german "$packer" --check spec.yaml missing.o
tap_is 'wrong usage has the same status' 2 "$status"
tap_has 'and is told in German' err '^ulp-packer: --check nimmt nur eine Spezifikation'
german "$packer" --check spec.yaml
tap_has 'the result is in German, with its number' out \
	'^spec\.yaml: gültig, 1 Funktion von libvictim\.so\.1$'
german "$packer" --help
tap_has 'so is the help' out 'Nur die Spezifikation prüfen'
tap_has 'and what stands above the options' out '^Macht aus einem Fix einen Live-Patch'
german "$packer" --template CVE-2025-1 -t "$library" no_such_function
tap_has 'so are messages that are made of parts' err \
	'libpulp\.so\.0 hat keine Funktion no_such_function; wenn die Quelle sie hat'
german "$packer" --template CVE-2025-1 -t "$library" dl_iterate_phdr
cp out template.yaml
run env LANG=C LC_ALL=C "$packer" --template CVE-2025-1 -t "$library" dl_iterate_phdr
tap_is 'the template of a spec is written' 0 "$status"
tap_ok 'and is the same in all languages' cmp out template.yaml
run env LANG=C LC_ALL=C ULP_TEXTDOMAINDIR="$tap_dir/catalogues" "$packer" --check typo.yaml
tap_has 'English is what ulp-packer has in the C locale' err \
	"^ulp-packer: typo\.yaml:3:1: unknown key 'lables'; known here: ulp, name"

# There, I is not the capital of i: what a spec means must not depend on it.
if [ -f /usr/share/i18n/locales/tr_TR ] &&
	localedef --no-archive -i tr_TR -f UTF-8 locales/tr_TR.UTF-8 >localedef.out 2>&1; then
	run env -u LC_ALL -u LANGUAGE LOCPATH="$tap_dir/locales" LANG=tr_TR.UTF-8 \
		"$packer" --check number.yaml
	tap_has 'a number is one in Turkish, too' err 'must be text; put it in quotes'
else
	tap_skip 'a number is one in Turkish, too' 'there is no locale tr_TR'
fi
tap_done

# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# ulp and ulp-packer in German, from the catalogue of the build folder, whether or not the system has
# the locale.
# Source it after tap.sh, with $tap_dir as the current folder.
#
#   german_missing        prints what is missing for it; nothing if it can be tried
#   german_prepare        makes locale and catalogue in $tap_dir
#   german COMMAND...     runs it in German, as run does

: "${ULP_BUILDDIR:?}" "${tap_dir:?}"

german_missing() {
	command -v localedef >/dev/null || echo 'there is no localedef (package locales)'
	[ -f "$ULP_BUILDDIR/po/de.mo" ] || echo 'built without catalogues (--disable-nls)'
	[ -f /usr/share/i18n/locales/de_DE ] ||
		echo 'the sources of locales are not installed (package locales)'
}

german_prepare() {
	mkdir -p locales catalogues/de/LC_MESSAGES
	cp "$ULP_BUILDDIR/po/de.mo" catalogues/de/LC_MESSAGES/ulp.mo
	localedef --no-archive -i de_DE -f UTF-8 "$tap_dir/locales/de_DE.UTF-8" >localedef.out 2>&1
}

german() {
	run env -u LC_ALL -u LANGUAGE LOCPATH="$tap_dir/locales" LANG=de_DE.UTF-8 \
		ULP_TEXTDOMAINDIR="$tap_dir/catalogues" "$@"
}

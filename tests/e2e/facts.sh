#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The plugin's facts of a whole library agree with its DWARF and its symbols: who carries a copy of
# whom, which functions there are, where, with which linkage, and with which entries.
# The large parts need the libraries that scripts/check.sh builds; they are skipped without them.
. "${ULP_SRCDIR:?}/tests/lib/real.sh"

compare=$build/facts_dwarf
[ -x "$compare" ] || tap_bail "facts_dwarf is not built"
[ -x "$build/ulp" ] || tap_bail "ulp is not built"

# whole NAME FILE...: all of a library.  What was found is shown as remarks.
whole() {
	local name=$1
	shift
	run "$compare" "$@"
	tap_is "$name: the facts agree with DWARF and the symbols" 0 "$status"
	[ "$status" -ne 0 ] || sed 's/^/# /' "$work/out"
}

# has_some NAME TEXT AT-LEAST: how many of a class there are in the last output.
has_some() {
	local nr
	nr=$(awk -v text="$2" 'index($0, text) { print $2; exit }' "$work/out")
	tap_ok "$1" test "${nr:-0}" -ge "$3"
}

# The carriers in the answer of `ulp livepatchable --facts`, in one line.
answered() {
	awk '/^  [^ ]/ { copies = /^  copies in / } copies && /^    [^ ]/ { print $2 }' "$work/out" |
		tr '\n' ' '
}

# carriers NAME FUNCTION LIBRARY [CARRIER...]: facts and DWARF name these, and no others, and so
# does the answer for people.
carriers() {
	local name=$1 function=$2 library=$3
	shift 3
	run "$compare" "$library" "$function"
	tap_is "$name" "facts $function:${*:+ $*}
DWARF $function:${*:+ $*}" "$(cat "$work/out")"
	run "$build/ulp" livepatchable --facts "$library" "$function"
	tap_is "$name, in the answer of ulp" "0: ${*:+$* }" "$status: $(answered)"
}

# --- the comparison finds what differs ---------------------------------------------

cat >"$work/small.c" <<'END'
#include <stdlib.h>

static int limit(void)
{
	return 41;
}

static int twice(int *p)
{
	*p = rand() / 3;
	return *p * 2 + limit();
}

int one(int *p)
{
	return twice(p) + 1;
}

int two(int *p)
{
	return twice(p) + 2;
}
END

# small NAME [FLAG...]: the library NAME.so of it.
small() {
	local name=$1
	shift
	"${PLUGIN_GCC:-gcc}" -fplugin="$plugin" -O2 -g -fPIC -shared -Wl,--build-id=none "$@" \
		-o "$work/$name.so" "$work/small.c" >"$work/small.log" 2>&1 ||
		tap_bail "small.c could not be compiled: $(tail -n 3 "$work/small.log")"
}

small inlined -finline-functions
small apart -fno-inline
whole "copies" "$work/inlined.so"
whole "no copies" "$work/apart.so"
carriers "who carries a copy" twice "$work/inlined.so" one two
carriers "nobody does" twice "$work/apart.so"
run "$compare" "$work/inlined.so" no_such_function
tap_is "a function that is not there: status 1" 1 "$status"

# DWARF of another build than the facts: differences on both sides have to come out.
run "$compare" --debug-file "$work/apart.so" "$work/inlined.so"
tap_is "facts with the wrong DWARF: status 1" 1 "$status"
tap_has "a function that only DWARF has" "$work/out" "^FAULT: functions with code in DWARF.*: twice "
tap_has "a copy of what was inlined nowhere" "$work/out" \
	"^FAULT: copies of functions that GCC inlined nowhere.*: twice .* in "
run "$compare" --debug-file "$work/inlined.so" "$work/apart.so"
tap_is "DWARF with the wrong facts: status 1" 1 "$status"
tap_has "a copy that only DWARF has" "$work/out" "^FAULT: copies that DWARF names.*: twice .* in "
tap_has "a function that only the facts have" "$work/out" \
	"^FAULT: functions with code in the facts.*: twice "


# The same code in one() without the call that was inlined, only its lines.
{
	echo "# 1 \"$work/small.c\""
	sed '/^int one/,$d' "$work/small.c"
} >"$work/lines.c"
cat >>"$work/lines.c" <<END
# 14 "$work/small.c"
int one(int *p)
{
# 10 "$work/small.c"
	*p = rand() / 3;
	return *p * 2 + 42;
}

# 19 "$work/small.c"
int two(int *p)
{
	return twice(p) + 2;
}
END
"${PLUGIN_GCC:-gcc}" -fplugin="$plugin" -O2 -g -fPIC -shared -Wl,--build-id=none \
	-o "$work/lines.so" "$work/lines.c" || tap_bail "lines.c could not be compiled"
run "$compare" --debug-file "$work/lines.so" "$work/inlined.so"
tap_is "lines of a copy without the copy: status 1" 1 "$status"
tap_has "a copy that only the facts have, with code" "$work/out" \
	"^FAULT: copies that the facts name, with code.*: twice .* in one "

"${PLUGIN_GCC:-gcc}" -O2 -g -fPIC -shared -o "$work/plain.so" "$work/small.c" ||
	tap_bail "small.c could not be compiled"
run "$compare" "$work/plain.so"
tap_is "a library without facts: status 2" 2 "$status"

# --- glibc ---------------------------------------------------------------------------

if glibc_is_built plugin "$plugin"; then
	carriers "parse_bracket_exp: into a static function of libc" parse_bracket_exp \
		"$glibc_dir/libc.so" parse_expression
else
	tap_skip "libc" "glibc is not built: scripts/glibc-build.sh --plugin $plugin"
fi

# --- OpenSSL ------------------------------------------------------------------------

if ! openssl_is_built "$plugin"; then
	tap_skip "libcrypto and libssl" \
		"OpenSSL is not built: scripts/openssl-build.sh --plugin $plugin"
	tap_done
fi
crypto=$openssl_dir/libcrypto.so.3 ssl=$openssl_dir/libssl.so.3

whole libssl "$ssl"
has_some "there were copies to compare" "copies that both name" 300
whole libcrypto "$crypto"
has_some "there were copies to compare" "copies that both name" 3000
has_some "there were functions to compare" "with code at the same address" 8000

# Functions of real fixes: inlined, over two levels, only a clone, and whole with no copy.
carriers "kek_unwrap_key: its only code is a copy" kek_unwrap_key "$crypto" \
	ossl_cms_RecipientInfo_pwri_crypt
carriers "ossl_ess_get_signing_cert: over two levels" ossl_ess_get_signing_cert "$crypto" \
	TS_RESP_verify_signature
tap_has "ossl_ess_get_signing_cert: through which function" "$work/out" \
	"ossl_ess_get_signing_cert -> ts_check_signing_certs -> TS_RESP_verify_signature$"
carriers "ossl_ess_get_signing_cert_v2: the same" ossl_ess_get_signing_cert_v2 "$crypto" \
	TS_RESP_verify_signature
carriers "parse_bag: only as a clone" parse_bag "$crypto" parse_bag.constprop.0
carriers "use_proxy: static" use_proxy "$crypto"
carriers "PKCS7_verify: exported" PKCS7_verify "$crypto"
carriers "CRYPTO_ocb128_encrypt: exported" CRYPTO_ocb128_encrypt "$crypto"
carriers "evp_cipher_get_asn1_aead_params: its split part came back" \
	evp_cipher_get_asn1_aead_params "$crypto"
carriers "ossl_cms_EncryptedContent_init_bio: hidden" ossl_cms_EncryptedContent_init_bio "$crypto"
carriers "dtls1_buffer_record: its split part came back" dtls1_buffer_record "$ssl"

# All that is left of this one are the constants that were computed from it, so that DWARF does not
# name it; but who patches it has to replace its carrier.
run "$compare" -v "$crypto"
tap_has "number_of_digits: a copy of which only constants are left" "$work/out" \
	"^explained: copies of which nothing is left.*: number_of_digits .* in ossl_rsaz_mod_exp_avx512_x2 "
tap_done

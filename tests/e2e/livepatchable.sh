#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp livepatchable says what the plugin did: yes or no, how many entries, who has none and why,
# and who carries a copy of whom.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# --- the verdict ------------------------------------------------------------------

# share FILE WITH: " WITH ..., N % of ALL" as the verdict has it, by nm: one function an address,
# and the unlikely part of a function is none.
share() {
	nm --defined-only "$1" | grep -v '\.cold' | sed -n 's/ [tTwWi] .*//p' | sort -u | awk -v with="$2" '
		END { s = int(with * 1000 / NR); printf "%d.%d %% of %d\n", s / 10, s % 10, NR }'
}

# Functions that came from the source: the compiler's start-up files have no entries.
nr_functions=$(nm lib/libvictim.so.1 | grep -Ec ' [tT] (victim_|scale$)')
run "$ulp" livepatchable lib/libvictim.so.1
tap_is 'built with the plugin: status 0' 0 "$status"
tap_is 'built with the plugin: how many entries, and which share' \
	"lib/libvictim.so.1: livepatchable, $nr_functions functions have entries (5-byte NOP), $(
		share lib/libvictim.so.1 "$nr_functions")" "$(cat out)"

cp lib/libvictim.so.1 stripped.so
must strip stripped.so
run "$ulp" livepatchable stripped.so
tap_is 'stripped: status 0' 0 "$status"
tap_is 'stripped: as many, but the share is not known' \
	"stripped.so: livepatchable, $nr_functions functions have entries (5-byte NOP), of how many is not known" \
	"$(cat out)"
for option in --list --min=1; do
	run "$ulp" livepatchable "$option" stripped.so
	tap_is "stripped: $option cannot tell, status 5" 5 "$status"
done

must "$gcc" -shared -fPIC -o plain.so "$victims/libvictim.c"
run "$ulp" livepatchable plain.so
tap_is 'built without: status 1' 1 "$status"
tap_is 'built without: says so' 'plain.so: not livepatchable, no function has an entry' "$(cat out)"
run "$ulp" livepatchable lib/libvictim.so.1 plain.so
tap_is 'one of each: status 1' 1 "$status"
run "$ulp" livepatchable --facts plain.so
tap_is 'built without: no facts, status 5' 5 "$status"

# A program can be a target as well.
echo 'int main(void) { return 0; }' >program.c
must "$gcc" -fplugin="$plugin" -O2 -o program program.c
run "$ulp" livepatchable program
tap_is 'a program built with the plugin: status 0' 0 "$status"
tap_has 'a program built with the plugin: its one function' out '1 function has an entry '

# --- a library with functions of all kinds -------------------------------------------

mkdir src
cat >src/header.h <<'C'
static inline int shared_inline(int x)
{
	return x ^ 5;
}
C
cat >src/one.c <<'C'
#include "header.h"

int printf(const char *, ...);

static int inner(int x)
{
	return shared_inline(x) * 3;
}

static int middle(int x)
{
	return inner(x) + 1;
}

static __attribute__((noinline)) int init(int x, int y)
{
	return printf("%d", x / y);
}

int outer(int x)
{
	return middle(x) + init(x, 7);
}

int other(int x)
{
	return inner(x + 2) + init(x + 1, 7);
}

int other_name(int x) __attribute__((alias("other")));

__attribute__((ulp_not_patchable)) int not_me(int x)
{
	return x;
}

int left_out_by_name(int x)
{
	return x + 1;
}

static int (*choose(void))(int)
{
	return other;
}

int chosen(int x) __attribute__((ifunc("choose")));
C
cat >src/two.c <<'C'
#include "header.h"

static __attribute__((noinline, noclone, noipa)) int init(int x)
{
	return x + 1;
}

int second(int x)
{
	return init(shared_inline(x));
}

static const char *greeting = "hello";

const char *greet(void)
{
	return greeting;
}
C
cat >src/code.s <<'S'
	.text
	.globl	in_assembly
	.type	in_assembly, @function
in_assembly:
	ret
	.size	in_assembly, . - in_assembly
	.section .note.GNU-stack, "", @progbits
S
# shellcheck disable=SC2086
library() {
	must "$gcc" -fplugin="$plugin" -fplugin-arg-ulp-exclude='left_out*' -std=gnu17 -O2 -fPIC -shared \
		-Wl,--build-id=sha1 "$@"
}
library -o libkinds.so src/one.c src/two.c src/code.s

# --- the list ---------------------------------------------------------------------------

# reason NAME: columns 3 and 4 of its line in the list
tab=$(printf '\t')
reason() {
	sed -n "s/^0x[0-9a-f]\\{16\\}$tab$1$tab//p" out | tr '\t' '|'
}

run "$ulp" livepatchable --list libkinds.so
tap_is '--list: the answer is still yes' 0 "$status"
tap_has '--list: the verdict stands first' out '^libkinds.so: livepatchable, [0-9]+ functions'
tap_is '--list: an attribute' 'attribute ulp_not_patchable|src/one.c:32' "$(reason not_me)"
tap_is '--list: a name that was left out' 'excluded by name|src/one.c:37' "$(reason left_out_by_name)"
tap_is '--list: a resolver' 'ifunc resolver|src/one.c:42' "$(reason choose)"
tap_is '--list: assembly' 'assembly, or compiled without the plugin|-' "$(reason in_assembly)"
tap_is '--list: what the compiler adds' 'start-up code that comes with the compiler|crtstuff.c' \
	"$(reason frame_dummy)"
tap_is '--list: not those with an entry' '' "$(reason outer)"
nr_without=$(grep -c '^0x' out)
run "$ulp" livepatchable --list=all libkinds.so
tap_is '--list=all: those with an entry, too' 'has an entry|src/one.c:20' "$(reason outer)"
tap_is '--list=all: an alias is no function of its own' '' "$(reason other_name)"
nr_all=$(grep -c '^0x' out)
tap_has '--list=all: as many as the verdict says' out \
	": livepatchable, $((nr_all - nr_without)) functions .* of $nr_all\$"
tap_is '--list: the addresses are those of the symbols' \
	"$(nm libkinds.so | sed -n 's/ T outer$//p')" \
	"$(sed -n "s/^0x\\([0-9a-f]*\\)${tab}outer$tab.*/\\1/p" out)"

library -fplugin-arg-ulp-facts=no -o libnofacts.so src/one.c src/code.s
run "$ulp" livepatchable --list libnofacts.so
tap_is '--list without facts: says that it does not know' 'not known: the file has no facts|-' \
	"$(reason not_me)"

# --- the least share ------------------------------------------------------------------------

percent=$(((nr_all - nr_without) * 100 / nr_all))
run "$ulp" livepatchable --min=$percent libkinds.so
tap_is '--min: enough' 0 "$status"
run "$ulp" livepatchable --min=$((percent + 1)) libkinds.so
tap_is '--min: not enough, status 1' 1 "$status"
tap_has '--min: says so' out "^libkinds.so: not livepatchable, .*, fewer than $((percent + 1)) %\$"

# --- facts -------------------------------------------------------------------------------------

run "$ulp" livepatchable --facts libkinds.so inner
tap_is '--facts: status 0' 0 "$status"
tap_has '--facts: the function and its place' out '^inner: static function, src/one.c:5$'
tap_has '--facts: how many carriers' out '^  copies in 2 functions:$'
tap_has '--facts: a carrier and its entry' out \
	'^    0x[0-9a-f]{16} outer \(global function\), src/one.c:20: has an entry$'
tap_has '--facts: the way of the copy' out '^      inner -> middle -> outer$'
tap_has '--facts: the way of the other one' out '^      inner -> other$'
tap_has '--facts: the command' out '^    in .*: .* -fPIC .*src/one\.c$'
run "$ulp" livepatchable --facts libkinds.so shared_inline
tap_is '--facts: a function of a header is one in all units' 1 "$(grep -c '^shared_inline' out)"
tap_has '--facts: and has carriers in both' out '^  copies in 3 functions:$'
tap_has '--facts: of the second unit' out '^      shared_inline -> second$'
run "$ulp" livepatchable --facts libkinds.so init
tap_is '--facts: several functions of one name' 'src/one.c:15 src/two.c:3' \
	"$(sed -n 's/^init: static function, //p' out | tr '\n' ' ' | sed 's/ $//')"
tap_has '--facts: a clone' out '^    0x[0-9a-f]{16} init\.constprop\.0 \(static clone\)'
run "$ulp" livepatchable --facts --source=two.c libkinds.so init
tap_is '--source: only that one' 'init: static function, src/two.c:3' "$(grep '^init' out)"
run "$ulp" livepatchable --facts --source=o.c libkinds.so init
tap_is '--source: whole parts of the path count' 5 "$status"
run "$ulp" livepatchable --facts libkinds.so unknown
tap_is '--facts: an unknown function is status 5' 5 "$status"
tap_has '--facts: and is named' err '^ulp: libkinds.so: .* unknown$'
run "$ulp" livepatchable --facts libkinds.so
tap_is '--facts of all: a line for each unit' 'src/one.c src/two.c' \
	"$(awk -F '\t' '$1 == "unit" { printf "%s%s", nr++ ? " " : "", $2 }' out)"
tap_is '--facts of all: what the code takes for a constant, below its unit' 'src/two.c: greeting' \
	"$(awk -F '\t' '$1 == "unit" { unit = $2 } $1 == "constant" { print unit ": " $2 }' out)"
run "$ulp" livepatchable --facts --json libkinds.so
tap_is '--facts of all: the same in JSON' '[] ["greeting"]' \
	"$(tr -d ' \n\t' <out | grep -o '"constants":\[[^]]*\]' | cut -d : -f 2 | xargs -d '\n')"
run "$ulp" livepatchable --facts libkinds.so
tap_has '--facts of all: a function with code' out \
	"^0x[0-9a-f]{16}${tab}outer${tab}global function${tab}has an entry${tab}src/one.c:20\$"
tap_has '--facts of all: one without' out "^-${tab}inner${tab}static function${tab}no code "
run "$ulp" livepatchable --facts --source src/two.c libkinds.so
tap_is '--facts of all with --source: no other file' '' "$(grep 'one\.c' out)"
run "$ulp" livepatchable --facts --source=none.c libkinds.so
tap_is '--facts of all with an unknown --source: status' 5 "$status"
tap_has '--facts of all with an unknown --source: named' err '^ulp: libkinds\.so: .*none\.c'

# --- debug files ----------------------------------------------------------------------------------

# detach NAME [OBJCOPY-OPTION]: a stripped copy of the library, and its debug file
detach() {
	must objcopy --only-keep-debug ${2:+"$2"} libkinds.so "$1.debug"
	must strip -o "$1.so" libkinds.so
}
"$ulp" livepatchable --list libkinds.so | grep '^0x' >wanted
detach apart
run "$ulp" livepatchable --list --debug-file=apart.debug apart.so
grep '^0x' out >got
tap_ok '--debug-file: the same list' cmp wanted got
run "$ulp" livepatchable --facts --debug-file=apart.debug apart.so inner
tap_has '--debug-file: the same facts' out '^      inner -> middle -> outer$'
run "$ulp" livepatchable --list apart.so
tap_is 'a debug file that nothing leads to is not found' 5 "$status"
run "$ulp" livepatchable --list --debug-file=lib/libvictim.so.1 apart.so
tap_is '--debug-file: of another build is status 5' 5 "$status"
tap_has '--debug-file: and is named' err '^ulp: lib/libvictim.so.1: '
detach packed --compress-debug-sections=zlib
must objcopy --add-gnu-debuglink=packed.debug packed.so
readelf -SW packed.debug | grep -q '\.debug\.ulp .* C ' || tap_bail 'the facts were not compressed'
run "$ulp" livepatchable --facts packed.so inner
tap_has 'a compressed debug file is found by .gnu_debuglink' out '^      inner -> middle -> outer$'
run "$ulp" livepatchable --list packed.so
grep '^0x' out >got
tap_ok 'and gives the same list' cmp wanted got
must strip --keep-section=.debug.ulp -o onlyfacts.so libkinds.so
run "$ulp" livepatchable onlyfacts.so
tap_has 'without symbols the facts say which functions there are' out ' % of [0-9]+$'
run "$ulp" livepatchable --list onlyfacts.so
tap_is 'and why one has no entry' 'attribute ulp_not_patchable|src/one.c:32' "$(reason not_me)"

must objcopy --dump-section .debug.ulp=facts libkinds.so unused.so
printf '\377' | dd of=facts bs=1 seek=2 conv=notrunc 2>/dev/null
must objcopy --update-section .debug.ulp=facts libkinds.so damaged.so
run "$ulp" livepatchable --facts damaged.so
tap_is 'damaged facts are status 3' 3 "$status"
tap_has 'and are placed' err '^ulp: damaged\.so: \.debug\.ulp\+0x0: '

# --- LTO ------------------------------------------------------------------------------------------

for name in one two; do
	must "$gcc" -fplugin="$plugin" -O2 -g -fPIC -flto -c -o "lto-$name.o" "src/$name.c"
	must "$gcc" -fplugin="$plugin" -O2 -fPIC -flto -c -o "slim-$name.o" "src/$name.c"
done
must "$gcc" -fplugin="$plugin" -O2 -g -fPIC -shared -flto -o liblto.so lto-one.o lto-two.o
run "$ulp" livepatchable --facts liblto.so shared_inline
tap_has 'LTO: copies from before the link are followed' out '^  copies in 3 functions:$'
tap_has 'LTO: into the second unit' out ' second$'
must "$gcc" -fplugin="$plugin" -O2 -fPIC -shared -flto -o libslim.so slim-one.o slim-two.o
run "$ulp" livepatchable --facts libslim.so outer
tap_has 'LTO without -g: says that copies are not known' out 'copies made before LTO are not known'

# --- JSON -----------------------------------------------------------------------------------------

# json EXPRESSION: of perl, about $j, the answer in out
json() {
	perl -MJSON::PP -e '
		my ($code) = @ARGV;
		local $/;
		our $j = JSON::PP->new->boolean_values(0, 1)->decode(<STDIN>);
		our ($l) = @{$j->{libraries}};
		my $value = eval $code;
		die $@ if $@;
		print defined $value ? $value : "null";' "$1" <out
}
# json_is NAME WANTED EXPRESSION
json_is() {
	tap_is "--json: $1" "$2" "$(json "$3" 2>&1)"
}
if perl -MJSON::PP -e 1 2>/dev/null; then
	run "$ulp" livepatchable --json --list libkinds.so plain.so missing.so
	tap_is '--json: the same status' 8 "$status"
	tap_has '--json: errors on stderr as well' err '^ulp: missing.so: '
	json_is 'the version' 1 '$j->{version}'
	json_is 'all libraries' 'libkinds.so plain.so missing.so' \
		'join " ", map { $_->{path} } @{$j->{libraries}}'
	json_is 'the answer' 1 '$l->{livepatchable}'
	json_is 'the layout' nop5 '$l->{layout}'
	json_is 'the build ID' "$(readelf -n libkinds.so | sed -n 's/.*Build ID: //p')" '$l->{build_id}'
	json_is 'the numbers' "$((nr_all - nr_without)) $nr_all" \
		'"$l->{functions_with_entry} $l->{functions}"'
	json_is 'the list' "$nr_without" 'scalar @{$l->{list}}'
	json_is 'a reason' 'attribute ulp_not_patchable src/one.c 32' \
		'join " ", map { "$_->{reason} $_->{source} $_->{line}" } grep { $_->{name} eq "not_me" } @{$l->{list}}'
	json_is 'no' '0 null' '$j->{libraries}[1]{livepatchable} . " " . ($j->{libraries}[1]{layout} // "null")'
	json_is 'an error' 'ULP_ESYS 8' '"$j->{libraries}[2]{error}{code} $j->{libraries}[2]{error}{status}"'
	run "$ulp" livepatchable --json --facts libkinds.so inner
	json_is 'carriers and their chains' 'other:inner outer:inner,middle' \
		'join " ", sort map { "$_->{name}:" . join ",", @{$_->{chain}} } @{$l->{answers}[0]{carriers}}'
	json_is 'the command' 1 '$l->{answers}[0]{units}[0]{command} =~ m{-fPIC .*src/one\.c$}'
	run "$ulp" livepatchable --json --facts libkinds.so
	json_is 'all facts' 'src/one.c src/two.c' 'join " ", map { $_->{source} } @{$l->{units}}'
	json_is 'what was inlined' 'middle inner shared_inline' \
		'my %n = map { $_->{id} => $_->{name} } @{$l->{functions}};
		my ($f) = grep { $_->{name} eq "outer" } @{$l->{functions}};
		join " ", map { $n{$_->{function}} } @{$f->{inlined}}'
	run "$ulp" livepatchable --json --facts libkinds.so unknown
	tap_is '--json: an unknown function is status 5' 5 "$status"
	json_is 'and an error' ULP_ENOFUNC '$l->{error}{code}'
else
	tap_skip '--json' 'no perl with JSON::PP'
fi

# --- wrong usage ------------------------------------------------------------------------------------

while read -r options; do
	# shellcheck disable=SC2086
	run "$ulp" livepatchable $options
	tap_is "wrong usage: $options" 2 "$status"
done <<'END'
--facts --list libkinds.so
--facts --min=1 libkinds.so
--facts libkinds.so inner outer
--facts
--source=one.c libkinds.so
--facts --source= libkinds.so
--debug-file=apart.debug apart.so libkinds.so
--json -q libkinds.so
--list=some libkinds.so
--min=101 libkinds.so
--min=-1 libkinds.so
--min=x libkinds.so
--min= libkinds.so
--min=nan libkinds.so
END

tap_done

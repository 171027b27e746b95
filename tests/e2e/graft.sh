#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/openssl-graft.pl: what a description names gets from the fixed file into the old one, and
# nothing else; what is not there, or not once, is an error.
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"
graft=$ULP_SRCDIR/scripts/openssl-graft.pl
cd "$tap_dir" || exit 99

cat >old.c <<'END'
#define FIRST 1
#define THIRD 3

typedef struct part_st {
	int kept;
	int dropped;
} PART;

int helper(int a, int b);

static int
helper_of_two(int a)
{
	return helper(a, 2);
}

int helper(int a, int b)
{
	return a + b;
}

int caller(int a)
{
	if (a) {
		return helper(a, 1);
	}
	return 7;
}
END

# The same in another format, and with changes that are none of the fix's.
cat >fixed.c <<'END'
#define FIRST 1
#define SECOND \
    2
#define THIRD 33

typedef struct part_st {
    int kept;
} PART;

int helper(int a, int b, int c);

static int new_one(int a)
{
    return a;
}

static int helper_of_two(int a)
{
    return helper(a, 2, SECOND);
}

int helper(int a, int b, int c)
{
    return new_one(a) + b + c;
}

int caller(int a)
{
    if (a) {
        return helper(
            a, 1, SECOND);
    }
    return 8;
}
END

# grafted LINE...: the output for a description with these lines below the file, in $tap_dir/new.c
grafted() {
	printf 'file other.c\nfunction not_this_one\nfile dir/old.c\n' >description.fix
	printf '%s\n' "$@" >>description.fix
	echo 'unit dir/unit.c' >>description.fix
	rm -f new.c
	run perl "$graft" old.c fixed.c new.c description.fix dir/old.c
}

# changed ARG...: whether the output is old.c with what sed does to it
changed() {
	sed "$@" old.c >wanted.c
	cmp -s wanted.c new.c && return
	diff wanted.c new.c | sed 's/^/# /'
	return 1
}

grafted 'edit caller helper(a, 1) => helper(a, 1, SECOND)'
tap_is "an edit is made" 0 "$status"
tap_ok "it changes nothing else of the function" changed 's/helper(a, 1)/helper(a, 1, SECOND)/'
grafted 'define THIRD'
tap_ok "a macro is replaced" changed 's/THIRD 3/THIRD 33/'
grafted 'define SECOND'
tap_ok "a new macro gets its place, with all of its lines" changed \
	's/#define FIRST 1/&\n#define SECOND \\\n    2/'
grafted 'declaration helper'
tap_ok "a declaration is replaced, not the definition" changed \
	's/^int helper(int a, int b);/int helper(int a, int b, int c);/'
grafted 'struct part_st'
tap_ok "a structure is replaced" changed '/dropped/d; s/\tint kept/    int kept/'
grafted 'function new_one' 'function helper_of_two'
tap_ok "a function is replaced, a new one put before it" changed \
	-e '/^static int$/d' -e '/^helper_of_two/i static int new_one(int a)\n{\n    return a;\n}\n' \
	-e 's/^helper_of_two/static int &/' -e 's/\treturn helper(a, 2)/    return helper(a, 2, SECOND)/'

# Each line of the output has to be the line of the file that #line says: the old one, or its own.
lines_are_right() {
	awk -v own="new.c" '
		FILENAME == "old.c" { old[FNR] = $0; next }
		{ all[FNR] = $0; nr = FNR }
		END {
			for (i = 1; i <= nr; i++) {
				if (all[i] ~ /^#line /) {
					split(all[i], part, " ")
					line = part[2]
					name = part[3]
					seen++
					continue
				}
				text = name == "\"build/old.c\"" ? old[line] : name == "\"" own "\"" ? all[line] : "?"
				if (all[i] != text) {
					print "# line " i " is not line " line " of " name ": " all[i]
					wrong = 1
				}
				line++
			}
			exit wrong || seen < 6
		}' old.c new.c
}

printf '%s\n' 'file dir/old.c' 'function new_one' 'function helper_of_two' \
	'edit caller helper(a, 1) => helper(a, 1, SECOND)' 'function helper' >description.fix
run perl "$graft" old.c fixed.c new.c description.fix dir/old.c build/old.c
tap_is "functions are taken for a build that calls the file by a name" 0 "$status"
tap_ok "what stays as it is keeps its name and line numbers" lines_are_right

# refused NAME LINE...: with a reason, and no output
refused() {
	refused_for=$1
	shift
	grafted "$@"
	tap_ok "refused: $refused_for" test "$status" -ne 0 -a -s err -a ! -e new.c
}

refused "a function that is not there" 'function nobody'
refused "a macro that is not there" 'define NOBODY'
refused "a new function behind the last one that is replaced" 'function helper_of_two' 'function new_one'
refused "a macro that is the same on both sides" 'define FIRST'
refused "an edit whose result the fixed function does not have" \
	'edit caller helper(a, 1) => helper(a, 1, 3)'
refused "an edit of what is not there" 'edit caller helper(a, 3) => helper(a, 1, SECOND)'
refused "an edit without its second half" 'edit caller helper(a, 1)'
refused "a key that is not known" 'replace helper'

ln -s old.c new.c
cp old.c before.c
printf 'file dir/old.c\ndefine THIRD\n' >description.fix
run perl "$graft" old.c fixed.c new.c description.fix dir/old.c
tap_ok "a link to the old file is replaced, not followed" cmp -s old.c before.c
tap_done

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/: thread-local variables and private ifuncs of the target. */
#include "config.h"

#include "packer/match.h"
#include "packer/target.h"
#include "tests/lib/check_err.h"
#include "tests/lib/packer_lab.h"

#include <string.h>

#define SECTIONS "-ffunction-sections -fdata-sections"
#define INITIAL_EXEC SECTIONS " -ftls-model=initial-exec"
#define REPLACE_F "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n  - replace: f\n"

#define MODEL "__attribute__((tls_model(\"initial-exec\"))) "

/* `seldom` is reached in the general way. */
static const char target_source[] =
	"#include \"packer_target.h\"\n"
	"static _Thread_local " MODEL "int first = 1;\n"
	"static _Thread_local " MODEL "long counter;\n"
	"_Thread_local " MODEL "int shown;\n"
	"_Thread_local " MODEL "__attribute__((visibility(\"hidden\"))) int hidden;\n"
	"_Thread_local __attribute__((tls_model(\"global-dynamic\"))) int seldom;\n"
	"int get(void) { return first + (int)counter++ + shown + hidden + seldom; }\n"
	"BODY int f_body(int a) { counter += a; return hidden++; }\n"
	"ENTRY(f);\n";

static void fix(struct packer_lab *lab, const char *source)
{
	packer_lab_target(lab, target_source, "f; get; shown; seldom;");
	packer_lab_compile(lab, "fix", source, INITIAL_EXEC);
}

static void refused(struct packer_lab *lab, enum ulp_code code, const char *place, const char *says)
{
	packer_lab_refused(lab, REPLACE_F, code, place, says);
}

/* The vaddr of the target's slot for its variable. */
static uint64_t slot_of(struct packer_lab *lab, const char *name)
{
	struct report report = {0};
	const struct tls_slot *slot;
	struct target target;
	struct match m;

	assert_succeeds(target_open(&lab->pool, packer_lab_path(lab, "liba.so.1"), NULL, &target,
				    &report, &lab->err),
			&lab->err);
	m = match_all(&lab->pool, &target, name, MATCH_DATA);
	assert_int_equal(m.nr_candidates, 1);
	slot = target_tls_slot(&target, TLS_WAY_OFFSET, m.symbol);
	assert_non_null(slot);
	return slot->vaddr;
}

static void expect_slot(struct packer_lab *lab, const struct ulp_container *c, const char *name)
{
	const struct ulp_reference *r = packer_lab_reference(c, name);

	assert_non_null(r);
	assert_int_equal(r->type, R_X86_64_PC32);
	assert_int_equal(r->value, slot_of(lab, name));
	assert_int_equal(r->addend, -4);
}

static void thread_local_variables_are_reached_through_the_targets_slots(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	/* Static, hidden and exported; defined in the object and not. */
	fix(lab, "static _Thread_local long counter;\n"
		 "extern _Thread_local int shown;\n"
		 "extern _Thread_local __attribute__((visibility(\"hidden\"))) int hidden;\n"
		 "int f(int a) { counter -= a; return hidden-- + shown; }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	expect_slot(lab, &c, "counter");
	expect_slot(lab, &c, "shown");
	expect_slot(lab, &c, "hidden");
	assert_int_not_equal(slot_of(lab, "counter"), slot_of(lab, "hidden"));
	assert_int_equal(c.patch.nr_imports, 0);
	for (size_t i = 0; i < c.elf.nr_phdrs; i++)
		assert_int_not_equal(ulp_elf_phdr(&c.elf, i).p_type, PT_TLS);
	ulp_container_close(&c);
}

static void refuses_thread_local_variable_that_the_target_does_not_have(void **state)
{
	struct packer_lab *lab = *state;

	fix(lab, "static _Thread_local int mine;\n"
		 "int f(int a) { return mine += a; }\n");
	refused(lab, ULP_ETLS, "fix.c:2",
		"mine is thread-local and liba.so.1 has no such variable");
}

static void refuses_thread_local_variable_that_is_none_in_the_target(void **state)
{
	struct packer_lab *lab = *state;

	fix(lab, "extern _Thread_local int get;\n"
		 "int f(int a) { return get += a; }\n");
	refused(lab, ULP_ETLS, "fix.c:2", "get is thread-local");
}

static void refuses_thread_local_variable_of_another_size(void **state)
{
	struct packer_lab *lab = *state;

	fix(lab, "static _Thread_local int counter;\n"
		 "int f(int a) { return counter += a; }\n");
	refused(lab, ULP_EMISMATCH, "fix.c:2", "4 bytes in fix.o and 8 bytes");
}

static void refuses_thread_local_variable_that_the_target_has_no_slot_for(void **state)
{
	struct packer_lab *lab = *state;

	fix(lab, "extern _Thread_local int seldom;\n"
		 "int f(int a) { return seldom += a; }\n");
	refused(lab, ULP_ETLS, "fix.c:2", "by the general dynamic model only");
}

#define IFUNC                                                           \
	"#include \"packer_target.h\"\n"                                \
	"BODY int f_body(int a) { return a; }\n"                        \
	"ENTRY(f);\n"                                                   \
	"static int one(int a) { return a + 1; }\n"                     \
	"static int (*choose(void))(int) { return one; }\n"             \
	"int pick(int a) __attribute__((ifunc(\"choose\")));\n"         \
	"extern __typeof(pick) inner\n"                                 \
	"  __attribute__((alias(\"pick\"), visibility(\"hidden\")));\n" \
	"int get(int a) { return inner(a); }\n"

static const char ifunc_fix[] = "__attribute__((visibility(\"hidden\"))) int inner(int);\n"
				"int f(int a) { return inner(a) * 2; }\n";

/* As libc calls its own memcpy(). */
static void private_name_of_an_ifunc_is_looked_up_by_its_exported_name(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab, IFUNC, "f; get; pick;");
	packer_lab_compile(lab, "fix", ifunc_fix, SECTIONS);
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(c.patch.nr_references, 0);
	assert_int_equal(c.patch.nr_imports, 1);
	assert_string_equal(c.patch.imports[0].name, "pick");
	assert_string_equal(c.patch.imports[0].version, "LIBA_1");
	assert_string_equal(c.patch.imports[0].provider, "liba.so.1");
	ulp_container_close(&c);
}

static void refuses_private_ifunc_without_an_exported_name(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, IFUNC, "f; get;");
	packer_lab_compile(lab, "fix", ifunc_fix, SECTIONS);
	refused(lab, ULP_EUNSUP, "fix.c:2", "inner is an ifunc that the target does not export");
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(thread_local_variables_are_reached_through_the_targets_slots),
		LAB_TEST(refuses_thread_local_variable_that_the_target_does_not_have),
		LAB_TEST(refuses_thread_local_variable_that_is_none_in_the_target),
		LAB_TEST(refuses_thread_local_variable_of_another_size),
		LAB_TEST(refuses_thread_local_variable_that_the_target_has_no_slot_for),
		LAB_TEST(private_name_of_an_ifunc_is_looked_up_by_its_exported_name),
		LAB_TEST(refuses_private_ifunc_without_an_exported_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packer/: thread-local variables of the target, for each model that the target and the fix may be
 * compiled for; what is packed reads and writes the target's variables in two threads.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/own_load.h"
#include "tests/lib/packer_lab.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPLACE_F "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n  - replace: f\n"

#define IE "-ftls-model=initial-exec"
#define LD "-ftls-model=local-dynamic"
#define DESC "-mtls-dialect=gnu2"

/* `shown` is for all (general dynamic), `own` static (local dynamic), in the models' defaults. */
static const char target_source[] =
	"#include \"packer_target.h\"\n"
	"_Thread_local long shown = 1000;\n"
	"static _Thread_local long own = 100;\n"
	"static _Thread_local long first = 7;\n" /* GCC puts it at offset 0 */
	"void set(long a) { first = own = a; shown = 10 * a; }\n"
	"long *where(void) { return &first; }\n"
	"long get(void) { return own + shown; }\n"
	"BODY long f_body(long a) { return own + shown + a; }\n"
	"ENTRY(f);\n";

static const char use_shown[] = "extern _Thread_local long shown;\n"
				"long f(long a) { shown += a; return shown; }\n";
static const char use_own[] = "static _Thread_local long own = 100;\n"
			      "void set(long a) { own = a; }\n"
			      "long f(long a) { own += a; return own; }\n";
static const char use_both[] =
	"static _Thread_local long own = 100; extern _Thread_local long shown;\n"
	"static _Thread_local long first = 7;\n"
	"void set(long a) { first = own = a; }\n"
	"long f(long a) { own += a; first++; shown += 2 * a; return own + shown; }\n";

static const struct model {
	const char *target;
	const char *fix;
	const char *source;
	long times; /* the fix adds so often its argument; 0: it is refused */
	const char *says;
} models[] = {
	/* What the fix has is what the target has. */
	{IE, IE, use_both, 3, NULL},
	{"", "", use_both, 3, NULL},
	{"", "-fno-plt", use_both, 3, NULL},
	{LD, LD, use_both, 3, NULL},
	{LD, LD " -fno-plt", use_both, 3, NULL},
	{DESC, DESC, use_both, 3, NULL},
	/* The fix's code is made cheaper. */
	{IE, "", use_shown, 1, NULL},
	{IE, "-fno-plt", use_shown, 1, NULL},
	{IE, DESC, use_shown, 1, NULL},
	{IE, DESC, use_own, 1, NULL},
	/* The target has a pair for its block, and code for another model of it. */
	{"", LD, use_own, 1, NULL},
	/* It cannot be; a remedy is told. */
	{IE, "", use_own, 0, "compile with -fPIC -ftls-model=initial-exec"},
	{"", IE, use_shown, 0, "-ftls-model=global-dynamic -mtls-dialect=gnu"},
	{"", IE, use_own, 0, "-ftls-model=local-dynamic -mtls-dialect=gnu"},
	{"", DESC, use_shown, 0, "-mtls-dialect=gnu"},
	{DESC, "", use_shown, 0, "-mtls-dialect=gnu2"},
	{DESC, "", use_own, 0, "-mtls-dialect=gnu2"},
	{LD, "", use_shown, 0, "-ftls-model=local-dynamic"},
	{IE, "-fPIE -ftls-model=local-exec", use_own, 0, "compile with -fPIC"},
};

/* clang 14 knows one dialect only, and has its own mind about the model of exported variables. */
static bool is_known(const struct model *m)
{
	const char *cc = getenv("ULP_CC");

	return !cc || !strstr(cc, "clang") ||
	       (!strstr(m->target, "dialect") && !strstr(m->fix, "dialect") &&
		strcmp(m->target, LD) != 0);
}

static void make_target(struct packer_lab *lab, const char *flags)
{
	packer_lab_write(lab, "liba.map", "{ global: f; set; get; where; shown; local: *; };\n");
	packer_lab_compile(lab, "fix", target_source, flags);
	packer_lab_must(lab, "mv fix.o target.o");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -o liba.so.1");
}

/* --- running ----------------------------------------------------------------- */

struct process {
	void (*set)(long);
	long (*get)(void);
	long (*f)(long); /* of the container */
	pthread_barrier_t both;
	long times;
};

struct thread {
	struct process *process;
	long start;
	bool good;
};

/* Each thread has its own variables, which old and new code share. */
static void *use_variables(void *arg)
{
	struct thread *t = arg;
	const struct process *p = t->process;
	long wanted = 11 * t->start;

	p->set(t->start);
	(void)pthread_barrier_wait(&t->process->both);
	t->good = p->get() == wanted;
	for (long i = 1; i < 100; i++) {
		(void)p->f(i);
		wanted += p->times * i;
		t->good &= p->get() == wanted;
	}
	(void)pthread_barrier_wait(&t->process->both);
	t->good &= p->get() == wanted;
	return NULL;
}

static void run_threads(struct process *p)
{
	struct thread threads[] = {{p, 5, false}, {p, 7000, false}, {p, -3, false}};
	pthread_t ids[2];

	assert_int_equal(pthread_barrier_init(&p->both, NULL, 3), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, use_variables, &threads[i]), 0);
	use_variables(&threads[2]);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(ids[i], NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(threads[i].good);
	assert_int_equal(pthread_barrier_destroy(&p->both), 0);
}

/* The target comes by dlopen(): its variables are where the dynamic linker has found room. */
static void run(struct packer_lab *lab, const struct ulp_container *c, long times)
{
	void *target = dlopen(packer_lab_path(lab, "liba.so.1"), RTLD_NOW);
	struct process p = {.times = times};
	struct own_load own;

	if (!target)
		fail_msg("%s", dlerror());
	*(void **)&p.set = dlsym(target, "set");
	*(void **)&p.get = dlsym(target, "get");
	own_load_begin(&own, c);
	*(void **)&p.f = own_load_function(&own, "f");
	run_threads(&p);
	own_load_end(&own);
	assert_int_equal(dlclose(target), 0);
}

static void check_model(struct packer_lab *lab, const struct model *m)
{
	struct ulp_container c;

	make_target(lab, m->target);
	packer_lab_compile(
		lab, "fix", m->source,
		pool_printf(&lab->pool, "-ffunction-sections -fdata-sections %s", m->fix));
	if (m->times) {
		packer_lab_packed(lab, REPLACE_F, &c);
		for (size_t i = 0; i < c.elf.nr_phdrs; i++)
			assert_int_not_equal(ulp_elf_phdr(&c.elf, i).p_type, PT_TLS);
		assert_int_not_equal(c.patch.nr_references, 0);
		run(lab, &c, m->times);
		ulp_container_close(&c);
		assert_int_equal(unlink(lab->options.out), 0);
		return;
	}
	if (packer_lab_pack(lab, REPLACE_F) != ULP_ETLS || !strstr(lab->err.text, m->says) ||
	    !strstr(lab->err.where, "fix."))
		fail_msg("'%s' against '%s': %s: %s: %s", m->fix, m->target,
			 ulp_code_name(lab->err.code), lab->err.where, lab->err.text);
	assert_int_equal(access(lab->options.out, F_OK), -1);
}

static void each_model_is_packed_and_runs_or_is_refused_with_a_remedy(void **state)
{
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (is_known(&models[i]))
			check_model(lab, &models[i]);
}

/* --- further kinds of variables ------------------------------------------------ */

/* Another library's, which the target uses, too. */
static void variable_of_another_library_is_reached_through_the_targets_slot(void **state)
{
	static const char *const flags[] = {"", IE};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct ulp_container c;

		packer_lab_compile(lab, "other", "_Thread_local long theirs = 3, unused = 4;\n",
				   "");
		packer_lab_must(lab, "@cc -shared -Wl,-soname,libother.so other.o -o libother.so");
		packer_lab_compile(lab, "fix",
				   "#include \"packer_target.h\"\n"
				   "extern _Thread_local long theirs;\n"
				   "void set(long a) { theirs = 11 * a; }\n"
				   "long get(void) { return theirs; }\n"
				   "BODY long f_body(long a) { return theirs += a; }\n"
				   "ENTRY(f);\n",
				   flags[i]);
		packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
				     "fix.o libother.so -Wl,-rpath,$ORIGIN -o liba.so.1");
		packer_lab_compile(lab, "fix",
				   "extern _Thread_local long theirs;\n"
				   "long f(long a) { return theirs += 2 * a; }\n",
				   flags[i]);
		packer_lab_packed(lab, REPLACE_F, &c);
		run(lab, &c, 2);
		ulp_container_close(&c);
	}
	packer_lab_compile(lab, "fix",
			   "extern _Thread_local long unused;\n"
			   "long f(long a) { return unused += 2 * a; }\n",
			   "");
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_ETLS);
	assert_non_null(strstr(lab->err.text, "unused"));
}

#define CXX "-xc++ -std=gnu++17 -ffunction-sections -fdata-sections "
#define OBJECTS                                               \
	"int started;\n"                                      \
	"struct T { long v; T() : v(++started) {} };\n"       \
	"static thread_local T own; thread_local T shown;\n"  \
	"extern \"C\" {\n"                                    \
	"void set(long a) { own.v = a; shown.v = 10 * a; }\n" \
	"long get() { return own.v + shown.v; }\n"

/* C++ makes them when a thread first uses them; the fix leaves that to the target's functions. */
static void objects_that_are_constructed_are_the_targets(void **state)
{
	static const char *const flags[] = {CXX, CXX IE};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct ulp_container c;

		packer_lab_write(lab, "liba.map", "{ global: f; set; get; shown; local: *; };\n");
		packer_lab_compile(lab, "fix",
				   OBJECTS
				   "#include \"packer_target.h\"\n"
				   "BODY long f_body(long a) { own.v += a; return get(); }\n"
				   "ENTRY(f);\n}\n",
				   flags[i]);
		packer_lab_must(lab, "mv fix.o target.o");
		packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
				     "-Wl,--version-script,liba.map target.o -o liba.so.1");
		packer_lab_compile(
			lab, "fix",
			OBJECTS "long f(long a) { own.v += a; shown.v += a; return get(); }\n}\n",
			flags[i]);
		packer_lab_packed(lab, REPLACE_F, &c);
		run(lab, &c, 2);
		ulp_container_close(&c);
	}
}

/* A program's variables are at a fixed distance from the thread pointer. */
static void programs_own_variables_need_no_slot_of_it(void **state)
{
	static const char *const flags[] = {"-fPIE",	 "-fPIC",     "-fPIC -fno-plt",
					    "-fPIE " IE, "-fPIC " LD, "-fPIC " DESC};
	struct packer_lab *lab = *state;

	packer_lab_compile(lab, "main",
			   "#include \"packer_target.h\"\n"
			   "static _Thread_local long own = 1;\n"
			   "_Thread_local long shown;\n"
			   "void set(long a) { own = a; shown = a; }\n"
			   "BODY long f_body(long a) { return own + shown + a; }\n"
			   "ENTRY(f);\n"
			   "long f(long);\n"
			   "int main(void) { set(1); return (int)f(2); }\n",
			   "-fPIE");
	packer_lab_must(lab, "@cc -pie -Wl,--build-id main.o -o server");
	lab->options.target = packer_lab_path(lab, "server");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct model m = {.target = "", .fix = flags[i]};
		struct ulp_container c;

		if (!is_known(&m))
			continue;
		packer_lab_compile(lab, "fix",
				   "static _Thread_local long own = 1;\n"
				   "extern _Thread_local long shown;\n"
				   "void set(long a) { own = a; }\n"
				   "long f(long a) { own += a; shown++; return own; }\n",
				   flags[i]);
		packer_lab_packed(lab,
				  "ulp: 1\nname: fix\ntarget: {soname: server}\n"
				  "functions: [{replace: f}]\n",
				  &c);
		assert_int_equal(c.patch.nr_references, 0);
		assert_int_equal(c.patch.nr_imports, 0);
		ulp_container_close(&c);
	}
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(each_model_is_packed_and_runs_or_is_refused_with_a_remedy),
		LAB_TEST(variable_of_another_library_is_reached_through_the_targets_slot),
		LAB_TEST(objects_that_are_constructed_are_the_targets),
		LAB_TEST(programs_own_variables_need_no_slot_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

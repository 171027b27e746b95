/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzing of the reader of the plugin's facts.  What it accepts has to keep all that
 * container/facts.h promises, and can be asked about.
 */
#include "config.h"

#include "container/facts.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/facts_builder.h"

#include <stdlib.h>
#include <string.h>

/* A question about each function takes as many steps as there are functions. */
#define MAX_QUESTIONS 64

static void require(bool kept)
{
	if (!kept)
		abort();
}

static void check_string(const char *text)
{
	for (; *text != '\0'; text++)
		require((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_inlined(const struct ulp_facts *facts, const struct ulp_facts_function *f)
{
	require(f->first_inlined <= facts->nr_inlined);
	require(f->nr_inlined <= facts->nr_inlined - f->first_inlined);
	for (uint32_t i = f->first_inlined; i < f->first_inlined + f->nr_inlined; i++) {
		const struct ulp_facts_inlined *copy = &facts->inlined[i];

		require(copy->function < facts->nr_functions);
		require(facts->functions[copy->function].unit == f->unit);
		require(copy->via == ULP_FACTS_NONE ||
			(copy->via >= f->first_inlined && copy->via < i));
	}
}

static void check_function(const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_function *f = &facts->functions[i];
	uint32_t steps = 0;

	require(f->unit < facts->nr_units);
	check_string(f->name);
	check_string(f->file);
	check_inlined(facts, f);
	for (uint32_t at = i; at != ULP_FACTS_NONE; at = facts->functions[at].origin)
		require(at < facts->nr_functions && steps++ <= facts->nr_functions);
	require(ulp_facts_identity(facts, i) <= i);
	require(ulp_facts_find(facts, i, f->name, NULL) == i);
	require(*ulp_facts_kind_text(f->kind) && *ulp_facts_entry_text(f->entry) &&
		*ulp_facts_linkage_text(f->linkage));
}

static void check_unit(const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_unit *unit = &facts->units[i];

	require(unit->first_function <= facts->nr_functions);
	require(unit->nr_functions <= facts->nr_functions - unit->first_function);
	for (uint32_t k = 0; k < unit->nr_functions; k++)
		require(facts->functions[unit->first_function + k].unit == i);
	check_string(unit->producer);
	check_string(unit->directory);
	check_string(unit->source);
	check_string(unit->command);
	require(unit->first_constant <= facts->nr_constants);
	require(unit->nr_constants <= facts->nr_constants - unit->first_constant);
	for (uint32_t k = 0; k < unit->nr_constants; k++) {
		const char *name = facts->constants[unit->first_constant + k];

		check_string(name);
		require(strchr(name, '.') != NULL || ulp_facts_is_constant(facts, i, name));
	}
}

static void check_carriers(const struct ulp_facts *facts, uint32_t function)
{
	struct ulp_facts_carrier *carriers;
	uint64_t vaddr = 0;
	size_t nr;

	if (ulp_facts_carriers(facts, function, &carriers, &nr, NULL) != ULP_OK)
		return;
	for (size_t i = 0; i < nr; i++) {
		require(carriers[i].function < facts->nr_functions);
		require(carriers[i].inlined == ULP_FACTS_NONE ||
			carriers[i].inlined < facts->nr_inlined);
		require(facts->functions[carriers[i].function].vaddr >= vaddr);
		vaddr = facts->functions[carriers[i].function].vaddr;
	}
	free(carriers);
}

static void check_read(const uint8_t *bytes, size_t len, bool linked)
{
	struct ulp_facts facts;
	struct ulp_err err;

	if (ulp_facts_read(bytes, len, linked, &facts, &err) != ULP_OK) {
		require(err.code != ULP_OK && err.text[0] != '\0');
		require(err.code == ULP_ENOMEM ||
			strncmp(err.where, ULP_FACTS_SECTION "+0x", 13) == 0);
		return;
	}
	for (uint32_t i = 0; i < facts.nr_units; i++)
		check_unit(&facts, i);
	for (uint32_t i = 0; i < facts.nr_functions; i++)
		check_function(&facts, i);
	for (uint32_t i = 0; i < facts.nr_functions && i < MAX_QUESTIONS; i++)
		check_carriers(&facts, i);
	ulp_facts_free(&facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check_read(bytes, len, true);
	check_read(bytes, len, false);
	return 0;
}

/* Every kind of record, in units of every kind. */
uint8_t *fuzz_seed(size_t *len)
{
	static const uint16_t flags[] = {ULP_FACTS_UNIT_IPA_KEPT, ULP_FACTS_UNIT_BEFORE_LTO,
					 ULP_FACTS_UNIT_PARTITION, 0};
	struct fb *fb = fb_create();

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool code = flags[i] != ULP_FACTS_UNIT_BEFORE_LTO;

		fb_unit(fb, flags[i], i == 2 ? "" : "dir/source.c");
		fb_file(fb, "../include/header.h");
		fb_function(fb, (struct fb_function){.name = "inner", .file = 1, .line = 300});
		fb_function(fb, (struct fb_function){.name = code ? "middle.lto_priv.0" : "middle",
						     .linkage = ULP_FACTS_HIDDEN,
						     .line = 7,
						     .vaddr = code ? 0x1000 : 0});
		fb_inlined(fb, 0, 0);
		for (uint8_t kind = ULP_FACTS_CLONE; kind <= ULP_FACTS_MERGED; kind++)
			fb_function(fb, (struct fb_function){.name = "derived",
							     .kind = kind,
							     .origin = 1 + kind % 2,
							     .vaddr = code ? 0x1000u + kind : 0});
		fb_function(fb, (struct fb_function){.name = "outer",
						     .linkage = ULP_FACTS_EXPORTED,
						     .flags = ULP_FACTS_FUNCTION_COMDAT,
						     .relies = 0xff,
						     .vaddr = code ? 0x2000 : 0});
		fb_inlined(fb, 1, 0);
		fb_inlined(fb, 0, 1);
		fb_constant(fb, "first_constant");
		fb_constant(fb, "second_constant");
	}
	fb_unit(fb, 0, "old.c");
	fb_version(fb, ULP_FACTS_OLDEST_VERSION);
	fb_function(fb, (struct fb_function){.name = "old", .vaddr = 0x3000});
	return fb_finish(fb, len);
}

/* Makes the units' lengths right again, so that the change inside of them is looked at. */
static void mend_lengths(uint8_t *bytes, size_t len, size_t changed)
{
	size_t at = 0;

	while (len - at >= 4) {
		uint32_t unit_len;

		memcpy(&unit_len, bytes + at, sizeof(unit_len));
		if (unit_len > len - at - 4 || (changed >= at && changed < at + 4)) {
			unit_len = (uint32_t)(len - at - 4);
			memcpy(bytes + at, &unit_len, sizeof(unit_len));
		}
		at += 4 + unit_len;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed)
{
	size_t start;

	/* libFuzzer begins with an empty input. */
	if (len < 8) {
		uint8_t *good = fuzz_seed(&len);

		if (len > room)
			len = room;
		memcpy(bytes, good, len);
		free(good);
	}
	/* From some place on, so that changes of the length do not always move all units. */
	start = seed % len;
	len = start + LLVMFuzzerMutate(bytes + start, len - start, room - start);
	if (seed / 7 % 4 != 0)
		mend_lengths(bytes, len, start);
	return len;
}

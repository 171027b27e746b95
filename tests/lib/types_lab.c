/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two versions of one small source. */
#include "config.h"

#include "tests/lib/types_lab.h"

#include "tests/lib/check_err.h"

#include <string.h>
#include <unistd.h>

void types_lab_target(struct packer_lab *lab, const char *source)
{
	packer_lab_target(lab, pool_printf(&lab->pool, "#include \"packer_target.h\"\n%s", source),
			  "f; g; h; shown; keep;");
}

void types_lab_fix(struct packer_lab *lab, const char *source, const char *flags)
{
	packer_lab_compile(lab, "fix", pool_printf(&lab->pool, TYPES_FIX_HEAD "%s", source),
			   pool_printf(&lab->pool, TYPES_SECTIONS "%s", flags));
}

void types_lab_make(struct packer_lab *lab, const char *then, const char *now)
{
	types_lab_target(lab, then);
	types_lab_fix(lab, now, "");
}

void types_lab_record(struct packer_lab *lab, const char *then, const char *now)
{
	types_lab_target(lab, pool_printf(&lab->pool, "%s" USE_RECORD OWN_RECORD, then));
	types_lab_fix(lab, pool_printf(&lab->pool, "%s" USE_RECORD, now), "");
}

bool types_lab_told(const struct packer_lab *lab, enum note_level level, const char *text)
{
	for (size_t i = 0; i < lab->report.nr_notes; i++)
		if (lab->report.notes[i].level == level && strstr(lab->report.notes[i].text, text))
			return true;
	return false;
}

void types_lab_says(const struct packer_lab *lab, const char *text)
{
	if (!strstr(lab->err.text, text))
		fail_msg("'%s' does not say '%s'", lab->err.text, text);
}

void types_lab_refused_with(struct packer_lab *lab, const char *spec, const char *place,
			    const char *text)
{
	const enum ulp_code got = packer_lab_pack(lab, spec);

	if (got != ULP_EMISMATCH)
		fail_msg("%s instead of '%s'", ulp_code_name(got), text);
	if (!strstr(lab->err.where, place))
		fail_msg("'%s' is not at '%s'", lab->err.where, place);
	types_lab_says(lab, text);
	assert_int_equal(access(lab->options.out, F_OK), -1);
}

void types_lab_refused(struct packer_lab *lab, const char *place, const char *text)
{
	types_lab_refused_with(lab, REPLACE_F, place, text);
}

void types_lab_taken(struct packer_lab *lab)
{
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	for (size_t i = 0; i < lab->report.nr_notes; i++)
		if (lab->report.notes[i].level == NOTE_WARNING)
			fail_msg("warned of: %s", lab->report.notes[i].text);
	packer_lab_must(lab, "rm fix.so");
}

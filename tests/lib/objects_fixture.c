/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/objects_fixture.h"

#include <stdlib.h>

int objects_fixture_begin(struct objects_fixture *f, void **state)
{
	if (reader_init(&f->r, &f->fp.fs.space, &f->err))
		return -1;
	*state = f;
	return 0;
}

int objects_fixture_setup(void **state)
{
	struct objects_fixture *f = calloc(1, sizeof(*f));

	fake_process_init(&f->fp);
	return objects_fixture_begin(f, state);
}

int objects_fixture_teardown(void **state)
{
	struct objects_fixture *f = *state;

	objects_deinit(&f->objs);
	reader_deinit(&f->r);
	fake_process_deinit(&f->fp);
	free(f);
	return 0;
}

enum ulp_code objects_fixture_read(struct objects_fixture *f)
{
	objects_deinit(&f->objs);
	reader_forget(&f->r);
	return objects_read(&f->r, f->fp.at_phdr, f->fp.at_phnum, &f->objs, &f->err);
}

void objects_fixture_fail_each_read(struct objects_fixture *f)
{
	size_t total;

	f->fp.fs.nr_reads = 0;
	assert_succeeds(objects_fixture_read(f), &f->err);
	total = f->fp.fs.nr_reads;
	for (unsigned n = 1; n <= total; n++) {
		f->fp.fs.fail_read = n;
		if (!objects_fixture_read(f))
			assert_true(f->objs.nr <= f->fp.nr);
		else
			assert_int_equal(f->objs.nr, 0);
	}
}

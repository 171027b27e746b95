/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/running.h"

#include "tests/lib/check_err.h"

#include <dlfcn.h>

void running_begin(struct packer_lab *lab, const char *spec, struct running *r)
{
	packer_lab_packed(lab, spec, &r->container);
	r->target = dlopen(packer_lab_path(lab, "liba.so.1"), RTLD_NOW);
	if (!r->target)
		fail_msg("%s", dlerror());
	own_load_begin(&r->own, &r->container);
	*(void **)&r->f = own_load_function(&r->own, "f");
}

void running_end(struct running *r)
{
	own_load_end(&r->own);
	assert_int_equal(dlclose(r->target), 0);
	ulp_container_close(&r->container);
}

void *running_symbol(const struct running *r, const char *name)
{
	void *address = dlsym(r->target, name);

	assert_non_null(address);
	return address;
}

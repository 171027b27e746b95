/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two functions by which unwinders ask where the unwind tables of some code
 * are: _dl_find_object() (libgcc with glibc 2.35 and newer: C++ exceptions,
 * pthread_cancel(), backtrace()) and dl_iterate_phdr() (libunwind, older
 * libgcc, symbolizers).  They are the dynamic linker's and the libc's, with the
 * containers added, of which those know nothing.
 *
 * Both may be called at any time by any thread: in signal handlers, before
 * constructors have run, by several threads at once, and a thread may be stopped
 * in here while the list of containers grows.  So nothing here takes a lock or
 * allocates, and the list is as engine/registry_format.h promises.
 */
#include "config.h"

#include "runtime/next_symbol.h"
#include "runtime/registry.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#define VISIBLE __attribute__((visibility("default")))

/* What debuggers and dlinfo()'s callers know of a link map. */
_Static_assert(
	offsetof(struct ulp_reg_link_map, addr) == offsetof(struct link_map, l_addr) &&
		offsetof(struct ulp_reg_link_map, name) == offsetof(struct link_map, l_name) &&
		offsetof(struct ulp_reg_link_map, dynamic) == offsetof(struct link_map, l_ld) &&
		offsetof(struct ulp_reg_link_map, next) == offsetof(struct link_map, l_next) &&
		offsetof(struct ulp_reg_link_map, prev) == offsetof(struct link_map, l_prev),
	"the records' link maps are link maps");

static void *pointer_to(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static struct ulp_reg_patch *record_at(uint64_t addr)
{
	return pointer_to(addr);
}

/* The newest record: where a walk begins. */
static uint64_t first_record(void)
{
	return __atomic_load_n(&ulp_registry.patches, __ATOMIC_ACQUIRE);
}

/* --- _dl_find_object -------------------------------------------------------- */

/* glibc has it since 2.35.  Where the headers do not, no unwinder calls it. */
#ifdef DLFO_STRUCT_HAS_EH_DBASE

typedef int find_object_fn(void *address, struct dl_find_object *result);

/* The dynamic linker's, once looked up; always to the same end. */
static find_object_fn *next_find_object;

__attribute__((noinline)) static int first_find_object(void *address, struct dl_find_object *result)
{
	find_object_fn *next = (find_object_fn *)next_symbol("_dl_find_object");

	if (!next)
		return -1;
	__atomic_store_n(&next_find_object, next, __ATOMIC_RELAXED);
	return next(address, result);
}

__attribute__((noinline)) static bool container_find(uint64_t pc, struct dl_find_object *result)
{
	for (uint64_t at = first_record(); at; at = record_at(at)->next) {
		struct ulp_reg_patch *p = record_at(at);

		if (pc - p->map_start >= p->map_len)
			continue;
		if (!p->eh_frame_hdr)
			return false;
		*result = (struct dl_find_object){
			.dlfo_map_start = pointer_to(p->map_start),
			.dlfo_map_end = pointer_to(p->map_start + p->map_len),
			.dlfo_link_map = (struct link_map *)&p->link_map,
			.dlfo_eh_frame = pointer_to(p->eh_frame_hdr),
		};
		return true;
	}
	return false;
}

/* With no container, containers_end is 0: one load and one branch come on top. */
VISIBLE int _dl_find_object(void *address, struct dl_find_object *result)
{
	uint64_t pc = (uintptr_t)address;
	find_object_fn *next;

	if (__builtin_expect(pc < __atomic_load_n(&ulp_registry.containers_end, __ATOMIC_RELAXED),
			     0) &&
	    pc >= __atomic_load_n(&ulp_registry.containers_start, __ATOMIC_RELAXED) &&
	    container_find(pc, result))
		return 0;
	next = __atomic_load_n(&next_find_object, __ATOMIC_RELAXED);
	if (__builtin_expect(!next, 0))
		return first_find_object(address, result);
	return next(address, result);
}

#endif

/* --- dl_iterate_phdr -------------------------------------------------------- */

typedef int phdr_fn(struct dl_phdr_info *info, size_t size, void *data);
typedef int iterate_fn(phdr_fn *callback, void *data);

static iterate_fn *next_iterate;

/* One call of dl_iterate_phdr(). */
struct iteration {
	phdr_fn *callback; /* the caller's, with its data */
	void *data;
	uint64_t records;  /* address of the first */
	uint64_t nr_added; /* objects that there are more than the libc knows */
	bool told;	   /* the containers have been */
};

static int containers_tell(const struct iteration *it, const struct dl_phdr_info *libc_info)
{
	for (uint64_t at = it->records; at; at = record_at(at)->next) {
		const struct ulp_reg_patch *p = record_at(at);
		struct dl_phdr_info info = {
			.dlpi_addr = p->load_bias,
			.dlpi_name = pointer_to(p->link_map.name),
			.dlpi_phdr = pointer_to(p->phdrs),
			.dlpi_phnum = (ElfW(Half))p->nr_phdrs,
			.dlpi_adds = libc_info->dlpi_adds,
			.dlpi_subs = libc_info->dlpi_subs,
		};
		int ret;

		if (!p->phdrs)
			continue;
		ret = it->callback(&info, sizeof(info), it->data);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Called by the libc for each object, with its lock held.  Callers rely on that
 * lock for data of their own (libgcc for its cache), so the containers are told
 * in here as well: behind the first object, which callers know to be the
 * executable.  By dlpi_adds callers see that what they remember is out of date.
 */
static int tell(struct dl_phdr_info *info, size_t size, void *data)
{
	struct iteration *it = data;
	int ret;

	info->dlpi_adds += it->nr_added;
	ret = it->callback(info, size, it->data);
	if (!ret && !it->told) {
		it->told = true;
		ret = containers_tell(it, info);
	}
	info->dlpi_adds -= it->nr_added;
	return ret;
}

static uint64_t count_records(uint64_t at)
{
	uint64_t nr = 0;

	for (; at; at = record_at(at)->next)
		nr++;
	return nr;
}

VISIBLE int dl_iterate_phdr(phdr_fn *callback, void *data)
{
	struct iteration it = {.callback = callback, .data = data, .records = first_record()};
	iterate_fn *next = __atomic_load_n(&next_iterate, __ATOMIC_RELAXED);

	if (!next) {
		next = (iterate_fn *)next_symbol("dl_iterate_phdr");
		if (!next)
			return 0;
		__atomic_store_n(&next_iterate, next, __ATOMIC_RELAXED);
	}
	if (!it.records)
		return next(callback, data);
	it.nr_added = count_records(it.records);
	return next(tell, &it);
}

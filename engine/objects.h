/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF objects that a process has loaded, as its dynamic linker lists them.
 * Everything is copied from the target and checked: a target that lies can
 * make its own patching fail, and nothing else.
 */
#ifndef ULP_ENGINE_OBJECTS_H
#define ULP_ENGINE_OBJECTS_H

#include "container/patch.h"
#include "engine/reader.h"

#include <elf.h>

/* Addresses of the tables in an object's dynamic section; 0 where there is none. */
struct object_dynamic {
	uint64_t symtab;
	uint64_t strtab;
	uint64_t strsz; /* bytes */
	uint64_t gnu_hash;
	uint64_t hash;
	uint64_t versym;
	uint64_t verdef;
	uint64_t nr_verdef;
	uint64_t verneed;
	uint64_t nr_verneed;
	uint64_t rela;
	uint64_t relasz;    /* bytes */
	uint64_t relacount; /* so many at its beginning are R_*_RELATIVE */
	uint64_t jmprel;
	uint64_t pltrelsz; /* bytes */
	uint64_t flags;	   /* DF_... */
};

/* In which lookups an object takes part. */
enum object_scope {
	OBJECT_SCOPE_GLOBAL = 1, /* in all */
	OBJECT_SCOPE_LOCAL = 2,	 /* in those of the library of objects_set_local_scope() */
};

struct ulp_object {
	char *path;    /* as the dynamic linker has it; "" for the executable; owned */
	char *soname;  /* DT_SONAME, else the last component of path; owned */
	char **needed; /* DT_NEEDED; owned */
	size_t nr_needed;
	uint64_t bias;	     /* address = bias + vaddr */
	uint64_t start;	     /* of its first PT_LOAD, page-aligned */
	uint64_t end;	     /* past its last PT_LOAD, page-aligned */
	uint64_t dynamic_at; /* address of its dynamic section */
	uint64_t link_map;   /* address of its struct link_map; 0: injected (engine/injected.h) */
	uint64_t text_start; /* of the executable PT_LOADs, 0 if none */
	uint64_t text_end;
	struct ulp_build_id build_id; /* len 0: none */
	struct object_dynamic dyn;
	bool is_main;
	unsigned space; /* namespace: 0 the program's own, else one of dlmopen(3) */
	bool is_proxy;	/* listed before, in another namespace (the dynamic linker) */
	unsigned scope; /* enum object_scope, or'ed */
};

/* The path of a runtime that has none, being in no file of the process. */
#define OBJECTS_INJECTED_PATH "libpulp.so.0 (injected)"

struct ulp_objects {
	/*
	 * Link map order: the executable first; an injected runtime behind what the program
	 * has, the namespaces of dlmopen(3) behind that.
	 */
	struct ulp_object *list;
	size_t nr;
	uint64_t r_debug; /* address of the dynamic linker's struct r_debug */
	unsigned space;	  /* the namespace of lookups; see objects_set_local_scope() */
};

/*
 * Reads the link map.  at_phdr, at_phnum: from the auxiliary vector
 * (/proc/PID/auxv).  *ret must be freed with objects_deinit().
 *
 * Errors: ULP_EUNSUP (static executable: no dynamic linker), ULP_ESTOP (the
 * dynamic linker is changing the list just now, or did while it was read,
 * whatever that looked like: try again), ULP_EELF (tables
 * that contradict themselves), ULP_ENOMEM, and those of reading.
 */
ULP_MUST_CHECK enum ulp_code objects_read(struct reader *r, uint64_t at_phdr, uint64_t at_phnum,
					  struct ulp_objects *ret, struct ulp_err *err);
void objects_deinit(struct ulp_objects *objects);

/* First object with this soname, NULL if none.  Borrowed. */
const struct ulp_object *objects_find_soname(const struct ulp_objects *objects, const char *soname);

/* First object with this build ID, NULL if none.  Borrowed. */
const struct ulp_object *objects_find_build_id(const struct ulp_objects *objects,
					       const struct ulp_build_id *id);

/*
 * Whether the object is still loaded where it was.  Reads past the cache and
 * is cheap: called while all threads are stopped.
 */
bool object_still_loaded(struct ulp_space *space, const struct ulp_object *object);

/*
 * Makes `from` and what it needs the local scope of symbol_lookup(): what a
 * library that was loaded by dlopen(RTLD_LOCAL) sees besides the global scope.
 * Lookups are in its namespace from then on.
 */
void objects_set_local_scope(struct ulp_objects *objects, const struct ulp_object *from);

#endif

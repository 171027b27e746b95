/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The selection: what of the objects goes into the container, and where each
 * reference in it leads.  Starts at the functions of the spec and follows
 * relocations; bind*.c decide about symbols, select.c about relocations.
 */
#ifndef ULP_PACKER_SELECT_H
#define ULP_PACKER_SELECT_H

#include "packer/functions.h"
#include "packer/object.h"
#include "packer/target.h"

/* An undefined symbol of the container. */
struct import {
	const char *name;
	const char *version;
	const char *provider;
	bool weak;
};

/* A place that the engine fills: struct ulp_reference with the place not yet an address. */
struct private_reference {
	const char *name;
	uint32_t type;
	uint64_t value;
	int64_t addend;
	const struct object *object; /* the place: */
	size_t section;		     /* SLOT_SECTION: in the object's slots */
	uint64_t off;
};
#define SLOT_SECTION SIZE_MAX

struct selection {
	struct pool *pool;
	struct report *report;
	const struct target *target;
	const struct providers *providers;
	struct object *objects;
	size_t nr_objects;
	const struct replacement *functions;
	size_t nr_functions;
	const struct elf_symbol *const *guards; /* see struct functions */
	size_t nr_guards;

	struct import *imports;
	size_t nr_imports;
	size_t imports_cap;
	struct private_reference *references;
	size_t nr_references;
	size_t references_cap;
	struct disassembler *disassembler; /* made when it is first needed */
	bool unknown_told;		   /* the report says that private symbols are not known */
};

/*
 * Fills sections' `kept`, relocations' actions, symbols' bindings, slots,
 * imports and references.  The members before `imports` are given.
 *
 * Errors (where: source line and object): ULP_ETLS, ULP_ERELOC, ULP_ESYMBOL,
 * (also: writable data of which a stripped target may have its own),
 * ULP_EAMBIGUOUS, ULP_EMISMATCH (data of another size than the target's),
 * ULP_EUNSUP (ifuncs, constructors that the target does not have).
 */
ULP_MUST_CHECK enum ulp_code selection_run(struct selection *sel, struct ulp_err *err);

/*
 * Decides where a symbol of an object leads, once: see enum disposition.
 * place(): where it is referred to, for errors.
 */
ULP_MUST_CHECK enum ulp_code selection_bind(struct selection *sel, struct object *object,
					    size_t symbol, struct ulp_err *err);

/*
 * The symbol that a reference by section and offset means: *off is its distance
 * from the symbol.  0 if the section as such is meant, which is right for code
 * and for read-only data.  tails: as in struct packer_arch, NULL for an exact offset.
 * Error: ULP_ERELOC if it could be one of several variables.
 */
ULP_MUST_CHECK enum ulp_code selection_map_section(const struct object *object, size_t section,
						   int64_t addend, const int *tails, size_t *symbol,
						   struct ulp_err *err);

/* Marks the section that defines the symbol, and those it needs later. */
void selection_keep(struct object *object, size_t symbol);

/*
 * Follows what the unwind records of kept functions need: personality
 * routines and language-specific data.  *more: something new was kept.
 */
ULP_MUST_CHECK enum ulp_code selection_unwind(struct selection *sel, struct object *object,
					      bool *more, struct ulp_err *err);

/*
 * Decides about a relocation of the kinds RELOC_TLS*, and about the call behind it: the variable
 * is one of the target's, and is reached by what the target has for it.
 * Errors: ULP_ETLS, ULP_EAMBIGUOUS, ULP_EMISMATCH (of another size).
 */
ULP_MUST_CHECK enum ulp_code selection_tls(struct selection *sel, struct object *object,
					   size_t section, struct object_reloc *reloc,
					   struct ulp_err *err);

/*
 * Takes the relocation out and has the engine do it: `what` (copied) is all of the reference.
 * Error: ULP_ERELOC in unwind information.
 */
ULP_MUST_CHECK enum ulp_code selection_record(struct selection *sel, struct object_reloc *reloc,
					      const struct private_reference *what,
					      struct ulp_err *err);

/* Adds a reference (copied); its number among them. */
size_t selection_add_reference(struct selection *sel, const struct private_reference *what);

/* Lets the relocation refer to a slot of the object's own; equal slots are made once. */
void selection_to_slot(struct selection *sel, struct object *object, struct object_reloc *reloc,
		       const struct slot *wanted);

/*
 * Warns if a function that the object defines, and that is taken from the target, has
 * other instructions there.  Says nothing where they cannot be decoded.
 */
void selection_tell_changed(struct selection *sel, const struct object *object, size_t symbol,
			    const struct elf_symbol *target);

/* The same for a function of a linked object, which comes along even if the target has it. */
void selection_tell_copy(struct selection *sel, const struct object *object, size_t symbol);

/* Decides about one relocation of a section that comes along. */
ULP_MUST_CHECK enum ulp_code selection_relocate(struct selection *sel, struct object *object,
						size_t section, struct object_reloc *reloc,
						struct ulp_err *err);

/* Takes out the imports that no relocation came to use: a symbol may be bound and then reached
 * directly.  The relocations are renumbered, the symbols (struct object_symbol) are not. */
void selection_drop_unused_imports(struct selection *sel);

#endif

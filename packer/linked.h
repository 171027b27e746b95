/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A fix that its author has linked into a shared object.  It comes along whole and as it is: its
 * code reaches its own parts without relocations, so nothing can be taken out or moved.  What the
 * linker has left open, its dynamic relocations, is bound as the relocations of an object are.
 *
 * In the model (struct object) the relocations are the dynamic ones, the symbols those of .symtab
 * and, behind them, those of .dynsym, and all values count from their sections.
 */
#ifndef ULP_PACKER_LINKED_H
#define ULP_PACKER_LINKED_H

#include "packer/select.h"
#include "packer/spec.h"

/* More is refused: it is more than the engine maps. */
#define LINKED_MAX_DATA (64u << 20) /* bytes of variables */

/*
 * Fills object, whose `file` is read, from a shared object (ET_DYN).
 *
 * Errors (where: file, section): ULP_EELF (damage; a program; no dynamic symbols or build ID; a
 * container), ULP_ERELOC (text relocations, packed relative ones), ULP_ETLS (thread-local variables
 * of its own), ULP_EUNSUP (constructors, segments that a container cannot have).
 */
ULP_MUST_CHECK enum ulp_code linked_read(struct pool *pool, const struct packer_arch *arch,
					 struct object *object, struct ulp_err *err);

/* The parts of linked_read(): what no container can have, and the model. */
ULP_MUST_CHECK enum ulp_code linked_check(const struct object *object, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code linked_model(struct pool *pool, struct object *object,
					  struct ulp_err *err);

/* An error at a section of the object; 0: at the file as such. */
enum ulp_code linked_fail(const struct object *object, size_t section, struct ulp_err *err,
			  enum ulp_code code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * In place of selection_run(), where the only object is a linked one.
 *
 * Errors (where: section): ULP_EARCH (another ABI than the target's), ULP_EMISMATCH (data of its
 * own that the target has, too), ULP_EUNSUP (the same of type information; variables without
 * symbols; ifuncs), ULP_ERELOC, ULP_ETLS (relocations), and those of selection_bind().
 */
ULP_MUST_CHECK enum ulp_code linked_select(struct selection *sel, struct ulp_err *err);

/*
 * In place of emit_container(): a copy of the file with .ulp and .ulp.rev, with the relocations
 * that are recorded and the needed libraries taken out, and with a build ID made of all of it.
 *
 * Errors: ULP_EUNSUP (too many sections), those of ulp_container_from_bytes().
 */
ULP_MUST_CHECK enum ulp_code linked_emit(const struct selection *sel, const struct spec *spec,
					 const char *name, const unsigned char **bytes, size_t *len,
					 struct ulp_err *err);

#endif

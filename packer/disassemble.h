/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What instructions refer to, by libopcodes. */
#ifndef ULP_PACKER_DISASSEMBLE_H
#define ULP_PACKER_DISASSEMBLE_H

#include "packer/object.h"
#include "packer/target.h"

/* Disassembles one machine's code; a borrowed target must outlive it. */
struct disassembler;

/* From the pool; NULL if libopcodes does not know the target's machine. */
struct disassembler *disassembler_create(struct pool *pool, const struct target *target);

/*
 * Whether an instruction in the target's code [vaddr, vaddr + len) branches to
 * `wanted` or has its address as an operand.  True also for code that cannot be
 * decoded, or lies outside the file.  vaddr must be an instruction's start.
 */
bool disassembler_refers(struct disassembler *d, uint64_t vaddr, uint64_t len, uint64_t wanted);

/*
 * A checksum of a function's instructions as text, without what depends on where code and
 * data lie: addresses, the length of branches, padding.  The same function of the target and
 * of an object for it have the same one.  false if there are no bytes, or they cannot be
 * decoded.
 */
bool disassembler_sum_target(struct disassembler *d, const struct elf_symbol *function,
			     uint64_t *sum);
bool disassembler_sum_object(struct disassembler *d, const struct object *object, size_t symbol,
			     uint64_t *sum);

#endif

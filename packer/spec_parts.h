/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a spec that have a file of their own; for spec.c. */
#ifndef ULP_PACKER_SPEC_PARTS_H
#define ULP_PACKER_SPEC_PARTS_H

#include "packer/decode.h"

struct spec;

/* A list of names of patches, one each; `into` is a struct spec. */
decode_fn decode_requires, decode_conflicts, decode_supersedes;

/* Of the whole spec: no patch is named twice, nor the spec's own.  Error: ULP_ESPEC at the name. */
ULP_MUST_CHECK enum ulp_code check_relations(struct decoder *d, const struct spec *spec,
					     struct ulp_err *err);

/* A list of {refusal, name, reason}; `into` is a struct spec. */
decode_fn decode_accepts;

/* A list of {pointer, to, source}; `into` is a struct spec. */
decode_fn decode_references;

#endif

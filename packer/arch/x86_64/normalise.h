/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions as text that two builds of one function have in common. */
#ifndef ULP_PACKER_X86_64_NORMALISE_H
#define ULP_PACKER_X86_64_NORMALISE_H

/* See struct packer_arch. */
void x86_64_normalise(char *text);

#endif

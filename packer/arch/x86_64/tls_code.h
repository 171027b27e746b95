/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_PACKER_ARCH_X86_64_TLS_CODE_H
#define ULP_PACKER_ARCH_X86_64_TLS_CODE_H

#include "packer/arch/arch.h"

extern const struct tls_code x86_64_tls_code;

#endif

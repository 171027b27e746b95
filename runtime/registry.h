/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_RUNTIME_REGISTRY_H
#define ULP_RUNTIME_REGISTRY_H

#include "engine/registry_format.h"

/* The one symbol that the tool looks up.  All zero until the constructor has run. */
extern struct ulp_registry ulp_registry;

#endif

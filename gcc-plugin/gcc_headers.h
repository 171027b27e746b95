/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GCC's headers, in the one order that works with GCC 11 to 14.  Every source
 * of the plugin includes this file first: GCC's system.h poisons malloc() and
 * others, so the standard headers have to come in through its INCLUDE_* switches.
 */
#ifndef ULP_GCC_PLUGIN_GCC_HEADERS_H
#define ULP_GCC_PLUGIN_GCC_HEADERS_H

#define INCLUDE_STRING
#define INCLUDE_MAP
#define INCLUDE_SET
#define INCLUDE_VECTOR
#include "gcc-plugin.h"
#include "plugin-version.h"
#include "backend.h"
#include "rtl.h"
#include "tree.h"
#include "tree-pass.h"
#include "cgraph.h"
#include "stringpool.h"
#include "attribs.h"
#include "diagnostic-core.h"
#include "intl.h"
#include "langhooks.h"
#include "memmodel.h"
#include "emit-rtl.h"
#include "output.h"
#include "options.h"
#include "opts.h"
#include "target.h"
#include "context.h"

#endif

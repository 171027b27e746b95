# SPDX-License-Identifier: GPL-3.0-or-later
if UNIT_TESTS
include tests/lib/local.mk
include tests/unit/local.mk
include tests/fuzz/local.mk
endif
include tests/tools/local.mk
include tests/e2e/local.mk

# SPDX-License-Identifier: GPL-3.0-or-later
# One program a module: unit_<module>, from test_<module>.c; one list a folder.
include tests/unit/container.mk
include tests/unit/engine.mk
if PLUGIN_ENABLED
include tests/unit/gcc-plugin.mk
endif
include tests/unit/packer.mk
include tests/unit/packer_run.mk
include tests/unit/runtime.mk
include tests/unit/trigger.mk

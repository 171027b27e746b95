# SPDX-License-Identifier: LGPL-2.1-or-later
lib_LTLIBRARIES += libpulp.la
libpulp_la_SOURCES = \
	engine/registry_format.h \
	runtime/next_symbol.c runtime/next_symbol.h \
	runtime/registry.c runtime/registry.h \
	runtime/syscall_code.h \
	runtime/unwind.c
EXTRA_DIST += runtime/arch/x86_64/syscall_code.S
nodist_libpulp_la_SOURCES = runtime/arch/$(ULP_ARCH)/syscall_code.S
libpulp_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libpulp_la_LDFLAGS = -version-info 0:0:0 -Wl,-Bsymbolic -Wl,-z,now -Wl,-z,relro \
	-Wl,--build-id=sha1 -no-undefined
# The runtime is live patchable itself, where the compiler can load the plugin just built.
if RUNTIME_WITH_PLUGIN
libpulp_la_CFLAGS += -fplugin=$(abs_top_builddir)/gcc-plugin/ulp.so
$(libpulp_la_OBJECTS): gcc-plugin/ulp.so
endif

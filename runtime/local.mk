# SPDX-License-Identifier: LGPL-2.1-or-later
lib_LTLIBRARIES += libpulp.la
libpulp_la_SOURCES = \
	engine/registry_format.h \
	runtime/allocate.c \
	runtime/arena.c runtime/arena.h \
	runtime/candidates.c runtime/candidates.h \
	runtime/environment.c runtime/environment.h \
	runtime/folder.c runtime/folder.h \
	runtime/loaded.c runtime/loaded.h \
	runtime/local_space.c runtime/local_space.h \
	runtime/maps.c runtime/maps.h \
	runtime/message.c runtime/message.h \
	runtime/next_symbol.c runtime/next_symbol.h \
	runtime/opt_out.c runtime/opt_out.h \
	runtime/own_stack.c runtime/own_stack.h \
	runtime/registry.c runtime/registry.h \
	runtime/sort.c \
	runtime/startup.c runtime/startup.h \
	runtime/syscall_code.h \
	runtime/unwind.c
EXTRA_DIST += runtime/arch/x86_64/syscall_code.S
nodist_libpulp_la_SOURCES = runtime/arch/$(ULP_ARCH)/syscall_code.S
libpulp_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/engine/arch/$(ULP_ARCH) \
	-DULP_LIVEPATCH_DIR='"$(livepatchdir)"'
libpulp_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
# Of the two libraries only what is used; and nothing that they need may be missing.  Code and
# constants in one mapping: each process makes two less.
libpulp_la_LDFLAGS = -version-info 0:0:0 -Wl,-Bsymbolic -Wl,-z,now -Wl,-z,relro \
	-Wl,--build-id=sha1 -Wl,--gc-sections -Wl,-z,defs -Wl,-z,noseparate-code -no-undefined
libpulp_la_LIBADD = libengine.la libcontainer.la
# The runtime is live patchable itself, where the compiler can load the plugin just built.
if RUNTIME_WITH_PLUGIN
libpulp_la_CFLAGS += -fplugin=$(abs_top_builddir)/gcc-plugin/ulp.so
$(libpulp_la_OBJECTS): gcc-plugin/ulp.so
endif

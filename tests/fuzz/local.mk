# SPDX-License-Identifier: GPL-3.0-or-later
# A target is fuzz/fuzz_<what>.c (see fuzz.h).  `make check` runs each with
# standalone.c; `make fuzz` runs them with clang's libFuzzer for FUZZ_SECONDS.
check_PROGRAMS += fuzz_container
TESTS += fuzz_container
fuzz_container_SOURCES = tests/fuzz/fuzz_container.c tests/fuzz/standalone.c tests/fuzz/fuzz.h
fuzz_container_LDADD = libtest.la libcontainer.la

FUZZ_CLANG = clang
FUZZ_SECONDS = 120
FUZZ_FLAGS = -std=gnu17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_CONTAINER_FILES = tests/fuzz/fuzz_container.c $(libtest_la_SOURCES) $(libcontainer_la_SOURCES)
CLEANFILES += fuzz_container_libfuzzer

fuzz: config.h
	cd $(srcdir) && $(FUZZ_CLANG) $(FUZZ_FLAGS) -I. -I$(abs_top_builddir) \
		-o $(abs_top_builddir)/fuzz_container_libfuzzer \
		$$(printf '%s\n' $(FUZZ_CONTAINER_FILES) | grep '\.c$$')
	./fuzz_container_libfuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=32768 -timeout=10

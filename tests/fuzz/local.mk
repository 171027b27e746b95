# SPDX-License-Identifier: GPL-3.0-or-later
# A target is fuzz/fuzz_<what>.c (see fuzz.h).  `make check` runs each with
# standalone.c; `make fuzz` runs them with clang's libFuzzer for FUZZ_SECONDS.
check_PROGRAMS += fuzz_container fuzz_facts
TESTS += fuzz_container fuzz_facts
fuzz_container_SOURCES = tests/fuzz/fuzz_container.c tests/fuzz/standalone.c tests/fuzz/fuzz.h
fuzz_container_LDADD = libtest.la libcontainer.la
fuzz_facts_SOURCES = tests/fuzz/fuzz_facts.c tests/fuzz/standalone.c tests/fuzz/fuzz.h
fuzz_facts_LDADD = libtest.la libcontainer.la

FUZZ_CLANG = clang
FUZZ_SECONDS = 120
FUZZ_FLAGS = -std=gnu17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_FILES = $(libtest_la_SOURCES) $(libcontainer_la_SOURCES)
FUZZ_TARGETS = fuzz_container fuzz_facts
CLEANFILES += $(FUZZ_TARGETS:=_libfuzzer)

fuzz: config.h
	cd $(srcdir) && for target in $(FUZZ_TARGETS); do \
		$(FUZZ_CLANG) $(FUZZ_FLAGS) -I. -I$(abs_top_builddir) \
			-o $(abs_top_builddir)/$${target}_libfuzzer \
			$$(printf '%s\n' tests/fuzz/$$target.c $(FUZZ_FILES) | grep '\.c$$') || exit; \
	done
	for target in $(FUZZ_TARGETS); do \
		./$${target}_libfuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=32768 -timeout=10 || \
			exit; \
	done

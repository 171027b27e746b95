# SPDX-License-Identifier: GPL-3.0-or-later
# A target is fuzz/fuzz_<what>.c (see fuzz.h).  `make check` runs each with standalone.c over its
# corpus and a fixed number of mutations; `make fuzz` runs them with clang's libFuzzer for
# FUZZ_SECONDS each.  An hour of one: make fuzz FUZZ_TARGETS=fuzz_object FUZZ_SECONDS=3600
check_PROGRAMS += fuzz_container fuzz_facts fuzz_object fuzz_spec
TESTS += fuzz_container fuzz_facts fuzz_object fuzz_spec
FUZZ_STANDALONE = tests/fuzz/standalone.c tests/fuzz/fuzz.h
fuzz_container_SOURCES = tests/fuzz/fuzz_container.c $(FUZZ_STANDALONE)
fuzz_container_LDADD = libtest.la libcontainer.la
fuzz_facts_SOURCES = tests/fuzz/fuzz_facts.c $(FUZZ_STANDALONE)
fuzz_facts_LDADD = libtest.la libcontainer.la

# The corpus of fuzz_spec is text; that of fuzz_object is compiled from text.
fuzz_spec_SOURCES = tests/fuzz/fuzz_spec.c $(FUZZ_STANDALONE)
fuzz_spec_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS_ROOT='"ULP_SRCDIR"' \
	-DFUZZ_CORPUS='"tests/fuzz/corpus/spec"'
fuzz_spec_LDADD = libpacker.la libcontainer.la
fuzz_object_SOURCES = tests/fuzz/fuzz_object.c $(FUZZ_STANDALONE)
fuzz_object_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS_ROOT='"ULP_BUILDDIR"' \
	-DFUZZ_CORPUS='"fuzz-corpus/object"' -DDEFAULT_RUNS=5000
fuzz_object_LDADD = libtest.la libpacker.la libcontainer.la
FUZZ_SPEC_CORPUS = \
	tests/fuzz/corpus/spec/anchors.yaml \
	tests/fuzz/corpus/spec/bytes.yaml \
	tests/fuzz/corpus/spec/documents.yaml \
	tests/fuzz/corpus/spec/empty.yaml \
	tests/fuzz/corpus/spec/flow.yaml \
	tests/fuzz/corpus/spec/full.yaml
FUZZ_OBJECT_CORPUS = \
	tests/fuzz/corpus/object/code.c \
	tests/fuzz/corpus/object/threads.c \
	tests/fuzz/corpus/object/throws.cc
EXTRA_DIST += $(FUZZ_SPEC_CORPUS) $(FUZZ_OBJECT_CORPUS) tests/fuzz/corpus/make.sh
EXTRA_fuzz_object_DEPENDENCIES = fuzz-corpus/object/made
fuzz-corpus/object/made: $(FUZZ_OBJECT_CORPUS) tests/fuzz/corpus/make.sh
	CC='$(CC)' CXX='$(CXX)' $(SHELL) $(srcdir)/tests/fuzz/corpus/make.sh \
		$(srcdir)/tests/fuzz/corpus/object fuzz-corpus/object
	: >$@

FUZZ_CLANG = clang
FUZZ_SECONDS = 120
FUZZ_FLAGS = -std=gnu17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_FILES = $(libtest_la_SOURCES) $(libcontainer_la_SOURCES) $(libfacts_la_SOURCES) \
	$(libpacker_la_SOURCES)
FUZZ_LIBS = $(LIBYAML_LIBS) $(LIBDW_LIBS) $(LIBELF_LIBS) $(LIBOPCODES_LIBS) $(LIBBFD_LIBS)
FUZZ_TARGETS = fuzz_container fuzz_facts fuzz_object fuzz_spec

# What a run finds out is added to the folder fuzz-run/TARGET and used by the next one.  libbfd
# never frees some file names that it makes, so leaks are looked for by the unit tests only.
fuzz: config.h fuzz-corpus/object/made
	rm -rf fuzz-build
	mkdir -p fuzz-build
	objects=$(abs_top_builddir)/fuzz-build; cd $(srcdir) && \
	for file in $$(printf '%s\n' $(FUZZ_FILES) $(FUZZ_TARGETS:%=tests/fuzz/%.c) | grep '\.c$$'); do \
		$(FUZZ_CLANG) $(FUZZ_FLAGS) -D_GNU_SOURCE -I. -I$(abs_top_builddir) -c \
			-o $$objects/$$(echo $$file | tr / -).o $$file || exit; \
	done
	for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz-run/$$target fuzz-corpus/$$target && \
		$(FUZZ_CLANG) $(FUZZ_FLAGS) -o fuzz-build/$$target \
			fuzz-build/tests-fuzz-$$target.c.o \
			$$(ls fuzz-build/*.o | grep -v tests-fuzz-) $(FUZZ_LIBS) || exit; \
	done
	for target in $(FUZZ_TARGETS); do \
		case $$target in \
		fuzz_object) corpus=fuzz-corpus/object ;; \
		fuzz_spec) corpus=$(srcdir)/tests/fuzz/corpus/spec ;; \
		*) corpus=fuzz-corpus/$$target ;; \
		esac; \
		ASAN_OPTIONS=detect_leaks=0 fuzz-build/$$target -max_total_time=$(FUZZ_SECONDS) \
			-max_len=32768 -timeout=300 -artifact_prefix=fuzz-run/$$target- \
			fuzz-run/$$target $$corpus || exit; \
	done

clean-local:
	rm -rf fuzz-build fuzz-corpus fuzz-run

# SPDX-License-Identifier: GPL-3.0-or-later

TESTS += tests/e2e/cli.sh tests/e2e/documents.sh tests/e2e/graft.sh tests/e2e/translation.sh
dist_check_SCRIPTS += tests/e2e/cli.sh tests/e2e/documents.sh tests/e2e/graft.sh \
	tests/e2e/translation.sh
EXTRA_DIST += tests/lib/tap.sh

# With real processes, the plugin and the runtime: not under the sanitizers, whose own runtime
# cannot be preloaded behind ours.
E2E_TESTS = \
	tests/e2e/apply_revert.sh \
	tests/e2e/bench.sh \
	tests/e2e/completion.sh \
	tests/e2e/contract.sh \
	tests/e2e/cold.sh \
	tests/e2e/debuggers.sh \
	tests/e2e/dump.sh \
	tests/e2e/errors.sh \
	tests/e2e/extract.sh \
	tests/e2e/facts.sh \
	tests/e2e/fixes_glibc.sh \
	tests/e2e/fixes_openssl.sh \
	tests/e2e/glibc.sh \
	tests/e2e/glibc_functions.sh \
	tests/e2e/inject.sh \
	tests/e2e/hostile.sh \
	tests/e2e/json.sh \
	tests/e2e/linker.sh \
	tests/e2e/livepatchable.sh \
	tests/e2e/malloc_loop.sh \
	tests/e2e/names.sh \
	tests/e2e/packed.sh \
	tests/e2e/tls.sh \
	tests/e2e/openssl.sh \
	tests/e2e/pfe.sh \
	tests/e2e/relations.sh \
	tests/e2e/reload.sh \
	tests/e2e/sigkill.sh \
	tests/e2e/startup.sh \
	tests/e2e/syscalls.sh \
	tests/e2e/targets_confined.sh \
	tests/e2e/targets_frozen.sh \
	tests/e2e/targets_libraries.sh \
	tests/e2e/targets_programs.sh \
	tests/e2e/targets_uring.sh \
	tests/e2e/torture.sh \
	tests/e2e/trigger_many.sh \
	tests/e2e/unwinding.sh \
	tests/e2e/unwound.sh
if !SANITIZED
TESTS += $(E2E_TESTS)
endif
dist_check_SCRIPTS += $(E2E_TESTS)
EXTRA_DIST += \
	tests/lib/e2e.sh tests/lib/faults.sh tests/lib/german.sh tests/lib/process.sh tests/lib/real.sh \
	tests/glibc/failing tests/glibc/subset \
	tests/e2e/victims/arch/x86_64/stepper.c tests/e2e/victims/asleep.h \
	tests/e2e/victims/contract.c \
	tests/e2e/victims/early.c \
	tests/e2e/victims/family.c tests/e2e/victims/fifo.h \
	tests/e2e/victims/killer.c tests/e2e/victims/liar.c tests/e2e/victims/loader.c \
	tests/e2e/victims/program.c tests/e2e/victims/program.h \
	tests/e2e/victims/libcontract.c tests/e2e/victims/libcontract.h \
	tests/e2e/victims/libtorture.cc tests/e2e/victims/libtorture.h \
	tests/e2e/victims/libc_functions.c \
	tests/e2e/victims/libc_threads.cc tests/e2e/victims/libc_victim.c \
	tests/e2e/victims/libc_work.bash tests/e2e/victims/libc_work.py \
	tests/e2e/victims/libthreads.c tests/e2e/victims/libthreads.h \
	tests/e2e/victims/threads.c \
	tests/e2e/victims/libunwinding.cc tests/e2e/victims/libunwinding.h \
	tests/e2e/victims/libvictim.c tests/e2e/victims/libvictim.h \
	tests/e2e/victims/ocb_victim.c tests/e2e/victims/openssl_faults.c \
	tests/e2e/victims/openssl_faults.h tests/e2e/victims/openssl_faults_cms.c \
	tests/e2e/victims/openssl_faults_signed.c tests/e2e/victims/regex_faults.c \
	tests/e2e/victims/reload.c \
	tests/e2e/victims/syscalls.c tests/e2e/victims/syscalls.h \
	tests/e2e/victims/syscalls_data.c tests/e2e/victims/syscalls_ipc.c \
	tests/e2e/victims/syscalls_wait.c \
	tests/e2e/victims/tls_load.c \
	tests/e2e/victims/torture.c tests/e2e/victims/torture.h \
	tests/e2e/victims/torture_process.c tests/e2e/victims/torture_small.c \
	tests/e2e/victims/torture_throw.cc tests/e2e/victims/torture_vector.c \
	tests/e2e/victims/torture_work.c tests/e2e/victims/tracer.c \
	tests/e2e/victims/unwinding.cc \
	tests/e2e/victims/unwound.c tests/e2e/victims/uring.c \
	tests/e2e/victims/victim.c

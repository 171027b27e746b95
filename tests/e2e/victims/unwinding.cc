// SPDX-License-Identifier: GPL-3.0-or-later
//
// The process of the tests of unwinding:
//
//   unwinding NAME
//
// As victim.c it reads requests from the FIFO NAME.in, a line each, and answers each with a line in
// NAME.out.  It unwinds through functions of libunwinding in every way there is.  With
// -DWITH_LIBUNWIND also by libunwind.
#include "fifo.h"
#include "libunwinding.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef WITH_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

namespace
{
constexpr int threads_max = 16;
constexpr int frames_max = 64;
constexpr int versions = 100; // by how much one version of a function differs from the next

pthread_t threads[threads_max];
std::atomic<unsigned long> loops[threads_max];
std::atomic<unsigned long> nr_wrong;
std::atomic<unsigned long> nr_samples;
std::atomic<bool> ending;
int nr_threads;

[[noreturn]] void die(const char *what)
{
	fprintf(stderr, "unwinding: %s: %m\n", what);
	_exit(3);
}

// --- what the library's functions call ----------------------------------------------------

int fail(int n)
{
	throw Failure{n};
}

int fail_otherwise(int n)
{
	throw n;
}

int frames_by_backtrace(int)
{
	void *frames[frames_max];

	return backtrace(frames, frames_max);
}

#ifdef WITH_LIBUNWIND
int frames_by_libunwind(int)
{
	unw_context_t context;
	unw_cursor_t cursor;
	int nr = 0;

	if (unw_getcontext(&context) < 0 || unw_init_local(&cursor, &context) < 0)
		return -1;
	do
		nr++;
	while (unw_step(&cursor) > 0);
	return nr;
}
#endif

// --- requests: each in the main thread ------------------------------------------------------

int version(int)
{
	return unwinding_version();
}

int answer_of_victims(int n)
{
	return n + 1;
}

int caught_by_caller(int n)
{
	try {
		return -unwinding_throw(n);
	} catch (const Failure &failure) {
		return failure.value;
	}
}

// What the cleanups of the library's function have added.
int thrown_through(int n)
{
	const int before = unwinding_cleanups;

	try {
		return -unwinding_through(fail, n);
	} catch (const Failure &failure) {
		return failure.value == n ? unwinding_cleanups - before : -1;
	}
}

int caught_inside(int n)
{
	return unwinding_catch(fail, n);
}

// By a handler in the library's function that is for another type, up to ours.
int not_caught_inside(int n)
{
	try {
		return -unwinding_catch(fail_otherwise, n);
	} catch (int value) {
		return value;
	}
}

int rethrown(int n)
{
	try {
		return -unwinding_rethrow(fail, n);
	} catch (const Failure &failure) {
		return failure.value;
	}
}

// Two of the library's functions between thrower and catcher, the thrower the library's too.
int nested_step(int n)
{
	return unwinding_through(unwinding_throw, n);
}

int nested(int n)
{
	const int before = unwinding_cleanups;
	const int value = unwinding_catch(nested_step, n);

	return value + unwinding_cleanups - before;
}

int frames(int)
{
	return unwinding_through(frames_by_backtrace, 0) % versions;
}

int more_frames(int)
{
#ifdef WITH_LIBUNWIND
	return unwinding_through(frames_by_libunwind, 0) % versions;
#else
	return -1;
#endif
}

// --- what dl_iterate_phdr() lists -------------------------------------------------------------

struct Listing {
	int nr;
	int nr_containers;
	bool main_is_first;
	unsigned long long adds; // of the first; all must be equal
	bool same_adds;
};

int list_object(dl_phdr_info *info, size_t, void *data)
{
	auto *list = static_cast<Listing *>(data);

	if (list->nr++ == 0) {
		list->main_is_first = info->dlpi_name[0] == '\0';
		list->adds = info->dlpi_adds;
		list->same_adds = true;
	}
	list->same_adds &= info->dlpi_adds == list->adds;
	if (strstr(info->dlpi_name, "container-") == nullptr)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
			list->nr_containers++;
	return 0;
}

// The number of containers; 1000 more for each thing that is wrong.
int listed(int)
{
	static unsigned long long latest_adds;
	static int latest_nr;
	Listing list = {};
	int wrong = 0;

	dl_iterate_phdr(list_object, &list);
	wrong += !list.main_is_first;
	wrong += !list.same_adds;
	wrong += list.adds < latest_adds;
	wrong += list.nr != latest_nr && list.adds == latest_adds;
	latest_adds = list.adds;
	latest_nr = list.nr;
	return list.nr_containers + 1000 * wrong;
}

// --- a thread that is cancelled ---------------------------------------------------------------

int wait_pipe[2];
std::atomic<bool> waiting;

int wait_step(int)
{
	waiting = true;
	return unwinding_wait(wait_pipe[0]);
}

void *wait_main(void *)
{
	unwinding_through(wait_step, 0);
	return nullptr;
}

pthread_t waiter;

int wait_begin(int n)
{
	waiting = false;
	if (pipe(wait_pipe) < 0 || pthread_create(&waiter, nullptr, wait_main, nullptr) != 0)
		die("wait");
	while (!waiting)
		usleep(1000);
	return n;
}

// What the two functions that it was in have cleaned up.
int cancel(int)
{
	const int before = unwinding_cleanups;
	void *result = nullptr;

	if (pthread_cancel(waiter) != 0 || pthread_join(waiter, &result) != 0)
		die("cancel");
	close(wait_pipe[0]);
	close(wait_pipe[1]);
	return result == PTHREAD_CANCELED ? unwinding_cleanups - before : -1;
}

// --- threads that do all of it, again and again -----------------------------------------------

bool is_any_version(int got, int wanted)
{
	return got >= wanted && (got - wanted) % versions == 0;
}

// Where a function of the library, of whatever version, has called us.
std::atomic<void *> caller;

int note_caller(int n)
{
	caller = __builtin_return_address(0);
	return fail(n);
}

// The cleanups are counted by all threads at once, so they are not looked at here.
void work_once(int n)
{
	bool good = is_any_version(caught_by_caller(n), n) && is_any_version(caught_inside(n), n) &&
		    not_caught_inside(n) == n && is_any_version(rethrown(n), n + 1);

	try {
		unwinding_through(n % 2 ? unwinding_throw : note_caller, n);
		good = false;
	} catch (const Failure &failure) {
		good = good && is_any_version(failure.value, n);
	}
	if (!good)
		nr_wrong++;
}

void *work_throw(void *arg)
{
	auto *nr = static_cast<std::atomic<unsigned long> *>(arg);

	for (int n = 0; !ending; n = (n + 1) % versions) {
		work_once(n);
		(*nr)++;
	}
	return nullptr;
}

bool has_unwind_table(void *code)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
	dl_find_object found;

	return _dl_find_object(code, &found) == 0 && found.dlfo_eh_frame != nullptr &&
	       found.dlfo_map_start <= code && code < found.dlfo_map_end &&
	       found.dlfo_link_map->l_name != nullptr;
#else
	return code != nullptr;
#endif
}

// Looks up code in the middle of whatever was interrupted, other lookups too.
void sample(int)
{
	void *code = caller;

	if (!has_unwind_table(reinterpret_cast<void *>(sample)) ||
	    (code != nullptr && !has_unwind_table(code)))
		nr_wrong++;
	nr_samples++;
}

int start_threads(int nr)
{
	const itimerval often = {{0, 2000}, {0, 2000}};
	struct sigaction action = {};

	action.sa_handler = sample;
	action.sa_flags = SA_RESTART;
	if (sigaction(SIGPROF, &action, nullptr) < 0 || setitimer(ITIMER_PROF, &often, nullptr) < 0)
		die("setitimer");
	for (; nr_threads < nr && nr_threads < threads_max; nr_threads++)
		if (pthread_create(&threads[nr_threads], nullptr, work_throw, &loops[nr_threads]) !=
		    0)
			die("pthread_create");
	return nr_threads;
}

int fewest_loops(int)
{
	unsigned long fewest = loops[0];

	for (int i = 1; i < nr_threads; i++)
		fewest = loops[i] < fewest ? loops[i].load() : fewest;
	return static_cast<int>(fewest);
}

int wrong(int)
{
	return static_cast<int>(nr_wrong);
}

int samples(int)
{
	return static_cast<int>(nr_samples);
}

// Ends the threads; returns how many there were.
int join_threads(int)
{
	const int nr = nr_threads;

	ending = true;
	for (; nr_threads > 0; nr_threads--)
		pthread_join(threads[nr_threads - 1], nullptr);
	return nr;
}

int end(int)
{
	join_threads(0);
	exit(nr_wrong == 0 ? 0 : 1);
}

constexpr struct {
	const char *name;
	int (*function)(int n);
} requests[] = {
	{"number", answer_of_victims},
	{"version", version},
	{"caller", caught_by_caller},
	{"through", thrown_through},
	{"inside", caught_inside},
	{"other-type", not_caught_inside},
	{"rethrown", rethrown},
	{"nested", nested},
	{"secret", unwinding_catch_secret},
	{"frames", frames},
	{"more-frames", more_frames},
	{"listed", listed},
	{"wait", wait_begin},
	{"cancel", cancel},
	{"threads", start_threads},
	{"join", join_threads},
	{"loops", fewest_loops},
	{"wrong", wrong},
	{"samples", samples},
	{"end", end},
};

int serve(const char *line)
{
	const char *arg = strchr(line, ' ');
	const size_t len = strcspn(line, " \n");

	for (const auto &request : requests)
		if (strlen(request.name) == len && strncmp(request.name, line, len) == 0)
			return request.function(arg != nullptr ? atoi(arg) : 0);
	return -1000;
}
} // namespace

int main(int argc, char **argv)
{
	char line[256];

	if (argc != 2)
		return 2;
	FILE *in = fifo_open(argv[1], "in");
	FILE *out = fifo_open(argv[1], "out");
	while (fgets(line, sizeof(line), in) != nullptr) {
		fprintf(out, "%d\n", serve(line));
		fflush(out);
	}
	return 3;
}

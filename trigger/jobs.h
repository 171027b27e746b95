/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The changes of many processes: of one process one after the other, of several processes
 * at once.  A process that holds up its change delays no other one.
 */
#ifndef ULP_TRIGGER_JOBS_H
#define ULP_TRIGGER_JOBS_H

#include "trigger/process.h"
#include "trigger/progress.h"
#include "trigger/worker.h"

/* One process. */
struct job {
	struct process
		proc; /* pid, name and start time only: it is not open.  Start time 0: unknown */
	bool library_first;		 /* step 0 is for the library alone, see trigger/rounds.c */
	size_t nr_done;			 /* steps */
	struct change_outcome *outcomes; /* of them; owned while the job is being done */
	struct worker worker;		 /* of the step that is being done */
};

/* What jobs_run() asks, and tells, of a job.  */
struct job_steps {
	/* How many changes there are.  All are made, whatever comes of each. */
	size_t (*count)(const struct job *job, void *ctx);
	/* The i-th of them. */
	void (*get)(const struct job *job, size_t i, struct change *ret, void *ctx);
	/* All are done: job->outcomes has what came of them. */
	void (*done)(const struct job *job, void *ctx);
	void *ctx;
};

/* Default for how many at once: a worker mostly waits, for threads and for their stop. */
unsigned jobs_default(void);

/*
 * Does all jobs, in their order, at most nr_parallel at once.  done() is called as soon
 * as a job's last step is, so in the order in which they end; never two calls at once.
 * nr_before: jobs of earlier calls, for the progress line, which is hidden when done() is
 * called.  A signal that was sent to end the program (jobs_catch_signals()) lets the
 * steps that are being done give up where that is clean; no others begin.
 *
 * Error: ULP_ENOMEM (nothing was done).
 */
ULP_MUST_CHECK enum ulp_code jobs_run(struct job *jobs, size_t nr, unsigned nr_parallel,
				      const struct job_steps *steps, size_t nr_before,
				      struct progress *progress, struct ulp_err *err);

/* From here on SIGINT, SIGTERM and SIGHUP only set what jobs_signal() tells. */
void jobs_catch_signals(void);

/* The signal that came, 0 for none. */
int jobs_signal(void);

#endif

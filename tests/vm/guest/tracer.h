/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command and lets it fail, or kills it, at the K-th system call of its threads together. */
#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <sys/types.h>

struct fault {
	unsigned long at; /* counted from 1; 0: nowhere */
	int errnum; /* what the call is to answer, without being made; 0: kill before it is made */
	char below[32];	  /* of an error: the folder whose files' calls count */
	bool until_pause; /* only calls count that are made before the first pause */
	/* Found out: */
	unsigned long seen; /* how many calls there were that count */
	bool fired, has_paused;
	char call[320]; /* the one that failed */
};

/*
 * What counts: for a kill every call, for an error those on files of one folder.
 * Returns what waitpid() has to say, or -1 when it took longer than @seconds and was killed. Where
 * nothing can be traced, it says so and exits.
 */
int tracer_run(char *const argv[], const char *stdout_file, const char *stderr_file,
	       unsigned int seconds, struct fault *fault);

/* The same without a fault; @act is called with the pid once it has started. */
int plain_run(char *const argv[], const char *stdout_file, const char *stderr_file,
	      unsigned int seconds, void (*act)(pid_t pid, void *data), void *data);

#endif

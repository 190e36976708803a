/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command, and lets it fail or kills it at the K-th system call of all its threads. */
#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <sys/types.h>

struct fault {
	unsigned long at; /* counted from 1; 0: never */
	int errnum;	  /* the call is not made and returns this; 0: kill before the call */
	char below[32];	  /* for an error: count calls on files of this folder */
	bool until_pause; /* count only calls before the first pause */
	/* Results: */
	unsigned long seen; /* the number of calls that count */
	bool fired, has_paused;
	char call[320]; /* the one that failed */
};

/*
 * For a kill, every call counts. For an error, only calls on files of one folder count.
 * Returns the status from waitpid(), or -1 when the command took longer than @seconds and was
 * killed. If tracing is not possible, prints a message and exits.
 */
int tracer_run(char *const argv[], const char *stdout_file, const char *stderr_file,
	       unsigned int seconds, struct fault *fault);

/* The same without a fault. Calls @act with the pid when the command has started. */
int plain_run(char *const argv[], const char *stdout_file, const char *stderr_file,
	      unsigned int seconds, void (*act)(pid_t pid, void *data), void *data);

#endif

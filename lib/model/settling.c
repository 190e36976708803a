// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When has a device settled?
 *
 * Who changes a device's blocks one by one makes it inconsistent for a while, and each block sends an
 * event. So wait for a pause in the events. One that has the device locked is waited for, however long it
 * takes. A state that is odd can be the middle of a change that is slow: so it must last longer.
 */
#include <math.h>
#include <string.h>

#include "model.h"

/* Seconds without an event, after which a look is worth while; and for a state that is odd. */
#define QUIET 0.1
#define PATIENCE 1.0
/* Looks take at most the twentieth part of the time. */
#define PACE 20
/* The process that has the lock may not be one that its end can be seen of. */
#define AWAIT_MAX 10.0

void settling_note(struct settling *s, double now)
{
	if (!s->is_restless)
		*s = (struct settling){ .is_restless = true };
	s->last = now;
	s->was_odd = s->is_ready = false;
}

void settling_await(struct settling *s, double now)
{
	s->is_awaited = true;
	s->rested = now;
}

/* No need to wait for a pause: it has changed the device to its end. */
void settling_release(struct settling *s)
{
	s->is_awaited = false;
	s->is_ready = true;
}

double settling_due(const struct settling *s)
{
	double quiet, paced;

	if (!s->is_restless)
		return INFINITY;
	if (s->is_awaited)
		return s->rested + AWAIT_MAX;
	if (s->is_ready)
		return 0;
	quiet = s->last + (s->was_odd ? PATIENCE : QUIET);
	paced = s->rested + s->cost * PACE;
	return s->rested > 0 && paced > quiet ? paced : quiet;
}

/* Is it a state that a change passes through? */
static bool is_odd(const struct daxhp_observation *obs)
{
	return !obs || obs->state == DAXHP_INCONSISTENT || daxhp_observation_is_wedged(obs);
}

/* The kernel sends no event when it gives a block up that was going offline. */
static bool is_going(const struct daxhp_observation *obs)
{
	for (size_t i = 0; obs && i < obs->n_blocks; i++)
		if (obs->blocks[i].state == MEMBLOCK_GOING_OFFLINE)
			return true;
	return !obs;
}

bool settling_judge(struct settling *s, const struct daxhp_observation *obs, double begun,
		    double ended)
{
	bool is_old = begun >= s->last + PATIENCE;

	s->is_ready = false;
	s->rested = ended;
	s->cost = ended - begun;
	if (s->last > begun)
		return false;
	s->was_odd = is_odd(obs);
	if (is_going(obs)) {
		s->last = ended;
		return false;
	}
	if (s->was_odd && !is_old)
		return false;
	s->is_restless = false;
	return true;
}

bool observation_differs(const struct daxhp_observation *a, const struct daxhp_observation *b)
{
	return a->mode != b->mode || strcmp(a->driver, b->driver) != 0 || a->state != b->state ||
	       daxhp_observation_is_wedged(a) != daxhp_observation_is_wedged(b);
}

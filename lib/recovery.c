// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Recovery: the next process restores the changes that a killed process left.
 *
 * borrow.c does this for the machine's words. This file does it for a device. A process that is killed
 * in the middle of a reconfiguration cannot undo it. So daxhp writes the device's state into the journal
 * first, and the next process leads the device back. When the plan is over, the entry is dropped,
 * whether the plan failed or not: the result says in which state the device is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libdaxhp-private.h"

/* ---- writing ---- */

static uint64_t first_block(const struct daxhp_observation *obs)
{
	return obs->n_blocks ? obs->blocks[0].id : 0;
}

/* Without blocks and attribute, a device with kmem looks like one without a driver. */
static enum daxhp_mode mode_of(const struct daxhp_observation *obs)
{
	if (obs->mode == DAXHP_MODE_SYSTEM_RAM && obs->n_present == 0 &&
	    !observation_has_attribute(obs))
		return DAXHP_MODE_UNBOUND;
	return obs->mode;
}

static const char *or_none(const char *word)
{
	return word && *word ? word : JOURNAL_NONE;
}

static void print_entry(char *ret_words, const struct device_entry *e)
{
	char goal[GOAL_TEXT_MAX];

	goal_print(e->goal, goal);
	snprintf(ret_words, JOURNAL_LINE_MAX, "%s %s %s %s %" PRIu64 " %zu %d",
		 daxhp_mode_name(e->mode), or_none(daxhp_state_name(e->state)),
		 or_none(e->attribute_word), goal, e->first_block, e->n_blocks, e->pid);
}

int recovery_put(const struct daxhp_session *session, const struct daxhp_plan *plan)
{
	const struct kernel *kernel = session->ctx->kernel;
	const char *name = session->device->name;
	const struct daxhp_observation *obs = plan->before;
	const char *word = daxhp_state_name(state_from_name(obs->attribute_word));
	struct device_entry entry = {
		.mode = mode_of(obs),
		.state = obs->state,
		.goal = plan->goal,
		.first_block = first_block(obs),
		.n_blocks = obs->n_blocks,
		.pid = getpid(),
	};
	char words[JOURNAL_LINE_MAX];
	int r;

	if (!plan_leads_between(plan) || kernel->journal_get(name, words, sizeof(words)) > 0)
		return 0;
	if (word)
		strcpy(entry.attribute_word, word);
	print_entry(words, &entry);
	r = kernel->journal_put(name, words);
	return r < 0 ? r : 1;
}

void recovery_drop(const struct daxhp_session *session)
{
	session->ctx->kernel->journal_drop(session->device->name);
}

/* ---- reading ---- */

int device_entry_parse(const char *words, struct device_entry *ret_entry)
{
	char mode[32], state[32], goal[3][32], again[JOURNAL_LINE_MAX];
	struct device_entry e = { 0 };

	if (sscanf(words, "%31s %31s %63s %31s %31s %31s %" SCNu64 " %zu %d", mode, state,
		   e.attribute_word, goal[0], goal[1], goal[2], &e.first_block, &e.n_blocks,
		   &e.pid) != 9)
		return -EBADMSG;
	if (!mode_from_name(mode, &e.mode) || !goal_parse(goal[0], goal[1], goal[2], &e.goal))
		return -EBADMSG;
	e.state = strcmp(state, daxhp_state_name(DAXHP_INCONSISTENT)) == 0 ? DAXHP_INCONSISTENT
									   : state_from_name(state);
	if (strcmp(e.attribute_word, JOURNAL_NONE) == 0)
		e.attribute_word[0] = '\0';
	else if (state_from_name(e.attribute_word) == DAXHP_STATE_NONE)
		return -EBADMSG;
	/* An entry that daxhp would write in another way is not daxhp's. */
	print_entry(again, &e);
	if (strcmp(again, words) != 0)
		return -EBADMSG;
	*ret_entry = e;
	return 0;
}

/* 1: there is an entry, 0: there is none. */
static int read_entry(const struct daxhp_device *device, struct device_entry *ret_entry)
{
	char words[JOURNAL_LINE_MAX];
	int r = device->ctx->kernel->journal_get(device->name, words, sizeof(words));

	if (r <= 0)
		return r;
	r = device_entry_parse(words, ret_entry);
	return r < 0 ? r : 1;
}

/* The same without the device's lock. A process that is at work has an entry, too: it does not count. */
static int find_entry(const struct daxhp_device *device, struct device_entry *ret_entry)
{
	int r = read_entry(device, ret_entry);

	if (r <= 0 || device->ctx->kernel->lock_is_held(device->name))
		return r < 0 ? r : 0;
	/* The process may have ended just now. */
	return read_entry(device, ret_entry);
}

/* ---- telling ---- */

/* The device's state, or its mode where it has no state. */
static const char *word_for(enum daxhp_mode mode, enum daxhp_state state)
{
	const char *word = daxhp_state_name(state);

	return word ? word : daxhp_mode_name(mode);
}

static void set_found(struct daxhp_recovered *told, const struct daxhp_observation *now)
{
	const char *word = now ? word_for(now->mode, now->state) : NULL;

	snprintf(told->found, sizeof(told->found), "%s", word ? word : "");
}

static struct daxhp_recovered tell_entry(const struct daxhp_device *device,
					 const struct device_entry *e,
					 enum daxhp_recovered_outcome outcome)
{
	struct daxhp_recovered told = {
		.kind = DAXHP_RECOVERED_DEVICE,
		.outcome = outcome,
		.mode = e->mode,
		.state = e->state,
		.pid = e->pid,
	};

	strcpy(told.name, device->name);
	snprintf(told.before, sizeof(told.before), "%s", word_for(e->mode, e->state));
	return told;
}

/* Add a recovery that failed. If no step has set a failure, set one. */
static void add_failed(struct daxhp_session *session, struct daxhp_recovered *told, int errnum)
{
	struct daxhp_failure failure = { .kind = DAXHP_FAILED_RECOVERY,
					 .errnum = -errnum,
					 .block = -1 };

	told->outcome = DAXHP_RECOVERED_FAILED;
	if (!told->failure.kind)
		failure_set(&told->failure, &failure);
	recovery_add(&session->recovery, told);
}

/* ---- the way back ---- */

static struct memblock block_before(const struct device_entry *e, uint64_t id)
{
	struct memblock block = { .id = id, .zone = DAXHP_ZONE_UNKNOWN };

	if (state_is_online(e->state)) {
		block.state = MEMBLOCK_ONLINE;
		block.zone = e->state == DAXHP_ONLINE_MOVABLE ? DAXHP_ZONE_MOVABLE
							      : DAXHP_ZONE_NORMAL;
	} else if (e->state == DAXHP_OFFLINE) {
		block.state = MEMBLOCK_OFFLINE;
	}
	return block;
}

/* The observation of the killed process, from its entry. Its state is the state of every block. */
static struct daxhp_observation *as_before(const struct daxhp_observation *now,
					   const struct device_entry *e)
{
	struct daxhp_observation *obs = calloc(1, sizeof(*obs));

	if (!obs)
		return NULL;
	obs->refcount = 1;
	obs->mode = e->mode;
	obs->hotremove = true;
	if (obs->mode == DAXHP_MODE_SYSTEM_RAM)
		obs->interface = *e->attribute_word ? DAXHP_INTERFACE_STATE
						    : DAXHP_INTERFACE_MEMORY_BLOCKS;
	strcpy(obs->attribute_word, e->attribute_word);
	obs->n_blocks = now->n_blocks;
	obs->blocks = calloc(now->n_blocks + 1, sizeof(*obs->blocks));
	if (!obs->blocks)
		return daxhp_observation_unref(obs);
	for (size_t i = 0; i < now->n_blocks; i++)
		obs->blocks[i] = block_before(e, now->blocks[i].id);
	observation_derive(obs);
	return obs;
}

/*
 * Is the device in a state in the middle of a reconfiguration? If it is whole, another program has
 * made it so since then, and that is kept.
 */
static bool is_between(const struct daxhp_observation *now)
{
	if (now->mode == DAXHP_MODE_UNBOUND)
		return now->state == DAXHP_UNPLUGGED;
	return now->mode == DAXHP_MODE_SYSTEM_RAM &&
	       (now->state == DAXHP_UNPLUGGED || now->state == DAXHP_OFFLINE ||
		now->state == DAXHP_INCONSISTENT);
}

/* 1: it is as it was; 0: it was so already, or is at the goal; -ESTALE: not for us to change. */
static int go_back(struct daxhp_session *session, const struct device_entry *e,
		   struct daxhp_recovered *told)
{
	_cleanup_(cleanup_observation) struct daxhp_observation *now = NULL, *before = NULL;
	struct daxhp_result *result = NULL;
	int r = device_observe_to_plan(session->device, &now);

	if (r < 0)
		return r;
	set_found(told, now);
	if (now->blocks_error < 0)
		return now->blocks_error;
	if (now->n_blocks != e->n_blocks || first_block(now) != e->first_block ||
	    observation_meets(now, e->goal))
		return 0;
	before = as_before(now, e);
	if (!before)
		return -ENOMEM;
	if (observation_equal(now, before))
		return 0;
	if (e->state == DAXHP_INCONSISTENT || !is_between(now))
		return -ESTALE;
	r = apply_restore(session, now, before, &result);
	if (result) {
		set_found(told, result->after);
		told->failure = result->failure;
	}
	daxhp_result_free(result);
	return r < 0 ? r : 1;
}

int recover_device(struct daxhp_session *session)
{
	struct daxhp_device *device = session->device;
	struct daxhp_recovered told;
	struct device_entry entry;
	int r = read_entry(device, &entry);

	if (journal_is_void(r)) {
		log_debug(session->ctx, "%s: its entry in the journal is dropped: %s", device->name,
			  strerror(-r));
		recovery_drop(session);
		return 0;
	}
	if (r <= 0)
		return r;
	told = tell_entry(device, &entry, DAXHP_RECOVERED_RESTORED);
	r = go_back(session, &entry, &told);
	if (r == -ESTALE)
		told.outcome = DAXHP_RECOVERED_LEFT;
	if (r > 0 || r == -ESTALE)
		recovery_add(&session->recovery, &told);
	else if (r < 0)
		add_failed(session, &told, r);
	if (r >= 0 || r == -ESTALE)
		recovery_drop(session);
	return r;
}

/* If another process has the lock, it has already recovered the device. */
static void lock_and_recover(struct daxhp_session *session)
{
	const struct kernel *kernel = session->ctx->kernel;
	struct daxhp_device *device = session->device;
	struct daxhp_recovered told;
	struct device_entry entry;
	int found = find_entry(device, &entry), holder, r;

	if (found == 0)
		return;
	r = kernel->lock_take(session, device->name, 0, &session->lock, &holder);
	if (r == 0) {
		kernel->read_device(device);
		recover_device(session);
		kernel->lock_drop(&session->lock);
	} else if (found > 0 && r != -EWOULDBLOCK) {
		told = tell_entry(device, &entry, DAXHP_RECOVERED_FAILED);
		add_failed(session, &told, r);
	}
}

/* ---- the machine's words ---- */

void recover_words(struct daxhp_session *session)
{
	for (enum daxhp_recovered_kind kind = 0; kind < MACHINE_WORDS; kind++) {
		struct daxhp_recovered told = { 0 };
		int r = borrow_is_word(kind) ? borrow_find(session->ctx->kernel, kind, &told) : 0;
		struct lock lock;

		if (r == 0)
			continue;
		r = word_lock(session, kind, &lock);
		if (r == 0) {
			r = borrow_recover(session, kind);
			session->ctx->kernel->lock_drop(&lock);
		}
		/* Another one has begun to use the debug message: then it is not left over. */
		if (r < 0 && !(r == -EWOULDBLOCK && kind == DAXHP_RECOVERED_DEBUG))
			add_failed(session, &told, r);
	}
}

/* ---- only looking ---- */

static void find_words(struct daxhp_session *session)
{
	for (enum daxhp_recovered_kind kind = 0; kind < MACHINE_WORDS; kind++) {
		struct daxhp_recovered told = { 0 };

		if (borrow_is_word(kind) && borrow_find(session->ctx->kernel, kind, &told) > 0)
			recovery_add(&session->recovery, &told);
	}
}

static void find_device(struct daxhp_session *session)
{
	struct daxhp_recovered told;
	struct device_entry entry;

	if (find_entry(session->device, &entry) <= 0)
		return;
	told = tell_entry(session->device, &entry, DAXHP_RECOVERED_FOUND);
	recovery_add(&session->recovery, &told);
}

/* ---- devices that are gone ---- */

static void forget_device(const char *name, void *data)
{
	const struct daxhp_session *session = data;
	const struct kernel *kernel = session->ctx->kernel;
	struct lock lock;
	int holder;

	if (!daxhp_device_name_is_valid(name) || !kernel->device_is_gone(name) ||
	    kernel->lock_take(session, name, 0, &lock, &holder) < 0)
		return;
	kernel->journal_drop(name);
	kernel->lock_drop(&lock);
}

/* ---- all of it ---- */

EXPORT int daxhp_recover(struct daxhp_ctx *ctx, struct daxhp_request *request,
			 struct daxhp_recovery **ret_recovery)
{
	struct daxhp_recovery *recovery = calloc(1, sizeof(*recovery));
	struct daxhp_session session = { .ctx = ctx, .request = request };
	struct daxhp_device *device;

	if (!recovery || recovery_reserve(&session.recovery) < 0) {
		free(recovery);
		return -ENOMEM;
	}
	if (request->dry_run)
		find_words(&session);
	else
		recover_words(&session);
	daxhp_device_foreach (ctx, device) {
		session.device = device;
		if (request->dry_run)
			find_device(&session);
		else
			lock_and_recover(&session);
	}
	if (!request->dry_run)
		ctx->kernel->journal_each(forget_device, &session);
	*recovery = session.recovery;
	*ret_recovery = recovery;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>

#include "model.h"

struct model model;
bool model_lists_blocks;

static const struct kernel kernel_model;

/* Any descriptor is enough: the model does not use it. But the library closes it. */
static int some_fd(void)
{
	return open("/", O_PATH | O_CLOEXEC);
}

int model_teardown(void **state)
{
	(void)state;
	recovery_clear(&model.session.recovery);
	return 0;
}

void model_reset(const struct daxhp_observation *obs)
{
	enum daxhp_zone zone = model.default_zone;
	bool is_honest = model.is_honest;

	recovery_clear(&model.session.recovery);
	memset(&model, 0, sizeof(model));
	model.default_zone = zone;
	model.is_honest = is_honest;
	model.bound = obs->mode == DAXHP_MODE_SYSTEM_RAM;
	model.is_devdax = obs->mode == DAXHP_MODE_DEVDAX;
	model.has_attribute = obs->interface == DAXHP_INTERFACE_STATE ||
			      obs->interface == DAXHP_INTERFACE_HOTPLUG;
	model.attribute = state_from_name(obs->attribute_word);
	if (strcmp(obs->attribute_word, "unknown") == 0)
		model.attribute = DAXHP_ONLINE_MOVABLE;
	model.policy = model.first_policy = state_from_name(obs->policy);
	model.session.lock.owner = getpid();
	model.probes = true;
	model.has_kmem = obs->has_kmem;
	model.n_blocks = obs->n_blocks;
	model.block_size = obs->block_size;
	assert_true(obs->n_blocks <= MODEL_BLOCKS_MAX);
	memcpy(model.blocks, obs->blocks, obs->n_blocks * sizeof(*obs->blocks));
	model.ctx.kernel = &kernel_model;
	model.device.ctx = &model.ctx;
	model.session.ctx = &model.ctx;
	model.session.device = &model.device;
	model.session.request = &model.request;
	model.request.cancel_signal = SIGUSR1;
	strcpy(model.device.name, "dax0.0");
}

/* ---- the attribute's word ---- */

/*
 * An honest kernel shows where the memory is, and not the word that was written last. If no word
 * fits, this returns DAXHP_STATE_NONE, and the kernel shows "unknown".
 */
static enum daxhp_state shown_word(enum daxhp_state written, const struct memblock *blocks,
				   size_t n_blocks)
{
	size_t n_present = 0, n_online = 0, n_movable = 0;

	if (!model.is_honest || written == DAXHP_UNPLUGGED)
		return written;
	for (size_t i = 0; i < n_blocks; i++) {
		n_present += blocks[i].state != MEMBLOCK_MISSING;
		n_online += blocks[i].state == MEMBLOCK_ONLINE;
		n_movable += blocks[i].state == MEMBLOCK_ONLINE &&
			     blocks[i].zone == DAXHP_ZONE_MOVABLE;
	}
	if (n_online == 0)
		return DAXHP_OFFLINE;
	if (n_online < n_present || (n_movable > 0 && n_movable < n_online))
		return DAXHP_STATE_NONE;
	if (written == DAXHP_ONLINE)
		return written;
	return n_movable ? DAXHP_ONLINE_MOVABLE : DAXHP_ONLINE_KERNEL;
}

static enum daxhp_state attribute_now(void)
{
	return shown_word(model.attribute, model.blocks, model.n_blocks);
}

bool model_can_show(const struct daxhp_observation *obs)
{
	enum daxhp_state word = state_from_name(obs->attribute_word);

	/* Any written word: "unknown" does not depend on it. */
	if (word == DAXHP_STATE_NONE)
		return model.is_honest && shown_word(DAXHP_ONLINE_MOVABLE, obs->blocks,
						     obs->n_blocks) == DAXHP_STATE_NONE;
	return shown_word(word, obs->blocks, obs->n_blocks) == word;
}

/* ---- faults ---- */

static void rival(void)
{
	for (size_t i = 0; i < model.n_blocks; i++) {
		if (model.blocks[i].state != MEMBLOCK_OFFLINE || model.guarded[i])
			continue;
		model.blocks[i].state = MEMBLOCK_ONLINE;
		model.blocks[i].zone = DAXHP_ZONE_MOVABLE;
	}
}

/* Does the thread block signals that must not cancel, and take those that must? */
static bool is_shielded(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	if (!sigismember(&mask, SIGALRM) || !sigismember(&mask, SIGURG))
		return false;
	/* Then ours have to wait, too. */
	if (model.session.undoing)
		return true;
	return !sigismember(&mask, SIGINT) && !sigismember(&mask, SIGTERM) &&
	       !sigismember(&mask, SIGHUP) && !sigismember(&mask, SIGUSR1) &&
	       (*model.policy_note || *model.autoprobe_note || !sigismember(&mask, SIGTSTP));
}

static bool can_be_stopped(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	return !sigismember(&mask, SIGTSTP);
}

static bool is_blocked(int sig)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	return sigismember(&mask, sig);
}

/* Count the call. 0: go on; 1: return success and do nothing; negative: fail. */
static int ask(int errnum)
{
	if (++model.calls == model.at + 1 && model.was_disturbed)
		model.was_open = !is_shielded();
	/* If it were stopped now, the machine would keep our words. A dead process has left them. */
	if ((model.policy != model.first_policy || !model.probes) && !model.was_killed &&
	    can_be_stopped())
		model.was_absurd = true;
	/* A signal that cancels would make the kernel give up the undo. */
	if (model.session.undoing && !is_blocked(SIGUSR1))
		model.was_absurd = true;
	if (model.calls != model.at)
		return 0;
	switch (model.fault) {
	case FAULT_ERROR:
		return model.errnum ? -model.errnum : -errnum;
	case FAULT_SILENT:
		return 1;
	case FAULT_CANCEL:
		daxhp_request_cancel(&model.request);
		return -EINTR;
	case FAULT_SIGNAL:
		model.was_disturbed = true;
		return -EINTR;
	case FAULT_RIVAL:
		rival();
		return 0;
	default:
		return 0;
	}
}

/* The same for a call in which the kernel does not check for signals. */
static int ask_deaf(int errnum)
{
	if (model.fault != FAULT_SIGNAL)
		return ask(errnum);
	model.calls++;
	return 0;
}

/*
 * A dead process changes nothing any more. Its calls return an error, so that its code comes to an
 * end. The kernel completes what it has begun: this is checked only before each write.
 */
static bool is_dead(void)
{
	if (model.fault == FAULT_KILL && ++model.deeds >= model.at)
		model.is_dead = model.was_killed = true;
	return model.is_dead;
}

/* A call that cannot fail by itself. But other programs can come in between. */
static void let_others_in(void)
{
	if (model.fault == FAULT_RIVAL || model.fault == FAULT_CANCEL)
		ask(EIO);
	else
		model.calls++;
}

/* ---- blocks ---- */

static enum daxhp_zone zone_for(enum daxhp_state word)
{
	if (word == DAXHP_ONLINE)
		return model.default_zone;
	return word == DAXHP_ONLINE_MOVABLE ? DAXHP_ZONE_MOVABLE : DAXHP_ZONE_NORMAL;
}

static int offline_block(struct memblock *block)
{
	int r = ask(EBUSY);

	if (model.session.undoing && model.interrupts) {
		model.interrupts--;
		/* Only the first such signal counts. */
		if (model.was_interrupted && !is_blocked(SIGINT))
			model.was_absurd = true;
		model.was_interrupted = true;
		return -EINTR;
	}
	if (model.fault == FAULT_NO_OFFLINE && block == &model.blocks[model.at])
		r = -EBUSY;
	if (model.busy_times) {
		model.busy_times--;
		r = -EBUSY;
	}
	if (model.fault == FAULT_DEAF && block == &model.blocks[model.at])
		r = -EINTR;
	if (r == 0) {
		block->state = MEMBLOCK_OFFLINE;
		model.was_offline[block - model.blocks] = true;
	}
	return r;
}

static int online_block(struct memblock *block, enum daxhp_state word)
{
	int r = ask_deaf(ENOMEM);

	if (model.fault == FAULT_NO_ONLINE && block == &model.blocks[model.at])
		r = -ENOMEM;
	if (r == 0) {
		block->state = MEMBLOCK_ONLINE;
		block->zone = zone_for(word);
	}
	return r;
}

/* A block that is added later has another file, which is not guarded. */
static void remove_block(size_t i)
{
	model.blocks[i].state = MEMBLOCK_MISSING;
	model.guarded[i] = false;
}

static struct memblock *find_block(uint64_t id)
{
	if (id < FIRST_BLOCK || id >= FIRST_BLOCK + model.n_blocks)
		return NULL;
	return &model.blocks[id - FIRST_BLOCK];
}

static int open_memory(void)
{
	return some_fd();
}

static int each_block(struct memblock *blocks, size_t n_blocks,
		      int (*fn)(struct memblock *block, void *data), void *data)
{
	int r = model_lists_blocks ? ask(ENOMEM) : 0;

	assert_int_equal(n_blocks, model.n_blocks);
	for (size_t i = 0; r == 0 && i < n_blocks; i++)
		if (!model_lists_blocks || model.blocks[i].state != MEMBLOCK_MISSING)
			r = fn(&blocks[i], data);
	return r > 0 ? 0 : r;
}

static int read_block_state(int dirfd, int fd, struct memblock *block, char *ret_file)
{
	const struct memblock *found = find_block(block->id);

	(void)dirfd;
	(void)fd;
	memblock_file(ret_file, block->id, "state");
	let_others_in();
	assert_non_null(found);
	*block = *found;
	if (!model.odd || found != &model.blocks[model.odd - 1])
		return 0;
	block->state = model.odd_state;
	return model.odd_error;
}

static int write_block(int dirfd, int fd, uint64_t id, enum daxhp_state word)
{
	struct memblock *block = find_block(id);
	int r;

	(void)dirfd;
	(void)fd;
	if (is_dead())
		return -EIO;
	assert_non_null(block);
	if (model.n_written < ARRAY_SIZE(model.written))
		model.written[model.n_written++] = id;
	if (block->state == MEMBLOCK_MISSING)
		return -ENOENT;
	/* The guard was for the old blocks. */
	if (model.is_guard_up && !model.guarded[block - model.blocks])
		model.was_absurd = true;
	/* As in memblock_write(): success if the block is in that state already. */
	if (word == DAXHP_OFFLINE && block->state == MEMBLOCK_OFFLINE)
		return 0;
	if (word != DAXHP_OFFLINE && block->state == MEMBLOCK_ONLINE)
		return zone_fits(block->zone, word) ? 0 : -EINVAL;
	r = word == DAXHP_OFFLINE ? offline_block(block) : online_block(block, word);
	return r < 0 ? r : 0;
}

/* ---- a device's memory as a whole ---- */

static void remove_all(void)
{
	for (size_t i = 0; i < model.n_blocks; i++)
		if (model.blocks[i].state == MEMBLOCK_OFFLINE && ask_deaf(EBUSY) == 0)
			remove_block(i);
}

static void forget_all(const struct memblock *saved)
{
	memcpy(model.blocks, saved, model.n_blocks * sizeof(*saved));
}

/* After an add that fails, an honest kernel rolls back; another kernel goes on. */
static int add_all(enum daxhp_state word)
{
	struct memblock saved[MODEL_BLOCKS_MAX];
	int r = ask(ENOMEM);

	if (r)
		return r;
	memcpy(saved, model.blocks, sizeof(saved));
	for (size_t i = 0; i < model.n_blocks; i++) {
		struct memblock *block = &model.blocks[i];

		/* Memory that is present already cannot be added. */
		r = block->state != MEMBLOCK_MISSING ? -EEXIST : ask_deaf(ENOMEM);
		if (r == 0) {
			block->state = MEMBLOCK_OFFLINE;
			r = word == DAXHP_OFFLINE ? 0 : online_block(block, word);
		}
		if (r < 0 && model.is_honest) {
			forget_all(saved);
			return r;
		}
	}
	/* If no block could be added, every kernel returns an error. */
	for (size_t i = 0; i < model.n_blocks; i++)
		if (model.blocks[i].state != saved[i].state)
			return 0;
	return r;
}

/* All ranges go offline, or none: after the first that fails, the others come back. */
static int offline_all(void)
{
	struct memblock saved[MODEL_BLOCKS_MAX];
	int r = 0;

	memcpy(saved, model.blocks, sizeof(saved));
	for (size_t i = 0; r >= 0 && i < model.n_blocks; i++)
		if (model.blocks[i].state == MEMBLOCK_ONLINE)
			r = offline_block(&model.blocks[i]);
	if (r < 0)
		forget_all(saved);
	return r < 0 ? r : 0;
}

static int write_attribute(enum daxhp_state word)
{
	int r = ask(EINTR);

	if (r)
		return r;
	if (word == attribute_now())
		return 0;
	if (word == DAXHP_UNPLUGGED) {
		r = offline_all();
		if (r < 0)
			return r;
		remove_all();
	} else {
		if (attribute_now() != DAXHP_UNPLUGGED)
			return -EBUSY;
		r = add_all(word);
		if (r < 0)
			return r;
	}
	model.attribute = word;
	return 0;
}

static int open_device(const char *name)
{
	int r = ask(EMFILE);

	assert_string_equal(name, model.device.name);
	return r < 0 ? r : some_fd();
}

static int write_device_attribute(int dirfd, enum daxhp_interface interface, enum daxhp_state word,
				  const char **ret_wrote)
{
	int r;

	(void)dirfd;
	(void)interface;
	*ret_wrote = daxhp_state_name(word);
	if (is_dead())
		return -EIO;
	if (!model.bound || !model.has_attribute)
		return -ENOENT;
	if (word != DAXHP_UNPLUGGED && !state_is_online(word)) {
		model.was_absurd = true;
		return -EINVAL;
	}
	r = write_attribute(word);
	return r < 0 ? r : 0;
}

static bool brings_attribute(struct daxhp_ctx *ctx)
{
	(void)ctx;
	return model.has_attribute;
}

static enum daxhp_interface find_attribute(int dirfd)
{
	(void)dirfd;
	return model.bound && model.has_attribute ? DAXHP_INTERFACE_STATE
						  : DAXHP_INTERFACE_MEMORY_BLOCKS;
}

/* ---- binding ---- */

/* A loaded module stays. It is no part of the device's state. */
static int load_module(struct daxhp_ctx *ctx, enum daxhp_mode mode,
		       enum daxhp_failure_kind *ret_kind)
{
	int r = ask(ENOENT);

	assert_ptr_equal(ctx, &model.ctx);
	*ret_kind = DAXHP_FAILED_MODULE_MISSING;
	if (is_dead())
		return -EIO;
	/* If the bus probes, the driver takes other devices, too. A silent fault can cause this. */
	if (model.probes && model.fault != FAULT_SILENT)
		model.was_absurd = true;
	if (r == 0 && mode == DAXHP_MODE_SYSTEM_RAM)
		model.has_kmem = true;
	return r < 0 ? r : 0;
}

static int bind_device(struct daxhp_device *device, enum daxhp_mode mode,
		       enum daxhp_failure_kind *ret_kind)
{
	int r;

	assert_ptr_equal(device, &model.device);
	*ret_kind = DAXHP_FAILED_BIND;
	if (is_dead())
		return -EIO;
	if (model.bound || model.is_devdax) {
		model.was_absurd = true;
		return -EBUSY;
	}
	if (mode == DAXHP_MODE_DEVDAX) {
		r = ask(EBUSY);
		model.is_devdax = r == 0;
		return r < 0 ? r : 0;
	}
	if (!model.has_kmem)
		return -ENODEV;
	r = add_all(model.policy);
	if (r < 0)
		return r;
	model.bound = true;
	model.attribute = model.policy;
	return 0;
}

static int unbind_device(struct daxhp_device *device)
{
	int r;

	assert_ptr_equal(device, &model.device);
	if (is_dead())
		return -EIO;
	if (!model.bound && !model.is_devdax) {
		model.was_absurd = true;
		return -ENODEV;
	}
	r = ask(EBUSY);
	if (r < 0)
		return r;
	if (model.is_devdax) {
		model.is_devdax = false;
		return 0;
	}
	for (size_t i = 0; i < model.n_blocks; i++) {
		/* A process with an open file may bring a block online just before. */
		if (model.blocks[i].state == MEMBLOCK_ONLINE ||
		    (model.blocks[i].state == MEMBLOCK_OFFLINE && !model.guarded[i]))
			model.was_wedged = true;
		else
			remove_block(i);
	}
	model.bound = false;
	return 0;
}

/* ---- the machine's words ---- */

static int read_word(enum daxhp_recovered_kind kind, char *ret_word, size_t size)
{
	int r = 0;

	/* Restoring the bus's word never fails here: the library does not try it twice. */
	if (kind == DAXHP_RECOVERED_POLICY)
		r = ask(EIO);
	else if (model.probes)
		r = ask_deaf(EIO);
	if (r < 0)
		return r;
	snprintf(ret_word, size, "%s",
		 kind == DAXHP_RECOVERED_POLICY ? daxhp_state_name(model.policy)
		 : model.probes			? "1"
						: "0");
	return 0;
}

static int write_policy(enum daxhp_state policy, int r)
{
	if (policy == DAXHP_STATE_NONE || policy == DAXHP_UNPLUGGED) {
		model.was_absurd = true;
		return -EINVAL;
	}
	if (model.policy_sticks && policy == model.first_policy) {
		model.policy_sticks--;
		return -EIO;
	}
	if (r < 0)
		return r;
	/* If it is killed before it restores the policy, only the journal has the old word. */
	if (policy != model.first_policy && !*model.policy_note)
		model.was_absurd = true;
	model.policy = policy;
	return 0;
}

static int write_autoprobe(const char *word, int r)
{
	if (strcmp(word, "0") != 0 && strcmp(word, "1") != 0)
		model.was_absurd = true;
	if (r)
		return r < 0 ? r : 0;
	if (!*model.autoprobe_note)
		model.was_absurd = true;
	model.probes = *word == '1';
	return 0;
}

static int write_word(enum daxhp_recovered_kind kind, const char *word)
{
	int r = 0;

	if (kind == DAXHP_RECOVERED_POLICY)
		r = ask(EIO);
	else if (*word == '0') /* as above */
		r = ask_deaf(EIO);
	if (is_dead())
		return -EIO;
	return kind == DAXHP_RECOVERED_POLICY ? write_policy(state_from_name(word), r)
					      : write_autoprobe(word, r);
}

/* A second lock would wait for ever for the first one, which this process has. */
static int take_lock(const struct daxhp_session *session, const char *name, unsigned int seconds,
		     struct lock *lock, int *ret_holder)
{
	assert_ptr_equal(session, &model.session);
	assert_string_equal(name, POLICY_LOCK);
	(void)seconds;
	*ret_holder = 0;
	if (model.policy_lock) {
		model.was_absurd = true;
		return -EWOULDBLOCK;
	}
	*lock = (struct lock){ .owner = getpid() };
	model.policy_lock = lock;
	model.was_given_back = false;
	return 0;
}

static void drop_lock(struct lock *lock)
{
	if (lock == model.policy_lock)
		model.policy_lock = NULL;
	*lock = (struct lock){ 0 };
}

static bool is_lock_held(const char *name)
{
	/* Nobody has changed the kernel's debug message: there is no log to read. */
	return strcmp(name, DEBUG_LOCK) == 0 ? false : model.policy_lock != NULL;
}

/* ---- the journal ---- */

static char *find_note(const char *name)
{
	static char no_note[JOURNAL_LINE_MAX];

	if (strcmp(name, "policy") == 0)
		return model.policy_note;
	if (strcmp(name, "autoprobe") == 0)
		return model.autoprobe_note;
	if (strcmp(name, "debug") == 0)
		return no_note;
	assert_string_equal(name, model.device.name);
	return model.note;
}

/* If daxhp were killed now, the next one would restore the first word. */
static void check_policy_note(const char *words)
{
	char found[64], set[64];

	if (sscanf(words, "%63s %63s", found, set) != 2 ||
	    state_from_name(found) != model.first_policy ||
	    state_from_name(set) == DAXHP_STATE_NONE)
		model.was_absurd = true;
}

static int put_entry(const char *name, const char *words)
{
	char *note = find_note(name);
	int r = ask_deaf(ENOSPC);

	if (is_dead())
		return -EIO;
	if (r < 0)
		return r;
	if (note == model.policy_note)
		check_policy_note(words);
	model.n_notes += note == model.note;
	snprintf(note, JOURNAL_LINE_MAX, "%s", words);
	return 0;
}

static int get_entry(const char *name, char *ret_words, size_t size)
{
	const char *note = find_note(name);

	if (!*note)
		return 0;
	snprintf(ret_words, size, "%s", note);
	return 1;
}

static int drop_entry(const char *name)
{
	if (is_dead())
		return -EIO;
	*find_note(name) = '\0';
	model.was_given_back |= find_note(name) == model.policy_note;
	return 0;
}

/* ---- looking ---- */

static int find_users(const struct daxhp_session *session, struct rivals *found, char *ret_unseen)
{
	assert_ptr_equal(session, &model.session);
	(void)ret_unseen;
	for (size_t i = 0; model.holders_error == 0 && i < model.n_holders; i++)
		rivals_note(found, INT_MAX - i, 0);
	return model.holders_error;
}

/* The model's device never goes away for good. */
static int observe_gone(struct daxhp_device *device __attribute__((unused)),
			struct daxhp_observation **ret_observation __attribute__((unused)))
{
	return -ENODEV;
}

static int observe(struct daxhp_device *device, struct daxhp_observation **ret_observation)
{
	struct daxhp_observation *obs = calloc(1, sizeof(*obs));

	assert_ptr_equal(device, &model.device);
	assert_non_null(obs);
	let_others_in();
	/* When the policy is restored, its lock must be dropped: other processes wait for it. */
	if (model.policy_lock && model.was_given_back)
		model.was_absurd = true;
	obs->refcount = 1;
	obs->hotremove = true;
	obs->has_kmem = model.has_kmem;
	obs->has_device_dax = true;
	obs->mode = model.bound	      ? DAXHP_MODE_SYSTEM_RAM
		    : model.is_devdax ? DAXHP_MODE_DEVDAX
				      : DAXHP_MODE_UNBOUND;
	strcpy(obs->driver, model.bound ? "kmem" : model.is_devdax ? "device_dax" : "");
	if (model.bound)
		obs->interface = model.has_attribute ? DAXHP_INTERFACE_STATE
						     : DAXHP_INTERFACE_MEMORY_BLOCKS;
	obs->has_later_attribute = model.bound && model.has_attribute;
	if (model.bound && model.has_attribute) {
		const char *word = daxhp_state_name(attribute_now());

		strcpy(obs->attribute_word, word ? word : "unknown");
	}
	strcpy(obs->policy, daxhp_state_name(model.policy));
	obs->block_size = model.block_size;
	obs->n_blocks = model.n_blocks;
	obs->blocks = calloc(model.n_blocks + 1, sizeof(*obs->blocks));
	assert_non_null(obs->blocks);
	memcpy(obs->blocks, model.blocks, model.n_blocks * sizeof(*obs->blocks));
	observation_derive(obs);
	*ret_observation = obs;
	return 0;
}

/* ---- calls that do nothing here ---- */

static int read_memory(struct memory *memory)
{
	(void)memory;
	return 0;
}

static double now(void)
{
	return 0;
}

/* Busy memory needs no pause here. */
static void no_pause(const struct daxhp_session *session, unsigned int ms)
{
	(void)session;
	(void)ms;
}

static struct monitor *start_monitor(const struct daxhp_session *session,
				     const struct daxhp_step *step, const struct memblock *blocks,
				     size_t n_blocks)
{
	(void)session;
	(void)step;
	(void)blocks;
	(void)n_blocks;
	memset(model.was_offline, 0, sizeof(model.was_offline));
	return NULL;
}

/* The blocks that the monitor would have counted. */
static bool *stop_monitor(struct monitor *monitor)
{
	bool *was_done = calloc(model.n_blocks + 1, sizeof(*was_done));

	assert_null(monitor);
	assert_non_null(was_done);
	memcpy(was_done, model.was_offline, model.n_blocks * sizeof(*was_done));
	return was_done;
}

static struct watch *start_watch(struct daxhp_session *session, const struct daxhp_observation *obs)
{
	(void)session;
	(void)obs;
	return NULL;
}

static void stop_watch(struct watch *watch)
{
	assert_null(watch);
}

/* ---- the guard ---- */

static int start_guard(const struct daxhp_session *session, const struct memblock *blocks,
		       size_t n_blocks, struct guard **ret_guard, int *ret_deny_error,
		       struct rivals *rivals)
{
	(void)session;
	(void)rivals;
	assert_int_equal(n_blocks, model.n_blocks);
	*ret_guard = (struct guard *)&model;
	*ret_deny_error = 0;
	if (model.is_held || (model.held_times && model.held_times--))
		return -EBUSY;
	model.is_guard_up = true;
	for (size_t i = 0; i < model.n_blocks; i++)
		model.guarded[i] = blocks[i].state != MEMBLOCK_MISSING &&
				   model.blocks[i].state != MEMBLOCK_MISSING;
	return 0;
}

static int check_guard(struct guard *guard, struct rivals *rivals)
{
	(void)guard;
	(void)rivals;
	return 0;
}

static int get_guard_fd(const struct guard *guard, uint64_t id)
{
	(void)guard;
	(void)id;
	return -1;
}

static void stop_guard(struct guard *guard, struct rivals *rivals)
{
	(void)guard;
	(void)rivals;
	model.is_guard_up = false;
	memset(model.guarded, 0, sizeof(model.guarded));
}

static const char *get_unseen(const struct guard *guard)
{
	(void)guard;
	return NULL;
}

/* Nobody restores anything by it. */
static int put_last(const char *name, const char *words)
{
	(void)name;
	(void)words;
	return 0;
}

static double wall_now(void)
{
	return 0;
}

/* Nobody may read the kernel's log here, nor what is in the pages. */
static struct kernel_log *no_log(void)
{
	return NULL;
}

static bool no_records(struct kernel_log *log __attribute__((unused)),
		       struct clues *clues __attribute__((unused)))
{
	return true;
}

static void close_no_log(struct kernel_log *log __attribute__((unused)))
{
}

static int no_pages(uint64_t pfn __attribute__((unused)), uint64_t n __attribute__((unused)),
		    struct page_counts *counts __attribute__((unused)))
{
	return -EACCES;
}

static int no_own_nodes(char *ret_nodes __attribute__((unused)),
			size_t size __attribute__((unused)))
{
	return -ENODATA;
}

static const struct kernel kernel_model = {
	.log_open = no_log,
	.log_read = no_records,
	.log_close = close_no_log,
	.count_pages = no_pages,
	.read_own_nodes = no_own_nodes,
	.observe = observe,
	.read_memory = read_memory,
	.observe_gone = observe_gone,
	.find_holders = find_users,
	.open_device = open_device,
	.find_attribute = find_attribute,
	.write_attribute = write_device_attribute,
	.brings_attribute = brings_attribute,
	.open_memory = open_memory,
	.read_block_state = read_block_state,
	.write_block = write_block,
	.each_block = each_block,
	.read_word = read_word,
	.write_word = write_word,
	.load_module = load_module,
	.bind = bind_device,
	.unbind = unbind_device,
	.guard_start = start_guard,
	.guard_check = check_guard,
	.guard_get_unseen = get_unseen,
	.guard_get_fd = get_guard_fd,
	.guard_stop = stop_guard,
	.monitor_start = start_monitor,
	.monitor_stop = stop_monitor,
	.now = now,
	.pause = no_pause,
	.watch_start = start_watch,
	.watch_stop = stop_watch,
	.lock_take = take_lock,
	.lock_drop = drop_lock,
	.lock_is_held = is_lock_held,
	.journal_put = put_entry,
	.journal_get = get_entry,
	.journal_drop = drop_entry,
	.journal_put_last = put_last,
	.wall_now = wall_now,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One entry in the system's journal for each change: what the device was, and what it is now. An
 * administrator who finds memory missing in the morning looks there.
 */
#include <stdarg.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>

#include "daxhp.h"
#include "library.h"

/* Of each kind of entry, see sd_journal_send(3) and daxhp(8). Never change them. */
#define ID_CHANGED "39e45e7dee754dd0a14bc2b2501e1cb7"
#define ID_UNDONE "aeb7e0dc189d4555a953ca5180333c15"
#define ID_REPAIRED "2011089c4e804763a34ef26e50f26c90"

#define FIELDS_MAX 9

struct entry {
	struct iovec fields[FIELDS_MAX];
	int count;
};

/* An entry with a field less is better than none. */
__attribute__((format(printf, 2, 3))) static void add(struct entry *entry, const char *format, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n >= 0)
		entry->fields[entry->count++] = (struct iovec){ text, n };
}

/* As in <systemd/sd-journal.h>, which a build does not need for this alone. */
int sd_journal_sendv(const struct iovec *fields, int count);
#define SYSTEMD(X) X(sd_, journal_sendv)

/* It is loaded when something was changed. Without a journal its function drops the entry, and returns 0. */
static bool send_to_journal(const struct entry *entry)
{
	static const char *const names[] = { SYSTEMD(LIBRARY_NAME) };
	struct {
		SYSTEMD(LIBRARY_POINTER)
	} systemd;

	return access("/run/systemd/journal/socket", F_OK) == 0 &&
	       library_load("libsystemd.so.0", names, ARRAY_SIZE(names), &systemd) &&
	       systemd.journal_sendv(entry->fields, entry->count) >= 0;
}

static void record(const char *id, int priority, const char *message, struct entry *entry)
{
	add(entry, "MESSAGE=%s", message);
	add(entry, "MESSAGE_ID=%s", id);
	add(entry, "PRIORITY=%d", priority);
	add(entry, "SYSLOG_IDENTIFIER=daxhp");
	if (!send_to_journal(entry)) {
		openlog("daxhp", LOG_PID, LOG_DAEMON);
		syslog(priority, "%s", message);
		closelog();
	}
	for (int i = 0; i < entry->count; i++)
		free(entry->fields[i].iov_base);
}

static void add_ends(struct entry *entry, const char *from, const char *to)
{
	if (from)
		add(entry, "DAXHP_FROM=%s", from);
	if (to)
		add(entry, "DAXHP_TO=%s", to);
}

void record_outcome(const struct outcome *outcome)
{
	const struct daxhp_result *result = outcome->result;
	const struct daxhp_observation *after = result ? daxhp_result_get_after(result) : NULL;
	const struct daxhp_failure *failure = result ? daxhp_result_get_failure(result) : NULL;
	const char *name = daxhp_device_get_name(outcome->device);
	const char *from = outcome->before ? standing_word(outcome->before) : NULL;
	const char *to = after ? standing_word(after) : NULL;
	_cleanup_free_ char *rivals = NULL;
	bool is_good = outcome_is_good(outcome);
	char message[MESSAGE_MAX];
	struct entry entry = { 0 };

	if (!result || daxhp_plan_get_refusal(outcome->plan) ||
	    (is_good && !daxhp_result_get_changed(result)))
		return;
	add(&entry, "DAXHP_DEVICE=%s", name);
	add_ends(&entry, from, to);
	if (failure)
		add(&entry, "ERRNO=%d", -daxhp_failure_get_error(failure));
	rivals = message_for_rivals(result);
	if (rivals)
		add(&entry, "DAXHP_RIVALS=%s", rivals);
	if (is_good)
		snprintf(message, sizeof(message), "%s: %s: it was %s, it is %s now.", name,
			 outcome->wish->action, from ? from : "in an unknown state",
			 to ? to : "in an unknown state");
	else
		describe_outcome(outcome, message, sizeof(message));
	record(is_good ? ID_CHANGED : ID_UNDONE,
	       is_good				 ? LOG_NOTICE
	       : daxhp_result_get_undone(result) ? LOG_WARNING
						 : LOG_ERR,
	       message, &entry);
}

void record_recovered(const struct daxhp_recovered *recovered, const char *message)
{
	enum daxhp_recovered_outcome outcome = daxhp_recovered_get_outcome(recovered);
	const struct daxhp_failure *failure = daxhp_recovered_get_failure(recovered);
	const char *before = daxhp_recovered_get_before(recovered);
	struct entry entry = { 0 };

	if (outcome != DAXHP_RECOVERED_RESTORED && outcome != DAXHP_RECOVERED_FAILED)
		return;
	if (daxhp_recovered_get_kind(recovered) == DAXHP_RECOVERED_DEVICE)
		add(&entry, "DAXHP_DEVICE=%s", daxhp_recovered_get_name(recovered));
	/* What a device was halfway is no state. */
	if (outcome == DAXHP_RECOVERED_RESTORED)
		add_ends(&entry, NULL, before);
	if (failure)
		add(&entry, "ERRNO=%d", -daxhp_failure_get_error(failure));
	record(ID_REPAIRED, failure ? LOG_ERR : LOG_NOTICE, message, &entry);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of a device, and of all of them. */
#include "daxhp.h"

void outcome_clear(struct outcome *outcome)
{
	daxhp_result_free(outcome->result);
	daxhp_plan_free(outcome->plan);
	daxhp_end(outcome->session);
	*outcome = (struct outcome){ 0 };
}

bool outcome_is_good(const struct outcome *outcome)
{
	return outcome->error == 0 && !outcome->was_taken_back && !outcome_failure(outcome);
}

const struct daxhp_observation *outcome_now(const struct outcome *o)
{
	return o->result ? daxhp_result_get_after(o->result) : o->before;
}

const struct daxhp_failure *outcome_failure(const struct outcome *o)
{
	if (o->result)
		return daxhp_result_get_failure(o->result);
	if (o->plan)
		return daxhp_plan_get_refusal(o->plan);
	return o->session ? daxhp_session_get_failure(o->session) : NULL;
}

enum exit_status outcomes_status(const struct outcome *outcomes, size_t count, size_t n_unseen)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		const struct daxhp_result *result = outcomes[i].result;

		if (result && daxhp_result_get_failure(result) && !daxhp_result_get_undone(result))
			return EXIT_PARTLY;
		/* It was done, and could not be taken back. */
		if (result && outcomes[i].error && daxhp_result_get_changed(result))
			return EXIT_PARTLY;
		good += outcome_is_good(&outcomes[i]);
	}
	if (good == count + n_unseen)
		return EXIT_DONE;
	return good ? EXIT_PARTLY : EXIT_FAILED;
}

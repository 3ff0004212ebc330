// SPDX-License-Identifier: MIT
/*
 * Any bytes as what can be imported: the first one says whether the others are JSON or a list of
 * systemd's. Messages are about places within the text and can be shown; what is read without
 * errors becomes a policy that is read without messages, denies by default, and allows none of the
 * ops whose call the profile denies.
 */
#include <string.h>

#include "cli/import-json.h"
#include "policy/decide.h"
#include "policy/parse.h"
#include "tests/fuzz/fuzz.h"

/* Whether any rule that does not allow is about the call, or the default is not to. */
static bool may_deny(const struct import_profile *profile, const char *call)
{
	bool denies = profile->otherwise != IMPORT_ALLOW;

	for (const struct import_rule *rule = profile->first; rule; rule = rule->next) {
		if (strcmp(rule->call, call) != 0)
			continue;
		if (rule->action != IMPORT_ALLOW)
			return true;
		denies = denies && rule->nr_tests > 0;
	}
	return denies;
}

static void check_policy(const struct import_profile *profile, const struct policy *policy)
{
	static const char *const names[] = {"fallocate", "statx", "connect", "splice", "bind"};
	struct request request = {.op = 200};

	REQUIRE(!profile || !policy_decide(policy, &request).allowed);
	for (size_t i = 0; profile && i < sizeof(names) / sizeof(names[0]); i++) {
		request.op = (unsigned)table_find(&op_table, names[i], strlen(names[i]))->number;
		/* The reverse holds too: these ops are a call each. */
		REQUIRE(policy_decide(policy, &request).allowed == !may_deny(profile, names[i]));
	}
}

/* Writes what was read, and reads it. */
static void check_written(const struct import_json *json, struct diags *diags)
{
	const struct import_profile *profile = json->is_io_uring ? NULL : &json->profile;
	struct policy policy = {.arch = arch_here};
	struct source source = {.name = "imported", .depth = 1};
	struct arena arena = {0};
	char *text = NULL;
	FILE *out = open_memstream(&text, &source.size);

	REQUIRE(out);
	REQUIRE(profile ? import_write(out, profile, &arena, diags)
			: import_write_io_uring(out, &json->io_uring, &arena, diags));
	REQUIRE(fclose(out) == 0);
	source.text = text;
	parse_text(&policy, diags, &source, NULL);
	policy_check(&policy, diags);
	REQUIRE(!diag_failed(diags));
	check_policy(profile, &policy);
	policy_destroy(&policy);
	arena_destroy(&arena);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct machine machine = {"amd64", {7, 3, 4}};
	struct source source = {.name = "input"};
	struct import_json json = {0};
	struct diags diags = {0};
	bool good;

	if (size == 0)
		return 0;
	source.text = (const char *)data + 1;
	source.size = size - 1;
	if (data[0] % 2 == 0) {
		good = import_json(&json, &source, &machine, &diags);
	} else {
		source.size = strnlen(source.text, source.size);
		good = import_systemd(&json.profile, &source, 1, &diags);
	}
	REQUIRE(good == !diag_failed(&diags));
	if (good)
		check_written(&json, &diags);
	check_messages(&diags);
	import_json_destroy(&json);
	diags_destroy(&diags);
	return 0;
}

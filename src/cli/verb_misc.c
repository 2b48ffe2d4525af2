/* SPDX-License-Identifier: MIT */
/* verb_misc: reload, check, version, completion and help. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/completion.h"
#include "cli/print.h"
#include "cli/program.h"
#include "cli/verbs.h"

#define TEXT_MAX (256 * 1024)

int verb_misc_reload(const struct args *a)
{
	static const char *const groups[] = {"added", "changed", "removed", "kept", "settings"};
	CLEANUP(call_free_json) json_t *reply = NULL;
	int code = call_once(a, "Reload", json_pack("{s:b}", "dry_run", args_has(a, ARGS_DRY_RUN)),
		&reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON)) {
		print_json(reply);
		return CALL_DONE;
	}
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		CLEANUP(str_deinit) struct str line = STR_INIT(TEXT_MAX);
		const json_t *name;
		size_t i;

		str_addf(&line, "%s:", groups[g]);
		json_array_foreach(json_object_get(reply, groups[g]), i, name)
			str_addf(&line, " %s", json_string_value(name));
		if (i > 0)
			print_line(str_get(&line));
	}
	return CALL_DONE;
}

int verb_misc_check(const struct args *a)
{
	struct program p;
	int code;

	program_init(&p, "tunneltod");
	program_add(&p, "--check-config");
	if (args_has(a, ARGS_USER))
		program_add(&p, "--user");
	program_add_option(&p, "--config", a->word[0]);
	code = program_exec(&p);
	program_deinit(&p);
	return code;
}

int verb_misc_version(const struct args *a)
{
	print_text("tunnelctl " PACKAGE_VERSION "\n");
	return CALL_DONE;
}

int verb_misc_completion(const struct args *a)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(TEXT_MAX);

	if (!completion_write(&text, a->word[0]))
		return verbs_usage(a, "'%s' is none of bash, zsh, fish", a->word[0]);
	print_text(str_get(&text));
	return CALL_DONE;
}

/* "help server": the verbs that begin so. False when there are none. */
static bool help_group(struct str *out, const struct args *a)
{
	CLEANUP(str_deinit) struct str group = STR_INIT(256);
	const struct verbs_row *row;
	size_t n = out->len;

	for (size_t i = 0; i < a->n_words; i++)
		str_addf(&group, "%s ", a->word[i]);
	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++) {
		if (str_has_prefix(row->name, str_get(&group)))
			str_addf(out, "tunnelctl %s %s\n        %s\n", row->name, row->synopsis,
				row->help);
	}
	return out->len > n;
}

int verb_misc_help(const struct args *a)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(TEXT_MAX);
	const struct verbs_row *row = NULL;
	struct err err;

	if (a->n_words == 0) {
		verbs_help(&text);
	} else if (!help_group(&text, a)) {
		row = verbs_find(a, &err);
		if (!row)
			return verbs_usage(a, "%s", err.text);
		verbs_help_one(&text, row);
	}
	print_text(str_get(&text));
	return CALL_DONE;
}

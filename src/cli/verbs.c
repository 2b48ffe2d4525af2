/* SPDX-License-Identifier: MIT */
/*
 * verbs: the table verbs.def.h as an array, the search for the row that a command line means (a
 * name of several words, "server key add", is found by its longest match), its checks and its help.
 */
#include "cli/verbs.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "base/str_list.h"
#include "cli/call.h"
#include "cli/print.h"

#define HELP_MAX    65536
#define HELP_COLUMN 26
#define HELP_WIDTH  79

static const struct verbs_row table[] = {
#define VERB(name, run, min, max, flags, synopsis, help)                                           \
	{name, run, min, max, flags, synopsis, help},
#include "cli/verbs.def.h"
#undef VERB
};

static const char *const names[] = {
#define VERB(name, run, min, max, flags, synopsis, help) name,
#include "cli/verbs.def.h"
#undef VERB
};

const struct verbs_row *verbs_row(size_t i)
{
	return i < ARRAY_SIZE(table) ? &table[i] : NULL;
}

size_t verbs_words(const struct verbs_row *row)
{
	size_t n = 1;

	for (const char *p = row->name; *p; p++)
		n += *p == ' ';
	return n;
}

/* The first @n words with blanks between them. */
static void join(struct str *out, const struct args *a, size_t n)
{
	str_clear(out);
	for (size_t i = 0; i < n && i < a->n_words; i++)
		str_addf(out, "%s%s", i ? " " : "", a->word[i]);
}

/* "server" and "server key" are no verbs, but begin some: the length of such a beginning in words.
 */
static size_t group_of(const struct args *a)
{
	struct str typed = STR_INIT(256);
	size_t n = 0;

	for (size_t want = 1; want <= a->n_words && want <= 2; want++) {
		join(&typed, a, want);
		str_addc(&typed, ' ');
		for (size_t i = 0; i < ARRAY_SIZE(table) && n < want; i++) {
			if (str_has_prefix(table[i].name, str_get(&typed)))
				n = want;
		}
	}
	str_deinit(&typed);
	return n;
}

static void explain_unknown(const struct args *a, struct err *err)
{
	CLEANUP(str_deinit) struct str typed = STR_INIT(256);
	size_t group = group_of(a);
	const char *near;

	join(&typed, a, group + 1);
	if (group && group == a->n_words) {
		(void)err_set(err, -1, "'%s' needs a verb behind it: see 'tunnelctl help %s'",
			str_get(&typed), str_get(&typed));
		return;
	}
	near = str_nearest(str_get(&typed), names, ARRAY_SIZE(names));
	if (near)
		(void)err_set(err, -1, "there is no verb '%s', did you mean '%s'?", str_get(&typed),
			near);
	else
		(void)err_set(err, -1, "there is no verb '%s', 'tunnelctl help' lists them",
			str_get(&typed));
}

const struct verbs_row *verbs_find(const struct args *a, struct err *err)
{
	CLEANUP(str_deinit) struct str typed = STR_INIT(256);

	for (size_t n = MIN(a->n_words, (size_t)3); n > 0; n--) {
		join(&typed, a, n);
		for (size_t i = 0; i < ARRAY_SIZE(table) && !typed.failed; i++) {
			if (str_eq(table[i].name, str_get(&typed)))
				return &table[i];
		}
	}
	explain_unknown(a, err);
	return NULL;
}

/* --- help ------------------------------------------------------------------------------------ */

/* How far it is to the next blank outside of brackets, or to the end. */
static size_t word_length(const char *s)
{
	size_t depth = 0, n = 0;

	for (; s[n] && (s[n] != ' ' || depth > 0); n++) {
		if (s[n] == '[')
			depth++;
		else if (s[n] == ']' && depth > 0)
			depth--;
	}
	return n;
}

/* @text behind @column columns, its further lines behind @indent blanks. */
static void add_wrapped(struct str *out, const char *text, size_t column, size_t indent)
{
	while (*text) {
		size_t n = word_length(text);

		str_addf(out, "%.*s", (int)n, text);
		column += n;
		text += n;
		if (!*text)
			break;
		text++;
		if (column + 1 + word_length(text) <= HELP_WIDTH) {
			str_addc(out, ' ');
			column++;
		} else {
			str_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
	}
}

static void add_row(struct str *out, const char *left, const char *right)
{
	size_t n = strlen(left);

	str_addf(out, "  %s", left);
	if (n + 2 > HELP_COLUMN)
		str_addf(out, "\n%*s", HELP_COLUMN + 2, "");
	else
		str_addf(out, "%*s", (int)(HELP_COLUMN - n), "");
	add_wrapped(out, right, HELP_COLUMN + 2, HELP_COLUMN + 2);
	str_addc(out, '\n');
}

void verbs_options(struct str *out, const char *synopsis)
{
	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		const struct args_option_row *row = args_row(o);
		CLEANUP(str_deinit) struct str left = STR_INIT(128);

		if (synopsis ? !args_in_synopsis(synopsis, row->name) : !row->global)
			continue;
		if (row->letter)
			str_addf(&left, "-%c, ", row->letter);
		str_addf(&left, "%s%s%s", row->name, row->value ? " " : "",
			row->value ? row->value : "");
		add_row(out, str_get(&left), row->help);
	}
}

void verbs_help(struct str *out)
{
	str_add(out, "Usage: tunnelctl [OPTION...] VERB [ARGUMENT...]\n\n"
		     "Control tunneltod, and with 'server' tunnelto-server.\n\nVerbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		add_row(out, table[i].name, table[i].help);
	str_add(out, "\nOptions, before or behind the verb:\n");
	verbs_options(out, NULL);
	str_add(out, "\n'tunnelctl help VERB' explains one verb; see tunnelctl(1).\n");
}

void verbs_help_one(struct str *out, const struct verbs_row *row)
{
	size_t before;

	str_addf(out, "Usage: tunnelctl %s%s", row->name, *row->synopsis ? " " : "");
	add_wrapped(out, row->synopsis, out->len, strlen("Usage: tunnelctl "));
	before = out->len;
	str_addf(out, "\n\n%s.\n", row->help);
	out->data[before + 2] = (char)toupper((unsigned char)row->help[0]);
	before = out->len;
	str_add(out, "\nOptions:\n");
	verbs_options(out, row->synopsis);
	if (out->data[out->len - 2] == ':')
		out->data[out->len = before] = '\0'; /* it has none of its own */
	str_add(out, "\nOptions of every verb:\n");
	verbs_options(out, NULL);
}

int verbs_usage(const struct args *a, const char *fmt, ...)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(1024);
	const char *verb = a->verb ? a->verb->name : "";
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	print_error("%s%s%s (try 'tunnelctl help%s%s')", verb, *verb ? ": " : "", str_get(&text),
		*verb ? " " : "", verb);
	return CALL_USAGE;
}

/* --- dispatch -------------------------------------------------------------------------------- */

/* Words and options of the verb that was found, then the verb itself. */
static int run(struct args *a)
{
	struct err err;

	if (args_has(a, ARGS_HELP)) {
		CLEANUP(str_deinit) struct str text = STR_INIT(HELP_MAX);

		verbs_help_one(&text, a->verb);
		print_text(str_get(&text));
		return CALL_DONE;
	}
	if (args_check(a, a->verb->synopsis, /* globals= */ true, &err) < 0)
		return verbs_usage(a, "%s", err.text);
	if (a->n_words < a->verb->min)
		return verbs_usage(a, "needs %s", a->verb->synopsis);
	if (a->n_words > a->verb->max)
		return verbs_usage(a, "'%s' is one word too many", a->word[a->verb->max]);
	return a->verb->run(a);
}

int verbs_main(int argc, const char *const *argv)
{
	struct args a;
	struct err err;

	if (args_parse(&a, argc, argv, &err) < 0)
		return verbs_usage(&a, "%s", err.text);
	if (args_has(&a, ARGS_VERSION))
		return verb_misc_version(&a);
	if (a.n_words == 0 && args_has(&a, ARGS_HELP))
		return verb_misc_help(&a);
	if (a.n_words == 0)
		return verbs_usage(&a, "needs a verb");
	a.verb = verbs_find(&a, &err);
	if (!a.verb)
		return verbs_usage(&a, "%s", err.text);
	args_shift(&a, verbs_words(a.verb));
	return run(&a);
}

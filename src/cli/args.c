/* SPDX-License-Identifier: MIT */
/*
 * args: splits argv by the table options.def.h. An option may stand before or behind the verb, and
 * any number of times (the last value counts, or each where the table says so); "--" ends them.
 * Which verb takes which option is read from the verb's synopsis, so that the help cannot disagree
 * with the parser.
 */
#include "cli/args.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "base/str_list.h"

static const struct args_option_row rows[ARGS_OPTION_COUNT] = {
#define OPTION(id, name, letter, value, global, help)                                              \
	[ARGS_##id] = {name, letter, value, global, help},
#include "cli/options.def.h"
#undef OPTION
};

static const char *const names[ARGS_OPTION_COUNT] = {
#define OPTION(id, name, letter, value, global, help) [ARGS_##id] = name,
#include "cli/options.def.h"
#undef OPTION
};

/* argv while it is read */
struct reader {
	int argc, at;
	const char *const *argv;
	struct err *err;
};

const struct args_option_row *args_row(enum args_option o)
{
	return &rows[o];
}

static int unknown(struct reader *r, const char *option)
{
	const char *near = str_nearest(option, names, ARGS_OPTION_COUNT);

	if (near)
		return err_set(r->err, -EINVAL, "there is no option '%s', did you mean '%s'?",
			option, near);
	return err_set(r->err, -EINVAL, "there is no option '%s'", option);
}

static bool may_repeat(enum args_option o)
{
	return rows[o].value && str_has_suffix(rows[o].value, "...");
}

static int remember(struct args *a, struct reader *r, enum args_option o)
{
	if (!may_repeat(o))
		return 0;
	if (a->n_many == ARGS_MANY_MAX)
		return err_set(r->err, -EINVAL, "more than %d options such as '%s'", ARGS_MANY_MAX,
			rows[o].name);
	a->many[a->n_many++] = (struct args_many){o, a->value[o]};
	return 0;
}

bool args_words_of(const struct args_option_row *row, struct str_list *ret)
{
	const char *words = row->value;

	if (!words || *words < 'a' || *words > 'z')
		return false;
	str_list_split(ret, words, '|');
	return true;
}

static int check_word(const struct args *a, const struct reader *r, enum args_option o)
{
	CLEANUP(str_list_deinit) struct str_list words = {0};

	if (!args_words_of(&rows[o], &words) || str_list_has(&words, a->value[o]))
		return 0;
	return err_set(r->err, -EINVAL, "'%s %s' is none of %s", rows[o].name, a->value[o],
		rows[o].value);
}

/* The value of an option: what stands behind it, or the next argument. */
static int set(struct args *a, struct reader *r, size_t o, const char *attached)
{
	if (!rows[o].value) {
		if (attached)
			return err_set(r->err, -EINVAL, "'%s' takes no value", rows[o].name);
		a->value[o] = "";
		return 0;
	}
	if (!attached && r->at >= r->argc)
		return err_set(r->err, -EINVAL, "'%s' needs a value: %s %s", rows[o].name,
			rows[o].name, rows[o].value);
	a->value[o] = attached ? attached : r->argv[r->at++];
	if (check_word(a, r, (enum args_option)o) < 0)
		return -EINVAL;
	return remember(a, r, (enum args_option)o);
}

/* "--name" or "--name=value" */
static int take_long(struct args *a, struct reader *r, const char *arg)
{
	size_t n = strcspn(arg, "=");

	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		if (strlen(rows[o].name) == n && strncmp(rows[o].name, arg, n) == 0)
			return set(a, r, o, arg[n] ? arg + n + 1 : NULL);
	}
	return unknown(r, arg);
}

static size_t by_letter(char c)
{
	size_t o = 0;

	while (o < ARGS_OPTION_COUNT && rows[o].letter != c)
		o++;
	return o;
}

/* "-f", "-n5", "-n 5", "-fn5" */
static int take_letters(struct args *a, struct reader *r, const char *arg)
{
	for (const char *p = arg + 1; *p; p++) {
		size_t o = by_letter(*p);
		int e;

		if (o == ARGS_OPTION_COUNT)
			return unknown(r, arg);
		if (rows[o].value)
			return set(a, r, o, p[1] ? p + 1 : NULL);
		e = set(a, r, o, NULL);
		if (e < 0)
			return e;
	}
	return 0;
}

static int take_word(struct args *a, struct reader *r, const char *arg)
{
	if (a->n_words == ARGS_WORDS_MAX)
		return err_set(r->err, -EINVAL, "more than %d words", ARGS_WORDS_MAX);
	a->word[a->n_words++] = arg;
	return 0;
}

int args_parse(struct args *a, int argc, const char *const *argv, struct err *err)
{
	struct reader r = {.argc = argc, .at = 1, .argv = argv, .err = err};
	bool options = true;
	int e = 0;

	memset(a, 0, sizeof(*a));
	while (e == 0 && r.at < argc) {
		const char *arg = argv[r.at++];

		if (options && str_eq(arg, "--"))
			options = false;
		else if (options && str_has_prefix(arg, "--"))
			e = take_long(a, &r, arg);
		else if (options && arg[0] == '-' && arg[1])
			e = take_letters(a, &r, arg);
		else
			e = take_word(a, &r, arg);
	}
	return e;
}

static bool is_name_char(char c)
{
	return c == '-' || (c >= 'a' && c <= 'z');
}

bool args_in_synopsis(const char *synopsis, const char *option)
{
	size_t n = strlen(option);

	for (const char *p = strstr(synopsis, option); p; p = strstr(p + 1, option)) {
		if ((p == synopsis || !is_name_char(p[-1])) && !is_name_char(p[n]))
			return true;
	}
	return false;
}

int args_check(const struct args *a, const char *synopsis, bool globals, struct err *err)
{
	for (size_t o = 0; o < ARGS_OPTION_COUNT; o++) {
		if (!a->value[o] || (globals && rows[o].global))
			continue;
		if (!args_in_synopsis(synopsis, rows[o].name))
			return err_set(err, -EINVAL, "'%s' does not belong here", rows[o].name);
	}
	return 0;
}

const char *args_next(const struct args *a, enum args_option o, size_t *at)
{
	while (*at < a->n_many) {
		const struct args_many *m = &a->many[(*at)++];

		if (m->option == o)
			return m->value;
	}
	return NULL;
}

void args_shift(struct args *a, size_t n)
{
	n = MIN(n, a->n_words);
	a->n_words -= n;
	memmove(a->word, a->word + n, (a->n_words + 1) * sizeof(a->word[0]));
}

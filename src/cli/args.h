/* SPDX-License-Identifier: MIT */
#pragma once

/* args: the command line, split into options and words; options may stand anywhere. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct err;
struct str_list;
struct verbs_row;

#define ARGS_WORDS_MAX 1024
#define ARGS_MANY_MAX  128 /* values of options that may be repeated, of all of them */

enum args_option {
#define OPTION(id, name, letter, value, global, help) ARGS_##id,
#include "cli/options.def.h"
#undef OPTION
	ARGS_OPTION_COUNT
};

struct args_option_row {
	const char *name; /* "--socket" */
	char letter;      /* 'f' of "-f", 0: none */
	const char
		*value; /* what its value is called, NULL: a switch; "FIELD...": every one counts */
	bool global;
	const char *help;
};

struct args_many {
	enum args_option option;
	const char *value;
};

struct args {
	const char *value[ARGS_OPTION_COUNT]; /* NULL: not given, "" for a switch that was */
	const char *word[ARGS_WORDS_MAX + 1]; /* borrowed from argv, NULL after the last */
	size_t n_words;
	struct args_many many[ARGS_MANY_MAX]; /* what args_next() walks over */
	size_t n_many;
	const struct verbs_row *verb; /* set by verbs once known */
};

/* The table's row; never NULL. */
const struct args_option_row *args_row(enum args_option o);
/* The words of which @row's value is one, into @ret; false: its value may be anything. */
bool args_words_of(const struct args_option_row *row, struct str_list *ret);
/* Split argv[1…]. 0, or -EINVAL and words. */
int args_parse(struct args *a, int argc, const char *const *argv, struct err *err) MUST_USE;
/* Every given option is named in @synopsis, or is global where @globals: 0, or -EINVAL and words.
 */
int args_check(const struct args *a, const char *synopsis, bool globals, struct err *err) MUST_USE;
/* Is @option a word of @synopsis? "--port" is none of "--remote-port". */
bool args_in_synopsis(const char *synopsis, const char *option);
static inline bool args_has(const struct args *a, enum args_option o)
{
	return a->value[o] != NULL;
}
/* The values of an option that may be repeated, as they were given: the first for *at == 0, then
 * the next one; NULL behind the last. */
const char *args_next(const struct args *a, enum args_option o, size_t *at);
/* Drop the first @n words. */
void args_shift(struct args *a, size_t n);

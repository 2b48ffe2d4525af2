/* SPDX-License-Identifier: MIT */
#pragma once

/* verbs: the table of what tunnelctl can do, finding a row in it, and its help. */

#include <limits.h>
#include <stddef.h>

#include "cli/args.h"

struct err;
struct str;

/* Run the verb on the words behind it; the exit status (call.h). */
typedef int verbs_f(const struct args *a);

#define VERBS_MANY ARGS_WORDS_MAX

enum verbs_flag {
	VERBS_NAMES = 1,  /* words are names of tunnels */
	VERBS_FILE = 2,   /* the word is a file */
	VERBS_SHELL = 4,  /* the word is a shell */
	VERBS_SERVER = 8, /* calls the server, not the daemon */
	VERBS_VERBS = 16, /* words are a verb */
};

struct verbs_row {
	const char *name;
	verbs_f *run;
	unsigned int min, max, flags;
	const char *synopsis, *help;
};

#define VERB(name, run, min, max, flags, synopsis, help) verbs_f run;
#include "cli/verbs.def.h"
#undef VERB

/* Row @i, or NULL behind the last. */
const struct verbs_row *verbs_row(size_t i);
/* The row whose name the first words are, or NULL and words on what was meant. */
const struct verbs_row *verbs_find(const struct args *a, struct err *err) MUST_USE;
/* How many words @row's name has. */
size_t verbs_words(const struct verbs_row *row);
/* All of tunnelctl; the exit status. */
int verbs_main(int argc, const char *const *argv);
/* Help on all verbs; on one with its options. */
void verbs_help(struct str *out);
void verbs_help_one(struct str *out, const struct verbs_row *row);
/* "tunnelctl up: why", see help: the exit status of a wrong call. */
int verbs_usage(const struct args *a, const char *fmt, ...) PRINTF(2, 3);
/* The options that @synopsis names, with their help; the global ones instead where it is NULL. */
void verbs_options(struct str *out, const char *synopsis);

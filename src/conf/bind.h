/* SPDX-License-Identifier: MIT */
#pragma once

/* bind: from a tree to a struct, by a table of rows. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct conf_node;
struct conf_report;
struct conf_table;
struct str;
struct str_list;

/* One enumerator per row of bind_types.def.h, where the C type behind each is listed. */
enum conf_type {
#define CONF_TYPE(id, ctype, what) CONF_##id,
#include "conf/bind_types.def.h"
#undef CONF_TYPE
	CONF_TYPE_COUNT,
};

enum conf_flags {
	CONF_REQUIRED = 1 << 0,
	CONF_NO_RELOAD = 1 << 1, /* cannot change while running: see bind_changes() */
	CONF_SECRET = 1 << 2,    /* the value is never repeated in a message        */
	CONF_ANY = 1 << 3,       /* for bind_changes(): rows with and without flags */
};

struct conf_port_range {
	uint16_t low, high; /* both included; 0, 0: none given */
};

/*
 * Parse: set *@dst from @node. Check: look at what was set (written values only, not defaults).
 * Mistakes go to report_add(); the binder knows by that whether the value holds.
 */
typedef void conf_value_f(const struct conf_node *node, void *dst, struct conf_report *report);
/*
 * A new item for CONF_LIST (@name NULL) or CONF_NAMED, zeroed and kept by its owner; @at is where
 * the row's offset points. NULL when it has reported why there can be none; its contents are then
 * not looked at.
 */
typedef void *conf_item_f(void *at, const char *name, const struct conf_node *node,
	struct conf_report *report);
typedef bool conf_same_f(const void *a, const void *b);

struct conf_row {
	const char *key;
	enum conf_type type;
	unsigned int flags; /* enum conf_flags */
	size_t offset;
	/* U32, SIZE (bytes), DURATION (ms), STRING (length), STRINGS, LIST, NAMED (entries) */
	uint64_t min, max;              /* max 0: no limit of ours */
	const char *fallback;           /* the default as YAML: "10s", "[a, b]"; or NULL */
	const char *const *words;       /* ENUM: NULL-terminated; the position is the value */
	const struct conf_table *table; /* GROUP, LIST, NAMED */
	conf_item_f *new_item;          /* LIST, NAMED */
	conf_value_f *parse;            /* CUSTOM; may be called again to put the default back */
	conf_value_f *check;            /* any type, after a value was set; may be NULL */
	conf_same_f *same;              /* CUSTOM with NO_RELOAD */
	const char *what;               /* CUSTOM: "an address", for lists and messages */
	const char *help;
};

struct conf_table {
	const struct conf_row *rows;
	size_t n;
	/*
	 * After every row of a mapping: what belongs together, what excludes each other. Runs even
	 * if single values were wrong (those hold their default): ask doc_find(node, key) whether
	 * something was written. May be NULL.
	 */
	conf_value_f *check;
};

/* clang-format off: an initialiser is no block */
#define CONF_TABLE(rows_, check_)                                                                  \
	{                                                                                          \
		.rows = (rows_), .n = ARRAY_SIZE(rows_), .check = (check_)                         \
	}
/* clang-format on */

/*
 * Bind @mapping into the zeroed struct at @dst: defaults for what is absent, all mistakes to
 * @report. A wrong value leaves its default behind. True when there was no mistake.
 */
bool bind_mapping(const struct conf_table *t, const struct conf_node *mapping, void *dst,
	struct conf_report *report);
/* doc_load() and bind_mapping() in one; nodes given to callbacks die with the call. */
bool bind_file(const struct conf_table *t, const char *path, void *dst, struct conf_report *report);
bool bind_text(const struct conf_table *t, const char *name, const char *text, void *dst,
	struct conf_report *report);
/* What an empty mapping gives; required rows stay zero. A wrong default is our bug: asserts. */
void bind_defaults(const struct conf_table *t, void *dst);
/* Free what binding allocated: STRING, STRINGS, in GROUPs too. LIST, NAMED, CUSTOM: the owner. */
void bind_deinit(const struct conf_table *t, void *dst);

/* Append the paths of rows with any of @flags whose values differ. LIST and NAMED are skipped. */
void bind_changes(const struct conf_table *t, const void *a, const void *b, unsigned int flags,
	struct str_list *ret_paths);
/*
 * One line per row, inner rows too: "path<TAB>type<TAB>default<TAB>help\n". Items of a LIST are
 * called "list[].key", those of a NAMED "tunnels.*.key".
 */
void bind_describe(const struct conf_table *t, struct str *to);

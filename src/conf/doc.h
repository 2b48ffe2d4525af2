/* SPDX-License-Identifier: MIT */
#pragma once

/* doc: a YAML file as a tree whose nodes remember where they were written. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct conf_report;

#define DOC_SIZE_MAX  (1024 * 1024) /* bytes of one file                    */
#define DOC_DEPTH_MAX 32            /* lists and mappings inside each other */
#define DOC_NODES_MAX 20000

enum conf_kind {
	CONF_SCALAR,
	CONF_SEQUENCE,
	CONF_MAPPING,
};

struct conf_node {
	enum conf_kind kind;
	bool quoted;                /* a scalar in quotes or a block: surely text     */
	unsigned int line, col;     /* of the value, from 1                           */
	const struct conf_doc *doc; /* for the file's name                            */
	char *text;                 /* scalars: never NULL, no NUL inside             */
	char *key;                  /* inside a mapping: its key; otherwise NULL      */
	unsigned int key_line, key_col;
	struct conf_node *first, *last; /* children, in the order of the file             */
	struct conf_node *next;         /* sibling                                        */
	size_t n;                       /* how many children                              */
};

struct conf_doc {
	char *name;               /* the file, as messages call it */
	struct conf_node *root;   /* an empty file is an empty mapping */
	struct conf_node *strays; /* values that were refused (a second one for a key) */
	size_t nodes;
};

/*
 * Read a file, or a text that messages call @name. Every mistake (unreadable, not YAML, a key
 * given twice, an anchor, too deep, too big) goes to @report; returns NULL when there is no tree
 * to go on with. A tree may come back together with mistakes: count before and after.
 */
struct conf_doc *doc_load(const char *path, struct conf_report *report) MUST_USE;
struct conf_doc *doc_load_text(const char *name, const char *text, size_t n,
	struct conf_report *report) MUST_USE;
void doc_free(struct conf_doc *d);
void doc_cleanup(struct conf_doc **d);

/* The value of @key in a mapping, or NULL. */
const struct conf_node *doc_find(const struct conf_node *mapping, const char *key);
/* "key:", "key: ~", "key: null": written, but nothing given. */
bool doc_is_null(const struct conf_node *node);
/* "a list", "a mapping", "text"… for messages. */
const char *doc_kind_name(const struct conf_node *node);

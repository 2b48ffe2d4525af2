/* SPDX-License-Identifier: MIT */
/*
 * bind: walks a table of rows beside a mapping of the file and fills a struct.
 *
 * The tables belong to the programs (client_conf.def.h, server_conf.def.h); this room
 * never names one. For each mapping: keys nobody knows, then each row in turn (written,
 * required, or its default), then the table's own check. Nothing stops at the first
 * mistake, and a wrong value leaves its default behind, so checks never see rubbish.
 *
 * Defaults are text and go through the same parser as the file. Strings and lists set
 * here are freed by bind_deinit(); items of LIST and NAMED live with the owner that
 * made them in new_item(), and so does whatever a CUSTOM parser allocates.
 *
 * Depth is bounded by doc. Not here: what a single value looks like (bind_types).
 */

#include "conf/bind.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/str_list.h"
#include "conf/bind_types.h"
#include "conf/doc.h"
#include "conf/report.h"

#define NAME_MAX_BYTES 200 /* of a key in a path of bind_describe() */

static void *row_at(const struct conf_row *row, void *base)
{
	return (char *)base + row->offset;
}

static const void *row_at_const(const struct conf_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

/* Put the default in place; a default that does not hold is a mistake of this program. */
static void bind_default(const struct conf_row *row, void *dst)
{
	const struct bind_type *type = bind_types_get(row->type);
	struct conf_report report;
	struct conf_doc *doc;

	if (row->type == CONF_GROUP)
		bind_defaults(row->table, dst);
	if (!row->fallback || !type->set)
		return;
	report_init(&report);
	doc = doc_load_text("default", row->fallback, strlen(row->fallback), &report);
	assert(doc);
	(void)type->set(row, doc->root, dst, &report);
	assert(report_count(&report) == 0);
	doc_free(doc);
	report_deinit(&report);
}

void bind_defaults(const struct conf_table *t, void *dst)
{
	for (size_t i = 0; i < t->n; i++)
		bind_default(&t->rows[i], row_at(&t->rows[i], dst));
}

static const struct conf_row *row_find(const struct conf_table *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->rows[i].key, key))
			return &t->rows[i];
	return NULL;
}

static void report_unknown(const struct conf_table *t, const struct conf_node *node,
	struct conf_report *report)
{
	CLEANUP(mem_cleanup) const char **keys = mem_alloc(t->n * sizeof(*keys));
	size_t mark = report_enter(report, node->key, 0);
	const char *near;

	for (size_t i = 0; i < t->n; i++)
		keys[i] = t->rows[i].key;
	near = str_nearest(node->key, keys, t->n);
	if (near)
		report_add_at(report, node->doc->name, node->key_line, node->key_col, report->path,
			"unknown key, did you mean '%s'?", near);
	else
		report_add_at(report, node->doc->name, node->key_line, node->key_col, report->path,
			"unknown key");
	report_leave(report, mark);
}

/* One item of a LIST or NAMED. */
static void bind_item(const struct conf_row *row, const struct conf_node *node, void *at,
	struct conf_report *report)
{
	void *item = row->new_item(at, node->key, node, report);

	if (item)
		(void)bind_mapping(row->table, node, item, report);
}

static void bind_items(const struct conf_row *row, const struct conf_node *node, void *at,
	struct conf_report *report)
{
	enum conf_kind kind = row->type == CONF_LIST ? CONF_SEQUENCE : CONF_MAPPING;
	size_t i = 0;

	if (node->kind != kind && !doc_is_null(node)) {
		report_add(report, node, "expected %s, found %s",
			kind == CONF_SEQUENCE ? "a list" : "a mapping", doc_kind_name(node));
		return;
	}
	(void)bind_types_check_count(row, node, report);
	for (const struct conf_node *c = node->first; c; c = c->next) {
		size_t mark = report_enter(report, c->key, i++);

		bind_item(row, c, at, report);
		report_leave(report, mark);
	}
}

/* The value that was written for @row. */
static void bind_value(const struct conf_row *row, const struct conf_node *node, void *at,
	struct conf_report *report)
{
	const struct bind_type *type = bind_types_get(row->type);
	size_t before = report_count(report);

	if (row->type == CONF_GROUP)
		(void)bind_mapping(row->table, node, at, report);
	else if (!type->set)
		bind_items(row, node, at, report);
	else if (!type->set(row, node, at, report))
		bind_default(row, at);
	if (row->check && report_count(report) == before)
		row->check(node, at, report);
}

static void bind_row(const struct conf_row *row, const struct conf_node *mapping, void *dst,
	struct conf_report *report)
{
	const struct conf_node *node = doc_find(mapping, row->key);

	if (node) {
		size_t mark = report_enter(report, row->key, 0);

		bind_value(row, node, row_at(row, dst), report);
		report_leave(report, mark);
		return;
	}
	if (row->flags & CONF_REQUIRED)
		report_add_key(report, mapping, row->key, "is required");
	bind_default(row, row_at(row, dst));
}

bool bind_mapping(const struct conf_table *t, const struct conf_node *mapping, void *dst,
	struct conf_report *report)
{
	size_t before = report_count(report);

	if (mapping->kind != CONF_MAPPING && !doc_is_null(mapping)) {
		report_add(report, mapping, "expected a mapping, found %s", doc_kind_name(mapping));
		bind_defaults(t, dst);
		return false;
	}
	for (const struct conf_node *c = mapping->first; c; c = c->next)
		if (!row_find(t, c->key))
			report_unknown(t, c, report);
	for (size_t i = 0; i < t->n; i++)
		bind_row(&t->rows[i], mapping, dst, report);
	if (t->check)
		t->check(mapping, dst, report);
	return report_count(report) == before;
}

/* Bind and let go of a tree, if there is one. */
static void bind_doc(const struct conf_table *t, struct conf_doc *doc, void *dst,
	struct conf_report *report)
{
	if (doc)
		(void)bind_mapping(t, doc->root, dst, report);
	else
		bind_defaults(t, dst);
	doc_free(doc);
}

bool bind_file(const struct conf_table *t, const char *path, void *dst, struct conf_report *report)
{
	size_t before = report_count(report);

	bind_doc(t, doc_load(path, report), dst, report);
	return report_count(report) == before;
}

bool bind_text(const struct conf_table *t, const char *name, const char *text, void *dst,
	struct conf_report *report)
{
	size_t before = report_count(report);

	bind_doc(t, doc_load_text(name, text, strlen(text), report), dst, report);
	return report_count(report) == before;
}

void bind_deinit(const struct conf_table *t, void *dst)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct conf_row *row = &t->rows[i];
		const struct bind_type *type = bind_types_get(row->type);

		if (row->type == CONF_GROUP)
			bind_deinit(row->table, row_at(row, dst));
		else if (type->clear)
			type->clear(row_at(row, dst));
	}
}

static bool row_same(const struct conf_row *row, const void *a, const void *b)
{
	conf_same_f *same = row->same ? row->same : bind_types_get(row->type)->same;

	return !same || same(row_at_const(row, a), row_at_const(row, b));
}

/* @where is used for its path only. */
static void add_changes(const struct conf_table *t, const void *a, const void *b,
	unsigned int flags, struct conf_report *where, struct str_list *ret_paths)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct conf_row *row = &t->rows[i];
		size_t mark = report_enter(where, row->key, 0);

		if (row->type == CONF_GROUP)
			add_changes(row->table, row_at_const(row, a), row_at_const(row, b), flags,
				where, ret_paths);
		else if (((row->flags | CONF_ANY) & flags) && !row_same(row, a, b))
			str_list_add(ret_paths, where->path);
		report_leave(where, mark);
	}
}

void bind_changes(const struct conf_table *t, const void *a, const void *b, unsigned int flags,
	struct str_list *ret_paths)
{
	struct conf_report where;

	report_init(&where);
	add_changes(t, a, b, flags, &where, ret_paths);
}

static const char *default_text(const struct conf_row *row)
{
	if (row->flags & CONF_REQUIRED)
		return "required";
	return row->fallback ? row->fallback : "";
}

static void describe(const struct conf_table *t, struct conf_report *where, struct str *to)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct conf_row *row = &t->rows[i];
		const char *items = row->type == CONF_NAMED ? ".*" : "";
		char key[NAME_MAX_BYTES];
		size_t mark;

		if (row->type == CONF_LIST)
			items = "[]";
		(void)snprintf(key, sizeof(key), "%s%s", row->key, items);
		mark = report_enter(where, key, 0);
		if (row->table) {
			describe(row->table, where, to);
		} else {
			str_addf(to, "%s\t", where->path);
			bind_types_describe(row, to);
			str_addf(to, "\t%s\t%s\n", default_text(row), row->help ? row->help : "");
		}
		report_leave(where, mark);
	}
}

void bind_describe(const struct conf_table *t, struct str *to)
{
	struct conf_report where;

	report_init(&where);
	describe(t, &where, to);
}

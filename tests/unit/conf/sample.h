/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * sample: a small schema with every type of row, shared by test_bind and fuzz_yaml. It reads
 * what a tunnel server might: names, ports, limits, users.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/str_list.h"
#include "conf/bind.h"
#include "conf/doc.h"
#include "conf/report.h"

enum sample_proto { SAMPLE_HTTP, SAMPLE_TCP };

struct sample_item {
	struct list node;
	char *name;
	int proto;
	uint16_t port;
};

struct sample {
	char *title;
	char *token;
	bool open;
	uint32_t workers;
	uint16_t port;
	struct conf_port_range ports;
	uint64_t cache;
	int proto;
	struct str_list hosts;
	uint32_t even;
	struct {
		uint64_t idle_ms;
		char *note;
	} limits;
	struct list named;
	struct list listed;
};

static inline void *sample_new_item(void *at, const char *name, const struct conf_node *node,
	struct conf_report *report)
{
	struct sample_item *item;

	if (name && strchr(name, ' ')) {
		report_add(report, node, "a name holds no blanks");
		return NULL;
	}
	item = mem_new(struct sample_item);
	list_init(&item->node);
	item->name = mem_strdup(name);
	list_add_tail(at, &item->node);
	return item;
}

static inline void sample_parse_even(const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	if (node->kind != CONF_SCALAR || strlen(node->text) % 2 != 0)
		report_add(report, node, "expected an even number of characters");
	else
		*(uint32_t *)dst = (uint32_t)strlen(node->text);
}

static inline bool sample_same_even(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static inline void sample_check_title(const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	if (str_eq(*(char **)dst, "forbidden"))
		report_add(report, node, "is taken");
}

static inline void sample_check_item(const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	const struct sample_item *item = dst;

	if (item->proto == SAMPLE_TCP && !doc_find(node, "port"))
		report_add_key(report, node, "port", "is needed with proto tcp");
}

static const char *const sample_protos[] = {"http", "tcp", NULL};

static const struct conf_row sample_item_rows[] = {
	{.key = "proto",
		.type = CONF_ENUM,
		.offset = offsetof(struct sample_item, proto),
		.words = sample_protos,
		.fallback = "http",
		.help = "what is tunnelled"},
	{.key = "port", .type = CONF_PORT, .offset = offsetof(struct sample_item, port)},
};
static const struct conf_table sample_item_table = CONF_TABLE(sample_item_rows, sample_check_item);

static const struct conf_row sample_limits_rows[] = {
	{.key = "idle",
		.type = CONF_DURATION,
		.offset = offsetof(struct sample, limits.idle_ms) - offsetof(struct sample, limits),
		.min = 1000,
		.max = 3600000,
		.fallback = "90s",
		.flags = CONF_NO_RELOAD,
		.help = "longest silence"},
	{.key = "note",
		.type = CONF_STRING,
		.offset = offsetof(struct sample, limits.note) - offsetof(struct sample, limits)},
};
static const struct conf_table sample_limits_table = CONF_TABLE(sample_limits_rows, NULL);

#define SAMPLE_ROW(key_, type_, ...)                                                               \
	{                                                                                          \
		.key = #key_, .type = CONF_##type_, .offset = offsetof(struct sample, key_),       \
		__VA_ARGS__                                                                        \
	}
static const struct conf_row sample_rows[] = {
	SAMPLE_ROW(title, STRING, .flags = CONF_REQUIRED, .max = 20, .check = sample_check_title,
		.help = "shown to people"),
	SAMPLE_ROW(token, STRING, .flags = CONF_SECRET, .min = 4, .max = 100),
	SAMPLE_ROW(open, BOOL, .fallback = "no"),
	SAMPLE_ROW(workers, U32, .min = 1, .max = 64, .fallback = "4", .flags = CONF_NO_RELOAD),
	SAMPLE_ROW(port, PORT, .fallback = "8080", .flags = CONF_NO_RELOAD),
	SAMPLE_ROW(ports, PORT_RANGE, .flags = CONF_NO_RELOAD),
	SAMPLE_ROW(cache, SIZE, .min = 4096, .fallback = "16MiB", .flags = CONF_NO_RELOAD),
	SAMPLE_ROW(proto, ENUM, .words = sample_protos, .fallback = "tcp"),
	SAMPLE_ROW(hosts, STRINGS, .max = 3, .fallback = "[localhost, '::1']",
		.flags = CONF_NO_RELOAD),
	SAMPLE_ROW(even, CUSTOM, .parse = sample_parse_even, .same = sample_same_even,
		.fallback = "four", .what = "an even text", .flags = CONF_NO_RELOAD),
	SAMPLE_ROW(limits, GROUP, .table = &sample_limits_table),
	SAMPLE_ROW(named, NAMED, .table = &sample_item_table, .new_item = sample_new_item),
	SAMPLE_ROW(listed, LIST, .table = &sample_item_table, .new_item = sample_new_item,
		.max = 2),
};
static const struct conf_table sample_table = CONF_TABLE(sample_rows, NULL);

static inline void sample_init(struct sample *s)
{
	*s = (struct sample){0};
	list_init(&s->named);
	list_init(&s->listed);
}

static inline void sample_free_items(struct list *items)
{
	struct list *n;

	while ((n = list_pop(items))) {
		struct sample_item *item = list_entry(n, struct sample_item, node);

		bind_deinit(&sample_item_table, item);
		free(item->name);
		free(item);
	}
}

static inline void sample_deinit(struct sample *s)
{
	sample_free_items(&s->named);
	sample_free_items(&s->listed);
	bind_deinit(&sample_table, s);
}

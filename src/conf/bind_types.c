/* SPDX-License-Identifier: MIT */
/*
 * bind_types: scalars (and lists of scalars) to C values, one function per type.
 *
 * Each refuses with a sentence that says what was expected and what was found; a value
 * marked secret is never repeated there. Quoted numbers are taken as numbers, because
 * people quote ports; a quoted nothing is an empty text and not "no value".
 *
 * Only bind.c calls this. Not here: nesting, defaults, required keys.
 */

#include "conf/bind_types.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/str_list.h"
#include "conf/doc.h"
#include "conf/report.h"

#define FOUND_MAX  60   /* bytes of a wrong value repeated in its message */
#define STRING_MAX 4096 /* where a row does not say                       */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
static const struct unit duration_units[] = {
	{"d", 86400000},
	{"h", 3600000},
	{"m", 60000},
	{"s", 1000},
	{"ms", 1},
};

/* As the file would write it, in the biggest unit that loses nothing. */
static void add_quantity(struct str *to, const struct conf_row *row, uint64_t v)
{
	const struct unit *units = row->type == CONF_SIZE ? size_units : duration_units;
	size_t n = row->type == CONF_SIZE ? ARRAY_SIZE(size_units) : 0;

	if (row->type == CONF_DURATION)
		n = ARRAY_SIZE(duration_units);
	for (size_t i = 0; i < n && v > 0; i++) {
		if (v % units[i].factor == 0) {
			str_addf(to, "%" PRIu64 "%s", v / units[i].factor, units[i].name);
			return;
		}
	}
	str_addf(to, "%" PRIu64, v);
}

static void add_range(struct str *to, const struct conf_row *row)
{
	if (row->max == 0 || row->min == 0) {
		str_add(to, row->max == 0 ? "at least " : "at most ");
		add_quantity(to, row, row->max == 0 ? row->min : row->max);
		return;
	}
	add_quantity(to, row, row->min);
	str_add(to, " to ");
	add_quantity(to, row, row->max);
}

/* "expected @expected, found …"; always false. */
static bool wrong(const struct conf_row *row, const struct conf_node *node,
	struct conf_report *report, const char *expected)
{
	if (node->kind != CONF_SCALAR || doc_is_null(node))
		report_add(report, node, "expected %s, found %s", expected, doc_kind_name(node));
	else if (row->flags & CONF_SECRET)
		report_add(report, node, "expected %s", expected);
	else
		report_add(report, node, "expected %s, found '%.*s%s'", expected, FOUND_MAX,
			node->text, strlen(node->text) > FOUND_MAX ? "..." : "");
	return false;
}

/* The text of a scalar that has one, or "", which no parser of base takes. */
static const char *scalar_text(const struct conf_node *node)
{
	return node->kind == CONF_SCALAR ? node->text : "";
}

static bool set_bool(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	if (parse_bool(scalar_text(node), dst) < 0)
		return wrong(row, node, report, "true or false");
	return true;
}

static bool in_range(const struct conf_row *row, uint64_t v)
{
	return v >= row->min && (row->max == 0 || v <= row->max);
}

/* Report that a well-formed quantity is too small or too big; always false. */
static bool out_of_range(const struct conf_row *row, const struct conf_node *node,
	struct conf_report *report)
{
	CLEANUP(str_deinit) struct str range = STR_INIT(100);

	add_range(&range, row);
	if (row->flags & CONF_SECRET)
		report_add(report, node, "is out of range, allowed: %s", str_get(&range));
	else
		report_add(report, node, "'%.*s' is out of range, allowed: %s", FOUND_MAX,
			node->text, str_get(&range));
	return false;
}

typedef int parse_quantity_f(const char *s, uint64_t *ret);

static bool set_quantity(const struct conf_row *row, const struct conf_node *node, uint64_t *ret,
	struct conf_report *report, parse_quantity_f *parse)
{
	static const char *const expected[CONF_TYPE_COUNT] = {
		[CONF_U32] = "a number",
		[CONF_SIZE] = "a size such as 65536, 64KiB or 16MiB",
		[CONF_DURATION] = "a duration such as 500ms, 10s or 5m",
	};
	int r = parse(scalar_text(node), ret);

	if (r == -EINVAL)
		return wrong(row, node, report, expected[row->type]);
	if (r < 0 || !in_range(row, *ret))
		return out_of_range(row, node, report);
	return true;
}

static bool set_u32(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	struct conf_row bounded = *row;
	uint64_t v;

	if (bounded.max == 0)
		bounded.max = UINT32_MAX;
	if (!set_quantity(&bounded, node, &v, report, parse_u64))
		return false;
	*(uint32_t *)dst = (uint32_t)v;
	return true;
}

static bool set_size(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	uint64_t v;

	if (!set_quantity(row, node, &v, report, parse_size))
		return false;
	*(uint64_t *)dst = v;
	return true;
}

static bool set_duration(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	uint64_t v;

	if (!set_quantity(row, node, &v, report, parse_duration))
		return false;
	*(uint64_t *)dst = v;
	return true;
}

static bool set_port(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	if (parse_port(scalar_text(node), dst) < 0)
		return wrong(row, node, report, "a port from 1 to 65535");
	return true;
}

static bool set_port_range(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	struct conf_port_range *range = dst;

	if (parse_port_range(scalar_text(node), &range->low, &range->high) < 0)
		return wrong(row, node, report, "a port range such as 20000-20100");
	return true;
}

static bool set_enum(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	CLEANUP(str_deinit) struct str expected = STR_INIT(400);
	const char *text = scalar_text(node), *near;
	size_t n = 0;

	for (; row->words[n]; n++) {
		if (str_eq(row->words[n], text)) {
			*(int *)dst = (int)n;
			return true;
		}
		str_addf(&expected, "%s%s", n > 0 ? ", " : "one of ", row->words[n]);
	}
	near = *text ? str_nearest(text, row->words, n) : NULL;
	if (near && !(row->flags & CONF_SECRET)) {
		report_add(report, node, "expected %s, found '%.*s'; did you mean '%s'?",
			str_get(&expected), FOUND_MAX, text, near);
		return false;
	}
	return wrong(row, node, report, str_get(&expected));
}

/*
 * Is this scalar a text that may stand in a struct? No control characters: texts end up in
 * headers, in logs and on terminals.
 */
static bool is_text(const struct conf_row *row, const struct conf_node *node,
	struct conf_report *report)
{
	if (node->kind != CONF_SCALAR || doc_is_null(node))
		return wrong(row, node, report, "text");
	if (node->text[0] == '\0') {
		report_add(report, node, "is empty");
		return false;
	}
	for (const unsigned char *s = (const unsigned char *)node->text; *s; s++) {
		if (*s < 0x20 || *s == 0x7f) {
			report_add(report, node, "holds a control character");
			return false;
		}
	}
	return true;
}

static bool set_string(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	uint64_t max = row->max ? row->max : STRING_MAX;
	size_t n;

	if (!is_text(row, node, report))
		return false;
	n = strlen(node->text);
	if (n < row->min || n > max) {
		report_add(report, node, "has %zu characters, allowed: %" PRIu64 " to %" PRIu64, n,
			row->min ? row->min : 1, max);
		return false;
	}
	mem_replace(dst, node->text);
	return true;
}

bool bind_types_check_count(const struct conf_row *row, const struct conf_node *node,
	struct conf_report *report)
{
	CLEANUP(str_deinit) struct str range = STR_INIT(100);
	size_t n = node->kind == CONF_SCALAR ? !doc_is_null(node) : node->n;

	if (in_range(row, n))
		return true;
	add_range(&range, row);
	report_add(report, node, "has %zu entries, allowed: %s", n, str_get(&range));
	return false;
}

/* One scalar is a list of one; nothing is an empty list. */
static bool set_strings(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	CLEANUP(str_list_deinit) struct str_list items = {0};
	bool sound = true;
	size_t i = 0;

	if (node->kind == CONF_MAPPING)
		return wrong(row, node, report, "a text or a list of texts");
	if (!bind_types_check_count(row, node, report))
		return false;
	if (node->kind == CONF_SCALAR && !doc_is_null(node)) {
		sound = is_text(row, node, report);
		str_list_add(&items, node->text);
	}
	for (const struct conf_node *c = node->first; c; c = c->next) {
		size_t mark = report_enter(report, NULL, i++);

		if (is_text(row, c, report))
			str_list_add(&items, c->text);
		else
			sound = false;
		report_leave(report, mark);
	}
	if (!sound)
		return false;
	str_list_deinit(dst);
	*(struct str_list *)dst = items;
	items = (struct str_list){0};
	return true;
}

static bool set_custom(const struct conf_row *row, const struct conf_node *node, void *dst,
	struct conf_report *report)
{
	size_t before = report_count(report);

	row->parse(node, dst, report);
	return report_count(report) == before;
}

static bool same_bool(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

static bool same_u16(const void *a, const void *b)
{
	return *(const uint16_t *)a == *(const uint16_t *)b;
}

static bool same_u32(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static bool same_u64(const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

static bool same_int(const void *a, const void *b)
{
	return *(const int *)a == *(const int *)b;
}

static bool same_port_range(const void *a, const void *b)
{
	const struct conf_port_range *x = a, *y = b;

	return x->low == y->low && x->high == y->high;
}

static bool same_string(const void *a, const void *b)
{
	return str_eq(*(char *const *)a, *(char *const *)b);
}

static bool same_strings(const void *a, const void *b)
{
	return str_list_eq(a, b);
}

static void clear_string(void *dst)
{
	mem_replace(dst, NULL);
}

static void clear_strings(void *dst)
{
	str_list_deinit(dst);
}

static const char *const names[] = {
#define CONF_TYPE(id, ctype, what) [CONF_##id] = what,
#include "conf/bind_types.def.h"
#undef CONF_TYPE
};

#define TYPE(id, ...) [CONF_##id] = {__VA_ARGS__}
static const struct bind_type types[CONF_TYPE_COUNT] = {
	TYPE(BOOL, set_bool, same_bool, NULL),
	TYPE(STRING, set_string, same_string, clear_string),
	TYPE(U32, set_u32, same_u32, NULL),
	TYPE(PORT, set_port, same_u16, NULL),
	TYPE(PORT_RANGE, set_port_range, same_port_range, NULL),
	TYPE(SIZE, set_size, same_u64, NULL),
	TYPE(DURATION, set_duration, same_u64, NULL),
	TYPE(ENUM, set_enum, same_int, NULL),
	TYPE(STRINGS, set_strings, same_strings, clear_strings),
	TYPE(CUSTOM, set_custom, NULL, NULL),
};

const struct bind_type *bind_types_get(enum conf_type type)
{
	assert(type < CONF_TYPE_COUNT);
	return &types[type];
}

void bind_types_describe(const struct conf_row *row, struct str *to)
{
	str_add(to, row->what ? row->what : names[row->type]);
	for (size_t i = 0; row->type == CONF_ENUM && row->words[i]; i++)
		str_addf(to, "%s%s", i > 0 ? ", " : " ", row->words[i]);
	if (row->max > 0 || row->min > 0) {
		str_add(to, ", ");
		add_range(to, row);
	}
	if (row->type == CONF_STRING && (row->max > 0 || row->min > 0))
		str_add(to, " characters");
}

/* SPDX-License-Identifier: MIT */
/*
 * report: the mistakes of one configuration run, collected so that a person sees them
 * all at once and can fix them in one go.
 *
 * A report copies every text, so it outlives the trees it speaks about. It also keeps
 * the path of keys the binder is at; that is how a callback that only knows its value
 * still produces "tunnels.web.local" in front of the reason. At most REPORT_MAX
 * mistakes are kept, the rest is counted.
 *
 * Not here: what a mistake is (doc, bind, and the owners' callbacks know).
 */

#include "conf/report.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/doc.h"

#define WHY_MAX 500

void report_init(struct conf_report *r)
{
	*r = (struct conf_report){0};
}

void report_deinit(struct conf_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		free(r->items[i].file);
		free(r->items[i].key);
		free(r->items[i].why);
	}
	free(r->items);
	report_init(r);
}

size_t report_count(const struct conf_report *r)
{
	return r->n + r->dropped;
}

static void PRINTF(6, 0) report_vadd(struct conf_report *r, const char *file, unsigned int line,
	unsigned int col, const char *key, const char *fmt, va_list ap)
{
	CLEANUP(str_deinit) struct str why = STR_INIT(WHY_MAX);

	if (r->n == REPORT_MAX) {
		r->dropped++;
		return;
	}
	if (!r->items)
		r->items = mem_zalloc(REPORT_MAX * sizeof(*r->items));
	str_vaddf(&why, fmt, ap);
	r->items[r->n] = (struct conf_mistake){
		.file = mem_strdup(file),
		.line = line,
		.col = col,
		.key = mem_strdup(key && *key ? key : NULL),
		.why = str_take(&why),
		.seq = r->n,
	};
	r->n++;
}

void report_add(struct conf_report *r, const struct conf_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_vadd(r, node->doc->name, node->line, node->col, r->path, fmt, ap);
	va_end(ap);
}

void report_add_key(struct conf_report *r, const struct conf_node *node, const char *key,
	const char *fmt, ...)
{
	size_t mark = report_enter(r, key, 0);
	va_list ap;

	va_start(ap, fmt);
	report_vadd(r, node->doc->name, node->line, node->col, r->path, fmt, ap);
	va_end(ap);
	report_leave(r, mark);
}

void report_add_at(struct conf_report *r, const char *file, unsigned int line, unsigned int col,
	const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_vadd(r, file, line, col, key, fmt, ap);
	va_end(ap);
}

/* A path too long for its space is cut; the position still leads there. */
size_t report_enter(struct conf_report *r, const char *key, size_t index)
{
	size_t mark = r->path_len, left = sizeof(r->path) - mark;
	int n;

	if (key)
		n = snprintf(r->path + mark, left, "%s%s", mark > 0 ? "." : "", key);
	else
		n = snprintf(r->path + mark, left, "[%zu]", index);
	if (n > 0)
		r->path_len += MIN((size_t)n, left - 1);
	return mark;
}

void report_leave(struct conf_report *r, size_t mark)
{
	assert(mark <= r->path_len);
	r->path_len = mark;
	r->path[mark] = '\0';
}

/* When a file was first complained about; small numbers, so a walk is enough. */
static size_t file_rank(const struct conf_mistake *items, size_t n, const char *file)
{
	size_t rank = SIZE_MAX;

	for (size_t i = 0; i < n; i++)
		if (items[i].seq < rank && str_eq(items[i].file, file))
			rank = items[i].seq;
	return rank;
}

static int by_position(const struct conf_mistake *a, const struct conf_mistake *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->col != b->col)
		return a->col < b->col ? -1 : 1;
	return a->seq < b->seq ? -1 : 1;
}

/* By insertion: at most REPORT_MAX items, and mostly in order already. */
void report_sort(struct conf_report *r)
{
	for (size_t i = 1; i < r->n; i++) {
		struct conf_mistake m = r->items[i];
		size_t j = i, rank = file_rank(r->items, r->n, m.file);

		for (; j > 0; j--) {
			const struct conf_mistake *before = &r->items[j - 1];
			bool same = str_eq(before->file, m.file);

			if (same ? by_position(before, &m) < 0
				 : file_rank(r->items, r->n, before->file) < rank)
				break;
			r->items[j] = *before;
		}
		r->items[j] = m;
	}
}

const struct conf_mistake *report_get(struct conf_report *r, size_t i)
{
	report_sort(r);
	return i < r->n ? &r->items[i] : NULL;
}

/* Values from the file are repeated in messages; they must not break the line. */
static void add_visible(struct str *to, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			str_addf(to, "\\x%02x", c);
		else
			str_addc(to, *text);
	}
}

void report_format(const struct conf_mistake *m, struct str *to)
{
	add_visible(to, m->file);
	if (m->line > 0)
		str_addf(to, ":%u:%u", m->line, m->col);
	str_add(to, ": ");
	if (m->key) {
		add_visible(to, m->key);
		str_add(to, ": ");
	}
	add_visible(to, m->why);
}

void report_print(struct conf_report *r, struct str *to)
{
	report_sort(r);
	for (size_t i = 0; i < r->n; i++) {
		report_format(&r->items[i], to);
		str_addc(to, '\n');
	}
	if (r->dropped > 0)
		str_addf(to, "and %zu more mistakes\n", r->dropped);
}

void report_dump(struct conf_report *r, FILE *to)
{
	struct str text = STR_INIT(64 * 1024);

	report_print(r, &text);
	fputs(str_get(&text), to);
	str_deinit(&text);
}

void report_log(struct conf_report *r)
{
	for (size_t i = 0; report_get(r, i); i++) {
		struct str line = STR_INIT(1024);

		report_format(report_get(r, i), &line);
		log_err("%s", str_get(&line));
		str_deinit(&line);
	}
}

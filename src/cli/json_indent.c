/* SPDX-License-Identifier: MIT */
/*
 * json_indent: jansson says whether it is JSON, and would write it again with its own idea of
 * numbers (1.10 becomes 1.1000000000000001); so the text itself is walked over.
 */
#include "cli/json_indent.h"

#include <string.h>

#include <jansson.h>

#include "base/str.h"

#define STEP 2

struct walk {
	struct str *out;
	const char *at, *end;
	size_t depth;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct walk *w)
{
	while (w->at < w->end && is_blank(*w->at))
		w->at++;
}

static void new_line(struct walk *w)
{
	str_addf(w->out, "\n%*s", (int)(w->depth * STEP), "");
}

static void copy_string(struct walk *w)
{
	const char *from = w->at++;

	while (w->at < w->end && *w->at != '"')
		w->at += *w->at == '\\' ? 2 : 1;
	w->at = MIN(w->at + 1, w->end);
	str_add_n(w->out, from, (size_t)(w->at - from));
}

/* '{' or '['; with what closes it when it is empty. */
static void open_one(struct walk *w)
{
	str_addc(w->out, *w->at++);
	skip_blanks(w);
	if (w->at < w->end && (*w->at == '}' || *w->at == ']')) {
		str_addc(w->out, *w->at++);
		return;
	}
	w->depth++;
	new_line(w);
}

static void step(struct walk *w)
{
	switch (*w->at) {
	case '"':
		copy_string(w);
		break;
	case '{':
	case '[':
		open_one(w);
		break;
	case '}':
	case ']':
		w->depth--;
		new_line(w);
		str_addc(w->out, *w->at++);
		break;
	case ',':
		str_addc(w->out, *w->at++);
		new_line(w);
		break;
	case ':':
		str_add(w->out, ": ");
		w->at++;
		break;
	default:
		str_addc(w->out, *w->at++);
	}
}

bool json_indent(struct str *out, const char *bytes, size_t n)
{
	/* numbers that fit nowhere are JSON, too */
	json_t *o = json_loadb(bytes, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
		NULL);
	struct walk w = {.out = out, .at = bytes, .end = bytes + n};

	json_decref(o);
	if (!o)
		return false;
	skip_blanks(&w);
	while (w.at < w.end && !out->failed) {
		step(&w);
		skip_blanks(&w);
	}
	if (out->failed)
		str_clear(out);
	return out->len > 0;
}

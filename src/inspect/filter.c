/* SPDX-License-Identifier: MIT */
/*
 * filter: one member after another, the first that differs says why. What it looks at may still be
 * missing, such as a status: then it does not match yet.
 */
#include "inspect/filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "inspect/head_lines.h"

/* --- reading --------------------------------------------------------------------------------- */

/* An optional text; false when it is something else. */
static bool read_text(const json_t *o, const char *key, char **ret)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_null(v) && !json_is_string(v))
		return false;
	*ret = mem_strdup(json_string_value(v));
	return true;
}

/* Three digits at @s, or one of them and "xx". */
static bool read_code(const char *s, unsigned int *ret_low, unsigned int *ret_high)
{
	if (s[0] < '1' || s[0] > '9')
		return false;
	*ret_low = (unsigned int)(s[0] - '0') * 100;
	*ret_high = *ret_low + 99;
	if (strncasecmp(s + 1, "xx", 2) == 0)
		return true;
	if (s[1] < '0' || s[1] > '9' || s[2] < '0' || s[2] > '9')
		return false;
	*ret_low += (unsigned int)(s[1] - '0') * 10 + (unsigned int)(s[2] - '0');
	*ret_high = *ret_low;
	return true;
}

/* "200", "5xx", "400-499" */
static bool read_status(struct filter *f)
{
	const char *s = f->status;
	unsigned int unused;

	if (!s)
		return true;
	if (strlen(s) == 7 && s[3] == '-')
		return read_code(s, &f->status_low, &unused) &&
		       read_code(s + 4, &unused, &f->status_high) &&
		       f->status_low <= f->status_high;
	return strlen(s) == 3 && read_code(s, &f->status_low, &f->status_high);
}

static bool read_headers(struct filter *f, const json_t *list)
{
	const json_t *h;
	size_t i;

	if (list && !json_is_null(list) && !json_is_array(list))
		return false;
	json_array_foreach(list, i, h)
	{
		const char *name = json_string_value(json_object_get(h, "name"));
		const char *value = json_string_value(json_object_get(h, "value"));

		if (!name || !value || f->n_headers == FILTER_HEADERS_MAX)
			return false;
		f->headers[f->n_headers++] = (struct filter_header){
			.name = mem_strdup(name),
			.value = mem_strdup(value),
		};
	}
	return true;
}

static bool read_since(struct filter *f, const json_t *since)
{
	if (!since || json_is_null(since))
		return true;
	if (!json_is_integer(since) || json_integer_value(since) < 0)
		return false;
	f->since_ms = (uint64_t)json_integer_value(since);
	return true;
}

/* Whether replays are meant, and nothing else, or visitors' requests alone. */
static bool read_replay(struct filter *f, const json_t *replay)
{
	if (!replay || json_is_null(replay))
		return true;
	f->replay = json_is_true(replay) ? FILTER_REPLAY_ALONE : FILTER_REPLAY_NONE;
	return json_is_boolean(replay);
}

/* One of the words there are, or none. */
#define IS_WORD(word, of, last)                                                                    \
	static bool is_##of(const char *w)                                                         \
	{                                                                                          \
		for (int i = 0; w && i <= (int)(last); i++) {                                      \
			if (str_eq(w, word((enum exchange_##of)i)))                                \
				return true;                                                       \
		}                                                                                  \
		return !w;                                                                         \
	}
IS_WORD(exchange_kind_word, kind, EXCHANGE_SSE)
IS_WORD(exchange_state_word, state, EXCHANGE_FAILED)
IS_WORD(exchange_verification_word, verification, EXCHANGE_FORGED)

const char *filter_parse(struct filter *f, const json_t *o)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = {{"tunnel", &f->tunnel}, {"method", &f->method}, {"path", &f->path},
		{"status", &f->status}, {"kind", &f->kind}, {"state", &f->state},
		{"verification", &f->verification}, {"text", &f->text}};

	memset(f, 0, sizeof(*f));
	if (o && !json_is_null(o) && !json_is_object(o))
		return "filter";
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!read_text(o, texts[i].key, texts[i].to))
			return texts[i].key;
	}
	if (!read_status(f))
		return "status";
	if (!is_kind(f->kind))
		return "kind";
	if (!is_state(f->state))
		return "state";
	if (!is_verification(f->verification))
		return "verification";
	if (!read_headers(f, json_object_get(o, "header")))
		return "header";
	if (!read_since(f, json_object_get(o, "since_ms")))
		return "since_ms";
	return read_replay(f, json_object_get(o, "replay")) ? NULL : "replay";
}

void filter_deinit(struct filter *f)
{
	free(f->tunnel);
	free(f->method);
	free(f->path);
	free(f->status);
	free(f->kind);
	free(f->state);
	free(f->verification);
	free(f->text);
	for (size_t i = 0; i < f->n_headers; i++) {
		free(f->headers[i].name);
		free(f->headers[i].value);
	}
	memset(f, 0, sizeof(*f));
}

/* --- comparing ------------------------------------------------------------------------------- */

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* "method is GET, not POST"; false. */
static bool differs(struct str *why, const char *what, const char *is, const char *wanted)
{
	if (why)
		str_addf(why, "%s is %s, not %s", what, *is ? is : "empty", wanted);
	return false;
}

static bool is_word(const char *wanted, const char *is, const char *what, struct str *why)
{
	if (!wanted || strcasecmp(wanted, is) == 0)
		return true;
	return differs(why, what, is, wanted);
}

static bool is_replay(const struct filter *f, const struct exchange *e, struct str *why)
{
	bool is = e->replay_of > 0;

	if (f->replay == FILTER_REPLAY_ANY || is == (f->replay == FILTER_REPLAY_ALONE))
		return true;
	if (why && is)
		str_addf(why, "it is a replay of %" PRIu64 ", no visitor's request", e->replay_of);
	else if (why)
		str_add(why, "it is a visitor's request, no replay");
	return false;
}

static bool is_path(const struct filter *f, const struct exchange *e, struct str *why)
{
	const char *target = or_empty(e->target);
	CLEANUP(mem_cleanup) char *path = NULL;

	if (!f->path)
		return true;
	path = mem_strndup(target, strcspn(target, "?"));
	return str_glob(f->path, path) || differs(why, "path", path, f->path);
}

static bool is_status(const struct filter *f, const struct exchange *e, struct str *why)
{
	char status[12];

	if (!f->status || (e->status >= f->status_low && e->status <= f->status_high))
		return true;
	if (e->status == 0) {
		if (why)
			str_addf(why, "there is no answer yet, wanted is status %s", f->status);
		return false;
	}
	(void)snprintf(status, sizeof(status), "%u", e->status);
	return differs(why, "status", status, f->status);
}

static bool has_header(const struct filter_header *wanted, const struct exchange_part *p,
	struct str *why)
{
	CLEANUP(mem_cleanup) char *last = NULL;
	struct head_lines lines;
	struct http_field f;

	(void)head_lines_begin(&lines, or_empty(p->head), p->head_len);
	while (head_lines_next(&lines, &f)) {
		if (!http_head_span_case_is(f.name, wanted->name))
			continue;
		free(last);
		last = mem_strndup(f.value.n ? f.value.at : "", f.value.n);
		if (str_glob(wanted->value, last))
			return true;
	}
	if (why && last)
		str_addf(why, "header %s is '%s', not '%s'", wanted->name, last, wanted->value);
	else if (why)
		str_addf(why, "there is no header %s", wanted->name);
	return false;
}

static bool has_headers(const struct filter *f, const struct exchange *e, struct str *why)
{
	for (size_t i = 0; i < f->n_headers; i++) {
		if (!has_header(&f->headers[i], &e->part[EXCHANGE_REQUEST], why))
			return false;
	}
	return true;
}

static bool has_text(const struct filter *f, const struct exchange *e, struct str *why)
{
	char status[12];

	if (!f->text)
		return true;
	(void)snprintf(status, sizeof(status), "%u", e->status);
	if (strcasestr(or_empty(e->method), f->text) || strcasestr(or_empty(e->target), f->text) ||
		strcasestr(e->tunnel, f->text) || (e->status && strstr(status, f->text)))
		return true;
	if (why)
		str_addf(why, "'%s' is nowhere in it", f->text);
	return false;
}

bool filter_matches(const struct filter *f, const struct exchange *e, struct str *why)
{
	if (f->tunnel && !str_eq(f->tunnel, e->tunnel))
		return differs(why, "tunnel", e->tunnel, f->tunnel);
	if (e->wall_ms < f->since_ms) {
		if (why)
			str_add(why, "it came before that time");
		return false;
	}
	return is_replay(f, e, why) && is_word(f->method, or_empty(e->method), "method", why) &&
	       is_path(f, e, why) && has_headers(f, e, why) && is_status(f, e, why) &&
	       is_word(f->kind, exchange_kind_word(e->kind), "kind", why) &&
	       is_word(f->state, exchange_state_word(e->state), "state", why) &&
	       is_word(f->verification, exchange_verification_word(e->verification), "verification",
		       why) &&
	       has_text(f, e, why);
}

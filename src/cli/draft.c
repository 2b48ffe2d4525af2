/* SPDX-License-Identifier: MIT */
/*
 * draft: between what was captured and what is sent.
 *
 *   Request ──> draft ── options ──> draft ── editor ──> draft ──> Replay says only the difference
 *
 * Only the difference, so that what was not touched is sent by the daemon as it was, byte for byte:
 * fields that were redacted stay its business, and a body that no editor shows does not pass here.
 * Whether the result is HTTP is the daemon's to say.
 */
#include "cli/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/show_body.h"
#include "proto/http_forward.h"

void draft_init(struct draft *d)
{
	memset(d, 0, sizeof(*d));
}

void draft_deinit(struct draft *d)
{
	for (size_t i = 0; i < d->n_fields; i++) {
		free(d->fields[i].name);
		free(d->fields[i].value);
	}
	free(d->fields);
	free(d->method);
	free(d->target);
	free(d->body);
	draft_init(d);
}

static void add_field(struct draft *d, const char *name, const char *value)
{
	d->fields = mem_realloc(d->fields, (d->n_fields + 1) * sizeof(*d->fields));
	d->fields[d->n_fields++] = (struct draft_field){
		mem_strdup(name), mem_strdup(value ? value : "")};
}

static void remove_field(struct draft *d, size_t i)
{
	struct draft_field *f = &d->fields[i];

	free(f->name);
	free(f->value);
	memmove(f, f + 1, (--d->n_fields - i) * sizeof(*f));
}

/* What an editor can show. */
static bool can_edit(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return false;
	}
	return show_body_is_text(bytes, n);
}

void draft_set_body(struct draft *d, const void *bytes, size_t n, bool decoded)
{
	free(d->body);
	d->body = mem_alloc(n + 1);
	if (n > 0)
		memcpy(d->body, bytes, n);
	d->body[n] = '\0';
	d->body_len = n;
	d->is_decoded = decoded;
	d->is_text = can_edit(d->body, n);
}

void draft_copy(struct draft *to, const struct draft *from)
{
	draft_init(to);
	mem_replace(&to->method, from->method);
	mem_replace(&to->target, from->target);
	for (size_t i = 0; i < from->n_fields; i++)
		add_field(to, from->fields[i].name, from->fields[i].value);
	if (from->body)
		draft_set_body(to, from->body, from->body_len, from->is_decoded);
}

/* --- reading --------------------------------------------------------------------------------- */

/* "GET /path HTTP/1.1", the version may be missing. */
static bool read_line(struct draft *d, const char *line)
{
	size_t method = strcspn(line, " \t"), target;
	const char *rest = line + method + strspn(line + method, " \t");

	target = strcspn(rest, " \t");
	if (method == 0 || target == 0)
		return false;
	free(d->method);
	free(d->target);
	d->method = mem_strndup(line, method);
	d->target = mem_strndup(rest, target);
	rest += target + strspn(rest + target, " \t");
	return !*rest || (str_has_prefix(rest, "HTTP/") && !rest[strcspn(rest, " \t")]);
}

int draft_read(struct draft *d, const json_t *part, struct err *err)
{
	const char *line = json_string_value(json_object_get(part, "line"));
	const json_t *h;
	size_t i;

	draft_init(d);
	if (!line || !read_line(d, line))
		return err_set(err, -EPROTO, "the daemon has no head of this request");
	json_array_foreach(json_object_get(part, "headers"), i, h)
	{
		const char *name = json_string_value(json_object_get(h, "name"));

		if (name && !http_forward_is_renewed((struct http_span){name, strlen(name)}))
			add_field(d, name, json_string_value(json_object_get(h, "value")));
	}
	return 0;
}

/* --- options --------------------------------------------------------------------------------- */

/* "Name: value" in two copies; false: it is none. */
static bool split_field(const char *text, size_t n, char **ret_name, char **ret_value)
{
	const char *colon = memchr(text, ':', n), *end = text + n, *at;

	if (!colon || colon == text)
		return false;
	at = colon + 1;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*ret_name = mem_strndup(text, (size_t)(colon - text));
	*ret_value = mem_strndup(at, (size_t)(end - at));
	return true;
}

int draft_set_field(struct draft *d, const char *text, bool add, struct err *err)
{
	CLEANUP(mem_cleanup) char *name = NULL;
	CLEANUP(mem_cleanup) char *value = NULL;
	bool placed = false;
	size_t i = 0;

	if (!split_field(text, strlen(text), &name, &value))
		return err_set(err, -EINVAL, "'%s' is no header such as 'Name: value'", text);
	while (!add && i < d->n_fields) {
		if (!str_case_eq(d->fields[i].name, name)) {
			i++;
		} else if (placed || !*value) {
			remove_field(d, i);
		} else {
			mem_replace(&d->fields[i].name, name);
			mem_replace(&d->fields[i++].value, value);
			placed = true;
		}
	}
	if (*value && !placed)
		add_field(d, name, value);
	return 0;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, ":");

	return n == strcspn(b, ":") && strncasecmp(a, b, n) == 0;
}

int draft_set_fields(struct draft *d, const struct args *a, struct err *err)
{
	const char *text;
	size_t at = 0;
	int r = 0;

	while (r == 0 && (text = args_next(a, ARGS_HEADER, &at))) {
		const char *earlier;
		size_t k = 0;

		while ((earlier = args_next(a, ARGS_HEADER, &k)) != text &&
			!same_name(earlier, text))
			continue;
		r = draft_set_field(d, text, /* add= */ earlier != text, err);
	}
	return r;
}

/* --- the text that is edited ------------------------------------------------------------------ */

void draft_format(struct str *out, const struct draft *d, const char *comment)
{
	while (*comment) {
		size_t n = strcspn(comment, "\n");

		str_addf(out, "#%s%.*s\n", n ? " " : "", (int)n, comment);
		comment += n + (comment[n] == '\n');
	}
	str_addf(out, "%s %s\n", d->method, d->target);
	for (size_t i = 0; i < d->n_fields; i++)
		str_addf(out, "%s: %s\n", d->fields[i].name, d->fields[i].value);
	str_addc(out, '\n');
	if (!d->body || !d->is_text || d->body_len == 0)
		return;
	str_add_n(out, d->body, d->body_len);
	if (d->body[d->body_len - 1] != '\n')
		str_addc(out, '\n');
}

/* What is read of such a text, line by line. */
struct reader {
	const char *at, *end;
	unsigned int line;
};

/* The next line without its end; false behind the last. */
static bool next_line(struct reader *r, const char **ret, size_t *ret_n)
{
	const char *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));

	if (r->at == r->end)
		return false;
	*ret = r->at;
	*ret_n = (size_t)((lf ? lf : r->end) - r->at);
	r->at = lf ? lf + 1 : r->end;
	r->line++;
	if (*ret_n > 0 && (*ret)[*ret_n - 1] == '\r')
		--*ret_n;
	return true;
}

static bool is_blank(const char *s, size_t n)
{
	while (n > 0 && (*s == ' ' || *s == '\t')) {
		s++;
		n--;
	}
	return n == 0;
}

static int parse_fields(struct draft *d, struct reader *r, struct err *err)
{
	const char *line;
	size_t n;

	while (next_line(r, &line, &n) && !is_blank(line, n)) {
		CLEANUP(mem_cleanup) char *name = NULL;
		CLEANUP(mem_cleanup) char *value = NULL;

		if (!split_field(line, n, &name, &value))
			return err_set(err, -EINVAL, "line %u is no header such as 'Name: value'",
				r->line);
		add_field(d, name, value);
	}
	return 0;
}

/* Editors end the last line, which the body may not have done: then that line feed is theirs. */
static void parse_body(struct draft *d, const struct reader *r, const struct draft *before)
{
	size_t n = (size_t)(r->end - r->at);
	bool had_end = before->body_len > 0 && before->body[before->body_len - 1] == '\n';

	if (before->body && !before->is_text && n == 0) {
		draft_set_body(d, before->body, before->body_len, before->is_decoded);
		return;
	}
	if (!before->body && n == 0)
		return;
	if (n > 0 && !had_end && r->at[n - 1] == '\n')
		n--;
	draft_set_body(d, r->at, n, before->body && before->is_decoded);
}

/* The request's line, behind comments and empty lines. */
static int parse_line(struct draft *d, struct reader *r, struct err *err)
{
	const char *line = NULL;
	size_t n = 0;

	while (next_line(r, &line, &n)) {
		CLEANUP(mem_cleanup) char *copy = NULL;

		if (is_blank(line, n) || *line == '#')
			continue;
		copy = mem_strndup(line, n);
		if (read_line(d, copy))
			return 0;
		return err_set(err, -EINVAL, "line %u is no beginning such as 'POST /path'",
			r->line);
	}
	return err_set(err, -ECANCELED, "there is nothing in it");
}

int draft_parse(struct draft *d, const char *text, size_t n, const struct draft *before,
	struct err *err)
{
	struct reader r = {text, text + n, 0};
	int code;

	draft_init(d);
	code = parse_line(d, &r, err);
	if (code == 0)
		code = parse_fields(d, &r, err);
	if (code == 0)
		parse_body(d, &r, before);
	return code;
}

/* --- the difference --------------------------------------------------------------------------- */

/* The next field of that name from *at on, or NULL. */
static const struct draft_field *next_of(const struct draft *d, const char *name, size_t *at)
{
	while (*at < d->n_fields) {
		const struct draft_field *f = &d->fields[(*at)++];

		if (str_case_eq(f->name, name))
			return f;
	}
	return NULL;
}

static bool same_values(const struct draft *a, const struct draft *b, const char *name)
{
	const struct draft_field *fa, *fb;
	size_t i = 0, k = 0;

	do {
		fa = next_of(a, name, &i);
		fb = next_of(b, name, &k);
		if (!fa != !fb || (fa && !str_eq(fa->value, fb->value)))
			return false;
	} while (fa);
	return true;
}

static bool is_first_of_name(const struct draft *d, size_t i)
{
	size_t at = 0;

	return next_of(d, d->fields[i].name, &at) == &d->fields[i];
}

/* JSON says only what is UTF-8. */
static int no_utf8(const char *what, struct err *err)
{
	return err_set(err, -EINVAL, "%s is no UTF-8, and cannot be told to the daemon", what);
}

static int add_header(json_t *list, const char *name, const char *value, struct err *err)
{
	json_t *h = json_pack("{s:s, s:s}", "name", name, "value", value);

	return json_array_append_new(list, h) < 0 ? no_utf8("a header", err) : 0;
}

static int add_text(json_t *params, const char *key, const char *value, struct err *err)
{
	return json_object_set_new(params, key, json_string(value)) < 0 ? no_utf8(key, err) : 0;
}

static int changed_fields(json_t *list, const struct draft *first, const struct draft *now,
	struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < now->n_fields && r == 0; i++) {
		const struct draft_field *f = &now->fields[i];

		if (same_values(first, now, f->name))
			continue;
		if (!*f->value)
			return err_set(err, -EINVAL,
				"'%s' has no value: leave the line out to send none", f->name);
		r = add_header(list, f->name, f->value, err);
	}
	for (size_t i = 0; i < first->n_fields && r == 0; i++) {
		size_t at = 0;

		if (is_first_of_name(first, i) && !next_of(now, first->fields[i].name, &at))
			r = add_header(list, first->fields[i].name, "", err);
	}
	return r;
}

static bool same_body(const struct draft *a, const struct draft *b)
{
	if (!a->body || !b->body)
		return a->body == b->body;
	return a->body_len == b->body_len && memcmp(a->body, b->body, a->body_len) == 0;
}

static void add_body(json_t *params, const struct draft *d)
{
	CLEANUP(mem_cleanup) char *text = mem_alloc(BASE64_SIZE(d->body_len));

	base64_encode(text, d->body, d->body_len);
	(void)json_object_set_new(params, "body", json_string(text));
}

int draft_changes(json_t *params, const struct draft *first, const struct draft *now,
	struct err *err)
{
	json_t *headers = json_array();
	int r = changed_fields(headers, first, now, err);
	bool body = now->body && !same_body(first, now);

	if (r == 0 && !str_eq(first->method, now->method))
		r = add_text(params, "method", now->method, err);
	if (r == 0 && !str_eq(first->target, now->target))
		r = add_text(params, "target", now->target, err);
	/* what was edited is without the coding that the field tells of */
	if (r == 0 && body && now->is_decoded && same_values(first, now, "Content-Encoding"))
		r = add_header(headers, "Content-Encoding", "", err);
	if (body)
		add_body(params, now);
	if (json_array_size(headers) > 0)
		(void)json_object_set(params, "headers", headers);
	json_decref(headers);
	return r;
}

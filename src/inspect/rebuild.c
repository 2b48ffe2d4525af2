/* SPDX-License-Identifier: MIT */
/*
 * rebuild: from the kept head and body of a request, and changes, to the request that is sent.
 *
 * The changes come from a person or a program that may do this anyway; still, what is written is
 * read back by the strict parser, so that a value can never become a field, nor a field a second
 * request. What was redacted when it was captured is left out and named: sending the mark in its
 * place would only look like a wrong password.
 */
#include "inspect/rebuild.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/exchange.h"
#include "inspect/redact.h"
#include "proto/http_forward.h"
#include "proto/http_head.h"

struct writer {
	struct rebuild *r;
	const struct http_head *h;
	const struct rebuild_changes *ch;
	bool done[HTTP_HEAD_FIELDS_MAX]; /* changes that are written */
};

/* --- what cannot be -------------------------------------------------------------------------- */

static int check_kept(const struct exchange *e, const struct http_head *h,
	const struct rebuild_changes *ch, struct err *err)
{
	const struct exchange_part *p = &e->part[EXCHANGE_REQUEST];

	if (e->kind == EXCHANGE_WEBSOCKET || h->upgrade)
		return err_set(err, -ENODATA,
			"it is an upgrade, and what follows one is a conversation");
	if (ch->body)
		return 0;
	if (!p->done)
		return err_set(err, -ENODATA, "its body has not come to its end");
	if (p->kept < p->size)
		return err_set(err, -ENODATA,
			"of its body of %" PRIu64 " bytes only %zu were kept: give one", p->size,
			p->kept);
	return 0;
}

static bool all(const char *text, bool (*is)(uint8_t byte))
{
	const char *p = text;

	while (*p && is((uint8_t)*p))
		p++;
	return !*p;
}

static bool is_visible(uint8_t byte)
{
	return byte > 0x20 && byte < 0x7f;
}

static int check_field(const struct rebuild_field *f, struct err *err)
{
	if (!*f->name || !all(f->name, http_head_is_token))
		return err_set(err, -EINVAL, "'%s' is no name of a header", f->name);
	if (!all(f->value, http_head_is_value))
		return err_set(err, -EINVAL, "the value of '%s' has a byte that no header may have",
			f->name);
	if (*f->value && http_forward_is_renewed((struct http_span){f->name, strlen(f->name)}))
		return err_set(err, -EINVAL, "'%s' is written by the replay itself", f->name);
	return 0;
}

static int check_changes(const struct rebuild_changes *ch, struct err *err)
{
	int r = 0;

	if (ch->method && (!*ch->method || !all(ch->method, http_head_is_token)))
		return err_set(err, -EINVAL, "'%s' is no method", ch->method);
	if (ch->target && ((ch->target[0] != '/' && strcmp(ch->target, "*") != 0) ||
				  !all(ch->target, is_visible)))
		return err_set(err, -EINVAL,
			"'%s' is no path: one begins with '/' and has neither blanks nor bytes "
			"beyond ASCII",
			ch->target);
	if (ch->n_fields > HTTP_HEAD_FIELDS_MAX)
		return err_set(err, -EINVAL, "these are more than %d headers",
			HTTP_HEAD_FIELDS_MAX);
	for (size_t i = 0; i < ch->n_fields && r == 0; i++)
		r = check_field(&ch->fields[i], err);
	return r;
}

/* --- the target ------------------------------------------------------------------------------ */

/* "name=[redacted]" */
static bool is_redacted_pair(const char *at, size_t n)
{
	const char *eq = memchr(at, '=', n);

	return eq && (size_t)(at + n - (eq + 1)) == strlen(REDACT_MARK) &&
	       memcmp(eq + 1, REDACT_MARK, strlen(REDACT_MARK)) == 0;
}

static void omit_pair(struct writer *w, const char *at)
{
	CLEANUP(mem_cleanup)
	char *name = mem_printf("?%.*s", (int)strcspn(at, "="), at);

	str_list_add(&w->r->omitted, name);
}

/* Without the pairs of its query whose values are not known; they are divided as redact has it. */
static void put_target(struct writer *w, const char *text)
{
	const char *at = text + strcspn(text, "?");
	bool any = false;

	str_add_n(&w->r->head, text, (size_t)(at - text));
	while (*at) {
		char mark = *at++;
		size_t n = strcspn(at, "&;");

		if (is_redacted_pair(at, n)) {
			omit_pair(w, at);
		} else {
			str_addc(&w->r->head, any ? mark : '?');
			str_add_n(&w->r->head, at, n);
			any = true;
		}
		at += n;
	}
}

static void put_start_line(struct writer *w)
{
	CLEANUP(mem_cleanup) char *target = mem_strndup(w->h->target.at, w->h->target.n);
	struct str *out = &w->r->head;

	if (w->ch->method)
		str_add(out, w->ch->method);
	else
		str_add_n(out, w->h->method.at, w->h->method.n);
	str_addc(out, ' ');
	put_target(w, w->ch->target ? w->ch->target : target);
	str_addf(out, " HTTP/1.%u\r\n", w->h->minor);
}

/* --- the fields ------------------------------------------------------------------------------ */

/* All changes of that name; false: there is none, the field stays as it was. */
static bool put_changes(struct writer *w, struct http_span name)
{
	bool any = false;

	for (size_t i = 0; i < w->ch->n_fields; i++) {
		const struct rebuild_field *f = &w->ch->fields[i];

		if (!http_head_span_case_is(name, f->name))
			continue;
		any = true;
		if (!w->done[i] && *f->value)
			str_addf(&w->r->head, "%s: %s\r\n", f->name, f->value);
		w->done[i] = true;
	}
	return any;
}

/* The value as a whole, or in an address' query, as Referer has one. */
static bool has_mark(struct http_span value)
{
	return memmem(value.at, value.n, REDACT_MARK, strlen(REDACT_MARK)) != NULL;
}

static void put_kept_field(struct writer *w, const struct http_field *f)
{
	struct http_span name = f->name;

	if (http_forward_is_renewed(name) || http_head_is_nominated(w->h, name))
		return;
	if (put_changes(w, name))
		return;
	if (has_mark(f->value)) {
		CLEANUP(mem_cleanup) char *text = mem_strndup(name.at, name.n);

		if (!str_list_has(&w->r->omitted, text))
			str_list_add(&w->r->omitted, text);
		return;
	}
	str_addf(&w->r->head, "%.*s: ", (int)name.n, name.at);
	if (w->ch->host && http_head_span_case_is(name, "host"))
		str_add(&w->r->head, w->ch->host);
	else
		str_add_n(&w->r->head, f->value.at, f->value.n);
	str_add(&w->r->head, "\r\n");
}

/* A length also where there is no body, if one was or is to be expected (RFC 9110 §8.6). */
static bool tells_length(const struct writer *w, struct http_span method)
{
	return w->r->body_len > 0 || w->h->has_length || w->h->chunked ||
	       http_head_span_is(method, "POST") || http_head_span_is(method, "PUT") ||
	       http_head_span_is(method, "PATCH");
}

static void put_fields(struct writer *w)
{
	struct http_span method = w->h->method;

	if (w->ch->method)
		method = (struct http_span){w->ch->method, strlen(w->ch->method)};
	for (size_t i = 0; i < w->h->n_fields; i++)
		put_kept_field(w, &w->h->fields[i]);
	for (size_t i = 0; i < w->ch->n_fields; i++) {
		const char *name = w->ch->fields[i].name;

		if (!w->done[i])
			(void)put_changes(w, (struct http_span){name, strlen(name)});
	}
	if (tells_length(w, method))
		str_addf(&w->r->head, "Content-Length: %zu\r\n", w->r->body_len);
	str_add(&w->r->head, "Connection: close\r\n\r\n");
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Read back what was written, as the origin will. */
static int check_written(struct rebuild *r, struct err *err)
{
	const uint8_t *bytes = (const uint8_t *)str_get(&r->head);
	struct http_head h;
	enum http_fault fault;
	size_t scanned = 0;

	if (r->head.failed)
		return err_set(err, -EINVAL, "the head would be longer than %d bytes",
			REBUILD_HEAD_MAX);
	if (http_head_scan(bytes, r->head.len, REBUILD_HEAD_MAX + 1, &scanned) != (long)r->head.len)
		return err_set(err, -EINVAL, "the head would end before its end");
	fault = http_head_request(&h, bytes, r->head.len);
	if (fault != HTTP_FAULT_NONE)
		return err_set(err, -EINVAL, "that would be no request: %s",
			http_fault_text(fault));
	r->is_head = http_head_span_is(h.method, "HEAD");
	return 0;
}

int rebuild_request(struct rebuild *r, const struct exchange *e, const struct rebuild_changes *ch,
	struct err *err)
{
	const struct exchange_part *p = &e->part[EXCHANGE_REQUEST];
	struct http_head h;
	struct writer w = {.r = r, .h = &h, .ch = ch};
	int code;

	memset(r, 0, sizeof(*r));
	str_init(&r->head, REBUILD_HEAD_MAX);
	if (!p->head ||
		http_head_request(&h, (const uint8_t *)p->head, p->head_len) != HTTP_FAULT_NONE)
		return err_set(err, -ENODATA, "its head was not kept");
	code = check_kept(e, &h, ch, err);
	if (code == 0)
		code = check_changes(ch, err);
	if (code < 0)
		return code;
	r->body_len = ch->body ? ch->body_len : p->kept;
	r->body = mem_dup(ch->body ? ch->body : p->body, r->body_len);
	put_start_line(&w);
	put_fields(&w);
	return check_written(r, err);
}

void rebuild_deinit(struct rebuild *r)
{
	str_deinit(&r->head);
	free(r->body);
	str_list_deinit(&r->omitted);
	memset(r, 0, sizeof(*r));
}

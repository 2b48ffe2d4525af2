/* SPDX-License-Identifier: MIT */
/*
 * top_feed: three connections with the control socket, since one answers its calls one after
 * another: Status each second, Requests that follows, and a replay while one is under way.
 * Whichever ends, all are made anew, each second, until the daemon is there again.
 */
#include "cli/top_feed.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/captured.h"
#include "cli/top_data.h"
#include "cli/top_detail.h"
#include "cli/top_lines.h"
#include "ctl/ctl_client.h"

#define CLIENT    "io.tunnelto.Client."
#define EACH_MS   1000
#define TAIL      200
#define FETCH_MS  3000
#define REPLIES   200 /* in one step: then keys get their turn */
#define REPLAY_MS 30000

void top_feed_init(struct top_feed *f, const char *path)
{
	memset(f, 0, sizeof(*f));
	f->path = path;
}

static void close_all(struct top_feed *f)
{
	ctl_client_close(TAKE_PTR(f->status));
	ctl_client_close(TAKE_PTR(f->follow));
	f->asked = false;
}

void top_feed_deinit(struct top_feed *f)
{
	close_all(f);
	ctl_client_close(TAKE_PTR(f->replay));
}

static void lose(struct top_feed *f, const char *why, uint64_t now_ms)
{
	close_all(f);
	(void)snprintf(f->lost, sizeof(f->lost), "%.*s", (int)sizeof(f->lost) - 1, why);
	f->next_ms = now_ms + EACH_MS;
}

/* --- opening --------------------------------------------------------------------------------- */

static struct ctl_client *open_one(const struct top_feed *f, const char *method, json_t *params,
	bool more, struct err *err)
{
	enum ctl_client_result why;
	struct ctl_client *c = ctl_client_open(f->path, &why, err);
	int r;

	if (!c) {
		json_decref(params);
		return NULL;
	}
	r = ctl_client_begin(c, method, params, more);
	if (r == 0)
		return c;
	(void)err_set_errno(err, r, "%s", method);
	ctl_client_close(c);
	return NULL;
}

static void open_all(struct top_feed *f, uint64_t now_ms)
{
	struct err err = {0};
	enum ctl_client_result why;

	f->refused[0] = '\0';
	f->follow = open_one(f, CLIENT "Requests",
		json_pack("{s:i, s:b}", "tail", TAIL, "follow", 1), /* more= */ true, &err);
	if (f->follow)
		f->status = ctl_client_open(f->path, &why, &err);
	if (!f->status) {
		lose(f, err.text, now_ms);
		return;
	}
	f->lost[0] = '\0';
	f->next_ms = now_ms;
}

/* --- taking ---------------------------------------------------------------------------------- */

static bool take_status(struct top_feed *f, struct top_data *d, uint64_t now_ms)
{
	json_t *reply = NULL;
	int r = ctl_client_poll(f->status, &reply);

	if (r < 0) {
		lose(f, "the daemon has gone", now_ms);
	} else if (r > 0) {
		f->asked = false;
		if (!*ctl_client_error(f->status))
			top_data_status(d, reply, now_ms);
	}
	json_decref(reply);
	return r != 0;
}

/* No more of them will come. */
static void refuse(struct top_feed *f)
{
	(void)snprintf(f->refused, sizeof(f->refused),
		str_has_suffix(ctl_client_error(f->follow), ".PermissionDenied")
			? "the daemon does not show you requests"
			: "the daemon does not tell of requests: is it of this version?");
	ctl_client_close(TAKE_PTR(f->follow));
}

static bool take_requests(struct top_feed *f, struct top_data *d, uint64_t now_ms)
{
	bool any = false;

	for (int i = 0; i < REPLIES && f->follow; i++) {
		json_t *reply = NULL;
		int r = ctl_client_poll(f->follow, &reply);

		if (r == 0)
			break;
		any = true;
		if (r < 0)
			lose(f, "the daemon has gone", now_ms);
		else if (*ctl_client_error(f->follow))
			refuse(f);
		else
			top_data_requests(d, reply);
		json_decref(reply);
	}
	return any;
}

static void say_replayed(struct top_feed *f, const json_t *reply)
{
	const json_t *info = json_object_get(reply, "info");
	const char *why = json_string_value(json_object_get(reply, "why"));
	const char *error = json_string_value(json_object_get(info, "error"));
	bool omitted = json_array_size(json_object_get(reply, "omitted")) > 0;
	json_int_t us = json_integer_value(json_object_get(info, "total_us"));

	if (json_is_object(info))
		(void)snprintf(f->said, sizeof(f->said),
			"request %llu again, as %lld: %lld in %lld.%lld ms%s%s%s",
			(unsigned long long)f->replayed,
			(long long)json_integer_value(json_object_get(info, "id")),
			(long long)json_integer_value(json_object_get(info, "status")),
			(long long)(us / 1000), (long long)(us % 1000 / 100),
			omitted ? ", without what was redacted" : "", error ? "; " : "",
			error ? error : "");
	else
		(void)snprintf(f->said, sizeof(f->said), "the replay failed: %s",
			why ? why : ctl_client_error(f->replay));
}

static bool take_replay(struct top_feed *f)
{
	json_t *reply = NULL;
	int r = ctl_client_poll(f->replay, &reply);

	if (r == 0)
		return false;
	if (r < 0)
		(void)snprintf(f->said, sizeof(f->said), "the replay failed: the daemon has gone");
	else
		say_replayed(f, reply);
	json_decref(reply);
	ctl_client_close(TAKE_PTR(f->replay));
	return true;
}

/* --- the step -------------------------------------------------------------------------------- */

size_t top_feed_fds(const struct top_feed *f, struct pollfd fds[static TOP_FEED_FDS])
{
	const struct ctl_client *const all[] = {f->status, f->follow, f->replay};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i])
			fds[n++] = (struct pollfd){.fd = ctl_client_fd(all[i]), .events = POLLIN};
	}
	return n;
}

static void ask(struct top_feed *f, uint64_t now_ms)
{
	f->next_ms = now_ms + EACH_MS;
	if (f->asked) /* a daemon that is stopped looks just so */
		(void)snprintf(f->lost, sizeof(f->lost), "the daemon does not answer");
	else if (ctl_client_begin(f->status, CLIENT "Status", NULL, /* more= */ false) < 0)
		lose(f, "the daemon has gone", now_ms);
	else
		f->asked = true;
}

bool top_feed_step(struct top_feed *f, struct top_data *d, uint64_t now_ms)
{
	bool any = false;

	if (f->status && take_status(f, d, now_ms)) {
		any = true;
		if (f->status)
			f->lost[0] = '\0';
	}
	if (f->follow)
		any |= take_requests(f, d, now_ms);
	if (f->replay)
		any |= take_replay(f);
	if (now_ms < f->next_ms)
		return any;
	if (!f->status)
		open_all(f, now_ms);
	if (f->status)
		ask(f, now_ms);
	return true;
}

/* --- what a person asks for ------------------------------------------------------------------ */

void top_feed_replay(struct top_feed *f, uint64_t id)
{
	struct err err = {0};

	if (f->replay) {
		(void)snprintf(f->said, sizeof(f->said), "a replay is under way already");
		return;
	}
	f->replayed = id;
	f->replay = open_one(f, CLIENT "Replay",
		json_pack("{s:I, s:I}", "id", (json_int_t)id, "timeout_ms", (json_int_t)REPLAY_MS),
		/* more= */ false, &err);
	(void)snprintf(f->said, sizeof(f->said), "request %llu is sent again",
		(unsigned long long)id);
	if (!f->replay)
		(void)snprintf(f->said, sizeof(f->said), "%.*s", (int)sizeof(f->said) - 1,
			err.text);
}

/* The first piece of a body, decoded where that can be; of what is longer the rest is not shown. */
static void fetch_body(struct ctl_client *c, uint64_t id, const char *side, const json_t *part,
	struct captured_body *ret)
{
	bool coded = json_is_string(json_object_get(part, "coding"));
	json_t *reply = NULL;
	struct err err;
	const char *text;
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	ret->decoded = coded && json_is_true(json_object_get(part, "decoded"));
	ret->failed = coded && !ret->decoded;
	if (!json_is_object(part) || ctl_client_call(c, CLIENT "Body",
					     json_pack("{s:I, s:s, s:b}", "id", (json_int_t)id,
						     "side", side, "decoded", ret->decoded),
					     FETCH_MS, &reply, &err) != CTL_CLIENT_OK) {
		json_decref(reply);
		return;
	}
	text = json_string_value(json_object_get(reply, "base64"));
	if (text) {
		ret->bytes = mem_zalloc(strlen(text) + 1);
		n = base64_decode((uint8_t *)ret->bytes, strlen(text), text);
		ret->n = n > 0 ? (size_t)n : 0;
	}
	json_decref(reply);
}

bool top_feed_fetch(struct top_feed *f, uint64_t id, struct top_lines *l)
{
	struct captured_body asked, answered;
	enum ctl_client_result why;
	json_t *request = NULL;
	struct err err = {0};
	struct ctl_client *c = ctl_client_open(f->path, &why, &err);
	bool ok = c &&
		  ctl_client_call(c, CLIENT "Request", json_pack("{s:I}", "id", (json_int_t)id),
			  FETCH_MS, &request, &err) == CTL_CLIENT_OK;

	if (ok) {
		fetch_body(c, id, "request", json_object_get(request, "request"), &asked);
		fetch_body(c, id, "response", json_object_get(request, "response"), &answered);
		top_detail_add(l, request, &asked, &answered);
		captured_free_body(&asked);
		captured_free_body(&answered);
	} else if (c && str_has_suffix(ctl_client_error(c), ".NoSuchRequest")) {
		(void)snprintf(f->said, sizeof(f->said), "request %llu is not kept any more",
			(unsigned long long)id);
	} else {
		(void)snprintf(f->said, sizeof(f->said), "%.*s", (int)sizeof(f->said) - 1,
			err.text);
	}
	json_decref(request);
	ctl_client_close(c);
	return ok;
}

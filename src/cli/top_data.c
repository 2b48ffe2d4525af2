/* SPDX-License-Identifier: MIT */
/*
 * top_data: keeps the latest requests by their ids, so that what is told again takes the place of
 * what was told before. Rates are of the last minute, or of as much of it as the kept ones cover
 * when there were more: a rate that is right for less time is better than one that is wrong.
 */
#include "cli/top_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

#define DROP (TOP_DATA_REQUESTS / 4) /* at once, when they are too many */

void top_data_init(struct top_data *d)
{
	memset(d, 0, sizeof(*d));
}

static void free_tunnel(struct top_tunnel *t)
{
	free(t->name);
	free(t->state);
	free(t->url);
	free(t->error);
}

static void free_request(struct top_request *r)
{
	free(r->tunnel);
	free(r->method);
	free(r->target);
	free(r->state);
}

static void free_tunnels(struct top_tunnel *tunnels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free_tunnel(&tunnels[i]);
	free(tunnels);
}

static void forget_requests(struct top_data *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free_request(&d->requests[i]);
	d->n_requests -= n;
	memmove(d->requests, d->requests + n, d->n_requests * sizeof(d->requests[0]));
}

void top_data_deinit(struct top_data *d)
{
	free_tunnels(d->tunnels, d->n_tunnels);
	forget_requests(d, d->n_requests);
	free(d->server);
	free(d->server_state);
	free(d->version);
	top_data_init(d);
}

/* --- reading --------------------------------------------------------------------------------- */

static char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return mem_strdup(s ? s : "");
}

static uint64_t number_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static int64_t time_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : -1;
}

static const struct top_tunnel *find_tunnel(const struct top_data *d, const char *name)
{
	for (size_t i = 0; i < d->n_tunnels; i++) {
		if (strcmp(d->tunnels[i].name, name) == 0)
			return &d->tunnels[i];
	}
	return NULL;
}

static void read_tunnel(struct top_tunnel *t, const json_t *o, const struct top_data *d,
	uint64_t passed_ms)
{
	const struct top_tunnel *before;

	t->name = text_of(o, "name");
	t->state = text_of(o, "state");
	t->url = text_of(o, "url");
	t->error = text_of(o, "error");
	t->visitors = number_of(o, "streams");
	t->bytes = number_of(o, "bytes_in") + number_of(o, "bytes_out");
	t->p50_us = t->p99_us = -1;
	before = find_tunnel(d, t->name);
	if (!before)
		return;
	t->requests_s = before->requests_s;
	t->p50_us = before->p50_us;
	t->p99_us = before->p99_us;
	if (passed_ms > 0 && t->bytes >= before->bytes)
		t->bytes_s = (double)(t->bytes - before->bytes) * 1000 / (double)passed_ms;
}

void top_data_status(struct top_data *d, const json_t *reply, uint64_t now_ms)
{
	const json_t *list = json_object_get(reply, "tunnels"), *o;
	const json_t *server = json_object_get(reply, "server");
	int64_t pid = time_of(reply, "pid");
	struct top_tunnel *tunnels = mem_zalloc((json_array_size(list) + 1) * sizeof(*tunnels));
	size_t i;

	if (d->pid && d->pid != pid) {
		forget_requests(d, d->n_requests);
		d->dropped = false;
		d->status_ms = 0;
	}
	d->pid = pid;
	json_array_foreach(list, i, o)
		read_tunnel(&tunnels[i], o, d, d->status_ms ? now_ms - d->status_ms : 0);
	free_tunnels(d->tunnels, d->n_tunnels);
	d->tunnels = tunnels;
	d->n_tunnels = json_array_size(list);
	d->status_ms = now_ms;
	free(d->server);
	free(d->server_state);
	free(d->version);
	d->server = text_of(server, "url");
	d->server_state = text_of(server, "state");
	d->version = text_of(reply, "version");
}

static void read_request(struct top_request *r, const json_t *o)
{
	*r = (struct top_request){
		.id = number_of(o, "id"),
		.time_ms = number_of(o, "time_ms"),
		.tunnel = text_of(o, "tunnel"),
		.method = text_of(o, "method"),
		.target = text_of(o, "target"),
		.state = text_of(o, "state"),
		.status = (unsigned int)number_of(o, "status"),
		.total_us = time_of(o, "total_us"),
		.bytes = number_of(o, "response_bytes"),
		.replay_of = number_of(o, "replay_of"),
	};
}

/* Where a request of that id is, or would be. */
static size_t place_of(const struct top_data *d, uint64_t id)
{
	size_t i = d->n_requests;

	while (i > 0 && d->requests[i - 1].id >= id)
		i--;
	return i;
}

static void put_request(struct top_data *d, const json_t *o)
{
	struct top_request r;
	size_t i;

	read_request(&r, o);
	i = place_of(d, r.id);
	if (i < d->n_requests && d->requests[i].id == r.id) {
		free_request(&d->requests[i]);
		d->requests[i] = r;
		return;
	}
	if (d->n_requests == TOP_DATA_REQUESTS) {
		forget_requests(d, DROP);
		d->dropped = true;
		i -= MIN(i, (size_t)DROP);
	}
	memmove(d->requests + i + 1, d->requests + i, (d->n_requests - i) * sizeof(r));
	d->requests[i] = r;
	d->n_requests++;
}

void top_data_requests(struct top_data *d, const json_t *reply)
{
	const json_t *o;
	size_t i;

	json_array_foreach(json_object_get(reply, "requests"), i, o)
	{
		if (number_of(o, "id") > 0)
			put_request(d, o);
	}
}

const struct top_request *top_data_find(const struct top_data *d, uint64_t id)
{
	size_t i = place_of(d, id);

	return i < d->n_requests && d->requests[i].id == id ? &d->requests[i] : NULL;
}

/* --- figures --------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The time that a share of @percent of @n sorted ones did not exceed; nearest rank. */
static int64_t percentile(const int64_t *sorted, size_t n, size_t percent)
{
	return n ? sorted[(n * percent + 99) / 100 - 1] : -1;
}

static void figure(struct top_data *d, struct top_tunnel *t, uint64_t since_ms, double seconds)
{
	int64_t times[TOP_DATA_REQUESTS];
	size_t came = 0, ended = 0;

	for (size_t i = d->n_requests; i > 0 && d->requests[i - 1].time_ms >= since_ms; i--) {
		const struct top_request *r = &d->requests[i - 1];

		if (strcmp(r->tunnel, t->name) != 0)
			continue;
		came++;
		if (r->total_us >= 0)
			times[ended++] = r->total_us;
	}
	qsort(times, ended, sizeof(times[0]), by_size);
	t->requests_s = (double)came / seconds;
	t->p50_us = percentile(times, ended, 50);
	t->p99_us = percentile(times, ended, 99);
}

void top_data_figures(struct top_data *d, uint64_t wall_ms)
{
	uint64_t since = wall_ms - MIN(wall_ms, (uint64_t)TOP_DATA_WINDOW_MS);
	double seconds;

	if (d->dropped && d->n_requests && d->requests[0].time_ms > since)
		since = d->requests[0].time_ms;
	seconds = wall_ms > since ? (double)(wall_ms - since) / 1000 : 1;
	for (size_t i = 0; i < d->n_tunnels; i++)
		figure(d, &d->tunnels[i], since, seconds);
}

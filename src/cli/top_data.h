/* SPDX-License-Identifier: MIT */
#pragma once

/* top_data: what `tunnelctl top` knows: the daemon's tunnels, the latest requests, and the figures
 * that follow from them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define TOP_DATA_REQUESTS  2000
#define TOP_DATA_WINDOW_MS 60000 /* figures are of the last minute */

struct top_tunnel {
	char *name, *state, *url, *error;
	uint64_t visitors, bytes; /* both ways, since it was up */
	double bytes_s, requests_s;
	int64_t p50_us, p99_us; /* of answers that have ended; -1: there was none */
};

struct top_request {
	uint64_t id, time_ms;
	char *tunnel, *method, *target, *state;
	unsigned int status;
	int64_t total_us; /* -1: not yet */
	uint64_t bytes;   /* of the response */
	uint64_t replay_of;
};

struct top_data {
	struct top_tunnel *tunnels; /* as the daemon has them */
	size_t n_tunnels;
	struct top_request requests[TOP_DATA_REQUESTS]; /* oldest first */
	size_t n_requests;
	bool dropped; /* older ones were */
	char *server, *server_state, *version;
	uint64_t status_ms; /* when the tunnels were last told of */
	int64_t pid;        /* 0: not known yet */
};

void top_data_init(struct top_data *d);
void top_data_deinit(struct top_data *d);
/* A reply of Status; @now_ms monotonic. Another daemon's requests are other ones: they go. */
void top_data_status(struct top_data *d, const json_t *reply, uint64_t now_ms);
/* A reply of Requests. */
void top_data_requests(struct top_data *d, const json_t *reply);
/* The tunnels' figures, at this wall time. */
void top_data_figures(struct top_data *d, uint64_t wall_ms);
const struct top_request *top_data_find(const struct top_data *d, uint64_t id);

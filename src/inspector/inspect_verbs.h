/* SPDX-License-Identifier: MIT */
#pragma once

/* inspect_verbs: the methods of io.tunnelto.Client on captured requests: Requests, Request, Body,
 * ClearRequests, Export. All of them answer the call. */

#include <jansson.h>

struct capture;
struct ctl_call;
struct inspect_body;

void inspect_verbs_requests(struct capture *k, struct ctl_call *c, json_t *params);
void inspect_verbs_request(struct capture *k, struct ctl_call *c, json_t *params);
void inspect_verbs_body(struct capture *k, struct inspect_body *b, struct ctl_call *c,
	json_t *params);
void inspect_verbs_clear(struct capture *k, struct ctl_call *c, json_t *params);
void inspect_verbs_export(struct capture *k, struct ctl_call *c, json_t *params);

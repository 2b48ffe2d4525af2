/* SPDX-License-Identifier: MIT */
#pragma once

/* names: which tunnel has which host name or port now. */

#include <stdint.h>

#include "base/idmap.h"
#include "base/macros.h"
#include "base/map.h"

struct tunnel;

struct names {
	struct map hosts; /* normalised host name to tunnel */
	size_t n_tls;     /* of those, how many are passed through */
	struct idmap ports;
};

enum names_result { NAMES_OK = 0, NAMES_TAKEN_OVER, NAMES_TAKEN, NAMES_SUPERSEDED };

void names_init(struct names *n);
void names_deinit(struct names *n);
struct tunnel *names_find_host(const struct names *n, const char *host);
struct tunnel *names_find_port(const struct names *n, uint16_t port);
/* May @owner with @generation have what @holder (may be NULL) has? */
enum names_result names_judge(const struct tunnel *holder, const char *owner, uint64_t generation);
/* Put @t where its hostname or port says; whoever else held it must have been removed. */
void names_add(struct names *n, struct tunnel *t);
/* Take it out, if it is still the one. */
void names_remove(struct names *n, struct tunnel *t);

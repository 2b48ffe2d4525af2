/* SPDX-License-Identifier: MIT */
#pragma once

/* inspector: what the daemon keeps of its visitors' requests, and the taps that find them. */

#include <stdbool.h>

#include "inspect/capture.h"
#include "inspect/redact.h"
#include "inspect/tap.h"
#include "inspector/inspector_conf.h"
#include "proto/close.h"

struct pump_tap;

struct inspector {
	struct capture capture;
	struct redact redact;
};

/* @conf stays where it is; its contents may change, then inspector_apply(). */
void inspector_init(struct inspector *i, const struct inspector_conf *conf);
void inspector_apply(struct inspector *i, const struct inspector_conf *conf);
/* Every tap must be gone. Harmless without init. */
void inspector_deinit(struct inspector *i);

/* A look at one visitor of @tunnel; NULL when nothing is kept of it. @tunnel and @visitor are
 * borrowed until inspector_detach(). */
struct pump_tap *inspector_attach(struct inspector *i, const char *tunnel, enum tap_level level,
	const char *visitor, bool tls);
/* The connection is over, with this reason and words (may be ""). NULL is allowed. */
void inspector_detach(struct pump_tap *tap, enum close_reason why, const char *text);
/* As much as @level says, from the next request on. NULL is allowed. */
void inspector_retune(struct pump_tap *tap, enum tap_level level);
/* The last request was checked for @provider's signature: @why NULL is signed. NULL is allowed. */
void inspector_judged(const struct pump_tap *tap, const char *provider, const char *why);
/* The exchange of the last request; NULL: none. Borrowed. */
struct exchange *inspector_exchange(const struct pump_tap *tap);

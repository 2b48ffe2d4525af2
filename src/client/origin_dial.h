/* SPDX-License-Identifier: MIT */
#pragma once

/* origin_dial: how a tunnel's local service is reached, by visitors and by replays alike. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "io/dial.h"
#include "proto/close.h"
#include "proto/proxy_header.h"

struct agent;
struct client_conf_tunnel;
struct err;
struct tls_ctx;
struct tunnel;

/* Start @d towards the definition's target, ten seconds at most. -ENAMETOOLONG: it is a path that
 * no socket can have, and @done will not be called. */
int origin_dial_start(struct dial *d, const struct agent *a, const struct client_conf_tunnel *def,
	dial_done_f *done) MUST_USE;
/* What it is called that dialling ended with @error (-ENOENT: no such name, or no such socket). */
enum close_reason origin_dial_reason(bool is_unix, int error);
/* What TLS with the tunnel's origin needs, made when first asked for and the tunnel's; NULL and
 * @err. */
struct tls_ctx *origin_dial_tls(struct tunnel *t, struct err *err);
/* The PROXY header into @out, if the definition wants one; its length. @visitor, @local: addresses
 * with a port; the header says LOCAL where they are none. */
size_t origin_dial_proxy_header(uint8_t out[static PROXY_HEADER_OUT_MAX],
	const struct client_conf_tunnel *def, const char *visitor, const char *local, bool tls);

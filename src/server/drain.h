/* SPDX-License-Identifier: MIT */
#pragma once

/* drain: how the server stops without cutting off anybody who can be served in time. */

struct hub;

/* No new visitors and clients; what is open may finish within timeouts.drain; then the loop stops.
 * A second call stops it at once. */
void drain_start(struct hub *h);

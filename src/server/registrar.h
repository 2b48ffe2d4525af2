/* SPDX-License-Identifier: MIT */
#pragma once

/* registrar: answers REGISTER: admits, claims the name, opens the port, tells the URL. */

struct hello_register;
struct hello_registered;
struct peer;

/* Fill @answer. May end tunnels of other sessions (take-over). */
void registrar_register(struct peer *p, const struct hello_register *rq,
	struct hello_registered *answer);

/* SPDX-License-Identifier: MIT */
#pragma once

/* sig: a signal delivered on the loop. */

#include <ev.h>

struct loop;
struct sig;
typedef void sig_f(struct sig *s);

struct sig {
	ev_signal w;
	struct loop *loop;
	sig_f *fired;
};

void sig_start(struct sig *s, struct loop *loop, int signum, sig_f *fired);
void sig_stop(struct sig *s);
int sig_number(const struct sig *s);

/* SPDX-License-Identifier: MIT */
/* sig: signals as events of the loop; libev does the self-pipe. */
#include "io/sig.h"

#include "base/macros.h"
#include "io/loop.h"

static void on_signal(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct sig *s = container_of(w, struct sig, w);

	s->fired(s);
}

void sig_start(struct sig *s, struct loop *loop, int signum, sig_f *fired)
{
	s->loop = loop;
	s->fired = fired;
	ev_signal_init(&s->w, on_signal, signum);
	ev_signal_start(loop->ev, &s->w);
	/* a signal alone does not keep a loop running */
	ev_unref(loop->ev);
}

void sig_stop(struct sig *s)
{
	if (!s->loop)
		return;
	ev_ref(s->loop->ev);
	ev_signal_stop(s->loop->ev, &s->w);
	s->loop = NULL;
}

int sig_number(const struct sig *s)
{
	return s->w.signum;
}

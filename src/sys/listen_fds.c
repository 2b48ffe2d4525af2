/* SPDX-License-Identifier: MIT */
/*
 * listen_fds: socket activation, sd_listen_fds_with_names(3): descriptors are taken by the name
 * that FileDescriptorName= gave them, several of one name in order.
 */
#include "sys/listen_fds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#define FIRST_FD 3

/* What one process was passed, once in its life. */
static struct {
	char **names;
	bool *taken;
	int n;
} passed;

int listen_fds_collect(void)
{
#if HAVE_SYSTEMD
	int n = sd_listen_fds_with_names(/* unset_environment= */ true, &passed.names);

	if (n < 0)
		return n;
	passed.n = n;
	passed.taken = n ? calloc((size_t)n, sizeof(*passed.taken)) : NULL;
	return n && !passed.taken ? -ENOMEM : 0;
#else
	return 0;
#endif
}

int listen_fds_take(const char *name)
{
	for (int i = 0; i < passed.n; i++) {
		if (passed.taken[i] || strcmp(passed.names[i], name) != 0)
			continue;
		passed.taken[i] = true;
		return FIRST_FD + i;
	}
	return -1;
}

void listen_fds_close_rest(void)
{
	for (int i = 0; i < passed.n; i++) {
		if (!passed.taken[i]) {
			log_warn("passed socket '%s' has no use here, closing it", passed.names[i]);
			close(FIRST_FD + i);
		}
		free(passed.names[i]);
	}
	free(TAKE_PTR(passed.names));
	free(TAKE_PTR(passed.taken));
	passed.n = 0;
}

/* SPDX-License-Identifier: MIT */
/* exit: which failures pass by themselves; the manager restarts after those alone. */
#include "sys/exit.h"

#include <errno.h>

#include "base/err.h"

enum exit_status exit_of_start(const struct err *err)
{
	switch (err->code) {
	case -EADDRINUSE:
	case -EADDRNOTAVAIL:
	case -ENETDOWN:
	case -ENETUNREACH:
		return EXIT_UNAVAILABLE;
	case -EMFILE:
	case -ENFILE:
	case -ENOBUFS:
	case -ENOMEM:
		return EXIT_OSERR;
	default:
		return EXIT_CONFIG;
	}
}

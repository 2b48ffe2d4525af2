/* SPDX-License-Identifier: MIT */
/* limits: select(2) is not used here, so the soft limit of descriptors may be the hard one. */
#include "sys/limits.h"

#include <sys/resource.h>

size_t limits_raise_nofile(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024;
	if (r.rlim_cur < r.rlim_max) {
		rlim_t soft = r.rlim_cur;

		r.rlim_cur = r.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &r) < 0)
			return soft;
	}
	return r.rlim_cur;
}

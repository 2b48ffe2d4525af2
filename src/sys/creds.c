/* SPDX-License-Identifier: MIT */
/* creds: systemd.exec(5) LoadCredential=: plain files in a directory named by the environment. */
#include "sys/creds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool creds_path(const char *name, char *ret, size_t size)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (!dir || dir[0] != '/' || strchr(name, '/'))
		return false;
	n = snprintf(ret, size, "%s/%s", dir, name);
	return n > 0 && (size_t)n < size && access(ret, R_OK) == 0;
}

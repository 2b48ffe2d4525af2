/* SPDX-License-Identifier: MIT */
/*
 * old_ways: the Rust tunnelto's environment and key file, for one-shot tunnels alone: the daemon
 * has its configuration. What is ours (options, TUNNELTO_*, tunneltod.yaml) comes first.
 */
#include "client/old_ways.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/paths.h"

/* The old tool's port, whatever the scheme. */
#define DEFAULT_PORT "443"

char *old_ways_server(void)
{
	const char *host = getenv("CTRL_HOST"), *port = getenv("CTRL_PORT");
	bool v6;

	if (!host || !*host)
		return NULL;
	v6 = strchr(host, ':') && host[0] != '[';
	/* set to anything at all, "0" too, CTRL_TLS_OFF means plain */
	return mem_printf("%s://%s%s%s:%s", getenv("CTRL_TLS_OFF") ? "http" : "https",
		v6 ? "[" : "", host, v6 ? "]" : "", port && *port ? port : DEFAULT_PORT);
}

char *old_ways_key_file(void)
{
	const char *home = getenv("HOME");
	char *path = home && *home ? mem_printf("%s/%s", home, PATHS_STORED_KEY) : NULL;
	struct stat st;

	if (!path)
		return NULL;
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		free(path);
		return NULL;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) && st.st_uid == geteuid()) {
		if (chmod(path, 0600) == 0)
			log_warn("'%s' had mode %04o, which lets others at the key; it is 0600 now",
				path, (unsigned int)st.st_mode & 07777);
		else
			log_warn_errno(-errno, "'%s' lets others at the key", path);
	}
	return path;
}

/* SPDX-License-Identifier: MIT */
/*
 * verb_dashboard: where the dashboard is, and the browser on it.
 *
 * The token is in the address, and a command line is everybody's to read: the browser is given a
 * file that only its user can read, and that leads on to the address.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/verbs.h"

/* The file, whole, in the user's runtime directory, or NULL with errno set. */
static char *write_page(const char *url)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char *path = dir ? mem_printf("%s/tunnelto-dashboard.html", dir) : NULL;
	int fd, r;

	if (!path) {
		errno = ENOENT;
		return NULL;
	}
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -1
		   : dprintf(fd,
			     "<!doctype html><meta charset=\"utf-8\"><title>tunnelto</title>"
			     "<meta name=\"referrer\" content=\"no-referrer\">"
			     "<meta http-equiv=\"refresh\" content=\"0; url=%s\">\n",
			     url);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		free(TAKE_PTR(path));
	return path;
}

/* Becomes the program that opens it. */
static int open_browser(const char *url)
{
	CLEANUP(mem_cleanup) char *path = write_page(url);

	if (!path) {
		print_error("cannot write a page for the browser into $XDG_RUNTIME_DIR: %s",
			strerror(errno));
		return CALL_FAILED;
	}
	(void)execlp("xdg-open", "xdg-open", path, (char *)NULL);
	print_error("cannot run xdg-open: %s", strerror(errno));
	return CALL_FAILED;
}

int verb_dashboard(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	const char *url;
	int code = call_once(a, "Dashboard", NULL, &reply);

	if (code)
		return code;
	url = json_string_value(json_object_get(reply, "url"));
	if (args_has(a, ARGS_JSON))
		print_json(reply);
	else if (url)
		print_line(url);
	if (!url) {
		print_error("there is no dashboard: 'tunnelctl status' says why");
		return CALL_FAILED;
	}
	(void)fflush(stdout);
	return args_has(a, ARGS_OPEN) ? open_browser(url) : CALL_DONE;
}

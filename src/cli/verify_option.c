/* SPDX-License-Identifier: MIT */
/*
 * verify_option: a secret's way from its file to the daemon, which may not read the files of whom
 * it works for. It stands in no command line. The daemon, or tunneltod for one tunnel, says whether
 * sender and secret are of any use.
 */
#include "cli/verify_option.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"

#define SECRET_BYTES_MAX 4096

const char *verify_option_check(const struct args *a)
{
	if (args_has(a, ARGS_VERIFY) == args_has(a, ARGS_SECRET_FILE))
		return NULL;
	return "--verify and --secret-file go together";
}

/* As the daemon holds it with the files of its own configuration. */
static ssize_t read_secret(const char *path, char text[static SECRET_BYTES_MAX + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		print_error("'%s' cannot be opened: %s", path, strerror(errno));
	} else if (S_ISREG(st.st_mode) && st.st_mode & S_IRWXO) {
		print_error("'%s' lets everybody at a secret; use chmod o-rwx", path);
	} else {
		n = read(fd, text, SECRET_BYTES_MAX + 1);
		if (n < 0)
			print_error("'%s' cannot be read: %s", path, strerror(errno));
		else if (n > SECRET_BYTES_MAX)
			print_error("'%s' holds more than %d bytes", path, SECRET_BYTES_MAX);
	}
	if (fd >= 0)
		(void)close(fd);
	while (n > 0 && n <= SECRET_BYTES_MAX && strchr(" \t\r\n", text[n - 1]))
		n--; /* what editors leave at the end */
	return n > SECRET_BYTES_MAX ? -1 : n;
}

int verify_option_add(const struct args *a, json_t *params)
{
	char text[SECRET_BYTES_MAX + 1];
	json_t *verify = NULL;
	ssize_t n;

	if (!args_has(a, ARGS_VERIFY))
		return CALL_DONE;
	n = read_secret(a->value[ARGS_SECRET_FILE], text);
	if (n >= 0)
		verify = json_pack("{s:s, s:s%}", "provider", a->value[ARGS_VERIFY], "secret", text,
			(size_t)n);
	mem_wipe(text, sizeof(text));
	if (n >= 0 && !verify)
		print_error("'%s' holds no text", a->value[ARGS_SECRET_FILE]);
	if (!verify)
		return CALL_FAILED;
	(void)json_object_set_new(params, "verify", verify);
	return CALL_DONE;
}

/* SPDX-License-Identifier: MIT */
/*
 * secret: keys and tokens in memory.
 *
 * A secret owns its bytes, wipes them before they are freed, and is never formatted
 * into a message: errors name the path, the variable, the mode, not the content. It
 * comes from a file whose permissions are checked on the opened descriptor (not on the
 * path, which could change in between), or from the environment, from where it is
 * removed so that children do not inherit it. There is no way in from argv.
 */

#include "crypt/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

void secret_deinit(struct secret *s)
{
	if (!s || !s->data)
		return;
	mem_wipe(s->data, s->len);
	free(s->data);
	*s = (struct secret){0};
}

int secret_set(struct secret *s, const void *bytes, size_t n)
{
	char *copy;

	if (n > SECRET_MAX)
		return -EMSGSIZE;
	copy = mem_alloc(n + 1);
	if (n > 0)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	secret_deinit(s); /* last: bytes may point into it */
	*s = (struct secret){copy, n};
	return 0;
}

const char *secret_text(const struct secret *s)
{
	return s->data ? s->data : "";
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	if (!a->data || !b->data || a->len != b->len)
		return false;
	return CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

static void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static int check_file(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, -errno, "%s: cannot be examined", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s: is not a regular file", path);
	if (st.st_mode & S_IRWXO)
		return err_set(err, -EPERM,
			"%s: mode %04o lets everybody at a secret; use chmod o-rwx", path,
			(unsigned int)st.st_mode & 07777);
	return 0;
}

/* Up to @max bytes into @ret; the number read, or a negative errno. */
static ssize_t read_all(int fd, char *ret, size_t max)
{
	size_t n = 0;

	while (n < max) {
		ssize_t r = read(fd, ret + n, max - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

/* Store without the blanks and newlines editors leave at the end. */
static int set_trimmed(struct secret *s, const char *text, size_t n, const char *origin,
	struct err *err)
{
	if (n > SECRET_MAX)
		return err_set(err, -EMSGSIZE, "%s: holds more than %d bytes", origin, SECRET_MAX);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) && text[n - 1] != '\0')
		n--;
	if (n == 0)
		return err_set(err, -ENODATA, "%s: is empty", origin);
	if (memchr(text, '\0', n))
		return err_set(err, -EINVAL, "%s: holds a NUL character", origin);
	return secret_set(s, text, n);
}

int secret_load_file(struct secret *s, const char *path, struct err *err)
{
	/* without O_NONBLOCK a FIFO would hold us up before it can be refused */
	CLEANUP(fd_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char text[SECRET_MAX + 2];
	ssize_t n;
	int r;

	if (fd < 0)
		return err_set_errno(err, -errno, "%s: cannot be opened", path);
	r = check_file(fd, path, err);
	if (r < 0)
		return r;
	n = read_all(fd, text, sizeof(text));
	if (n < 0)
		r = err_set_errno(err, (int)n, "%s: cannot be read", path);
	else
		r = set_trimmed(s, text, (size_t)n, path, err);
	mem_wipe(text, sizeof(text));
	return r;
}

int secret_load_env(struct secret *s, const char *name, struct err *err)
{
	char *value = getenv(name);
	int r;

	if (!value)
		return err_set(err, -ENOENT, "environment variable %s is not set", name);
	r = set_trimmed(s, value, strlen(value), name, err);
	/* the block a parent handed over is ours to overwrite, and /proc shows it otherwise */
	mem_wipe(value, strlen(value));
	(void)unsetenv(name);
	return r;
}

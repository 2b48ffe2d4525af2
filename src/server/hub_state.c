/* SPDX-License-Identifier: MIT */
/*
 * hub_state: the state directory. The secret is made once, for assigned names follow from it; the
 * formats of keys and names are those modules' own.
 */
#include "server/hub_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/rand.h"
#include "server/hub.h"

/* Whole or not at all: half a secret would keep the server from starting ever again. */
static int make_name_secret(struct hub *h, const char *path)
{
	CLEANUP(mem_cleanup) char *beside = mem_printf("%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r = 0;

	if (fd < 0)
		return -errno;
	rand_bytes(h->name_secret, sizeof(h->name_secret));
	errno = EIO; /* for a write that is short without a reason */
	if (write(fd, h->name_secret, sizeof(h->name_secret)) != sizeof(h->name_secret) ||
		fsync(fd) < 0)
		r = -errno;
	close(fd);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	return r;
}

static int load_name_secret(struct hub *h, const char *dir, struct err *err)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/name-secret", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	ssize_t n;

	if (fd < 0) {
		r = errno == ENOENT ? make_name_secret(h, path) : -errno;
		return r < 0 ? err_set_errno(err, r, "state file '%s'", path) : 0;
	}
	n = read(fd, h->name_secret, sizeof(h->name_secret));
	r = n < 0 ? -errno : 0;
	close(fd);
	if (r < 0)
		return err_set_errno(err, r, "state file '%s'", path);
	if ((size_t)n != sizeof(h->name_secret))
		return err_set(err, -EINVAL,
			"state file '%s' is not of %zu bytes; without it, another one is made and "
			"assigned names change",
			path, sizeof(h->name_secret));
	return 0;
}

const char *hub_state_dir(const struct hub *h)
{
	const char *given = h->conf.state_dir ? h->conf.state_dir : getenv("STATE_DIRECTORY");

	return given ? given : PATHS_SERVER_STATE;
}

int hub_state_open(struct hub *h, struct err *err)
{
	const char *dir = hub_state_dir(h);
	CLEANUP(mem_cleanup) char *path = NULL;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set_errno(err, -errno, "state directory '%s'", dir);
	h->names_file.path = mem_printf("%s/names.json", dir);
	path = mem_printf("%s/keys.yaml", dir);
	if (keys_init(&h->keys, path, err) < 0)
		return -EINVAL;
	return load_name_secret(h, dir, err);
}

/* SPDX-License-Identifier: MIT */
/* state: the files of the state directory; one that cannot be kept is made anew by every run. */
#include "client/state.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/rand.h"

/* "a/b/c": a, a/b, a/b/c, as far as they are missing. */
static void make_dirs(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
}

char *state_dir(bool user)
{
	const char *dir = getenv("STATE_DIRECTORY"), *home = getenv("HOME");
	char *own;

	if (dir || !user || !home)
		return mem_strdup(dir ? dir : PATHS_CLIENT_STATE);
	own = mem_printf("%s/.local/state/tunneltod", home);
	make_dirs(own);
	return own;
}

static bool read_id(const char *path, bool secret, char ret[static STATE_ID_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char kept[STATE_ID_SIZE] = "";
	uint8_t bytes[(STATE_ID_SIZE - 1) / 2];
	struct stat st;
	bool fine;

	if (fd < 0)
		return false;
	fine = fstat(fd, &st) == 0 && (!secret || (st.st_mode & 077) == 0) &&
	       read(fd, kept, sizeof(kept) - 1) == sizeof(kept) - 1 &&
	       parse_hex(kept, bytes, sizeof(bytes)) == 0;
	close(fd);
	if (fine)
		memcpy(ret, kept, sizeof(kept));
	return fine;
}

static void keep_id(const char *path, const char *id)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, id, STATE_ID_SIZE - 1) < 0)
		log_debug("cannot keep '%s', ignoring", path);
	close(fd);
}

void state_id(const char *dir, const char *name, bool secret, char ret[static STATE_ID_SIZE])
{
	CLEANUP(mem_cleanup) char *path = dir ? mem_printf("%s/%s", dir, name) : NULL;
	uint8_t bytes[(STATE_ID_SIZE - 1) / 2];

	if (path && read_id(path, secret, ret))
		return;
	rand_bytes(bytes, sizeof(bytes));
	parse_format_hex(ret, bytes, sizeof(bytes));
	if (path)
		keep_id(path, ret);
}

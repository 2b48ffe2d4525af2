/* SPDX-License-Identifier: MIT */
/*
 * jump: preloaded into a program, lets its monotonic clocks be so many seconds ahead as the file
 * JUMP_FILE says (8 bytes, as this machine has them). A test moves hours on by writing there.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("JUMP_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (at != MAP_FAILED)
		ahead = at;
}

int clock_gettime(clockid_t clock, struct timespec *to)
{
	int r = (int)syscall(SYS_clock_gettime, clock, to);

	if (r == 0 && ahead && clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
		to->tv_sec += *ahead;
	return r;
}

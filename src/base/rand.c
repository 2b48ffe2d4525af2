/* SPDX-License-Identifier: MIT */
/*
 * rand: random numbers, always the kernel's. There is no seed to keep and no state to
 * fork. A kernel that has none ends the process: nothing here may go on without.
 */

#include "base/rand.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

static const char label_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

void rand_bytes(void *ret, size_t n)
{
	uint8_t *at = ret;

	while (n > 0) {
		ssize_t r = getrandom(at, n, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			abort();
		at += r;
		n -= (size_t)r;
	}
}

uint32_t rand_u32(void)
{
	uint32_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

uint64_t rand_u64(void)
{
	uint64_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

uint32_t rand_below(uint32_t n)
{
	uint32_t v, skip;

	assert(n > 0);
	skip = -n % n; /* 2^32 mod n: the lowest values that would make some results likelier */
	do {
		v = rand_u32();
	} while (v < skip);
	return v % n;
}

void rand_label(char *ret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = label_letters[rand_below(sizeof(label_letters) - 1)];
	ret[n] = '\0';
}

/* SPDX-License-Identifier: MIT */
/* Random acts by seeds that can be repeated: test_soak SEED [STEPS] runs one of them alone. */
#include "../cm.h"

#include <stdio.h>

#include "base/macros.h"
#include "base/parse.h"
#include "soak.h"

#define SEEDS 60
#define STEPS 1500

struct generator {
	struct soak_dice dice;
	uint64_t x;
};

/* splitmix64 */
static uint32_t generate(struct soak_dice *d)
{
	struct generator *g = container_of(d, struct generator, dice);
	uint64_t z = g->x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (uint32_t)(z >> 33);
}

static void run(uint64_t seed, unsigned int steps)
{
	struct generator g = {.dice = {generate}, .x = seed};

	soak_run(&g.dice, steps);
}

static void no_byte_is_lost_whatever_links_do(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		(void)fprintf(stderr, "seed %llu\r", (unsigned long long)seed);
		run(seed, STEPS);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_byte_is_lost_whatever_links_do),
	};
	uint64_t seed, steps = STEPS;

	if (argc < 2)
		return cmocka_run_group_tests(tests, NULL, NULL);
	if (parse_u64(argv[1], &seed) < 0 || (argc > 2 && parse_u64(argv[2], &steps) < 0))
		return 2;
	run(seed, (unsigned int)steps);
	return 0;
}

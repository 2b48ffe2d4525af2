/* SPDX-License-Identifier: MIT */
#pragma once

/* rand: random bytes from the kernel; aborts when there are none. */

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *ret, size_t n);
uint32_t rand_u32(void);
uint64_t rand_u64(void);
/* Uniform in [0, n), n > 0. */
uint32_t rand_below(uint32_t n);
/* @n characters of [a-z0-9] and a NUL, unbiased. */
void rand_label(char *ret, size_t n);

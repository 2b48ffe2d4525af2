/* SPDX-License-Identifier: MIT */
#pragma once

/* macros: the few language extensions the whole tree agrees on. */

#include <stddef.h>

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define NORETURN     __attribute__((noreturn))
#define UNUSED       __attribute__((unused))

/* Run x_cleanup(&variable) when the variable leaves its scope: CLEANUP(str_deinit) struct str s; */
#define CLEANUP(f) __attribute__((cleanup(f)))

/* AddressSanitizer is built in, which takes addresses without bound: gcc says so by a macro, clang
 * by a feature. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifndef HAS_ASAN
#define HAS_ASAN 0
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

#define container_of(ptr, type, member)                                                            \
	__extension__({                                                                            \
		__typeof__(((type *)0)->member) *_m = (ptr);                                       \
		(type *)(void *)((char *)_m - offsetof(type, member));                             \
	})

/* Hand the value over and leave nothing behind for the cleanup attribute. */
#define TAKE_PTR(p)                                                                                \
	__extension__({                                                                            \
		__typeof__(p) _taken = (p);                                                        \
		(p) = NULL;                                                                        \
		_taken;                                                                            \
	})
#define TAKE_FD(fd)                                                                                \
	__extension__({                                                                            \
		int _taken = (fd);                                                                 \
		(fd) = -1;                                                                         \
		_taken;                                                                            \
	})

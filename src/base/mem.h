/* SPDX-License-Identifier: MIT */
#pragma once

/* mem: allocation of small control structures; failure aborts (systemd restarts us). */

#include <stddef.h>

#include "base/macros.h"

/* Zeroed memory of @n bytes. Never NULL; n may be 0. */
void *mem_zalloc(size_t n) MUST_USE;
/* Uninitialised memory. Never NULL. */
void *mem_alloc(size_t n) MUST_USE;
void *mem_realloc(void *p, size_t n) MUST_USE;
/* Copies; NULL stays NULL for mem_strdup. */
void *mem_dup(const void *p, size_t n) MUST_USE;
char *mem_strdup(const char *s) MUST_USE;
char *mem_strndup(const char *s, size_t n) MUST_USE;
/* Formatted string, to be freed by the caller. Never NULL. */
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) MUST_USE;

#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))

/* Replace the string at *@p by a copy of @s (which may be NULL), freeing the old one. */
void mem_replace(char **p, const char *s);
/* Overwrite with zeroes in a way the compiler may not drop. */
void mem_wipe(void *p, size_t n);
/* Once per process: a heap that does not go back and forth to the kernel while there is work. */
void mem_setup(void);
/* Give pages that hold nothing any more back to the kernel, where the C library can and enough of
 * them may be there to be worth the walk. */
void mem_trim(void);
/* For CLEANUP(mem_cleanup) char *s. */
void mem_cleanup(void *pp);

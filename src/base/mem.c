/* SPDX-License-Identifier: MIT */
/*
 * mem: allocation for the small structures the programs are made of.
 *
 * A control structure that cannot be had ends the process: systemd restarts us, and
 * half-failed constructors are where bugs live. Whatever a peer can make grow is not
 * allocated here directly but through buf, str and the maps, whose limits are set by
 * their owners.
 *
 * Called by everybody. Not here: pools, arenas, reference counts.
 */

#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Less than this, and less than an eighth of what is in use, is left to be used again. */
#define TRIM_MIN ((size_t)512 * 1024)

/* No allocation may happen on the way out, so this does not go through log. */
static NORETURN void out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	abort();
}

void *mem_zalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_realloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *mem_dup(const void *p, size_t n)
{
	void *copy = mem_alloc(n);

	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *mem_strdup(const char *s)
{
	return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = mem_alloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return text;
}

void mem_replace(char **p, const char *s)
{
	char *old = *p;

	*p = mem_strdup(s); /* before the old one goes: s may point into it */
	free(old);
}

void mem_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

/*
 * By itself glibc returns the heap's top as soon as 128 KiB are free there and takes it back a
 * moment later, several times per loop turn under load. mem_trim() returns it when the work is
 * over.
 */
void mem_setup(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
	(void)mallopt(M_MMAP_THRESHOLD, 8 * 1024 * 1024);
#endif
}

/*
 * The heap shrinks by itself only at its top, and what lives on lies between what was freed: after
 * a crowd has left, its pages would stay for good.
 */
void mem_trim(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	struct mallinfo2 m = mallinfo2();

	if (m.fordblks >= MAX(TRIM_MIN, m.uordblks / 8))
		(void)malloc_trim(0);
#endif
}

void mem_cleanup(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof(p)); /* pp is a char ** or a struct x **: no aliasing games */
	free(p);
}

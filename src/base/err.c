/* SPDX-License-Identifier: MIT */
/*
 * err: an error for a person, carried to the place that shows it.
 *
 * Used only where a person asked for something: start-up, configuration, commands. The
 * text is whole when it is set; callers further up may put their context in front.
 * Texts longer than the space are cut at the end, between characters: what was UTF-8 stays it, as
 * JSON wants it.
 */

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Take off the end what is no whole character because the space was over. */
static void trim(struct err *err)
{
	size_t len = strlen(err->text), at = len, size;
	unsigned char first;

	if (len + 1 < sizeof(err->text))
		return;
	while (at > 0 && ((unsigned char)err->text[--at] & 0xc0) == 0x80)
		continue;
	first = (unsigned char)err->text[at];
	size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (len - at < size)
		err->text[at] = '\0';
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	trim(err);
	return code;
}

int err_set_errno(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (!err)
		return code;
	err->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	(void)snprintf(err->text + n, sizeof(err->text) - n, ": %s", strerror(-code));
	trim(err);
	return code;
}

void err_prefix(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	size_t n;

	if (!err)
		return;
	memcpy(old, err->text, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	(void)snprintf(err->text + n, sizeof(err->text) - n, ": %s", old);
	trim(err);
}

/* SPDX-License-Identifier: MIT */
/*
 * log_journal: the log's sink when stderr is the journal: sd_journal_sendv(3) with one native
 * field each, so that `journalctl TUNNEL=webhook` works.
 */
#include "sys/log_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"

#if HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define FIELDS_MAX 24
#define FIELD_SIZE 512

static char identifier_field[64];

static void set(struct iovec *v, char *text)
{
	v->iov_base = text;
	v->iov_len = strlen(text);
}

static void sink(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	char text[FIELDS_MAX][FIELD_SIZE], line[2048], priority[16];
	struct iovec v[FIELDS_MAX + 3];
	int used = 3;

	(void)snprintf(line, sizeof(line), "MESSAGE=%s", message);
	(void)snprintf(priority, sizeof(priority), "PRIORITY=%d", (int)level);
	set(&v[0], line);
	set(&v[1], priority);
	set(&v[2], identifier_field);
	for (size_t i = 0; i < n && i < FIELDS_MAX; i++) {
		if (!fields[i].value)
			continue;
		(void)snprintf(text[i], FIELD_SIZE, "%s=%s", fields[i].key, fields[i].value);
		set(&v[used++], text[i]);
	}
	(void)sd_journal_sendv(v, used);
}

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return strcmp(stream, own) == 0;
}

bool log_journal_start(const char *identifier)
{
	if (!stderr_is_journal())
		return false;
	(void)snprintf(identifier_field, sizeof(identifier_field), "SYSLOG_IDENTIFIER=%s",
		identifier);
	log_set_sink(sink);
	return true;
}
#else
bool log_journal_start(const char *identifier)
{
	return false;
}
#endif

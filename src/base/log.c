/* SPDX-License-Identifier: MIT */
/*
 * log: lines for the operator, with structured fields beside the sentence.
 *
 * The program picks one sink at its start (the journal's lives in sys); until then, and
 * for everybody without a journal, lines go to stderr as
 *
 *	2026-01-31T12:00:00Z info: tunnel is up tunnel=web url=https://web.example.org
 *
 * Much of what is logged was said by a stranger: control characters, stray bytes and
 * terminal escapes are written as \xNN, so that one message is always one line and
 * nobody can forge a second one. A line is written by one write(2), or by one together with others
 *of the same turn of the loop.
 *
 * The level and the sink are the process's, hence the one static object of this room.
 * Not here: secrets. Nobody may pass one in.
 */

#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX     2048
#define LINE_MAX_BYTES  8192
#define LIMIT_WINDOW_MS 10000

static struct {
	log_sink_f *sink;
	enum log_level level;
	bool timestamps;
	bool plain;
} log_state = {
	.sink = log_sink_stderr,
	.level = LOG_LV_INFO,
};

/* Lines that wait for log_flush(). */
static struct {
	bool on;
	size_t n;
	char text[4 * LINE_MAX_BYTES];
} held;

static const char *const level_names[] = {
	[LOG_LV_ERR] = "error",
	[LOG_LV_WARNING] = "warning",
	[LOG_LV_NOTICE] = "notice",
	[LOG_LV_INFO] = "info",
	[LOG_LV_DEBUG] = "debug",
};

void log_set_sink(log_sink_f *sink)
{
	log_state.sink = sink ? sink : log_sink_stderr;
}

log_sink_f *log_get_sink(void)
{
	return log_state.sink;
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level log_get_level(void)
{
	return log_state.level;
}

bool log_enabled(enum log_level level)
{
	return level <= log_state.level;
}

void log_set_timestamps(bool on)
{
	log_state.timestamps = on;
}

void log_set_plain(bool on)
{
	log_state.plain = on;
}

/* How many bytes a character beyond ASCII has that starts with @lead; 0: none starts so. */
static size_t utf8_length(unsigned char lead)
{
	if (lead >= 0xf0)
		return lead < 0xf5 ? 4 : 0;
	if (lead >= 0xe0)
		return 3;
	return lead >= 0xc2 ? 2 : 0;
}

/*
 * Length of the printable UTF-8 character at @s, 0 when there is none: overlong forms,
 * surrogates and the C1 controls (which terminals obey) count as none.
 */
static size_t utf8_printable(const unsigned char *s)
{
	static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
	size_t n = utf8_length(s[0]);
	uint32_t c = n ? s[0] & (0xffu >> (n + 1)) : 0;

	if (s[0] >= 0x20 && s[0] < 0x7f)
		return 1;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

/* What is written as it is, most of all that is logged; the others are looked at one by one. */
static bool is_plain(unsigned char c, bool quoted)
{
	return c >= 0x20 && c < 0x7f && !(quoted && (c == '"' || c == '\\'));
}

/* A line under way; what does not fit is cut. */
struct line {
	size_t n;
	char text[LINE_MAX_BYTES];
};

static void add_n(struct line *line, const void *bytes, size_t n)
{
	n = MIN(n, sizeof(line->text) - line->n);
	memcpy(line->text + line->n, bytes, n);
	line->n += n;
}

static void add_char(struct line *line, char c)
{
	add_n(line, &c, 1);
}

static void add_escaped(struct line *line, const char *text, bool quoted)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = 0;
		char hex[8];

		while (is_plain(s[n], quoted))
			n++;
		add_n(line, s, n);
		s += n;
		n = *s ? utf8_printable(s) : 0;
		if (n == 0 && *s) {
			add_n(line, hex, (size_t)snprintf(hex, sizeof(hex), "\\x%02x", *s++));
			continue;
		}
		if (*s == '"' || *s == '\\') /* not plain only where it is quoted */
			add_char(line, '\\');
		add_n(line, s, n);
		s += n;
	}
}

static bool needs_quotes(const char *value)
{
	if (*value == '\0')
		return true;
	for (const unsigned char *s = (const unsigned char *)value; *s;) {
		size_t n = is_plain(*s, /* quoted= */ true) ? 1 : utf8_printable(s);

		if (n == 0 || *s == ' ' || *s == '=' || *s == '"' || *s == '\\')
			return true;
		s += n;
	}
	return false;
}

static void add_field(struct line *line, const struct log_field *f)
{
	bool quoted;

	/* the id is for the journal, which finds the catalog's text by it */
	if (!f->value || strcmp(f->key, "MESSAGE_ID") == 0)
		return;
	quoted = needs_quotes(f->value);
	add_char(line, ' ');
	for (const char *k = f->key; *k; k++)
		add_char(line, *k >= 'A' && *k <= 'Z' ? (char)(*k - 'A' + 'a') : *k);
	add_n(line, "=\"", quoted ? 2 : 1);
	add_escaped(line, f->value, quoted);
	if (quoted)
		add_char(line, '"');
}

/* Broken down once a second, however many lines it has. */
static void add_time(struct line *line)
{
	static uint64_t second;
	static char text[21];
	uint64_t now = clock_wall_ms();

	if (now / 1000 != second) {
		clock_format_utc(text, now);
		second = now / 1000;
	}
	add_n(line, text, strlen(text));
	add_char(line, ' ');
}

/* Whoever reads stderr may be gone; there is nobody left to tell. */
static void write_out(const char *text, size_t n)
{
	(void)!write(STDERR_FILENO, text, n);
}

void log_flush(void)
{
	if (held.n > 0)
		write_out(held.text, held.n);
	held.n = 0;
}

void log_hold(bool on)
{
	held.on = on;
	log_flush();
}

static void put_line(enum log_level level, const struct line *line)
{
	if (!held.on) {
		write_out(line->text, line->n);
		return;
	}
	if (line->n > sizeof(held.text) - held.n)
		log_flush();
	memcpy(held.text + held.n, line->text, line->n);
	held.n += line->n;
	if (level <= LOG_LV_NOTICE)
		log_flush();
}

/* What a person needs even where fields are left out. */
static void add_reason(struct line *line, const char *error)
{
	add_n(line, ": ", 2);
	add_escaped(line, error, false);
}

void log_sink_stderr(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	struct line line;

	assert((size_t)level < ARRAY_SIZE(level_names) && level_names[level]);
	line.n = 0;
	if (log_state.timestamps)
		add_time(&line);
	if (!log_state.plain) {
		add_n(&line, level_names[level], strlen(level_names[level]));
		add_n(&line, ": ", 2);
	}
	add_escaped(&line, message, false);
	for (size_t i = 0; i < n; i++) {
		if (!log_state.plain)
			add_field(&line, &fields[i]);
		else if (fields[i].value && strcmp(fields[i].key, "ERROR") == 0)
			add_reason(&line, fields[i].value);
	}
	if (line.n == sizeof(line.text))
		line.n--; /* cut, but still a line */
	add_char(&line, '\n');
	put_line(level, &line);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_state.sink(level, text, NULL, 0);
}

void log_msg_errno(enum log_level level, int r, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;
	size_t n;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = strlen(text);
	(void)snprintf(text + n, sizeof(text) - n, ": %s", strerror(-r));
	log_state.sink(level, text, NULL, 0);
}

void log_fields(enum log_level level, const struct log_field *fields, size_t n, const char *fmt,
	...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_state.sink(level, text, fields, n);
}

void log_text(enum log_level level, const struct log_field *fields, size_t n, const char *message)
{
	if (log_enabled(level))
		log_state.sink(level, message, fields, n);
}

bool log_limit_pass(struct log_limit *l, clock_ms_t now, uint32_t burst)
{
	if (now - l->since >= LIMIT_WINDOW_MS || l->since == 0) {
		uint32_t dropped = l->dropped;

		*l = (struct log_limit){.since = now ? now : 1};
		if (dropped > 0)
			log_notice("%u similar messages were not shown", dropped);
	}
	if (l->count >= burst) {
		l->dropped++;
		return false;
	}
	l->count++;
	return true;
}

const char *const log_level_words[] = {"error", "warning", "notice", "info", "debug", NULL};

enum log_level log_level_at(int position)
{
	return (enum log_level)(LOG_LV_ERR + position);
}

int log_level_index(enum log_level level)
{
	return (int)level - LOG_LV_ERR;
}

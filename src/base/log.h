/* SPDX-License-Identifier: MIT */
#pragma once

/* log: one line for the operator, with structured fields; the sink is chosen by the program. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macros.h"

/* syslog's levels */
enum log_level {
	LOG_LV_ERR = 3,
	LOG_LV_WARNING = 4,
	LOG_LV_NOTICE = 5,
	LOG_LV_INFO = 6,
	LOG_LV_DEBUG = 7
};

/* What configuration files call the levels, NULL-terminated; and a level at a position there. */
extern const char *const log_level_words[];
enum log_level log_level_at(int position);
int log_level_index(enum log_level level);

/* One field; @key is upper case as the journal wants it ("TUNNEL"). NULL values are left out. */
struct log_field {
	const char *key;
	const char *value;
};

/* A sink gets the finished message and its fields; it must not log. */
typedef void log_sink_f(enum log_level level, const char *message, const struct log_field *fields,
	size_t n);

/* Default: stderr, "level: message key=value …", quoted where needed, controls escaped. */
void log_set_sink(log_sink_f *sink);
log_sink_f *log_get_sink(void);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
bool log_enabled(enum log_level level);
/* Timestamps on the stderr sink (off under systemd). */
void log_set_timestamps(bool on);
/* The message alone, and the field ERROR behind it: no "info: " prefix and no other fields. For
 * programs a person runs in a terminal. */
void log_set_plain(bool on);
log_sink_f log_sink_stderr;
/* From here on lines of level info and below, which a busy server has by the thousand, may wait for
 * log_flush() or for a line that matters more. Off: nothing waits, and what did is written. */
void log_hold(bool on);
void log_flush(void);

void log_msg(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* ": strerror" is appended; @r is a negative errno. */
void log_msg_errno(enum log_level level, int r, const char *fmt, ...) PRINTF(3, 4);
void log_fields(enum log_level level, const struct log_field *fields, size_t n, const char *fmt,
	...) PRINTF(4, 5);
/* The same of a message that is no format. */
void log_text(enum log_level level, const struct log_field *fields, size_t n, const char *message);

#define log_err(...)    log_msg(LOG_LV_ERR, __VA_ARGS__)
#define log_warn(...)   log_msg(LOG_LV_WARNING, __VA_ARGS__)
#define log_notice(...) log_msg(LOG_LV_NOTICE, __VA_ARGS__)
#define log_info(...)   log_msg(LOG_LV_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_enabled(LOG_LV_DEBUG))                                                     \
			log_msg(LOG_LV_DEBUG, __VA_ARGS__);                                        \
	} while (0)
#define log_err_errno(r, ...)  log_msg_errno(LOG_LV_ERR, r, __VA_ARGS__)
#define log_warn_errno(r, ...) log_msg_errno(LOG_LV_WARNING, r, __VA_ARGS__)
/* log_with(LOG_LV_INFO, "message", {"TUNNEL", name}, {"VISITOR", ip}); message is not a format. */
#define log_with(level, message, ...)                                                              \
	do {                                                                                       \
		const struct log_field _f[] = {__VA_ARGS__};                                       \
		log_text(level, _f, ARRAY_SIZE(_f), message);                                      \
	} while (0)

/* For anything a stranger can trigger: @burst lines per 10 s; says once how many were dropped. */
struct log_limit {
	clock_ms_t since;
	uint32_t count, dropped;
};
bool log_limit_pass(struct log_limit *l, clock_ms_t now, uint32_t burst);

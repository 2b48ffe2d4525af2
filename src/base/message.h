/* SPDX-License-Identifier: MIT */
#pragma once

/* message: what an operator must act on, by MESSAGE_ID; message.def.h has the rows. */

#include "base/log.h"

enum message_kind {
#define MESSAGE(name, id, subject) MESSAGE_##name,
#include "base/message.def.h"
#undef MESSAGE
	MESSAGE_COUNT
};

/* 32 hexadecimal digits. */
const char *message_id(enum message_kind m);

/* The field that names it, for log_with() and log_fields(). */
#define MESSAGE_FIELD(name)                                                                        \
	{                                                                                          \
		"MESSAGE_ID", message_id(MESSAGE_##name)                                           \
	}
/* A line with that field alone: message_log(LOG_LV_ERR, RELOAD_FAILED, "reload failed: …"). */
#define message_log(level, name, ...)                                                              \
	do {                                                                                       \
		const struct log_field _m = MESSAGE_FIELD(name);                                   \
		log_fields(level, &_m, 1, __VA_ARGS__);                                            \
	} while (0)

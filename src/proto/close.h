/* SPDX-License-Identifier: MIT */
#pragma once

/* close: the named reasons of close.def.h. */

#include <stdint.h>

enum close_reason {
#define CLOSE(name, code, word, http, text) CLOSE_##name = (code),
#include "proto/close.def.h"
#undef CLOSE
	CLOSE_COUNT
};

/* "origin_refused"; "unknown" for a code of a later version. */
const char *close_word(unsigned int reason);
/* A sentence part for people. */
const char *close_text(unsigned int reason);
/* The status an HTTP visitor gets, 502 where the table says 0 or the code is unknown. */
int close_http_status(unsigned int reason);

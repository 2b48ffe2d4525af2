/* SPDX-License-Identifier: MIT */
/* close: look-ups in the table of reasons why something ended. */
#include "proto/close.h"

#include <stddef.h>

#include "base/macros.h"

static const struct {
	const char *word, *text;
	int http;
} table[] = {
#define CLOSE(name, code, word_, http_, text_)                                                     \
	[CLOSE_##name] = {.word = (word_), .text = (text_), .http = (http_)},
#include "proto/close.def.h"
#undef CLOSE
};

const char *close_word(unsigned int reason)
{
	return reason < ARRAY_SIZE(table) ? table[reason].word : "unknown";
}

const char *close_text(unsigned int reason)
{
	return reason < ARRAY_SIZE(table) ? table[reason].text : "for a reason of a later version";
}

int close_http_status(unsigned int reason)
{
	return reason < ARRAY_SIZE(table) && table[reason].http ? table[reason].http : 502;
}

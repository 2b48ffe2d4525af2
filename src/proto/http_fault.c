/* SPDX-License-Identifier: MIT */
/* http_fault: the table, as three questions. */
#include "proto/http_fault.h"

static const struct {
	int status;
	const char *word, *text;
} faults[HTTP_FAULT_COUNT] = {
	[HTTP_FAULT_NONE] = {200, "none", "nothing is wrong"},
#define FAULT(name, status_, word_, text_)                                                         \
	[HTTP_FAULT_##name] = {.status = (status_), .word = (word_), .text = (text_)},
#include "proto/http_fault.def.h"
#undef FAULT
};

int http_fault_status(enum http_fault f)
{
	return faults[f].status;
}

const char *http_fault_word(enum http_fault f)
{
	return faults[f].word;
}

const char *http_fault_text(enum http_fault f)
{
	return faults[f].text;
}

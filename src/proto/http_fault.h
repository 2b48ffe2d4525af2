/* SPDX-License-Identifier: MIT */
#pragma once

/* http_fault: what is wrong with a message of HTTP, and what whoever sent it is told. */

enum http_fault {
	HTTP_FAULT_NONE = 0,
#define FAULT(name, status, word, text) HTTP_FAULT_##name,
#include "proto/http_fault.def.h"
#undef FAULT
	HTTP_FAULT_COUNT
};

/* Of the answer; 200 for HTTP_FAULT_NONE. */
int http_fault_status(enum http_fault f);
const char *http_fault_word(enum http_fault f);
const char *http_fault_text(enum http_fault f);

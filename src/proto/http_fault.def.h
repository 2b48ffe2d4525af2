/* SPDX-License-Identifier: MIT */
/* http_fault: what is wrong with a message. FAULT(NAME, status to answer a request with, "word",
 * "text") */
/* clang-format off */
FAULT(LINE_END,        400, "bare_line_end",     "a line does not end in CRLF")
FAULT(START_LINE,      400, "bad_start_line",    "the first line is not an HTTP request or status line")
FAULT(METHOD,          400, "bad_method",        "the method is not a token")
FAULT(TARGET,          400, "bad_target",        "the request target is not valid")
FAULT(MISDIRECTED,     421, "misdirected",       "the request is for https, and this connection is not secured")
FAULT(VERSION,         505, "bad_version",       "the HTTP version is not 1.0 or 1.1")
FAULT(CONNECT,         501, "connect_refused",   "CONNECT is not served here")
FAULT(FIELD_NAME,      400, "bad_field_name",    "a field name is not a token followed by a colon")
FAULT(FIELD_VALUE,     400, "bad_field_value",   "a field value has control characters")
FAULT(FOLDED,          400, "folded_field",      "a field is folded over several lines")
FAULT(NO_HOST,         400, "no_host",           "there is no Host field")
FAULT(BAD_HOST,        400, "bad_host",          "the Host field is not a host name")
FAULT(MANY_HOSTS,      400, "several_hosts",     "there are several Host fields")
FAULT(LENGTH,          400, "bad_length",        "the Content-Length is not one number")
FAULT(MANY_LENGTHS,    400, "several_lengths",   "there are several Content-Length fields")
FAULT(LENGTH_AND_CODING,400,"length_and_coding", "there are both Content-Length and Transfer-Encoding")
FAULT(CODING,          501, "bad_coding",        "the Transfer-Encoding is not just 'chunked'")
FAULT(CODING_NOT_LAST, 400, "coding_not_last",   "the Transfer-Encoding does not end in 'chunked', once")
FAULT(CODING_IN_1_0,   400, "coding_in_1_0",     "there is a Transfer-Encoding in HTTP/1.0")
FAULT(CHUNK,           400, "bad_chunk",         "the chunked body is not well-formed")
FAULT(TRAILER,         400, "bad_trailer",       "a trailer field is not well-formed or not allowed")
FAULT(HEAD_TOO_LARGE,  431, "head_too_large",    "the head is too large")
FAULT(TARGET_TOO_LONG, 414, "target_too_long",   "the request target is too long")
FAULT(MANY_FIELDS,     431, "too_many_fields",   "there are too many fields")
/* clang-format on */

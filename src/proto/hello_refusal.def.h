/* SPDX-License-Identifier: MIT */
/* hello_refusal: why a server refuses a tunnel. REFUSAL(NAME, "word", retry, "text") */
/* clang-format off */
REFUSAL(BAD_REQUEST,   "bad_request",   false, "the request makes no sense")
REFUSAL(NOT_ALLOWED,   "not_allowed",   false, "this key may not claim that name")
REFUSAL(RESERVED,      "reserved",      false, "that name is reserved on this server")
REFUSAL(TAKEN,         "taken",         true,  "that name belongs to another key")
REFUSAL(SUPERSEDED,    "superseded",    false, "a newer client of the same key holds that name")
REFUSAL(BAD_NAME,      "bad_name",      false, "that is not a valid host name")
REFUSAL(NO_HOST,       "no_host",       false, "this server does not serve that domain")
REFUSAL(NO_PORT,       "no_port",       true,  "no port is free in the range this key may use")
REFUSAL(PORT_TAKEN,    "port_taken",    true,  "that port is in use")
REFUSAL(TOO_MANY,      "too_many",      true,  "this key has as many tunnels as it may")
REFUSAL(SERVER_FULL,   "server_full",   true,  "the server has as many tunnels as it may")
REFUSAL(SHUTTING_DOWN, "shutting_down", true,  "the server is stopping")
/* clang-format on */

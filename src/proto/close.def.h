/* SPDX-License-Identifier: MIT */
/*
 * close: why something ended. One row per reason; codes are never reused.
 * Included many times: CLOSE(NAME, code, "name", http, "text")
 * http: what an HTTP visitor who has seen nothing yet is told (0: cannot happen there).
 */
/* clang-format off */
CLOSE(DONE,               0, "done",               0,   "finished normally")
CLOSE(PROTOCOL,           1, "protocol",           502, "the peer broke the protocol")
CLOSE(FLOW_CONTROL,       2, "flow_control",       502, "the peer sent more than it was allowed")
CLOSE(LIMIT,              3, "limit",              503, "a limit was reached")
CLOSE(TIMEOUT,            4, "timeout",            504, "the peer was silent for too long")
CLOSE(INTERNAL,           5, "internal",           502, "an internal error")
CLOSE(SHUTDOWN,           6, "shutdown",           503, "the program is stopping")
CLOSE(LINK_LOST,          7, "link_lost",          502, "the connection between client and server was lost")
CLOSE(RESUME_FAILED,      8, "resume_failed",      502, "the session could not be resumed")
CLOSE(NO_TUNNEL,          9, "no_tunnel",          404, "there is no such tunnel")
CLOSE(UNREGISTERED,      10, "unregistered",       404, "the tunnel was taken down by its owner")
CLOSE(TAKEN_OVER,        11, "taken_over",         503, "a newer client of the same key took the name over")
CLOSE(KEY_REVOKED,       12, "key_revoked",        503, "the key was revoked")
CLOSE(NOT_ALLOWED,       13, "not_allowed",        403, "the server's configuration does not allow it any more")
CLOSE(ORIGIN_REFUSED,    14, "origin_refused",     502, "the origin refused the connection")
CLOSE(ORIGIN_UNREACHABLE,15, "origin_unreachable", 502, "the origin could not be reached")
CLOSE(ORIGIN_TIMEOUT,    16, "origin_timeout",     504, "the origin did not answer in time")
CLOSE(ORIGIN_RESET,      17, "origin_reset",       502, "the origin broke the connection")
CLOSE(ORIGIN_TLS,        18, "origin_tls",         502, "TLS to the origin failed")
CLOSE(VISITOR_GONE,      19, "visitor_gone",       0,   "the visitor went away")
CLOSE(IDLE,              20, "idle",               0,   "nothing happened for too long")
CLOSE(BAD_MESSAGE,       21, "bad_message",        502, "the HTTP message was not well-formed")
CLOSE(SLOW,               22, "slow",               0,   "the visitor read too slowly for a client that cannot be told to wait")
/* clang-format on */

/* SPDX-License-Identifier: MIT */
/* gate_refusal: how the gate answers in the origin's place; tunneltod.yaml(5) has the table.
 * REFUSAL(NAME, status, "reason", "X-Tunnelto-Error", "text") */
/* clang-format off */
REFUSAL(BAD_SIGNATURE, 401, "Unauthorized",        "bad_signature",    "the signature is not right")
REFUSAL(TIMEOUT,       408, "Request Timeout",     "request_timeout",  "the request did not arrive in time")
REFUSAL(TOO_LARGE,     413, "Content Too Large",   "body_too_large",   "the body is larger than 'max_body' allows")
REFUSAL(BUSY,          503, "Service Unavailable", "too_many_bodies",  "too many bodies wait to be checked")
/* clang-format on */

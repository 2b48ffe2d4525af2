/* SPDX-License-Identifier: MIT */
/*
 * frame: one row per kind of frame, in the order of tunnelto-protocol(7); ids are never reused.
 * Included many times: FRAME(NAME, id, dir, stream, min, max, "what it says")
 * dir: C2S, S2C, BOTH.  stream: NEVER (id must be 0) or ALWAYS (id must not be 0).  min, max: payload bytes.
 */
/* clang-format off */
/*    NAME        id    dir   stream  min  max                what it says                                      */
FRAME(HELLO,      0x01, C2S,  NEVER,  2,   FRAME_MAX_JSON,    "who the client is, which session it wants")
FRAME(WELCOME,    0x02, S2C,  NEVER,  2,   FRAME_MAX_JSON,    "the session it got, and its limits")
FRAME(REGISTER,   0x03, C2S,  NEVER,  2,   FRAME_MAX_JSON,    "asks for a tunnel")
FRAME(REGISTERED, 0x04, S2C,  NEVER,  2,   FRAME_MAX_JSON,    "grants or refuses a tunnel")
FRAME(UNREGISTER, 0x05, C2S,  NEVER,  4,   4,                 "takes a tunnel down")
FRAME(GONE,       0x06, S2C,  NEVER,  6,   6 + FRAME_MAX_TEXT,"the server ended a tunnel, with a reason")
FRAME(PING,       0x07, BOTH, NEVER,  8,   8,                 "answer with the same eight bytes")
FRAME(PONG,       0x08, BOTH, NEVER,  8,   8,                 "the answer")
FRAME(GOAWAY,     0x09, BOTH, NEVER,  6,   6 + FRAME_MAX_TEXT,"no new streams; a reason, and when to come back")
FRAME(LANE_ASK,   0x0a, C2S,  NEVER,  0,   0,                 "asks for a token to attach a lane")
FRAME(LANE_GRANT, 0x0b, S2C,  NEVER,  2,   FRAME_MAX_JSON,    "a one-time token, or why not")
FRAME(RESUME,     0x0c, BOTH, NEVER,  0,   FRAME_MAX_RESUME,  "what was received of each stream, after a lost link")
FRAME(OPEN,       0x10, BOTH, ALWAYS, 4,   FRAME_MAX_OPEN,    "a visitor arrived at a tunnel")
FRAME(DATA,       0x11, BOTH, ALWAYS, 8,   8 + FRAME_MAX_DATA,"bytes of one stream at an offset, perhaps its end")
FRAME(WINDOW,     0x12, BOTH, ALWAYS, 16,  16,                "you may send up to this offset; I have up to that")
FRAME(RESET,      0x13, BOTH, ALWAYS, 2,   2 + FRAME_MAX_TEXT,"abnormal end of a stream, with a reason")
/* clang-format on */

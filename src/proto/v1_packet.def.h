/* SPDX-License-Identifier: MIT */
/*
 * v1_packet: what a WebSocket message of the Rust tunnelto begins with.
 * V1_PACKET(NAME, tag, "name", who sends it: SERVER, CLIENT or BOTH)
 */
/* clang-format off */
V1_PACKET(INIT,      0x01, "Init",      SERVER)
V1_PACKET(DATA,      0x02, "Data",      BOTH)
V1_PACKET(REFUSED,   0x03, "Refused",   CLIENT)
V1_PACKET(END,       0x04, "End",       SERVER)
V1_PACKET(PING,      0x05, "Ping",      BOTH)
V1_PACKET(TERMINATE, 0x06, "Terminate", SERVER) /* to clients of 0.1.20 and later only */
/* clang-format on */

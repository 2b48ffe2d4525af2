/* SPDX-License-Identifier: MIT */
#pragma once

/* parse: checked conversions; nothing else in the tree calls strtol and friends. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* All return 0, or -EINVAL (not of that form) or -ERANGE, and leave the result alone then. */
int parse_u64(const char *s, uint64_t *ret) MUST_USE;
int parse_u32(const char *s, uint32_t *ret) MUST_USE;
/* 1…65535 */
int parse_port(const char *s, uint16_t *ret) MUST_USE;
/* "20000-20100" or "20000": both ends included, low <= high. */
int parse_port_range(const char *s, uint16_t *ret_low, uint16_t *ret_high) MUST_USE;
/* "65536", "64KiB", "16MiB", "1GiB" (also K, M, G meaning the binary ones). Bytes. */
int parse_size(const char *s, uint64_t *ret_bytes) MUST_USE;
/* "500ms", "10s", "5m", "1h", "2d"; a bare number is seconds. Milliseconds. */
int parse_duration(const char *s, uint64_t *ret_ms) MUST_USE;
/* "true/yes/on", "false/no/off" */
int parse_bool(const char *s, bool *ret) MUST_USE;
/* "host:port", "[v6]:port", ":port" (empty host), "port" (empty host); @host_size >= 256. */
int parse_hostport(const char *s, char *ret_host, size_t host_size, uint16_t *ret_port) MUST_USE;
/* Exactly 2·@n_bytes hex digits (lower or upper). */
int parse_hex(const char *s, uint8_t *ret, size_t n_bytes) MUST_USE;
/* Lower-case digits and a NUL: 2·@n + 1 bytes. */
void parse_format_hex(char *ret, const uint8_t *bytes, size_t n);

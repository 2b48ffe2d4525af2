/* SPDX-License-Identifier: MIT */
#pragma once

/* decode: a body without its content codings (RFC 9110 §8.4): gzip, deflate, br. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"

/* Most that comes out, however much would: a few KiB can stand for gigabytes. */
#define DECODE_MAX (16 * 1024 * 1024)
/* Codings on top of each other. */
#define DECODE_CODINGS_MAX 4

enum decode_result {
	DECODE_WHOLE,
	DECODE_CUT,     /* the input ends early: what could be had */
	DECODE_LARGE,   /* there would be more than the limit: as much as that */
	DECODE_BROKEN,  /* not of that coding, from somewhere on: what came before */
	DECODE_UNKNOWN, /* a coding that we do not know: nothing */
};

/* @codings: the value of Content-Encoding, "gzip", "gzip, br"; NULL or "": none. */
bool decode_knows(const char *codings);
/* @ret is initialised here, with @max (at most DECODE_MAX) as its maximum, and is to be deinit'ed
 * whatever comes of it. */
enum decode_result decode_body(struct buf *ret, const char *codings, const void *bytes, size_t n,
	size_t max) MUST_USE;

/* SPDX-License-Identifier: MIT */
#pragma once

/* cells: text from anywhere in so many columns of a terminal. */

#include <stddef.h>
#include <wchar.h>

/* Room for what one column can take. */
#define CELLS_SIZE(columns) ((size_t)(columns) + 1)

/*
 * Characters of @text from column @skip on into @ret, NUL-terminated, in at most @columns columns;
 * how many they take. What is no character of the locale, does not show, or has no width of its own
 * (controls, directions, what combines) is written as \xNN, byte by byte. A text that is longer
 * ends in an ellipsis, or a dot where the locale has none.
 */
size_t cells_fit(wchar_t *ret, size_t columns, const char *text, size_t skip);

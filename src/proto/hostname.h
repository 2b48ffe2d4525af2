/* SPDX-License-Identifier: MIT */
#pragma once

/* hostname: host names as visitors and clients write them, to the one form that is compared. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

#define HOSTNAME_MAX 254 /* with the NUL */

/* "Web.Example.COM.:8080" to "web.example.com": lower case, no port, no trailing dot; labels of
 * letters, digits, '-' and '_', 1 to 63 long, 253 in all; IPv4 literals are names of that form,
 * IPv6 only in brackets (kept, the address respelled as RFC 5952 says). 0 or -EINVAL. */
int hostname_normalise(char ret[static HOSTNAME_MAX], const char *text, size_t n) MUST_USE;
/* One or several labels, already normalised, no leading or trailing hyphen, no underscore: fit to
 * be claimed. */
bool hostname_is_claimable(const char *name);
/* Is @host below @domain? Then the length of what stands in front of ".domain", else 0. */
size_t hostname_under(const char *host, const char *domain);

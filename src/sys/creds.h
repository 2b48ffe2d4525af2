/* SPDX-License-Identifier: MIT */
#pragma once

/* creds: files in $CREDENTIALS_DIRECTORY (systemd LoadCredential=). */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

/* Path of the credential @name when it exists: true and filled @ret. */
bool creds_path(const char *name, char *ret, size_t size);

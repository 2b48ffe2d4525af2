/* SPDX-License-Identifier: MIT */
#pragma once

/* log_journal: the journal as log sink, with native fields. */

#include <stdbool.h>

/* True when stderr is the journal ($JOURNAL_STREAM names it): then log goes there with fields. */
bool log_journal_start(const char *identifier);

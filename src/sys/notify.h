/* SPDX-License-Identifier: MIT */
#pragma once

/* notify: what this process tells the service manager; every call is a no-op without one. */

#include "base/macros.h"

void notify_ready(void);
void notify_stopping(void);
/* WATCHDOG=1 */
void notify_alive(void);
/* RELOADING=1 with MONOTONIC_USEC; notify_ready() ends it. */
void notify_reloading(void);
/* STATUS=; the text shows in `systemctl status`. */
void notify_status(const char *fmt, ...) PRINTF(1, 2);
void notify_extend_timeout_ms(unsigned int ms);

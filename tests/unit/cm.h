/* SPDX-License-Identifier: MIT */
#pragma once

/* cm: cmocka with the headers it wants to find first, the same in every unit test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

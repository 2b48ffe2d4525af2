/* SPDX-License-Identifier: MIT */
#pragma once

/* hub_confine: what of the file system the running server may still touch. */

struct hub;

/* From now on, until the process ends; where the kernel cannot, nothing is refused. */
void hub_confine(const struct hub *h);

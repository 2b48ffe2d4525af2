/* SPDX-License-Identifier: MIT */
#pragma once

/* landlock: this process gives up the file system but for some directories, where the kernel can.
 */

#include <stdbool.h>

#include "base/macros.h"
#include "base/str_list.h"

enum landlock_access {
	LANDLOCK_READ,  /* files and directories below; nothing is ever executed */
	LANDLOCK_WRITE, /* the same, and make, change and remove files and sockets */
};

struct landlock {
	int fd;  /* -1: the kernel has none */
	int abi; /* its version */
	struct str_list read, write;
};

/* False: the kernel has no Landlock, or it is switched off; then the rest does nothing. */
bool landlock_begin(struct landlock *l);
/* What is below @dir; NULL and what does not exist are skipped. */
void landlock_allow(struct landlock *l, const char *dir, enum landlock_access how);
/* What is beside the file @path, and beside what it is a link to, so that it may be replaced. */
void landlock_allow_beside(struct landlock *l, const char *path, enum landlock_access how);
/* All that a reload may come to name: everything but homes, /boot and /sys. */
void landlock_allow_system(struct landlock *l);
/* From here on, for this process and for ever. Ends @l. True: it holds. */
bool landlock_enforce(struct landlock *l);

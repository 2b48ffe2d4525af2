/* SPDX-License-Identifier: MIT */
/* message: the ids of the table; where they are logged is the programs' business. */
#include "base/message.h"

#include <assert.h>

const char *message_id(enum message_kind m)
{
	static const char *const ids[MESSAGE_COUNT] = {
#define MESSAGE(name, id, subject) [MESSAGE_##name] = (id),
#include "base/message.def.h"
#undef MESSAGE
	};

	assert(m < MESSAGE_COUNT);
	return ids[m];
}

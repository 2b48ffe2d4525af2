/* SPDX-License-Identifier: MIT */
/*
 * fuzz_varlink: any bytes as a message of the control socket, as a call and as a reply.
 *
 * What holds for every input: a refusal leaves nothing behind, and what is taken comes out of the
 * formatter as a message that is taken again and means the same.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/varlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(const char *text, size_t n)
{
	struct varlink_call c, again;
	char method[2 * VARLINK_NAME_MAX];
	char *formatted;
	int r = varlink_call_parse(&c, text, n);

	if (r < 0) {
		assert(r == -EPROTO && !c.parameters);
		return;
	}
	assert(json_is_object(c.parameters) && c.interface[0] && c.method[0]);
	assert(!strchr(c.method, '.'));
	(void)snprintf(method, sizeof(method), "%s.%s", c.interface, c.method);
	formatted = varlink_call_format(method, json_incref(c.parameters), c.more);
	assert(varlink_call_parse(&again, formatted, strlen(formatted)) == 0);
	assert(strcmp(again.interface, c.interface) == 0 && strcmp(again.method, c.method) == 0);
	assert(again.more == c.more && json_equal(again.parameters, c.parameters));
	free(formatted);
	varlink_call_deinit(&again);
	varlink_call_deinit(&c);
}

static void check_reply(const char *text, size_t n)
{
	struct varlink_reply a, again;
	char *formatted;
	int r = varlink_reply_parse(&a, text, n);

	if (r < 0) {
		assert(r == -EPROTO && !a.parameters);
		return;
	}
	assert(json_is_object(a.parameters));
	formatted = varlink_reply_format(json_incref(a.parameters), a.error[0] ? a.error : NULL,
		a.continues);
	assert(varlink_reply_parse(&again, formatted, strlen(formatted)) == 0);
	assert(strcmp(again.error, a.error) == 0 && again.continues == a.continues);
	assert(json_equal(again.parameters, a.parameters));
	free(formatted);
	varlink_reply_deinit(&again);
	varlink_reply_deinit(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_call((const char *)data, size);
	check_reply((const char *)data, size);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#pragma once

/* server_test: a server's configuration out of a text, and a directory that goes away again. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/report.h"
#include "server/server_conf.h"

/* Some key's hash; of which, nobody knows. */
#define HASH "'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"

/* The mistakes of @text, as they are printed; "" when it is sound. */
static UNUSED void conf_from(struct server_conf *c, const char *text, struct str *ret_mistakes)
{
	struct conf_report report;

	server_conf_init(c);
	report_init(&report);
	(void)bind_text(&server_conf_table, "t", text, c, &report);
	report_print(&report, ret_mistakes);
	report_deinit(&report);
}

static UNUSED void sound_conf_from(struct server_conf *c, const char *text)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(100000);

	conf_from(c, text, &mistakes);
	assert_string_equal(str_get(&mistakes), "");
}

static char test_dir[] = "/tmp/tunnelto-test-XXXXXX", test_file[64];

static UNUSED void dir_setup(const char *file)
{
	(void)snprintf(test_dir, sizeof(test_dir), "/tmp/tunnelto-test-XXXXXX");
	assert_non_null(mkdtemp(test_dir));
	(void)snprintf(test_file, sizeof(test_file), "%s/%s", test_dir, file);
}

static UNUSED void dir_teardown(void)
{
	(void)unlink(test_file);
	assert_int_equal(rmdir(test_dir), 0); /* nothing was left beside the file */
}

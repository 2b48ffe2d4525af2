/* SPDX-License-Identifier: MIT */
/* test_environment: credentials, limits, and the journal as the environment announces them. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* the journal's place is taken by captured() */
#define sd_journal_sendv captured
#include "sys/log_journal.c"

#include "sys/creds.h"
#include "sys/limits.h"

static char dir[] = "/tmp/tt-creds-XXXXXX";

static void a_credential_is_found_by_its_name(void **state)
{
	char path[128], file[128];
	FILE *f;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/access-key", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);

	unsetenv("CREDENTIALS_DIRECTORY");
	assert_false(creds_path("access-key", path, sizeof(path)));
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	assert_true(creds_path("access-key", path, sizeof(path)));
	assert_string_equal(path, file);
	assert_false(creds_path("other", path, sizeof(path)));
	assert_false(creds_path("../x", path, sizeof(path)));
	assert_false(creds_path("access-key", path, 10)); /* never a cut path */
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "tmp", 1), 0);
	assert_false(creds_path("access-key", path, sizeof(path)));
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(file);
	rmdir(dir);
}

static void the_soft_limit_of_descriptors_is_raised_to_the_hard_one(void **state)
{
	struct rlimit before, low, after;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(limits_raise_nofile(), before.rlim_max);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_int_equal(after.rlim_cur, before.rlim_max);
	assert_int_equal(limits_raise_nofile(), before.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#if HAVE_SYSTEMD
static char entry[8192];

int captured(const struct iovec *v, int n)
{
	entry[0] = '\0';
	for (int i = 0; i < n; i++) {
		size_t at = strlen(entry);

		(void)snprintf(entry + at, sizeof(entry) - at, "%.*s|", (int)v[i].iov_len,
			(const char *)v[i].iov_base);
	}
	return 0;
}

static void claim_journal(const char *format)
{
	struct stat st;
	char text[64];

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(text, sizeof(text), "%llu:%llu%s", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino, format);
	assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
}

static void the_journal_is_used_only_when_stderr_is_it(void **state)
{
	unsetenv("JOURNAL_STREAM");
	assert_false(log_journal_start("tunneltod"));
	assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
	assert_false(log_journal_start("tunneltod"));
	claim_journal("9");
	assert_false(log_journal_start("tunneltod"));
	claim_journal("");
	assert_true(log_journal_start("tunneltod"));
	unsetenv("JOURNAL_STREAM");
	log_set_sink(log_sink_stderr);
}

static void an_entry_has_its_fields_as_the_journal_wants_them(void **state)
{
	claim_journal("");
	assert_true(log_journal_start("tunneltod"));
	log_with(LOG_LV_WARNING, "a=b", {"TUNNEL", "web"}, {"VISITOR", NULL}, {"KEY_ID", "k1"});
	assert_string_equal(entry,
		"MESSAGE=a=b|PRIORITY=4|SYSLOG_IDENTIFIER=tunneltod|TUNNEL=web|KEY_ID=k1|");
	log_info("plain");
	assert_string_equal(entry, "MESSAGE=plain|PRIORITY=6|SYSLOG_IDENTIFIER=tunneltod|");
	unsetenv("JOURNAL_STREAM");
	log_set_sink(log_sink_stderr);
}

static void too_many_and_too_long_fields_are_cut(void **state)
{
	static char longer[2000];
	struct log_field f[40];

	memset(longer, 'v', sizeof(longer) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		f[i] = (struct log_field){"F", i ? "v" : longer};
	claim_journal("");
	assert_true(log_journal_start("x"));
	log_fields(LOG_LV_INFO, f, ARRAY_SIZE(f), "many");
	assert_int_equal(strlen(entry), strlen("MESSAGE=many|PRIORITY=6|SYSLOG_IDENTIFIER=x|") +
						FIELD_SIZE + (FIELDS_MAX - 1) * strlen("F=v|"));
	unsetenv("JOURNAL_STREAM");
	log_set_sink(log_sink_stderr);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_credential_is_found_by_its_name),
		cmocka_unit_test(the_soft_limit_of_descriptors_is_raised_to_the_hard_one),
#if HAVE_SYSTEMD
		cmocka_unit_test(the_journal_is_used_only_when_stderr_is_it),
		cmocka_unit_test(an_entry_has_its_fields_as_the_journal_wants_them),
		cmocka_unit_test(too_many_and_too_long_fields_are_cut),
#endif
	};

	return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}

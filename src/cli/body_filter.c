/* SPDX-License-Identifier: MIT */
/*
 * body_filter: libjq, kept at arm's length. A filter may run for ever or take all memory there is,
 * by itself or for what a stranger made the body: each is judged in a child that has limits and is
 * killed when its time is over, and of which nothing is left then. The child says one letter and
 * words through a pipe.
 */
#include "cli/body_filter.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

#if HAVE_JQ
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jq.h>
#include <jv.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

#define MEMORY_MAX (1024ul * 1024 * 1024)

struct body_filter {
	jq_state *jq;
};

/* --- the filter ------------------------------------------------------------------------------ */

/* What libjq complains of, the first of it. */
static void on_error(void *arg, jv message)
{
	struct err *err = arg;

	if (!err->code && jv_get_kind(message) == JV_KIND_STRING) {
		const char *text = jv_string_value(message);
		const char *prefix = "jq: error: ";

		if (strncmp(text, prefix, strlen(prefix)) == 0)
			text += strlen(prefix);
		(void)err_set(err, -EINVAL, "%.*s", (int)strcspn(text, "\n("), text);
	}
	jv_free(message);
}

struct body_filter *body_filter_new(const char *text, struct err *err)
{
	struct body_filter *f = mem_new(struct body_filter);
	struct err why = {0};
	int good;

	f->jq = jq_init();
	if (!f->jq)
		abort(); /* only without memory */
	/* libjq 1.6 leaves these as they come from malloc() */
	jq_set_input_cb(f->jq, NULL, NULL);
	jq_set_debug_cb(f->jq, NULL, NULL);
	jq_set_error_cb(f->jq, on_error, &why);
	/* no modules: nothing is read but the filter */
	jq_set_attr(f->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	jq_set_attr(f->jq, jv_string("PROGRAM_ORIGIN"), jv_string("/nonexistent"));
	jq_set_attr(f->jq, jv_string("JQ_ORIGIN"), jv_string("/nonexistent"));
	good = jq_compile(f->jq, text);
	jq_set_error_cb(f->jq, NULL, NULL);
	if (good)
		return f;
	(void)err_set(err, -EINVAL, "'%s' is no jq filter: %s", text, why.text);
	body_filter_free(f);
	return NULL;
}

void body_filter_free(struct body_filter *f)
{
	if (!f)
		return;
	jq_teardown(&f->jq);
	free(f);
}

/* --- the child ------------------------------------------------------------------------------- */

static NORETURN void say(int fd, char letter, const char *words)
{
	struct err said = {0};
	ssize_t n;

	(void)err_set(&said, 0, "%c%s", letter, words); /* cut, if need be, between characters */
	n = (ssize_t)strlen(said.text);
	_exit(write(fd, said.text, (size_t)n) == n ? 0 : 1);
}

static NORETURN void say_invalid(int fd, jv bad, const char *instead)
{
	jv message = jv_invalid_get_msg(bad);

	say(fd, 'e', jv_get_kind(message) == JV_KIND_STRING ? jv_string_value(message) : instead);
}

static void limit(int what, rlim_t most)
{
	const struct rlimit l = {most, most};

	(void)setrlimit((__rlimit_resource_t)what, &l);
}

/* Our signals are none of the child's business, and libjq may crash as it likes. */
static void forget_handlers(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)signal(signals[i], SIG_DFL);
}

static NORETURN void judge(struct body_filter *f, const char *bytes, size_t n, int fd)
{
	jv body, result;
	bool holds = false;

	forget_handlers();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	limit(RLIMIT_CORE, 0);
#if !HAS_ASAN
	limit(RLIMIT_AS, MEMORY_MAX);
#endif
	body = n <= INT_MAX ? jv_parse_sized(bytes, (int)n) : jv_invalid();
	if (!jv_is_valid(body))
		say_invalid(fd, body, "the body is no JSON");
	jq_start(f->jq, body, 0);
	for (result = jq_next(f->jq); jv_is_valid(result); result = jq_next(f->jq)) {
		jv_kind kind = jv_get_kind(result);

		holds = kind != JV_KIND_FALSE && kind != JV_KIND_NULL;
		jv_free(result);
	}
	if (jv_invalid_has_msg(jv_copy(result)))
		say_invalid(fd, result, "the filter failed on the body");
	say(fd, holds ? 't' : 'f', "");
}

/* --- the parent ------------------------------------------------------------------------------ */

/* All that the child said into @ret; false: not within @ms. */
static bool hear(int fd, uint64_t ms, char *ret, size_t size)
{
	clock_ms_t end = clock_ms() + ms, now;
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n + 1 < size) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		now = clock_ms();
		if (now >= end)
			return false;
		if (poll(&p, 1, (int)MIN(end - now, (clock_ms_t)3600000)) <= 0)
			continue; /* a signal: what it is for is done elsewhere, in time */
		got = read(fd, ret + n, size - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	ret[n] = '\0';
	return true;
}

static enum body_filter_result result_of(const char *said, struct err *err)
{
	if (said[0] == 't')
		return BODY_FILTER_TRUE;
	if (said[0] == 'f')
		(void)err_set(err, -EINVAL, "the filter is not true of the body");
	else if (said[0] == 'e')
		(void)err_set(err, -EINVAL, "%s", said + 1);
	else
		(void)err_set(err, -ENOMEM, "the filter ended before it had judged the body");
	if (said[0] == 'f')
		return BODY_FILTER_FALSE;
	return said[0] == 'e' ? BODY_FILTER_ERROR : BODY_FILTER_SLOW;
}

enum body_filter_result body_filter_judge(struct body_filter *f, const char *bytes, size_t n,
	uint64_t ms, struct err *err)
{
	char said[ERR_TEXT_MAX];
	int fds[2];
	bool heard;
	pid_t child;

	if (pipe(fds) < 0) {
		(void)err_set_errno(err, -errno, "pipe");
		return BODY_FILTER_SLOW;
	}
	child = fork();
	if (child == 0)
		judge(f, bytes, n, fds[1]);
	(void)close(fds[1]);
	heard = child > 0 && hear(fds[0], ms, said, sizeof(said));
	(void)close(fds[0]);
	if (child > 0) {
		(void)kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (heard)
		return result_of(said, err);
	(void)err_set(err, -ETIMEDOUT,
		child < 0 ? "there is no process to judge the body in"
			  : "the filter did not come to an end");
	return BODY_FILTER_SLOW;
}

#else /* HAVE_JQ */

struct body_filter *body_filter_new(const char *text, struct err *err)
{
	(void)err_set(err, -ENOSYS, "this program was built without libjq");
	return NULL;
}

void body_filter_free(struct body_filter *f)
{
}

enum body_filter_result body_filter_judge(struct body_filter *f, const char *bytes, size_t n,
	uint64_t ms, struct err *err)
{
	(void)err_set(err, -ENOSYS, "this program was built without libjq");
	return BODY_FILTER_ERROR;
}
#endif

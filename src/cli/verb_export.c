/* SPDX-License-Identifier: MIT */
/*
 * verb_export: captured requests into an HTTP archive. The entries are the daemon's and are written
 * as they come; the file appears under its name when it is whole (whole_file), and only its owner
 * may read it, for it holds what visitors sent. A name that is no file's, such as a pipe's or a
 * device's, is written to as it is: it must not become a file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/request_filter.h"
#include "cli/verbs.h"
#include "cli/whole_file.h"

struct export
{
	FILE *file;
	bool begun; /* the first reply came */
	size_t n;   /* entries so far */
	bool whole; /* the last reply came */
};

/* --- the archive ----------------------------------------------------------------------------- */

static void begin(struct export *x)
{
	(void)fprintf(x->file,
		"{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"tunnelto\",\"version\":\"%"
		"s\"},"
		"\"pages\":[],\"entries\":[",
		PACKAGE_VERSION);
}

static bool on_entry(json_t *reply, void *arg)
{
	struct export *x = arg;
	const json_t *entry = json_object_get(reply, "entry");

	if (!x->begun)
		begin(x);
	x->begun = true;
	if (!json_is_object(entry)) {
		(void)fputs("\n]}}\n", x->file);
		x->whole = true;
		return true;
	}
	(void)fputs(x->n++ ? ",\n" : "\n", x->file);
	return json_dumpf(entry, x->file, JSON_COMPACT) == 0;
}

static int write_all(const struct args *a, json_t *filter, struct export *x)
{
	struct call c;
	int code = call_open(&c, a);

	if (code)
		return code;
	code = call_more(&c, "Export", json_pack("{s:O}", "filter", filter), on_entry, x);
	call_close(&c);
	if (!code && !x->whole && !ferror(x->file)) {
		print_error("interrupted before the archive was whole");
		return CALL_FAILED;
	}
	return code;
}

/* --- the file -------------------------------------------------------------------------------- */

static int failed(const char *path, int error)
{
	print_error("%s: %s", path, strerror(error));
	return CALL_FAILED;
}

static int into_file(const struct args *a, json_t *filter, const char *path, struct export *x)
{
	struct whole_file w;
	int code, r = whole_file_open(&w, path);

	if (r < 0)
		return failed(path, -r);
	x->file = w.file;
	code = write_all(a, filter, x);
	if (code) {
		whole_file_drop(&w);
		return code;
	}
	r = whole_file_commit(&w);
	return r < 0 ? failed(path, -r) : CALL_DONE;
}

static bool is_no_file(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && !S_ISREG(s.st_mode);
}

static int into_what_is_there(const struct args *a, json_t *filter, const char *path,
	struct export *x)
{
	int code, error;
	bool bad;

	x->file = fopen(path, "we");
	if (!x->file)
		return failed(path, errno);
	code = write_all(a, filter, x);
	errno = 0;
	bad = ferror(x->file) || fflush(x->file) != 0;
	error = !bad ? 0 : errno ? errno : EIO;
	if (fclose(x->file) != 0 && !error)
		error = errno;
	return !code && error ? failed(path, error) : code;
}

/* A link stays one, whatever it leads to. */
static int into_path(const struct args *a, json_t *filter, const char *path, struct export *x)
{
	char *real;
	int code;

	if (is_no_file(path))
		return into_what_is_there(a, filter, path, x);
	real = realpath(path, NULL); /* NULL: there is none yet */
	code = into_file(a, filter, real ? real : path, x);
	free(real);
	return code;
}

static int into_stdout(const struct args *a, json_t *filter, struct export *x)
{
	int code;

	x->file = stdout;
	code = write_all(a, filter, x);
	if (fflush(stdout) != 0 && !code)
		code = failed("standard output", errno);
	return code;
}

int verb_export(const struct args *a)
{
	CLEANUP(call_free_json) json_t *filter = NULL;
	const char *path = a->value[ARGS_HAR];
	struct export x = {0};
	int code = path ? request_filter(a, &filter) : verbs_usage(a, "needs --har FILE");

	if (code)
		return code;
	if (str_eq(path, "-"))
		return into_stdout(a, filter, &x);
	code = into_path(a, filter, path, &x);
	if (!code && args_has(a, ARGS_JSON)) {
		CLEANUP(call_free_json)
		json_t *told = json_pack("{s:s?, s:I}", "file", path, "entries", (json_int_t)x.n);

		print_json(told);
	}
	return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_interface_text: the three descriptions that the programs carry are well-formed Varlink.
 *
 * A reader for the interface definition language, after its grammar on varlink.org: an interface
 * line, then methods, types and errors, whose fields have known types. Every type that is used
 * must be one that the same interface defines.
 */

#include "../cm.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/interface_text.h"

#define NAMES_MAX 64

struct reader {
	const char *at;
	const char *why; /* the first thing that is wrong */
	char defined[NAMES_MAX][64];
	char used[NAMES_MAX][64];
	size_t n_defined, n_used, n_methods, n_errors;
};

static bool wrong(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

/* Over blanks, line ends and comments. */
static void skip_blanks(struct reader *r)
{
	for (;;) {
		r->at += strspn(r->at, " \t\n");
		if (*r->at != '#')
			return;
		r->at += strcspn(r->at, "\n");
	}
}

static bool take(struct reader *r, const char *word)
{
	skip_blanks(r);
	if (strncmp(r->at, word, strlen(word)) != 0)
		return false;
	r->at += strlen(word);
	return true;
}

static bool take_name(struct reader *r, char ret[static 64], bool upper)
{
	size_t n;

	skip_blanks(r);
	n = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (n == 0 || n >= 64 || !isalpha((unsigned char)*r->at) ||
		(upper && !isupper((unsigned char)*r->at)))
		return wrong(r, "no name where one must be");
	(void)snprintf(ret, 64, "%.*s", (int)n, r->at);
	r->at += n;
	return true;
}

static bool read_struct(struct reader *r);

static bool read_type(struct reader *r)
{
	static const char *const simple[] = {"bool", "int", "float", "string", "object"};

	(void)take(r, "?");
	while (take(r, "[]") || take(r, "[string]"))
		;
	skip_blanks(r);
	if (*r->at == '(')
		return read_struct(r);
	for (size_t i = 0; i < sizeof(simple) / sizeof(*simple); i++) {
		size_t n = strlen(simple[i]);

		if (strncmp(r->at, simple[i], n) == 0 && !isalnum((unsigned char)r->at[n])) {
			r->at += n;
			return true;
		}
	}
	assert_true(r->n_used < NAMES_MAX);
	return take_name(r, r->used[r->n_used++], /* upper= */ true);
}

/* "(name: type, …)" */
static bool read_struct(struct reader *r)
{
	char name[64];

	if (!take(r, "("))
		return wrong(r, "no ( where one must be");
	if (take(r, ")"))
		return true;
	do {
		if (!take_name(r, name, /* upper= */ false))
			return false;
		if (!take(r, ":"))
			return wrong(r, "a field without a type");
		if (!read_type(r))
			return false;
	} while (take(r, ","));
	return take(r, ")") || wrong(r, "no ) where one must be");
}

static bool define(struct reader *r)
{
	char name[64];

	if (!take_name(r, name, /* upper= */ true))
		return false;
	for (size_t i = 0; i < r->n_defined; i++) {
		if (strcmp(r->defined[i], name) == 0)
			return wrong(r, "two of one name");
	}
	assert_true(r->n_defined < NAMES_MAX);
	memcpy(r->defined[r->n_defined++], name, sizeof(name));
	return true;
}

static bool read_member(struct reader *r)
{
	bool method = take(r, "method ");
	bool error = !method && take(r, "error ");

	if (!method && !error && !take(r, "type "))
		return wrong(r, "neither method, error nor type");
	r->n_methods += method;
	r->n_errors += error;
	if (!define(r) || !read_struct(r))
		return false;
	if (!method)
		return true;
	return take(r, "->") ? read_struct(r) : wrong(r, "a method without ->");
}

static bool is_defined(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->n_defined; i++) {
		if (strcmp(r->defined[i], name) == 0)
			return true;
	}
	return false;
}

static const char *read_all(struct reader *r, const char *text, const char *interface)
{
	memset(r, 0, sizeof(*r));
	r->at = text;
	if (!take(r, "interface ") || !take(r, interface) || *r->at != '\n')
		return "does not begin with its interface";
	skip_blanks(r);
	while (*r->at && read_member(r))
		skip_blanks(r);
	for (size_t i = 0; !r->why && i < r->n_used; i++) {
		if (!is_defined(r, r->used[i]))
			(void)wrong(r, "a type that is not defined");
	}
	return r->why;
}

static void expect_sound(const char *text, const char *interface)
{
	static struct reader r;
	const char *why = read_all(&r, text, interface);

	if (why)
		fail_msg("%s: %s, at '%.40s'", interface, why, r.at);
	assert_true(r.n_methods > 0 && r.n_errors > 0);
}

static void the_clients_interface_is_well_formed(void **state)
{
	expect_sound(interface_text_client, "io.tunnelto.Client");
}

static void the_servers_interface_is_well_formed(void **state)
{
	expect_sound(interface_text_server, "io.tunnelto.Server");
}

static void the_services_own_interface_is_well_formed(void **state)
{
	expect_sound(interface_text_service, "org.varlink.service");
}

static void this_reader_sees_mistakes(void **state)
{
	static const char *const bad[] = {"", "interface b.c\n", "interface a.b\nmethod X()",
		"interface a.b\nmethod x() -> ()", "interface a.b\nmethod X(a: Y) -> ()",
		"interface a.b\nmethod X(a) -> ()", "interface a.b\nerror X",
		"interface a.b\nerror X (a: int,)", "interface a.b\nerror X ()\nerror X ()",
		"interface a.b\nerror X (a: int", "interface a.b\nhello"};
	static struct reader r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(read_all(&r, bad[i], "a.b"));
	assert_null(read_all(&r,
		"# x\ninterface a.b\n# y\ntype T (a: ?[]string, b: [string]int, c: (d: bool))\n"
		"method X(t: []T) -> (u: ?T)\n",
		"a.b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clients_interface_is_well_formed),
		cmocka_unit_test(the_servers_interface_is_well_formed),
		cmocka_unit_test(the_services_own_interface_is_well_formed),
		cmocka_unit_test(this_reader_sees_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

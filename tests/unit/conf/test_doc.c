/* SPDX-License-Identifier: MIT */
/* test_doc: YAML becomes a tree with positions, or a list of reasons why not. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/doc.h"
#include "conf/report.h"

/* Load @text; the mistakes, printed, in @ret. */
static struct conf_doc *load(const char *text, size_t n, struct str *ret)
{
	struct conf_report report;
	struct conf_doc *doc;

	report_init(&report);
	doc = doc_load_text("t.yaml", text, n, &report);
	report_print(&report, ret);
	report_deinit(&report);
	return doc;
}

static void nodes_remember_where_they_were_written(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
	static const char text[] = "# comment\n"
				   "server:\n"
				   "  url: 'x'\n"
				   "hosts:\n"
				   "  - a\n"
				   "  - {b: 1}\n";
	CLEANUP(doc_cleanup) struct conf_doc *doc = load(text, strlen(text), &mistakes);
	const struct conf_node *server, *url, *hosts;

	assert_string_equal(str_get(&mistakes), "");
	assert_int_equal(doc->root->kind, CONF_MAPPING);
	assert_int_equal(doc->root->n, 2);
	server = doc_find(doc->root, "server");
	assert_int_equal(server->key_line * 100 + server->key_col, 201);
	assert_int_equal(server->line * 100 + server->col, 303);
	url = doc_find(server, "url");
	assert_int_equal(url->line * 100 + url->col, 308);
	assert_string_equal(url->text, "x");
	assert_true(url->quoted);
	hosts = doc_find(doc->root, "hosts");
	assert_int_equal(hosts->kind, CONF_SEQUENCE);
	assert_int_equal(hosts->n, 2);
	assert_string_equal(hosts->first->text, "a");
	assert_false(hosts->first->quoted);
	assert_null(hosts->first->key);
	assert_int_equal(hosts->first->next->kind, CONF_MAPPING);
	assert_ptr_equal(hosts->first->next, hosts->last);
	assert_null(doc_find(doc->root, "nope"));
	assert_null(doc_find(hosts, "b"));
	assert_ptr_equal(url->doc, doc);
}

static void nothing_at_all_is_an_empty_mapping(void **state)
{
	static const char *const texts[] = {"", "# only a comment\n", "---\n...\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
		CLEANUP(doc_cleanup) struct conf_doc *doc;

		doc = load(texts[i], strlen(texts[i]), &mistakes);
		assert_string_equal(str_get(&mistakes), "");
		assert_true(doc->root->kind == CONF_MAPPING || doc_is_null(doc->root));
		assert_int_equal(doc->root->n, 0);
	}
}

static void null_is_what_is_written_but_not_given(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
	static const char text[] = "[~, null, '', 'null', x, [], {}]";
	CLEANUP(doc_cleanup) struct conf_doc *doc = load(text, strlen(text), &mistakes);
	static const char *const kinds[] = {
		"nothing", "nothing", "text", "text", "text", "a list", "a mapping"};
	size_t i = 0;

	for (const struct conf_node *c = doc->root->first; c; c = c->next, i++)
		assert_string_equal(doc_kind_name(c), kinds[i]);
	assert_int_equal(i, 7);
}

struct bad {
	const char *text;
	const char *mistakes;
	bool tree; /* does reading go on? */
};

static void what_is_wrong_is_said_with_its_place(void **state)
{
	static const struct bad rows[] = {
		{"a: 1\nb: 2\na: 3\na: 4\n",
			"t.yaml:3:1: a: appears twice, first on line 1\n"
			"t.yaml:4:1: a: appears twice, first on line 1\n",
			true},
		{"m: {x: 1, x: {y: 2}}\n", "t.yaml:1:11: x: appears twice, first on line 1\n",
			true},
		{"a: &anchor 1\n", "t.yaml:1:4: anchors and aliases are not supported\n", true},
		{"a: *anchor\n", "t.yaml:1:4: anchors and aliases are not supported\n", false},
		{"a: !!int 1\nb: !x [1]\n",
			"t.yaml:1:4: tags are not supported\n"
			"t.yaml:2:4: tags are not supported\n",
			true},
		{"a: 1\n---\nb: 2\n",
			"t.yaml:2:1: a second document begins here; only one is read\n", false},
		{"? [a, b]\n: 1\n", "t.yaml:1:3: a key must be a single word or text\n", false},
		{"a: \"x\\0y\"\n", "t.yaml:1:4: the text holds a NUL character\n", true},
		{"\"x\\0y\": 1\n", "t.yaml:1:1: a key holds a NUL character\n", true},
		{"a:\n\tb: 1\n", "t.yaml:2:1: YAML does not allow tabs in the indentation\n",
			false},
		{"a: 1\nb: 'open\nc: 2\n",
			"t.yaml:4:1: found unexpected end of stream (while scanning a quoted "
			"scalar "
			"that began on line 2)\n",
			false},
		{"a: 1\n b: 2\n", "t.yaml:2:3: mapping values are not allowed in this context\n",
			false},
		{"a: 1\nb\n",
			"t.yaml:3:1: could not find expected ':' (while scanning a simple key "
			"that began on line 2)\n",
			false},
		{"a: 1\nb: x\xff\n",
			"t.yaml:2:5: is not plain UTF-8 text: invalid leading UTF-8 octet\n",
			false},
		{"a: 1\nb: \x07\n",
			"t.yaml:2:4: is not plain UTF-8 text: control characters are not allowed\n",
			false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
		CLEANUP(doc_cleanup) struct conf_doc *doc;

		print_message("  %s\n", rows[i].mistakes);
		doc = load(rows[i].text, strlen(rows[i].text), &mistakes);
		assert_string_equal(str_get(&mistakes), rows[i].mistakes);
		assert_int_equal(doc != NULL, rows[i].tree);
	}
}

static void a_refused_value_does_not_replace_the_first(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
	static const char text[] = "a: 1\na: {b: [2]}\nc: 3\n";
	CLEANUP(doc_cleanup) struct conf_doc *doc = load(text, strlen(text), &mistakes);

	assert_int_equal(doc->root->n, 2);
	assert_string_equal(doc_find(doc->root, "a")->text, "1");
	assert_string_equal(doc_find(doc->root, "c")->text, "3");
}

/* @n copies of @piece between @before and @after. */
static char *repeat(const char *before, const char *piece, size_t n, const char *after)
{
	struct str s = STR_INIT(4 * DOC_SIZE_MAX);

	str_add(&s, before);
	for (size_t i = 0; i < n; i++)
		str_add(&s, piece);
	str_add(&s, after);
	return str_take(&s);
}

static void depth_is_bounded(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
	CLEANUP(mem_cleanup) char *fits = repeat("a: ", "[", DOC_DEPTH_MAX - 1, "");
	CLEANUP(mem_cleanup) char *text = repeat(fits, "]", DOC_DEPTH_MAX - 1, "");
	CLEANUP(mem_cleanup) char *deep = repeat("a: ", "[", 100000, "");
	CLEANUP(doc_cleanup) struct conf_doc *doc = load(text, strlen(text), &mistakes);

	assert_non_null(doc);
	assert_null(load(deep, strlen(deep), &mistakes));
	assert_string_equal(str_get(&mistakes), "t.yaml:1:35: more than 32 levels deep\n");
}

static void the_number_of_values_is_bounded(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
	CLEANUP(mem_cleanup) char *text = repeat("", "- a\n", DOC_NODES_MAX, "");

	assert_null(load(text, strlen(text), &mistakes));
	assert_string_equal(str_get(&mistakes), "t.yaml:19999:3: more than 20000 values in one "
						"file\n");
}

static void the_size_is_bounded(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(1000);
	CLEANUP(mem_cleanup) char *text = repeat("a: 1 #", "x", DOC_SIZE_MAX, "\n");
	CLEANUP(doc_cleanup) struct conf_doc *doc = load(text, DOC_SIZE_MAX, &mistakes);

	assert_non_null(doc);
	assert_null(load(text, DOC_SIZE_MAX + 1, &mistakes));
	assert_string_equal(str_get(&mistakes), "t.yaml: is bigger than 1048576 bytes\n");
}

static void file_mistakes(const char *path, const char *expected, bool tree)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(1000);
	CLEANUP(mem_cleanup) char *line = mem_printf("%s%s", path, expected);
	struct conf_report report;
	struct conf_doc *doc;

	report_init(&report);
	doc = doc_load(path, &report);
	report_print(&report, &text);
	assert_string_equal(str_get(&text), *expected ? line : "");
	assert_int_equal(doc != NULL, tree);
	if (doc)
		assert_string_equal(doc->name, path);
	doc_free(doc);
	report_deinit(&report);
}

static void files_are_read_and_anything_else_is_not(void **state)
{
	char dir[] = "/tmp/test_doc.XXXXXX";
	CLEANUP(mem_cleanup) char *path = NULL;
	CLEANUP(mem_cleanup) char *fifo = NULL;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	path = mem_printf("%s/a.yaml", dir);
	fifo = mem_printf("%s/fifo", dir);
	file_mistakes(path, ": cannot be read: No such file or directory\n", false);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("a: 1\n", f);
	fclose(f);
	file_mistakes(path, "", true);
	assert_int_equal(truncate(path, DOC_SIZE_MAX + 1), 0);
	file_mistakes(path, ": is bigger than 1048576 bytes\n", false);
	file_mistakes(dir, ": cannot be read: not a regular file\n", false);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	file_mistakes(fifo, ": cannot be read: not a regular file\n", false);
	unlink(path);
	unlink(fifo);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_remember_where_they_were_written),
		cmocka_unit_test(nothing_at_all_is_an_empty_mapping),
		cmocka_unit_test(null_is_what_is_written_but_not_given),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(a_refused_value_does_not_replace_the_first),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(the_number_of_values_is_bounded),
		cmocka_unit_test(the_size_is_bounded),
		cmocka_unit_test(files_are_read_and_anything_else_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

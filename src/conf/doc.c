/* SPDX-License-Identifier: MIT */
/*
 * doc: YAML as people write configuration in it: mappings, lists and scalars, each with
 * its place in the file.
 *
 * libyaml's events are turned into a tree; nothing outside this file sees a yaml_*
 * name. What YAML can do beyond that is refused with a reason instead of being half
 * supported: anchors and aliases (the billion laughs), tags, several documents in one
 * file, keys that are not scalars. A key given twice is a mistake, not "the last wins".
 *
 * Everything is bounded: the size of the file, the depth, the number of nodes. A
 * mistake that leaves the rest readable lets the reading go on, so that one run shows
 * as many mistakes as possible; a syntax error ends it.
 *
 * A doc owns its nodes and their texts. Not here: what the values mean (bind).
 */

#include "conf/doc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/report.h"

/* An open list or mapping. */
struct level {
	struct conf_node *node;
	struct map keys; /* mappings: the keys so far, to their nodes */
	char *key;       /* read, its value not yet                   */
	unsigned int key_line, key_col;
	bool refused; /* the key is a second one                   */
};

struct builder {
	yaml_parser_t parser;
	const char *text;
	size_t size;
	struct conf_doc *doc;
	struct conf_report *report;
	struct level stack[DOC_DEPTH_MAX];
	size_t depth;
	unsigned int documents;
};

/* 0 to go on, -EBADMSG to stop: the mistake has been reported. */
typedef int event_f(struct builder *b, const yaml_event_t *e);

static void node_free(struct conf_node *n)
{
	/* as deep as DOC_DEPTH_MAX, never deeper: nothing else was built */
	for (struct conf_node *c = n ? n->first : NULL, *next; c; c = next) {
		next = c->next;
		node_free(c);
	}
	if (n) {
		if (n->text) /* it may be a secret */
			mem_wipe(n->text, strlen(n->text));
		free(n->text);
		free(n->key);
		free(n);
	}
}

void doc_free(struct conf_doc *d)
{
	if (!d)
		return;
	node_free(d->root);
	node_free(d->strays);
	free(d->name);
	free(d);
}

void doc_cleanup(struct conf_doc **d)
{
	doc_free(*d);
}

static struct conf_node *node_new(struct conf_doc *doc, enum conf_kind kind)
{
	struct conf_node *n = mem_new(struct conf_node);

	n->kind = kind;
	n->doc = doc;
	n->line = n->col = 1;
	doc->nodes++;
	return n;
}

static void node_append(struct conf_node *parent, struct conf_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

static void PRINTF(3, 4) complain(struct builder *b, yaml_mark_t at, const char *fmt, ...)
{
	CLEANUP(str_deinit) struct str why = STR_INIT(500);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&why, fmt, ap);
	va_end(ap);
	report_add_at(b->report, b->doc->name, (unsigned int)at.line + 1,
		(unsigned int)at.column + 1, NULL, "%s", str_get(&why));
}

static struct level *builder_top(struct builder *b)
{
	return b->depth > 0 ? &b->stack[b->depth - 1] : NULL;
}

/* Hang @n under whatever is open; a mapping's waiting key goes with it. */
static void builder_attach(struct builder *b, struct conf_node *n)
{
	struct level *top = builder_top(b);

	if (!top) {
		assert(!b->doc->root);
		b->doc->root = n;
		return;
	}
	if (top->node->kind == CONF_SEQUENCE) {
		node_append(top->node, n);
		return;
	}
	assert(top->key);
	n->key = TAKE_PTR(top->key);
	n->key_line = top->key_line;
	n->key_col = top->key_col;
	if (top->refused) {
		node_append(b->doc->strays, n);
	} else {
		node_append(top->node, n);
		(void)map_set(&top->keys, n->key, n);
	}
}

static bool awaits_key(const struct level *top)
{
	return top && top->node->kind == CONF_MAPPING && !top->key;
}

static void on_key(struct builder *b, const yaml_event_t *e)
{
	struct level *top = builder_top(b);
	const struct conf_node *first;

	top->key = mem_strdup((const char *)e->data.scalar.value);
	top->key_line = (unsigned int)e->start_mark.line + 1;
	top->key_col = (unsigned int)e->start_mark.column + 1;
	if (strlen(top->key) != e->data.scalar.length)
		complain(b, e->start_mark, "a key holds a NUL character");
	first = map_get(&top->keys, top->key);
	top->refused = first != NULL;
	if (first)
		report_add_at(b->report, b->doc->name, top->key_line, top->key_col, top->key,
			"appears twice, first on line %u", first->key_line);
}

/* A node of this event, attached; NULL (reported) when there are too many. */
static struct conf_node *builder_add(struct builder *b, enum conf_kind kind, const yaml_event_t *e)
{
	struct conf_node *n;

	if (b->doc->nodes >= DOC_NODES_MAX) {
		complain(b, e->start_mark, "more than %d values in one file", DOC_NODES_MAX);
		return NULL;
	}
	n = node_new(b->doc, kind);
	n->line = (unsigned int)e->start_mark.line + 1;
	n->col = (unsigned int)e->start_mark.column + 1;
	builder_attach(b, n);
	return n;
}

static void refuse_extras(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (anchor)
		complain(b, e->start_mark, "anchors and aliases are not supported");
	if (tag)
		complain(b, e->start_mark, "tags are not supported");
}

static int on_scalar(struct builder *b, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	struct conf_node *n;

	refuse_extras(b, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (awaits_key(builder_top(b))) {
		on_key(b, e);
		return 0;
	}
	n = builder_add(b, CONF_SCALAR, e);
	if (!n)
		return -EBADMSG;
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->text = mem_strdup(text);
	if (strlen(text) != e->data.scalar.length)
		complain(b, e->start_mark, "the text holds a NUL character");
	return 0;
}

static int builder_open(struct builder *b, enum conf_kind kind, const yaml_event_t *e)
{
	struct conf_node *n;

	if (awaits_key(builder_top(b))) {
		complain(b, e->start_mark, "a key must be a single word or text");
		return -EBADMSG;
	}
	if (b->depth == DOC_DEPTH_MAX) {
		complain(b, e->start_mark, "more than %d levels deep", DOC_DEPTH_MAX);
		return -EBADMSG;
	}
	n = builder_add(b, kind, e);
	if (!n)
		return -EBADMSG;
	b->stack[b->depth] = (struct level){.node = n};
	map_init(&b->stack[b->depth].keys);
	b->depth++;
	return 0;
}

static int on_sequence(struct builder *b, const yaml_event_t *e)
{
	refuse_extras(b, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	return builder_open(b, CONF_SEQUENCE, e);
}

static int on_mapping(struct builder *b, const yaml_event_t *e)
{
	refuse_extras(b, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	return builder_open(b, CONF_MAPPING, e);
}

static int on_end(struct builder *b, const yaml_event_t *e)
{
	struct level *top = builder_top(b);

	assert(top);
	map_deinit(&top->keys);
	free(top->key); /* only when the reading was given up */
	b->depth--;
	return 0;
}

static int on_alias(struct builder *b, const yaml_event_t *e)
{
	complain(b, e->start_mark, "anchors and aliases are not supported");
	return -EBADMSG;
}

static int on_document(struct builder *b, const yaml_event_t *e)
{
	if (b->documents++ == 0)
		return 0;
	complain(b, e->start_mark, "a second document begins here; only one is read");
	return -EBADMSG;
}

static int on_nothing(struct builder *b, const yaml_event_t *e)
{
	return 0;
}

static event_f *const on_event[] = {
	[YAML_NO_EVENT] = on_nothing,
	[YAML_STREAM_START_EVENT] = on_nothing,
	[YAML_STREAM_END_EVENT] = on_nothing,
	[YAML_DOCUMENT_START_EVENT] = on_document,
	[YAML_DOCUMENT_END_EVENT] = on_nothing,
	[YAML_ALIAS_EVENT] = on_alias,
	[YAML_SCALAR_EVENT] = on_scalar,
	[YAML_SEQUENCE_START_EVENT] = on_sequence,
	[YAML_SEQUENCE_END_EVENT] = on_end,
	[YAML_MAPPING_START_EVENT] = on_mapping,
	[YAML_MAPPING_END_EVENT] = on_end,
};

/* libyaml's reader fails before there is a mark: count lines up to the byte it names. */
static void complain_reader(struct builder *b)
{
	yaml_mark_t at = {0};
	size_t n = MIN(b->parser.problem_offset, b->size);

	for (size_t i = 0; i < n; i++) {
		at.column++;
		if (b->text[i] == '\n') {
			at.line++;
			at.column = 0;
		}
	}
	complain(b, at, "is not plain UTF-8 text: %s", b->parser.problem);
}

/* Is there a tab in the indentation of the line with this number (from 0)? */
static bool tab_indents(const struct builder *b, size_t line)
{
	const char *at = b->text, *end = b->text + b->size;

	for (; line > 0 && at < end; at++)
		line -= *at == '\n';
	while (at < end && *at == ' ')
		at++;
	return at < end && *at == '\t';
}

static void complain_syntax(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;

	if (p->error == YAML_READER_ERROR)
		complain_reader(b);
	else if (tab_indents(b, p->problem_mark.line))
		complain(b, p->problem_mark, "YAML does not allow tabs in the indentation");
	else if (p->context && p->context_mark.line != p->problem_mark.line)
		complain(b, p->problem_mark, "%s (%s that began on line %zu)", p->problem,
			p->context, p->context_mark.line + 1);
	else if (p->context)
		complain(b, p->problem_mark, "%s (%s)", p->problem, p->context);
	else
		complain(b, p->problem_mark, "%s", p->problem ? p->problem : "is not YAML");
}

static int builder_run(struct builder *b)
{
	yaml_event_type_t type;
	int r;

	do {
		yaml_event_t e;

		if (!yaml_parser_parse(&b->parser, &e)) {
			complain_syntax(b);
			return -EBADMSG;
		}
		type = e.type;
		assert((size_t)type < ARRAY_SIZE(on_event));
		r = on_event[type](b, &e);
		yaml_event_delete(&e);
	} while (r == 0 && type != YAML_STREAM_END_EVENT);
	return r;
}

struct conf_doc *doc_load_text(const char *name, const char *text, size_t n,
	struct conf_report *report)
{
	CLEANUP(doc_cleanup) struct conf_doc *doc = mem_new(struct conf_doc);
	struct builder b = {.text = text, .size = n, .doc = doc, .report = report};
	int r;

	doc->name = mem_strdup(name);
	doc->strays = node_new(doc, CONF_SEQUENCE);
	if (n > DOC_SIZE_MAX) {
		report_add_at(report, name, 0, 0, NULL, "is bigger than %d bytes", DOC_SIZE_MAX);
		return NULL;
	}
	if (!yaml_parser_initialize(&b.parser)) {
		report_add_at(report, name, 0, 0, NULL, "cannot be read: %s", strerror(ENOMEM));
		return NULL;
	}
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, n);
	r = builder_run(&b);
	while (b.depth > 0)
		(void)on_end(&b, NULL);
	yaml_parser_delete(&b.parser);
	if (r < 0)
		return NULL;
	if (!doc->root)
		doc->root = node_new(doc, CONF_MAPPING);
	return TAKE_PTR(doc);
}

static void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Everything in the file, up to one byte more than allowed. */
static int read_file(const char *path, char *ret, size_t max, size_t *ret_n)
{
	/* without O_NONBLOCK a forgotten FIFO would hold up a reload for ever */
	CLEANUP(fd_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	while (n < max) {
		ssize_t r = read(fd, ret + n, max - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	*ret_n = n;
	return 0;
}

struct conf_doc *doc_load(const char *path, struct conf_report *report)
{
	CLEANUP(mem_cleanup) char *text = mem_alloc(DOC_SIZE_MAX + 1);
	size_t n = 0;
	int r = read_file(path, text, DOC_SIZE_MAX + 1, &n);

	if (r < 0) {
		report_add_at(report, path, 0, 0, NULL, "cannot be read: %s",
			r == -ENOTSUP ? "not a regular file" : strerror(-r));
		return NULL;
	}
	return doc_load_text(path, text, n, report);
}

const struct conf_node *doc_find(const struct conf_node *mapping, const char *key)
{
	if (mapping->kind != CONF_MAPPING)
		return NULL;
	for (const struct conf_node *c = mapping->first; c; c = c->next)
		if (str_eq(c->key, key))
			return c;
	return NULL;
}

bool doc_is_null(const struct conf_node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (node->kind != CONF_SCALAR || node->quoted)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		if (str_eq(node->text, nulls[i]))
			return true;
	return false;
}

const char *doc_kind_name(const struct conf_node *node)
{
	if (doc_is_null(node))
		return "nothing";
	switch (node->kind) {
	case CONF_SEQUENCE:
		return "a list";
	case CONF_MAPPING:
		return "a mapping";
	case CONF_SCALAR:
		break;
	}
	return "text";
}

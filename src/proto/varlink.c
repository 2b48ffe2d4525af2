/* SPDX-License-Identifier: MIT */
/* varlink: codec of calls and replies; sockets and rights are ctl's business. */
#include "proto/varlink.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define DEPTH_FLAGS JSON_REJECT_DUPLICATES

static void wipe_and_free(void *p)
{
	if (p)
		mem_wipe(p, malloc_usable_size(p));
	free(p);
}

void varlink_setup(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

void varlink_free_text(char *text)
{
	if (text)
		mem_wipe(text, strlen(text));
	free(text);
}

/* "org.varlink.service.GetInfo": interface and method, letters, digits, '.', '-', '_' */
static int split_method(struct varlink_call *c, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t n = strlen(name);

	if (!dot || dot == name || !dot[1] || n >= VARLINK_NAME_MAX)
		return -EPROTO;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != n)
		return -EPROTO;
	memcpy(c->interface, name, (size_t)(dot - name));
	c->interface[dot - name] = '\0';
	memcpy(c->method, dot + 1, strlen(dot + 1) + 1);
	return 0;
}

/* Takes an own reference on the parameters; none given is an empty object. */
static int take_parameters(const json_t *root, json_t **ret)
{
	json_t *p = json_object_get(root, "parameters");

	if (p && !json_is_null(p) && !json_is_object(p))
		return -EPROTO;
	*ret = json_is_object(p) ? json_incref(p) : json_object();
	return 0;
}

int varlink_call_parse(struct varlink_call *ret, const char *message, size_t n)
{
	json_t *root = json_loadb(message, n, DEPTH_FLAGS, NULL);
	const char *method = json_string_value(json_object_get(root, "method"));
	int r = -EPROTO;

	memset(ret, 0, sizeof(*ret));
	if (method && split_method(ret, method) == 0)
		r = take_parameters(root, &ret->parameters);
	ret->more = json_is_true(json_object_get(root, "more"));
	ret->oneway = json_is_true(json_object_get(root, "oneway"));
	ret->upgrade = json_is_true(json_object_get(root, "upgrade"));
	json_decref(root);
	return r;
}

void varlink_call_deinit(struct varlink_call *c)
{
	json_decref(TAKE_PTR(c->parameters));
}

static char *dump(json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	if (!text)
		abort(); /* only without memory */
	return text;
}

char *varlink_reply_format(json_t *parameters, const char *error, bool continues)
{
	json_t *root = json_object();

	if (error)
		(void)json_object_set_new(root, "error", json_string(error));
	(void)json_object_set_new(root, "parameters", parameters ? parameters : json_object());
	if (continues)
		(void)json_object_set_new(root, "continues", json_true());
	return dump(root);
}

char *varlink_call_format(const char *method, json_t *parameters, bool more)
{
	json_t *root = json_object();

	(void)json_object_set_new(root, "method", json_string(method));
	(void)json_object_set_new(root, "parameters", parameters ? parameters : json_object());
	if (more)
		(void)json_object_set_new(root, "more", json_true());
	return dump(root);
}

int varlink_reply_parse(struct varlink_reply *ret, const char *message, size_t n)
{
	json_t *root = json_loadb(message, n, DEPTH_FLAGS, NULL);
	const json_t *e = json_object_get(root, "error");
	const char *error = json_string_value(e);
	int r = -EPROTO;

	memset(ret, 0, sizeof(*ret));
	if (json_is_object(root) &&
		(error ? strlen(error) < sizeof(ret->error) : !e || json_is_null(e)))
		r = take_parameters(root, &ret->parameters);
	if (r == 0 && error)
		memcpy(ret->error, error, strlen(error) + 1);
	ret->continues = json_is_true(json_object_get(root, "continues"));
	json_decref(root);
	return r;
}

void varlink_reply_deinit(struct varlink_reply *r)
{
	json_decref(TAKE_PTR(r->parameters));
}

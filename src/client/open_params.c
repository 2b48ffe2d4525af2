/* SPDX-License-Identifier: MIT */
/* open_params: reads a tunnel's definition from a call. A secret that comes with it is taken over,
 * and neither repeated nor shown by any other call. */
#include "client/open_params.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/client_conf.h"
#include "ctl/ctl_params.h"

/* An optional text; false when it is something else. */
static bool read_text(const json_t *params, const char *key, char **ret)
{
	const char *text = NULL;

	if (!ctl_params_text(params, key, &text))
		return false;
	if (text)
		*ret = mem_strdup(text);
	return true;
}

static bool read_proxy(const json_t *params, int *ret)
{
	const json_t *v = json_object_get(params, "proxy_protocol");

	if (!ctl_params_is_given(v))
		return true;
	for (int i = 0; client_conf_proxy_words[i]; i++) {
		if (!str_eq(json_string_value(v), client_conf_proxy_words[i]))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static bool read_port(const json_t *params, uint16_t *ret)
{
	const json_t *v = json_object_get(params, "remote_port");

	if (!ctl_params_is_given(v))
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > 65535)
		return false;
	*ret = (uint16_t)json_integer_value(v);
	return true;
}

/* The name of a bad parameter, or NULL. */
static const char *read_all(struct client_conf_tunnel *def, const json_t *params)
{
	const char *proto = json_string_value(json_object_get(params, "proto"));
	const json_t *name = json_object_get(params, "name");

	if (ctl_params_is_given(name) && !client_conf_is_name(json_string_value(name)))
		return "name";
	def->proto = hello_proto_find(proto);
	if (def->proto < 0)
		return "proto";
	if (!read_proxy(params, &def->proxy_protocol))
		return "proxy_protocol";
	if (!read_text(params, "local", &def->local) || !def->local)
		return "local";
	if (!read_text(params, "subdomain", &def->subdomain))
		return "subdomain";
	if (!read_text(params, "hostname", &def->hostname))
		return "hostname";
	return read_port(params, &def->remote_port) ? NULL : "remote_port";
}

/* 0; -EINVAL: it is no such thing; -ENOENT: words. */
static int read_verify(struct client_conf_tunnel *def, const json_t *params, struct err *err)
{
	const json_t *v = json_object_get(params, "verify"), *secret, *enforce;
	const char *provider;
	struct secret text = {0};
	int r;

	if (!ctl_params_is_given(v))
		return 0;
	provider = json_string_value(json_object_get(v, "provider"));
	secret = json_object_get(v, "secret");
	enforce = json_object_get(v, "enforce");
	if (!provider || !json_is_string(secret) ||
		(ctl_params_is_given(enforce) && !json_is_boolean(enforce)))
		return -EINVAL;
	def->verify.enforce = !json_is_false(enforce);
	r = secret_set(&text, json_string_value(secret), json_string_length(secret));
	if (r == 0 && memchr(secret_text(&text), '\0', text.len))
		r = -EINVAL;
	if (r < 0)
		err_set(err, r, "the secret is too long, or holds a NUL");
	else
		r = verify_conf_set(&def->verify, provider, &text, err);
	secret_deinit(&text);
	return r < 0 ? -ENOENT : 0;
}

int open_params_read(struct client_conf_tunnel *def, const json_t *params, const char **ret_bad,
	struct err *err)
{
	const char *bad = read_all(def, params), *why;
	int r = bad ? -EINVAL : read_verify(def, params, err);

	if (r == -EINVAL)
		*ret_bad = bad ? bad : "verify";
	if (r < 0)
		return r;
	why = client_conf_check_tunnel(def);
	return why ? err_set(err, -ENOENT, "%s", why) : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * top_view: marks stay on what they mark (a tunnel's name, a request's id) while lines come and go
 * around it; a mark on the newest request stays on the newest.
 */
#include "cli/top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

#define COLUMNS 8 /* of a step to the side */

static const char help[] =
	"Tab            the other list\n"
	"up, down, k, j one line; PgUp, PgDn a page; Home, End, g, G to the ends\n"
	"Enter          inspect the marked request; of a tunnel: only its requests\n"
	"r              replay the marked request\n"
	"/              show only requests with this in method, path, status or tunnel\n"
	"               (5xx: all of that class); Enter keeps it, Escape drops it\n"
	"c              show all again\n"
	"p              pause: what comes is counted, and shown afterwards\n"
	"q              quit; in here and in a request: back\n"
	"left, right, h, l  to the side, where lines are longer than the screen\n"
	"\n"
	"REQ/S, P50 and P99 are of the requests of the last minute that were captured,\n"
	"BYTES/S of all bytes of the last second, both ways.\n";

void top_view_init(struct top_view *v)
{
	memset(v, 0, sizeof(*v));
	v->pane = TOP_REQUESTS;
	v->page = 10;
}

void top_view_deinit(struct top_view *v)
{
	free(v->tunnel);
	free(v->only);
	top_lines_deinit(&v->lines);
	top_view_init(v);
}

/* --- the list -------------------------------------------------------------------------------- */

/* "5xx" of 503 */
static bool is_class(const char *filter, unsigned int status)
{
	return filter[0] >= '1' && filter[0] <= '5' && strcasecmp(filter + 1, "xx") == 0 &&
	       status / 100 == (unsigned int)(filter[0] - '0');
}

static bool matches(const struct top_view *v, const struct top_request *r)
{
	char status[16];

	if (v->only && strcmp(v->only, r->tunnel) != 0)
		return false;
	(void)snprintf(status, sizeof(status), "%u", r->status);
	return !*v->filter || is_class(v->filter, r->status) || strcasestr(r->method, v->filter) ||
	       strcasestr(r->target, v->filter) || strcasestr(r->tunnel, v->filter) ||
	       strstr(status, v->filter);
}

size_t top_view_list(const struct top_view *v, const struct top_data *d,
	const struct top_request **ret, size_t max)
{
	size_t n = 0;

	for (size_t i = d->n_requests; i > 0; i--) {
		const struct top_request *r = &d->requests[i - 1];

		if ((v->paused && r->id > v->paused) || !matches(v, r))
			continue;
		if (n < max)
			ret[n] = r;
		n++;
	}
	return n;
}

size_t top_view_missed(const struct top_view *v, const struct top_data *d)
{
	size_t n = 0;

	for (size_t i = d->n_requests; v->paused && i > 0 && d->requests[i - 1].id > v->paused; i--)
		n++;
	return n;
}

size_t top_view_marked(const struct top_view *v, const struct top_request *const *list, size_t n)
{
	size_t i = 0;

	if (!v->request)
		return 0;
	/* the marked one, or what is in its place when it is not in the list any more */
	while (i + 1 < n && list[i]->id > v->request)
		i++;
	return i;
}

size_t top_view_marked_tunnel(const struct top_view *v, const struct top_data *d)
{
	for (size_t i = 0; v->tunnel && i < d->n_tunnels; i++) {
		if (strcmp(d->tunnels[i].name, v->tunnel) == 0)
			return i;
	}
	return 0;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Where a key that moves leads from @at of @n; @at for another key. */
static size_t moved(size_t at, size_t n, int key, size_t page)
{
	size_t last = n ? n - 1 : 0;

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		return at - (at > 0);
	case TOP_KEY_DOWN:
	case 'j':
		return MIN(at + 1, last);
	case TOP_KEY_PAGE_UP:
		return at - MIN(at, page);
	case TOP_KEY_PAGE_DOWN:
	case ' ':
		return MIN(at + page, last);
	case TOP_KEY_HOME:
	case 'g':
		return 0;
	case TOP_KEY_END:
	case 'G':
		return last;
	default:
		return MIN(at, last);
	}
}

static void leave_lines(struct top_view *v)
{
	v->help = false;
	v->detail = 0;
	top_lines_deinit(&v->lines);
}

static enum top_action lines_key(struct top_view *v, int key, uint64_t *ret_id)
{
	struct top_lines *l = &v->lines;
	size_t over = l->n > v->page ? l->n - v->page : 0;

	*ret_id = v->detail;
	if (key == 'q' || key == TOP_KEY_ESCAPE || key == '?' || key == TOP_KEY_BACKSPACE)
		leave_lines(v);
	else if (key == 'r' && v->detail)
		return TOP_REPLAY;
	else if (key == TOP_KEY_RIGHT || key == 'l')
		l->left += COLUMNS;
	else if (key == TOP_KEY_LEFT || key == 'h')
		l->left -= MIN(l->left, (size_t)COLUMNS);
	else
		l->top = moved(l->top, over + 1, key, v->page);
	return TOP_NOTHING;
}

static void typing_key(struct top_view *v, int key)
{
	size_t n = strlen(v->filter);

	if (key == TOP_KEY_ENTER || key == TOP_KEY_ESCAPE)
		v->typing = false;
	if (key == TOP_KEY_ESCAPE)
		v->filter[0] = '\0';
	else if (key == TOP_KEY_BACKSPACE && n > 0)
		v->filter[n - 1] = '\0';
	else if (key >= 0x20 && key < 0x7f && n + 1 < sizeof(v->filter))
		memcpy(v->filter + n, (char[]){(char)key, '\0'}, 2);
}

static void move(struct top_view *v, const struct top_data *d,
	const struct top_request *const *list, size_t n, int key)
{
	size_t at;

	if (v->pane == TOP_TUNNELS) {
		at = moved(top_view_marked_tunnel(v, d), d->n_tunnels, key, v->page);
		mem_replace(&v->tunnel, at < d->n_tunnels ? d->tunnels[at].name : NULL);
		return;
	}
	at = moved(top_view_marked(v, list, n), n, key, v->page);
	v->request = at > 0 && at < n ? list[at]->id : 0;
}

static void show_help(struct top_view *v)
{
	leave_lines(v);
	v->help = true;
	top_lines_add_text(&v->lines, help, strlen(help));
}

static void show_all(struct top_view *v)
{
	v->filter[0] = '\0';
	mem_replace(&v->only, NULL);
}

/* Of the tunnels' list: only this one's requests, or all again. */
static void choose_tunnel(struct top_view *v, const struct top_data *d)
{
	const char *name = d->n_tunnels ? d->tunnels[top_view_marked_tunnel(v, d)].name : NULL;

	mem_replace(&v->only, name && !str_eq(v->only, name) ? name : NULL);
	v->request = 0;
}

/* Keys that mean the marked request. */
static enum top_action request_key(const struct top_view *v, const struct top_request *const *list,
	size_t n, int key, uint64_t *ret_id)
{
	if (n == 0 || (key != TOP_KEY_ENTER && key != 'r'))
		return TOP_NOTHING;
	*ret_id = list[top_view_marked(v, list, n)]->id;
	return key == 'r' ? TOP_REPLAY : TOP_INSPECT;
}

static enum top_action list_key(struct top_view *v, const struct top_data *d, int key,
	uint64_t *ret_id)
{
	static const struct top_request *list[TOP_DATA_REQUESTS];
	size_t n = top_view_list(v, d, list, TOP_DATA_REQUESTS);

	switch (key) {
	case 'q':
		return TOP_QUIT;
	case '?':
		show_help(v);
		break;
	case '/':
		v->typing = true;
		break;
	case 'c':
		show_all(v);
		break;
	case 'p':
		v->paused = v->paused || !d->n_requests ? 0 : d->requests[d->n_requests - 1].id;
		break;
	case TOP_KEY_TAB:
		v->pane = v->pane == TOP_TUNNELS ? TOP_REQUESTS : TOP_TUNNELS;
		break;
	case TOP_KEY_ENTER:
		if (v->pane == TOP_REQUESTS)
			return request_key(v, list, n, key, ret_id);
		choose_tunnel(v, d);
		break;
	case 'r':
		return request_key(v, list, n, key, ret_id);
	default:
		move(v, d, list, n, key);
	}
	return TOP_NOTHING;
}

enum top_action top_view_key(struct top_view *v, const struct top_data *d, int key,
	uint64_t *ret_id)
{
	*ret_id = 0;
	v->message[0] = '\0';
	if (v->typing)
		typing_key(v, key);
	else if (v->help || v->detail)
		return lines_key(v, key, ret_id);
	else
		return list_key(v, d, key, ret_id);
	return TOP_NOTHING;
}

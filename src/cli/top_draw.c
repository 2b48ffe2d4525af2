/* SPDX-License-Identifier: MIT */
/*
 * top_draw: by ncurses. Columns leave from the least needed on as the screen gets narrow.
 *
 *   tunnelto 2.0  up http://…                     title
 *   NAME STATE …                                  tunnels: their lines, at most a third
 *   TIME ID …                                     requests: the rest
 *   ? help  Enter inspect …                       foot: what is typed, said, lost, or the keys
 *
 * The terminal is given back on every way out: by top_draw_stop(), or, when the program is killed
 * by its own mistake, by a handler that writes what was prepared for it.
 */
#include "cli/top_draw.h"

#define NCURSES_WIDECHAR 1
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/cells.h"
#include "cli/print.h"
#include "cli/top_data.h"
#include "cli/top_feed.h"
#include "cli/top_view.h"

#define CELL_MAX 512 /* columns of a screen that are used */
#define PLAIN    0

enum colour { GREEN = 1, YELLOW, RED, CYAN };

/* --- the terminal ---------------------------------------------------------------------------- */

static SCREEN *screen;
static struct termios modes;
static char restore[256]; /* what gives the screen back */

static void on_crash(int number)
{
	if (write(STDOUT_FILENO, restore, strlen(restore)) >= 0)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	(void)raise(number); /* SA_RESETHAND: now it is deadly */
}

static void prepare_crash(void)
{
	static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	static const char *const names[] = {"sgr0", "cnorm", "rmkx", "rmcup"};
	struct sigaction act = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *text = tigetstr(names[i]);

		if (text && text != (char *)-1)
			strncat(restore, text, sizeof(restore) - strlen(restore) - 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		(void)sigaction(deadly[i], &act, NULL);
}

bool top_draw_start(bool colour)
{
	(void)setlocale(LC_CTYPE, "");
	(void)tcgetattr(STDIN_FILENO, &modes);
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	(void)atexit(top_draw_stop);
	prepare_crash();
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(50);
	(void)curs_set(0);
	if (!colour || !has_colors())
		return true;
	(void)start_color();
	(void)use_default_colors();
	(void)init_pair(GREEN, COLOR_GREEN, -1);
	(void)init_pair(YELLOW, COLOR_YELLOW, -1);
	(void)init_pair(RED, COLOR_RED, -1);
	(void)init_pair(CYAN, COLOR_CYAN, -1);
	return true;
}

void top_draw_stop(void)
{
	if (!screen)
		return;
	(void)endwin();
	delscreen(screen);
	screen = NULL;
}

int top_draw_key(void)
{
	static const struct {
		int key, means;
	} keys[] = {
		{KEY_UP, TOP_KEY_UP},
		{KEY_DOWN, TOP_KEY_DOWN},
		{KEY_LEFT, TOP_KEY_LEFT},
		{KEY_RIGHT, TOP_KEY_RIGHT},
		{KEY_PPAGE, TOP_KEY_PAGE_UP},
		{KEY_NPAGE, TOP_KEY_PAGE_DOWN},
		{KEY_HOME, TOP_KEY_HOME},
		{KEY_END, TOP_KEY_END},
		{KEY_ENTER, TOP_KEY_ENTER},
		{'\n', TOP_KEY_ENTER},
		{'\r', TOP_KEY_ENTER},
		{'\t', TOP_KEY_TAB},
		{KEY_BTAB, TOP_KEY_TAB},
		{27, TOP_KEY_ESCAPE},
		{KEY_BACKSPACE, TOP_KEY_BACKSPACE},
		{127, TOP_KEY_BACKSPACE},
		{8, TOP_KEY_BACKSPACE},
	};
	int key = getch();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (key == keys[i].key)
			return keys[i].means;
	}
	/* ncurses has taken KEY_RESIZE into account; other keys mean nothing here */
	return key == ERR ? -1 : key >= KEY_MIN ? 0 : key;
}

/* --- lines ----------------------------------------------------------------------------------- */

struct pen {
	int row, column;
	attr_t attr;
};

static attr_t paint(enum colour c)
{
	return has_colors() && COLOR_PAIRS > CYAN ? (attr_t)COLOR_PAIR(c) : PLAIN;
}

/* @text in @columns columns, filled up with blanks; negative: to the right in so many. */
static void put(struct pen *p, int columns, const char *text, attr_t attr)
{
	wchar_t cells[CELLS_SIZE(CELL_MAX)];
	int room = COLS - p->column, wanted = MIN(abs(columns), CELL_MAX), used;

	wanted = MIN(wanted, room);
	if (wanted <= 0)
		return;
	/* a gap to the next column, which a text that is cut would touch */
	used = (int)cells_fit(cells, (size_t)(columns > 2 && wanted < room ? wanted - 1 : wanted),
		text, 0);
	(void)attrset(p->attr | attr);
	(void)move(p->row, p->column);
	if (columns < 0)
		(void)printw("%*s", wanted - used, "");
	(void)addwstr(cells);
	if (columns > 0)
		(void)printw("%*s", wanted - used, "");
	p->column += wanted;
}

static void end_line(struct pen *p)
{
	put(p, COLS, "", PLAIN);
	p->row++;
	p->column = 0;
	p->attr = PLAIN;
}

/* --- figures --------------------------------------------------------------------------------- */

static void format_time(char *to, size_t size, int64_t us)
{
	if (us < 0)
		(void)snprintf(to, size, "-");
	else if (us < 10000)
		(void)snprintf(to, size, "%.1fms", (double)us / 1000);
	else if (us < 1000000)
		(void)snprintf(to, size, "%.0fms", (double)us / 1000);
	else
		(void)snprintf(to, size, "%.1fs", (double)us / 1000000);
}

static void format_clock(char *to, size_t size, uint64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(to, size, "%H:%M:%S", &tm))
		(void)snprintf(to, size, "-");
}

static attr_t state_colour(const char *state)
{
	if (str_eq(state, "up"))
		return paint(GREEN);
	if (str_eq(state, "refused"))
		return paint(RED);
	return str_eq(state, "off") ? PLAIN : paint(YELLOW);
}

static attr_t status_colour(const struct top_request *r)
{
	if (str_eq(r->state, "failed") || r->status >= 500)
		return paint(RED);
	if (r->status >= 400)
		return paint(YELLOW);
	return r->status >= 300 ? paint(CYAN) : r->status ? paint(GREEN) : PLAIN;
}

/* --- columns --------------------------------------------------------------------------------- */

/* A column is there from a width of the screen on; the last one takes what is left. */
struct column {
	const char *heading;
	int width; /* negative: to the right */
	int from;
};

static const struct column tunnel_columns[] = {
	{"TUNNEL", 16, 0},
	{"STATE", 11, 0},
	{"VISITORS", -8, 60},
	{"REQ/S", -8, 0},
	{"BYTES/S", -10, 50},
	{"P50", -8, 70},
	{"P99", -8, 60},
	{"  ADDRESS", CELL_MAX, 90},
};

static const struct column request_columns[] = {
	{"TIME", 9, 60},
	{"ID", -6, 70},
	{" ", 2, 70},
	{"TUNNEL", 12, 72},
	{"METHOD", 7, 0},
	{"ANSWER", 7, 0},
	{"TOOK", -7, 36},
	{"SIZE", -9, 96},
	{"  PATH", CELL_MAX, 0},
};

static void put_headings(struct pen *p, const struct column *columns, size_t n, bool focus)
{
	p->attr = focus ? A_BOLD | A_UNDERLINE : A_UNDERLINE;
	for (size_t i = 0; i < n; i++) {
		if (COLS >= columns[i].from)
			put(p, columns[i].width, columns[i].heading, PLAIN);
	}
	end_line(p);
}

static void put_cell(struct pen *p, const struct column *c, const char *text, attr_t attr)
{
	if (COLS < c->from)
		return;
	/* a marked line keeps its own look */
	put(p, c->width, text, p->attr & A_REVERSE ? PLAIN : attr);
}

static void put_tunnel(struct pen *p, const struct top_tunnel *t)
{
	const struct column *c = tunnel_columns;
	char text[64], bytes[PRINT_BYTES_MAX];
	bool is_up = str_eq(t->state, "up");

	put_cell(p, c++, t->name, PLAIN);
	put_cell(p, c++, t->state, state_colour(t->state));
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)t->visitors);
	put_cell(p, c++, text, PLAIN);
	(void)snprintf(text, sizeof(text), t->requests_s < 10 ? "%.1f" : "%.0f", t->requests_s);
	put_cell(p, c++, text, PLAIN);
	print_bytes(bytes, (uint64_t)t->bytes_s);
	put_cell(p, c++, bytes, PLAIN);
	format_time(text, sizeof(text), t->p50_us);
	put_cell(p, c++, text, PLAIN);
	format_time(text, sizeof(text), t->p99_us);
	put_cell(p, c++, text, PLAIN);
	if (COLS >= c->from)
		put(p, 2, "", PLAIN);
	put_cell(p, c, is_up || !*t->error ? t->url : t->error, is_up ? PLAIN : paint(RED));
}

static void put_request(struct pen *p, const struct top_request *r)
{
	const struct column *c = request_columns;
	char text[64], bytes[PRINT_BYTES_MAX];

	format_clock(text, sizeof(text), r->time_ms);
	put_cell(p, c++, text, PLAIN);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)r->id);
	put_cell(p, c++, text, PLAIN);
	put_cell(p, c++, r->replay_of ? "r" : "", PLAIN);
	put_cell(p, c++, r->tunnel, PLAIN);
	put_cell(p, c++, r->method, A_BOLD);
	if (str_eq(r->state, "failed") && !r->status)
		(void)snprintf(text, sizeof(text), "failed");
	else
		(void)snprintf(text, sizeof(text), r->status ? "%u%s" : "…", r->status,
			str_eq(r->state, "failed") ? "!"
			: str_eq(r->state, "open") ? "…"
						   : "");
	put_cell(p, c++, text, status_colour(r));
	format_time(text, sizeof(text), r->total_us);
	put_cell(p, c++, text, PLAIN);
	print_bytes(bytes, r->bytes);
	put_cell(p, c++, bytes, PLAIN);
	put(p, 2, "", PLAIN);
	put_cell(p, c, r->target, PLAIN);
}

/* --- the parts of the screen ----------------------------------------------------------------- */

static void put_title(struct pen *p, const struct top_data *d, const struct top_feed *f)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(1024);
	size_t up = 0;

	for (size_t i = 0; i < d->n_tunnels; i++)
		up += str_eq(d->tunnels[i].state, "up");
	p->attr = A_BOLD;
	if (*f->lost)
		str_addf(&text, "tunnelto  LOST: %s", f->lost);
	else
		str_addf(&text, "tunnelto %s  %zu of %zu tunnels up  server %s %s",
			d->version ? d->version : "", up, d->n_tunnels,
			d->server_state ? d->server_state : "", d->server ? d->server : "");
	put(p, COLS, str_get(&text), *f->lost ? paint(RED) : PLAIN);
	end_line(p);
}

static int first_of(size_t marked, size_t n, int rows)
{
	int first = (int)marked - rows / 2;

	return MAX(0, MIN(first, (int)n - rows));
}

static void put_tunnels(struct pen *p, const struct top_view *v, const struct top_data *d, int rows)
{
	size_t marked = top_view_marked_tunnel(v, d);
	int first = first_of(marked, d->n_tunnels, rows);
	bool focus = v->pane == TOP_TUNNELS;

	put_headings(p, tunnel_columns, ARRAY_SIZE(tunnel_columns), focus);
	for (int i = first; i < first + rows && i < (int)d->n_tunnels; i++) {
		p->attr = focus && i == (int)marked ? A_REVERSE : PLAIN;
		put_tunnel(p, &d->tunnels[i]);
		end_line(p);
	}
}

static void put_requests(struct pen *p, struct top_view *v, const struct top_data *d,
	const struct top_feed *f)
{
	static const struct top_request *list[TOP_DATA_REQUESTS];
	size_t n = top_view_list(v, d, list, TOP_DATA_REQUESTS);
	size_t marked = top_view_marked(v, list, n);
	int rows = LINES - 1 - (p->row + 1), first = first_of(marked, n, rows);
	bool focus = v->pane == TOP_REQUESTS;

	v->page = (size_t)MAX(rows, 1);
	put_headings(p, request_columns, ARRAY_SIZE(request_columns), focus);
	if (n == 0) {
		put(p, COLS,
			*f->refused     ? f->refused
			: d->n_requests ? "(none like that)"
					: "(no requests yet)",
			A_DIM);
		end_line(p);
	}
	for (int i = first; i < first + rows && i < (int)n; i++) {
		p->attr = focus && i == (int)marked ? A_REVERSE : PLAIN;
		put_request(p, list[i]);
		end_line(p);
	}
}

static void put_lines(struct pen *p, struct top_view *v)
{
	wchar_t cells[CELLS_SIZE(CELL_MAX)];
	struct top_lines *l = &v->lines;

	v->page = (size_t)MAX(LINES - 2, 1);
	if (l->top + v->page > l->n)
		l->top = l->n - MIN(l->n, v->page);
	for (size_t i = l->top; i < l->n && p->row < LINES - 1; i++) {
		(void)cells_fit(cells, (size_t)MIN(COLS, CELL_MAX), l->lines[i], l->left);
		(void)attrset(i == 0 && v->detail ? A_BOLD : PLAIN);
		(void)mvaddwstr(p->row++, 0, cells);
	}
}

/* What is shown, when it is not all of it. */
static void put_state(struct pen *p, const struct top_view *v, const struct top_data *d)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(512);

	if (v->paused)
		str_addf(&text, "PAUSED, %zu more ", top_view_missed(v, d));
	if (v->only)
		str_addf(&text, "tunnel %s ", v->only);
	if (*v->filter)
		str_addf(&text, "filter %s ", v->filter);
	if (text.len)
		put(p, MIN((int)text.len + 1, COLS / 2), str_get(&text), A_BOLD);
}

static void put_foot(struct pen *p, const struct top_view *v, const struct top_data *d)
{
	const char *keys = COLS < 60 ? "?:help r:replay q:quit"
				     : "?:help Enter:inspect r:replay /:filter p:pause Tab q:quit";

	p->row = LINES - 1;
	p->column = 0;
	p->attr = A_REVERSE;
	if (v->typing) {
		char text[TOP_VIEW_FILTER + 4];

		(void)snprintf(text, sizeof(text), "/%s_", v->filter);
		put(p, COLS, text, PLAIN);
	} else if (v->detail || v->help) {
		put(p, COLS,
			*v->message ? v->message
			: v->detail ? "q:back r:replay j/k:scroll h/l:to the side"
				    : "q:back",
			PLAIN);
	} else {
		put_state(p, v, d);
		put(p, COLS, *v->message ? v->message : keys, PLAIN);
	}
}

void top_draw(struct top_view *v, const struct top_data *d, const struct top_feed *f)
{
	struct pen p = {0};
	int third = MAX(1, (LINES - 4) / 3);

	(void)erase();
	put_title(&p, d, f);
	if (v->detail || v->help) {
		put_lines(&p, v);
	} else {
		put_tunnels(&p, v, d, MIN(third, MAX(1, (int)d->n_tunnels)));
		put_requests(&p, v, d, f);
	}
	put_foot(&p, v, d);
	(void)refresh();
}

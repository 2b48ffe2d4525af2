/* SPDX-License-Identifier: MIT */
/*
 * request_row: what fits into a line of a request. On a terminal the target is cut so that a line
 * stays one, and a narrow one shows times without their dates; elsewhere everything is written.
 */
#include "cli/request_row.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/print.h"

#define WIDE       116 /* so many columns have room for a date */
#define DATE       (sizeof("2026-01-31T") - 1)
#define TARGET_MIN 12
#define TEXT_MAX   65536
#define GAP        2 /* between columns */

enum {
	COLUMN_ID,
	COLUMN_TIME,
	COLUMN_TUNNEL,
	COLUMN_METHOD,
	COLUMN_STATUS,
	COLUMN_TARGET,
	COLUMN_SIZE,
	COLUMN_TOOK,
	COLUMN_NOTE,
	COLUMN_COUNT
};

static const char *const headings[COLUMN_COUNT] = {
	"ID", "TIME", "TUNNEL", "METHOD", "STATUS", "TARGET", "SIZE", "TOOK", "NOTE"};

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

void request_row_time(struct str *out, const json_t *us)
{
	double value = (double)json_integer_value(us);

	if (!json_is_integer(us))
		str_add(out, "-");
	else if (value < 10000000)
		str_addf(out, "%.1f ms", value / 1000);
	else
		str_addf(out, "%.1f s", value / 1000000);
}

static void add_note(struct str *out, const char *text)
{
	str_addf(out, "%s%s", out->len ? ", " : "", text);
}

void request_row_note(struct str *out, const json_t *info)
{
	const json_t *verification = json_object_get(info, "verification");
	const json_t *first = json_object_get(info, "replay_of");
	json_int_t messages = json_integer_value(json_object_get(info, "messages"));
	CLEANUP(str_deinit) struct str note = STR_INIT(TEXT_MAX);

	if (!str_eq(text_of(info, "kind"), "http")) {
		str_addf(&note, "%s, %" JSON_INTEGER_FORMAT " message%s", text_of(info, "kind"),
			messages, messages == 1 ? "" : "s");
		add_note(out, str_get(&note));
	}
	if (!str_eq(text_of(info, "state"), "done"))
		add_note(out, text_of(info, "state"));
	if (*text_of(info, "error"))
		str_addf(out, ": %s", text_of(info, "error"));
	if (!str_eq(text_of(verification, "result"), "none")) {
		add_note(out, "signature ");
		str_add(out, text_of(verification, "result"));
	}
	if (json_is_integer(first)) {
		add_note(out, "replay of ");
		str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(first));
	}
}

/* The terminal's; SIZE_MAX: it is none, or has not said. */
static size_t columns(void)
{
	struct winsize w = {0};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return SIZE_MAX;
	return w.ws_col;
}

/* How many bytes of a target are shown beside columns that take @others. */
static size_t target_room(size_t others)
{
	size_t all = columns();

	return all == SIZE_MAX ? SIZE_MAX : MAX((size_t)TARGET_MIN, all - MIN(all, others));
}

/* Cut to @room, at the beginning of a character. */
static void cut(char *text, size_t room)
{
	if (strlen(text) <= room)
		return;
	for (room -= 3; room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80;)
		room--;
	memcpy(text + room, "...", sizeof("...")); /* there was more */
}

/* The cells of one row, each to be freed. */
static void cells_of(const json_t *info, char *ret[COLUMN_COUNT])
{
	const json_t *at = json_object_get(info, "time_ms");
	const json_t *size = json_object_get(info, "response_bytes");
	CLEANUP(str_deinit) struct str took = STR_INIT(64);
	CLEANUP(str_deinit) struct str note = STR_INIT(TEXT_MAX);
	char bytes[PRINT_BYTES_MAX], time[21];

	clock_format_utc(time, (uint64_t)json_integer_value(at));
	print_bytes(bytes, (uint64_t)json_integer_value(size));
	request_row_time(&took, json_object_get(info, "total_us"));
	request_row_note(&note, info);
	ret[COLUMN_ID] = print_member(info, "id");
	ret[COLUMN_TIME] = mem_strdup(columns() < WIDE ? time + DATE : time);
	ret[COLUMN_TUNNEL] = print_member(info, "tunnel");
	ret[COLUMN_METHOD] = print_member(info, "method");
	ret[COLUMN_STATUS] = print_member(info, "status");
	ret[COLUMN_TARGET] = print_member(info, "target");
	ret[COLUMN_SIZE] = mem_strdup(bytes);
	ret[COLUMN_TOOK] = str_take(&took);
	ret[COLUMN_NOTE] = str_take(&note);
}

static void free_cells(char *cells[COLUMN_COUNT])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		mem_cleanup(&cells[i]);
}

/* What a table's columns take without the target. */
static size_t others_width(const json_t *list)
{
	size_t widest[COLUMN_COUNT] = {0}, sum = (COLUMN_COUNT - 1) * GAP, i;
	const json_t *info;

	for (size_t c = 0; c < COLUMN_COUNT; c++)
		widest[c] = strlen(headings[c]);
	json_array_foreach(list, i, info)
	{
		char *cells[COLUMN_COUNT];

		cells_of(info, cells);
		for (size_t c = 0; c < COLUMN_COUNT; c++)
			widest[c] = MAX(widest[c], strlen(cells[c]));
		free_cells(cells);
	}
	for (size_t c = 0; c < COLUMN_COUNT; c++)
		sum += c == COLUMN_TARGET ? 0 : widest[c];
	return sum;
}

void request_row_table(const struct args *a, const json_t *list)
{
	size_t room = target_room(columns() == SIZE_MAX ? 0 : others_width(list));
	const json_t *info;
	struct print_table t;
	size_t i;

	print_table_init(&t, REQUEST_ROW_HEADINGS);
	json_array_foreach(list, i, info)
	{
		char *cells[COLUMN_COUNT];

		cells_of(info, cells);
		cut(cells[COLUMN_TARGET], room);
		for (size_t c = 0; c < COLUMN_COUNT; c++)
			print_table_add(&t, cells[c]);
		free_cells(cells);
	}
	print_table_show(&t, a);
	print_table_deinit(&t);
}

void request_row_line(const json_t *info)
{
	static const int wide[COLUMN_COUNT] = {6, 20, 12, 7, 6, 32, 9, 9, 0};
	static const int narrow[COLUMN_COUNT] = {4, 9, 6, 6, 6, TARGET_MIN, 6, 7, 0};
	const int *widths = columns() < WIDE ? narrow : wide;
	CLEANUP(str_deinit) struct str line = STR_INIT(4 * TEXT_MAX);
	char *cells[COLUMN_COUNT];

	for (size_t c = 0; !info && c < COLUMN_COUNT; c++)
		cells[c] = mem_strdup(headings[c]);
	if (info)
		cells_of(info, cells);
	if (info && columns() != SIZE_MAX)
		cut(cells[COLUMN_TARGET], (size_t)widths[COLUMN_TARGET]);
	for (size_t c = 0; c < COLUMN_COUNT; c++)
		str_addf(&line, "%-*s%s", widths[c], cells[c], c + 1 < COLUMN_COUNT ? "  " : "");
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	print_line(str_get(&line));
	free_cells(cells);
}

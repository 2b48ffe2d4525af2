/* SPDX-License-Identifier: MIT */
/*
 * http_head: HTTP/1.x heads, strictly, in place, without allocation.
 *
 * Strict, because two readers that take one message differently is how requests are smuggled
 * (RFC 9112 §11.2): bare LF, folding, blanks before the colon, several lengths, a length beside a
 * coding are all refused instead of repaired. Each field that means something to a proxy has a
 * row in `known`.
 */
#include "proto/http_head.h"

#include <string.h>
#include <strings.h>

#include "proto/hostname.h"

/* --- characters ------------------------------------------------------------------------------ */

enum { TOKEN = 1, VALUE = 2, TARGET = 4, DIGIT = 8, HOST = 16 };

/*
 * RFC 9110 §5.6.2 (token), §5.5 (field-value, obs-text included), RFC 3986 for targets, where
 * browsers leave " \ ^ ` { | } unescaped in queries all the same; names and literals for hosts.
 */
#define LETTER (TOKEN | VALUE | TARGET | HOST)
#define MARK   (TOKEN | VALUE | TARGET)
#define DELIM  (VALUE | TARGET)

/* clang-format off: a table */
static const uint8_t classes[256] = {
	['\t'] = VALUE,
	[' '] = VALUE,
	['!'] = MARK,
	['"'] = DELIM,
	['#'] = TOKEN | VALUE,
	['$'] = MARK,
	['%'] = MARK,
	['&'] = MARK,
	['\''] = MARK,
	['('] = DELIM,
	[')'] = DELIM,
	['*'] = MARK,
	['+'] = MARK,
	[','] = DELIM,
	['-'] = LETTER,
	['.'] = LETTER,
	['/'] = DELIM,
	['0' ... '9'] = LETTER | DIGIT,
	[':'] = DELIM | HOST,
	[';'] = DELIM,
	['<'] = VALUE,
	['='] = DELIM,
	['>'] = VALUE,
	['?'] = DELIM,
	['@'] = DELIM,
	['A' ... 'Z'] = LETTER,
	['['] = DELIM | HOST,
	['\\'] = DELIM,
	[']'] = DELIM | HOST,
	['^'] = MARK,
	['_'] = LETTER,
	['`'] = MARK,
	['a' ... 'z'] = LETTER,
	['{'] = DELIM,
	['|'] = MARK,
	['}'] = DELIM,
	['~'] = MARK,
	[0x80 ... 0xff] = VALUE,
};
/* clang-format on */

bool http_head_is_token(uint8_t byte)
{
	return classes[byte] & TOKEN;
}

bool http_head_is_value(uint8_t byte)
{
	return classes[byte] & VALUE;
}

static size_t span(const char *at, size_t n, uint8_t of)
{
	size_t i = 0;

	while (i < n && (classes[(unsigned char)at[i]] & of))
		i++;
	return i;
}

/* How many bytes in front are surely VALUE: eight at a time, none of them a control character. The
 * borrow of a subtraction may take one for what it is not, then the table decides. */
static size_t span_plain(const char *at, size_t n)
{
	const uint64_t each = 0x0101010101010101, high = 0x80 * each;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t x, del;

		memcpy(&x, at + i, 8);
		del = x ^ 0x7f * each;
		if ((((x - ' ' * each) & ~x) | ((del - each) & ~del)) & high)
			break;
	}
	return i;
}

static bool is_value(struct http_span s)
{
	size_t plain = span_plain(s.at, s.n);

	return plain + span(s.at + plain, s.n - plain, VALUE) == s.n;
}

bool http_head_span_is(struct http_span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.at, text, s.n) == 0;
}

bool http_head_span_case_is(struct http_span s, const char *text)
{
	return s.n == strlen(text) && strncasecmp(s.at, text, s.n) == 0;
}

struct http_span http_head_trim(struct http_span s)
{
	while (s.n > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
		s.at++;
		s.n--;
	}
	while (s.n > 0 && (s.at[s.n - 1] == ' ' || s.at[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The next element of a comma-separated list; false at its end. */
static bool next_element(struct http_span *list, struct http_span *ret)
{
	const char *comma;

	if (list->n == 0)
		return false;
	comma = memchr(list->at, ',', list->n);
	ret->at = list->at;
	ret->n = comma ? (size_t)(comma - list->at) : list->n;
	list->at += ret->n + (comma ? 1 : 0);
	list->n -= ret->n + (comma ? 1 : 0);
	*ret = http_head_trim(*ret);
	return true;
}

/* --- where the head ends --------------------------------------------------------------------- */

long http_head_scan(const uint8_t *bytes, size_t n, size_t max, size_t *scanned)
{
	size_t at = *scanned, limit = MIN(n, max);

	while (at < limit) {
		const uint8_t *lf = memchr(bytes + at, '\n', limit - at);

		if (!lf) {
			*scanned = limit;
			break;
		}
		at = (size_t)(lf - bytes) + 1;
		if (at < 2 || bytes[at - 2] != '\r')
			return -(long)HTTP_FAULT_LINE_END;
		/* an empty line; one in front of a request is skipped (RFC 9112 §2.2) */
		if (at >= 4 && bytes[at - 3] == '\n')
			return (long)at;
		*scanned = at;
	}
	if (n < max)
		return 0;
	return memchr(bytes + 2, '\n', max - 2) ? -(long)HTTP_FAULT_HEAD_TOO_LARGE
						: -(long)HTTP_FAULT_TARGET_TOO_LONG;
}

/* --- fields that mean something -------------------------------------------------------------- */

typedef enum http_fault known_f(struct http_head *h, struct http_span value);

/* A name or a literal, perhaps with a port; no userinfo, no escapes. */
static bool is_host(struct http_span s)
{
	char name[HOSTNAME_MAX];

	return span(s.at, s.n, HOST) == s.n && hostname_normalise(name, s.at, s.n) == 0;
}

static enum http_fault on_host(struct http_head *h, struct http_span value)
{
	if (h->host.at)
		return HTTP_FAULT_MANY_HOSTS;
	if (!is_host(value))
		return HTTP_FAULT_BAD_HOST;
	h->host = value;
	return HTTP_FAULT_NONE;
}

static enum http_fault on_length(struct http_head *h, struct http_span value)
{
	uint64_t length = 0;

	if (h->has_length)
		return HTTP_FAULT_MANY_LENGTHS;
	if (value.n == 0 || value.n > 18 || span(value.at, value.n, DIGIT) != value.n)
		return HTTP_FAULT_LENGTH;
	for (size_t i = 0; i < value.n; i++)
		length = length * 10 + (uint64_t)(value.at[i] - '0');
	h->has_length = true;
	h->length = length;
	return HTTP_FAULT_NONE;
}

/*
 * Only "chunked" itself goes on, for how an origin reads a list is not known. What is refused is
 * told apart: without "chunked" at the end a body has no end (RFC 9112 §6.3), with something
 * before it the coding is one that nobody here knows (§6.1).
 */
static enum http_fault on_coding(struct http_head *h, struct http_span value)
{
	struct http_span coding;

	h->coded = h->coded || !http_head_span_case_is(value, "chunked");
	do {
		if (h->chunked || !next_element(&value, &coding) || coding.n == 0)
			return HTTP_FAULT_CODING_NOT_LAST;
		h->chunked = http_head_span_case_is(coding, "chunked");
	} while (value.n > 0);
	return HTTP_FAULT_NONE;
}

static enum http_fault on_connection(struct http_head *h, struct http_span value)
{
	struct http_span list = value, option;

	if (h->n_connection == ARRAY_SIZE(h->connection))
		return HTTP_FAULT_MANY_FIELDS;
	h->connection[h->n_connection++] = value;
	while (next_element(&list, &option)) {
		if (http_head_span_case_is(option, "close"))
			h->close = true;
		else if (http_head_span_case_is(option, "keep-alive"))
			h->keep_alive = true;
	}
	/* "close" outranks "keep-alive", whichever comes first (RFC 9112 §9.3) */
	h->keep_alive = h->keep_alive && !h->close;
	return HTTP_FAULT_NONE;
}

/*
 * h2c is not offered on: behind such a 101 a visitor would send requests that nobody routes or
 * marks with where they come from. "HTTP/2.0" is refused for the same reason.
 */
static enum http_fault on_upgrade(struct http_head *h, struct http_span value)
{
	struct http_span option;

	h->upgrade = h->upgrade || value.n > 0;
	while (next_element(&value, &option)) {
		if (option.n >= 4 && strncasecmp(option.at, "http", 4) == 0)
			h->upgrade_http = true;
		if (option.n >= 2 && strncasecmp(option.at, "h2", 2) == 0)
			h->upgrade_http = true;
	}
	return HTTP_FAULT_NONE;
}

/* of an HTTP/1.0 client it means nothing (RFC 9110 §10.1.1) */
static enum http_fault on_expect(struct http_head *h, struct http_span value)
{
	if (h->minor == 1 && http_head_span_case_is(value, "100-continue"))
		h->expect_continue = true;
	return HTTP_FAULT_NONE;
}

static enum http_fault on_accept(struct http_head *h, struct http_span value)
{
	static const char json[] = "application/json";

	if (memmem(value.at, value.n, json, sizeof(json) - 1))
		h->accepts_json = true;
	return HTTP_FAULT_NONE;
}

/* Of other methods, and where it is no number, it means nothing (RFC 9110 §7.6.2). */
static enum http_fault on_max_forwards(struct http_head *h, struct http_span value)
{
	uint32_t hops = 0;

	if (value.n == 0 || value.n > 9 || span(value.at, value.n, DIGIT) != value.n ||
		!(http_head_span_is(h->method, "OPTIONS") || http_head_span_is(h->method, "TRACE")))
		return HTTP_FAULT_NONE;
	for (size_t i = 0; i < value.n; i++)
		hops = hops * 10 + (uint32_t)(value.at[i] - '0');
	h->hops = h->has_hops ? MIN(h->hops, hops) : hops;
	h->has_hops = true;
	return HTTP_FAULT_NONE;
}

static enum http_fault on_te(struct http_head *h, struct http_span value)
{
	struct http_span option;

	while (next_element(&value, &option))
		h->te_trailers = h->te_trailers || http_head_span_case_is(option, "trailers");
	return HTTP_FAULT_NONE;
}

static const struct {
	const char *name;
	size_t n;
	known_f *set;
} known[] = {
	{"host", 4, on_host},
	{"content-length", 14, on_length},
	{"transfer-encoding", 17, on_coding},
	{"connection", 10, on_connection},
	{"upgrade", 7, on_upgrade},
	{"expect", 6, on_expect},
	{"accept", 6, on_accept},
	{"te", 2, on_te},
	{"max-forwards", 12, on_max_forwards},
};

static enum http_fault note_known(struct http_head *h, const struct http_field *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].n == f->name.n &&
			strncasecmp(known[i].name, f->name.at, f->name.n) == 0)
			return known[i].set(h, f->value);
	}
	return HTTP_FAULT_NONE;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* The next line of a scanned head: every LF has its CR, which does not belong to the line. */
static bool next_line(const char **at, const char *end, struct http_span *ret)
{
	const char *lf = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

	if (!lf)
		return false;
	ret->at = *at;
	ret->n = (size_t)(lf - *at) - 1;
	*at = lf + 1;
	return true;
}

/* One field line without its CRLF. */
static enum http_fault read_field(struct http_field *ret, const char *line, size_t n)
{
	size_t name;

	name = span(line, n, TOKEN);
	if (n > 0 && (line[0] == ' ' || line[0] == '\t'))
		return HTTP_FAULT_FOLDED;
	if (name == 0 || name == n || line[name] != ':')
		return HTTP_FAULT_FIELD_NAME;
	ret->name = (struct http_span){line, name};
	ret->value = (struct http_span){line + name + 1, n - name - 1};
	if (!is_value(ret->value))
		return HTTP_FAULT_FIELD_VALUE;
	ret->value = http_head_trim(ret->value);
	return HTTP_FAULT_NONE;
}

static enum http_fault read_fields(struct http_head *h, const char *at, const char *end)
{
	struct http_span line;

	while (next_line(&at, end, &line) && line.n > 0) {
		struct http_field *f = &h->fields[h->n_fields];
		enum http_fault fault;

		if (h->n_fields == HTTP_HEAD_FIELDS_MAX)
			return HTTP_FAULT_MANY_FIELDS;
		fault = read_field(f, line.at, line.n);
		if (fault == HTTP_FAULT_NONE)
			fault = note_known(h, f);
		if (fault != HTTP_FAULT_NONE)
			return fault;
		h->n_fields++;
	}
	if (h->has_length && h->chunked)
		return HTTP_FAULT_LENGTH_AND_CODING;
	if (h->coded)
		return h->chunked ? HTTP_FAULT_CODING : HTTP_FAULT_CODING_NOT_LAST;
	if (h->chunked && h->minor == 0)
		return HTTP_FAULT_CODING_IN_1_0;
	return HTTP_FAULT_NONE;
}

static enum http_fault read_version(struct http_head *h, struct http_span v)
{
	if (v.n != 8 || memcmp(v.at, "HTTP/", 5) != 0 || v.at[6] != '.' ||
		!(classes[(unsigned char)v.at[5]] & DIGIT) ||
		!(classes[(unsigned char)v.at[7]] & DIGIT))
		return HTTP_FAULT_START_LINE;
	if (v.at[5] != '1')
		return HTTP_FAULT_VERSION;
	/* a later minor version is read as the latest one known (RFC 9110 §2.5) */
	h->minor = v.at[7] == '0' ? 0 : 1;
	h->keep_alive = h->minor == 1;
	return HTTP_FAULT_NONE;
}

static void begin(struct http_head *h)
{
	/* not the array: it is large, and n_fields says what of it is valid */
	h->n_fields = 0;
	memset(&h->minor, 0, sizeof(*h) - offsetof(struct http_head, minor));
}

/* --- requests -------------------------------------------------------------------------------- */

/* absolute-form names the host, and Host is then ignored (RFC 9112 §3.2.2). */
static enum http_fault read_absolute(struct http_head *h, size_t scheme)
{
	const char *at = h->target.at + scheme, *end = h->target.at + h->target.n;
	size_t n = 0;

	while (at + n < end && at[n] != '/' && at[n] != '?')
		n++;
	h->form = HTTP_TARGET_ABSOLUTE;
	h->host = (struct http_span){at, n};
	if (!is_host(h->host))
		return HTTP_FAULT_TARGET;
	h->path = (struct http_span){at + n, (size_t)(end - at) - n};
	if (h->path.n == 0)
		h->path = (struct http_span){
			http_head_span_is(h->method, "OPTIONS") ? "*" : "/", 1};
	h->no_slash = h->path.at[0] == '?';
	return HTTP_FAULT_NONE;
}

static enum http_fault read_target(struct http_head *h)
{
	struct http_span t = h->target;

	if (t.n > HTTP_HEAD_TARGET_MAX)
		return HTTP_FAULT_TARGET_TOO_LONG;
	if (http_head_span_is(h->method, "CONNECT"))
		return HTTP_FAULT_CONNECT;
	if (t.n == 0 || span(t.at, t.n, TARGET) != t.n)
		return HTTP_FAULT_TARGET;
	h->path = t;
	if (t.at[0] == '/')
		return HTTP_FAULT_NONE;
	if (http_head_span_is(t, "*")) {
		h->form = HTTP_TARGET_ASTERISK;
		return http_head_span_is(h->method, "OPTIONS") ? HTTP_FAULT_NONE
							       : HTTP_FAULT_TARGET;
	}
	if (t.n > 7 && strncasecmp(t.at, "http://", 7) == 0)
		return read_absolute(h, 7);
	h->https = t.n > 8 && strncasecmp(t.at, "https://", 8) == 0;
	return h->https ? read_absolute(h, 8) : HTTP_FAULT_TARGET;
}

/* An origin that minds no case would answer "head" without the body that we would wait for. */
static bool is_near_miss(struct http_span method)
{
	return (http_head_span_case_is(method, "HEAD") && !http_head_span_is(method, "HEAD")) ||
	       (http_head_span_case_is(method, "CONNECT") && !http_head_span_is(method, "CONNECT"));
}

static enum http_fault read_request_line(struct http_head *h, struct http_span line)
{
	size_t method = span(line.at, line.n, TOKEN);
	const char *space;
	enum http_fault fault;

	if (method == 0 || method == line.n || line.at[method] != ' ')
		return HTTP_FAULT_METHOD;
	h->method = (struct http_span){line.at, method};
	if (is_near_miss(h->method))
		return HTTP_FAULT_METHOD;
	h->target.at = line.at + method + 1;
	space = memchr(h->target.at, ' ', line.n - method - 1);
	if (!space)
		return HTTP_FAULT_START_LINE;
	h->target.n = (size_t)(space - h->target.at);
	fault = read_version(h,
		(struct http_span){space + 1, (size_t)(line.at + line.n - space) - 1});
	return fault ? fault : read_target(h);
}

/* Host is required once in 1.1; beside an absolute target its own value counts for nothing. */
static enum http_fault read_request_fields(struct http_head *h, const char *at, const char *end)
{
	struct http_span of_target = h->host;
	enum http_fault fault;

	h->host = (struct http_span){NULL, 0};
	fault = read_fields(h, at, end);
	if (fault)
		return fault;
	if (!h->host.at && (h->minor == 1 || !of_target.at))
		return HTTP_FAULT_NO_HOST;
	if (of_target.at)
		h->host = of_target;
	return HTTP_FAULT_NONE;
}

/* Is a member named "upgrade" among Connection's options? Without it, Upgrade means nothing (RFC
 * 9110 §7.8). */
static void settle_upgrade(struct http_head *h)
{
	h->upgrade = h->upgrade && !h->upgrade_http && h->minor == 1 &&
		     http_head_is_nominated(h, (struct http_span){"upgrade", 7});
}

enum http_fault http_head_request(struct http_head *h, const uint8_t *bytes, size_t n)
{
	const char *at = (const char *)bytes, *end = at + n;
	struct http_span line;
	enum http_fault fault;

	begin(h);
	if (n >= 2 && at[0] == '\r' && at[1] == '\n')
		at += 2;
	if (!next_line(&at, end, &line))
		return HTTP_FAULT_START_LINE;
	fault = read_request_line(h, line);
	if (!fault)
		fault = read_request_fields(h, at, end);
	if (!fault)
		settle_upgrade(h);
	return fault;
}

/* --- responses ------------------------------------------------------------------------------- */

enum http_fault http_head_response(struct http_head *h, const uint8_t *bytes, size_t n)
{
	const char *at = (const char *)bytes, *end = at + n;
	struct http_span line;
	enum http_fault fault;

	begin(h);
	if (!next_line(&at, end, &line) || line.n < 12 || line.at[8] != ' ' ||
		span(line.at + 9, 3, DIGIT) != 3 || (line.n > 12 && line.at[12] != ' '))
		return HTTP_FAULT_START_LINE;
	fault = read_version(h, (struct http_span){line.at, 8});
	if (fault)
		return fault;
	h->status = (unsigned int)((line.at[9] - '0') * 100 + (line.at[10] - '0') * 10 +
				   line.at[11] - '0');
	/* above 599 a status means nothing, and passes as it is (RFC 9110 §15) */
	if (h->status < 100)
		return HTTP_FAULT_START_LINE;
	h->reason = (struct http_span){
		line.at + MIN(line.n, (size_t)13), line.n - MIN(line.n, (size_t)13)};
	if (!is_value(h->reason))
		return HTTP_FAULT_START_LINE;
	fault = read_fields(h, at, end);
	if (!fault)
		settle_upgrade(h);
	return fault;
}

/* --- questions ------------------------------------------------------------------------------- */

const struct http_field *http_head_find(const struct http_head *h, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];

		if (f->name.n == n && strncasecmp(f->name.at, name, n) == 0)
			return f;
	}
	return NULL;
}

bool http_head_is_nominated(const struct http_head *h, struct http_span name)
{
	for (size_t i = 0; i < h->n_connection; i++) {
		struct http_span list = h->connection[i], option;

		while (next_element(&list, &option)) {
			if (option.n == name.n && strncasecmp(option.at, name.at, name.n) == 0)
				return true;
		}
	}
	return false;
}

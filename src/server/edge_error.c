/* SPDX-License-Identifier: MIT */
/*
 * edge_error: the server's own answers: a short page, or JSON for whom asks for it, and the
 * machine-readable word in X-Tunnelto-Error. The texts are ours alone; nothing of the request is
 * repeated in them.
 */
#include <stdio.h>
#include <string.h>

#include "server/edge_visitor.h"

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {{200, "OK"}, {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"},
		{408, "Request Timeout"}, {414, "URI Too Long"}, {421, "Misdirected Request"},
		{431, "Request Header Fields Too Large"}, {501, "Not Implemented"},
		{502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].status == status)
			return table[i].reason;
	}
	return "Error";
}

static void write_body(char *out, size_t cap, const struct visitor *v, int status, const char *word,
	const char *text)
{
	if (v->wants_json) {
		(void)snprintf(out, cap, "{\"status\":%d,\"error\":\"%s\",\"message\":\"%s\"}\n",
			status, word, text);
		return;
	}
	(void)snprintf(out, cap,
		"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%d "
		"%s</title></head>"
		"<body><h1>%d %s</h1><p>%s.</p><p><small>tunnelto: %s</small></p></body></html>\n",
		status, reason_of(status), status, reason_of(status), text, word);
}

/* An answer without an origin. @fields: lines of the head. */
static void send_own(struct visitor *v, int status, const char *fields, const char *body)
{
	char head[512];
	size_t body_n = strlen(body);
	/* what is left of an unread request cannot be told from the next one */
	bool close = !v->keep_alive || v->edge->draining || v->phase != VISITOR_WAIT;
	int head_n = snprintf(head, sizeof(head),
		"HTTP/1.1 %d %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\nDate: "
		"%s\r\n%s%s"
		"\r\n",
		status, reason_of(status), body_n, edge_http_date(v->edge), fields,
		close ? "Connection: close\r\n" : "");

	v->status = (unsigned int)status;
	v->answered = true;
	(void)conn_write(&v->conn, head, (size_t)head_n);
	if (!v->is_head)
		(void)conn_write(&v->conn, body, body_n);
	v->bytes_out += v->is_head ? 0 : body_n;
	if (close) {
		edge_http_log(v);
		edge_http_linger(v);
	} else {
		v->origin_keeps = v->user.stream != NULL;
		edge_http_exchange_done(v);
	}
}

void edge_error_healthy(struct visitor *v)
{
	v->logged = true; /* asked every few seconds, and no visit */
	send_own(v, 200, "Content-Type: text/plain; charset=utf-8\r\n", "ok");
}

void edge_error_send(struct visitor *v, int status, const char *word, const char *text)
{
	char body[1024], fields[256], retry[32] = "";

	if (status == 503)
		(void)snprintf(retry, sizeof(retry), "Retry-After: %u\r\n",
			v->retry_s ? v->retry_s : 5);
	write_body(body, sizeof(body), v, status, word, text);
	(void)snprintf(fields, sizeof(fields),
		"Content-Type: %s; charset=utf-8\r\nX-Tunnelto-Error: %s\r\n%s",
		v->wants_json ? "application/json" : "text/html", word, retry);
	v->edge->faults_total++;
	send_own(v, status, fields, body);
}

void edge_error_refuse(struct visitor *v, enum http_fault fault)
{
	edge_error_send(v, http_fault_status(fault), http_fault_word(fault),
		http_fault_text(fault));
}

# SPDX-License-Identifier: MIT
"""The shapes of HTTP that tunnelto-server(8) is held to, as data; test_http_shapes.py sends each to the origin and through the tunnel.

A row: its name; what the visitor sends (bytes, or a list of bytes and things to wait for); what is expected of both paths: the
statuses, and whether the connection is kept. What is allowed to differ through the tunnel is said in the row, and nothing else
is: `edge`, the statuses there; `edge_end`; `word`, the X-Tunnelto-Error of a refusal.
"""
import strict_http as strict

KEPT, CLOSED, ANY = "kept", "closed", "any"  # ANY: connections are each hop's own affair
MALFORMED, NOTHING, NO_ORIGIN = "malformed", "nothing", "no origin"
ROWS = []


class Shape:
    def __init__(self, group, name, send, want, end, **more):
        self.group, self.name, self.send, self.want, self.end = group, name, send, want, end
        self.word = more.pop("word", None)        # X-Tunnelto-Error of the last answer through the tunnel
        self.edge = more.pop("edge", want)        # the tunnel's statuses, where they differ by design
        self.edge_end = more.pop("edge_end", end)
        self.methods = more.pop("methods", None)  # of the requests, when not all are GET
        self.script = more.pop("script", None)    # what the origin does; None: it describes the request
        self.whole = more.pop("whole", True)      # is the last body whole?
        self.sees = more.pop("sees", None)        # how the origin's connection ends; and with edge_end=NO_ORIGIN, through the tunnel there is none
        self.abort = more.pop("abort", None)      # how the visitor ends: "fin", "rst"
        self.fields = more.pop("fields", None)    # the tunnel's answer to (direct fields): where they differ by design
        self.after = more.pop("after", None)      # bytes that must follow a 101
        self.interim = more.pop("interim", True)  # False: a visitor of HTTP/1.0 gets none
        self.origin_fields = more.pop("origin_fields", True)  # False: a field is dropped on the way, by design
        assert not more, more
        ROWS.append(self)


def rq(line=b"GET / HTTP/1.1", fields=b"", body=b"", host=b"Host: shape.localhost\r\n"):
    return line + b"\r\n" + host + fields + b"\r\n" + body


def post(fields, body=b"", line=b"POST / HTTP/1.1"):
    return rq(line, fields, body)


def te(body, value=b"chunked", more=b""):
    return post(b"Transfer-Encoding: " + value + b"\r\n" + more, body)


def wants(n=1):
    """A step: wait until the origin's or the tunnel's interim answer @n bytes or more is here."""
    return lambda wire: wire.have or wire.more()


LAST = b"0\r\n\r\n"


def bad(group, name, raw, word, status=400, **more):
    Shape(group, name, raw, [status], CLOSED, word=word, **more)


def ok(group, name, raw, n=1, end=KEPT, **more):
    Shape(group, name, raw, [200] * n, end, **more)


# --- smuggling: two readers must not take one message differently ----------------------------------

S = "smuggling"
bad(S, "length_then_coding", post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", LAST), "length_and_coding")
bad(S, "coding_then_length", post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", LAST), "length_and_coding")
bad(S, "two_equal_lengths", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"12345"), "several_lengths")
bad(S, "two_unequal_lengths", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"12345"), "several_lengths")
for name, value in {"list": b"5, 5", "list_unequal": b"5, 6", "plus": b"+5", "minus": b"-5", "inner_blank": b"5 5", "hex": b"0x5",
                    "decimal": b"5.0", "empty": b"", "letters": b"five", "exponent": b"5e0", "over_2_63": b"9223372036854775808",
                    "over_2_64": b"18446744073709551621", "quoted": b'"5"', "comma_behind": b"5,"}.items():
    bad(S, "length_" + name, post(b"Content-Length: " + value + b"\r\n", b"12345"), "bad_length")
ok(S, "length_blanks_around", post(b"Content-Length: \t 5 \t\r\n", b"12345"))
ok(S, "length_no_blank", post(b"Content-Length:5\r\n", b"12345"))
ok(S, "length_leading_zeros", post(b"Content-Length: 0005\r\n", b"12345"))
bad(S, "length_lf_inside", post(b"Content-Length: 5\n\r\n", b"12345"), "bare_line_end")
bad(S, "folded_by_blank", rq(fields=b"X-A: 1\r\n folded\r\n"), "folded_field")
bad(S, "folded_by_tab", rq(fields=b"X-A: 1\r\n\tfolded\r\n"), "folded_field")
bad(S, "folded_first_field", rq(host=b" Host: shape.localhost\r\n"), "folded_field")
bad(S, "folded_coding", te(LAST, b"\r\n chunked"), ("bad_coding", "folded_field", "coding_not_last"))
bad(S, "blank_before_colon", post(b"Content-Length : 5\r\n", b"12345"), "bad_field_name")
bad(S, "tab_before_colon", post(b"Transfer-Encoding\t: chunked\r\n", LAST), "bad_field_name")
bad(S, "bare_cr_in_value", rq(fields=b"X-A: a\rb\r\n"), "bad_field_value")
bad(S, "bare_cr_hides_field", rq(fields=b"X-A: a\rTransfer-Encoding: chunked\r\n"), "bad_field_value")
bad(S, "bare_cr_in_name", rq(fields=b"X\rA: a\r\n"), "bad_field_name")
bad(S, "bare_lf_everywhere", b"GET / HTTP/1.1\nHost: shape.localhost\n\n", "bare_line_end")
bad(S, "bare_lf_after_start_line", b"GET / HTTP/1.1\nHost: shape.localhost\r\n\r\n", "bare_line_end")
bad(S, "bare_lf_after_field", rq(fields=b"X-A: 1\nX-B: 2\r\n"), "bare_line_end")
bad(S, "bare_lf_ends_head", b"GET / HTTP/1.1\r\nHost: shape.localhost\r\n\n", "bare_line_end")
bad(S, "lf_cr_ends_head", b"GET / HTTP/1.1\r\nHost: shape.localhost\n\r\n\r", "bare_line_end")
bad(S, "nul_in_value", rq(fields=b"X-A: a\0b\r\n"), "bad_field_value")
bad(S, "nul_in_name", rq(fields=b"X\0A: a\r\n"), "bad_field_name")
bad(S, "control_in_value", rq(fields=b"X-A: a\x01b\r\n"), "bad_field_value")
bad(S, "del_in_value", rq(fields=b"X-A: a\x7fb\r\n"), "bad_field_value")
bad(S, "vertical_tab_in_coding", te(LAST, b"\x0bchunked"), "bad_field_value")
bad(S, "field_without_colon", rq(fields=b"X-A\r\n"), "bad_field_name")
bad(S, "field_without_name", rq(fields=b": a\r\n"), "bad_field_name")
bad(S, "blank_in_name", rq(fields=b"X A: a\r\n"), "bad_field_name")
bad(S, "delimiter_in_name", rq(fields=b"X(A): a\r\n"), "bad_field_name")
bad(S, "high_bytes_in_name", rq(fields=b"X-\xe4: a\r\n"), "bad_field_name")
for name, value in {"xchunked": b"xchunked", "chunked_twice": b"chunked, chunked", "identity": b"identity", "chunked_first": b"chunked, gzip",
                    "gzip_alone": b"gzip", "quoted": b'"chunked"', "parameter": b"chunked;q=1", "cut": b"chunke",
                    "semicolon": b"gzip;chunked", "empty": b"", "empty_element": b",chunked"}.items():
    bad(S, "coding_" + name, te(LAST, value), "coding_not_last")
bad(S, "coding_unknown_before_chunked", te(LAST, b"gzip, chunked"), "bad_coding", 501)
bad(S, "coding_chunked_in_two_fields", te(LAST, more=b"Transfer-Encoding: chunked\r\n"), "coding_not_last")
bad(S, "coding_in_two_fields", te(LAST, b"gzip", more=b"Transfer-Encoding: chunked\r\n"), "bad_coding", 501)
bad(S, "coding_identity_then_chunked", te(LAST, b"identity", more=b"Transfer-Encoding: chunked\r\n"), "bad_coding", 501)
ok(S, "coding_mixed_case", te(b"3\r\nabc\r\n" + LAST, b"ChUnKeD"))
ok(S, "coding_tabs_around", te(b"3\r\nabc\r\n" + LAST, b"\tchunked\t"))
bad(S, "coding_in_1_0", post(b"Transfer-Encoding: chunked\r\n", LAST, b"POST / HTTP/1.0"), "coding_in_1_0")
ok(S, "coding_spelled_with_underscore", post(b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", LAST), origin_fields=False)
ok(S, "length_spelled_with_underscore", post(b"Content_Length: 50\r\nContent-Length: 5\r\n", b"12345"), origin_fields=False)
for name, body in {"size_overflow": b"10000000000000005\r\nabcde\r\n", "size_16_digits": b"0000000000000005\r\nabcde\r\n", "size_0x": b"0x5\r\nabcde\r\n",
                   "size_minus": b"-5\r\nabcde\r\n", "size_plus": b"+5\r\nabcde\r\n", "size_empty": b"\r\nabcde\r\n",
                   "size_blank_before": b" 5\r\nabcde\r\n", "size_blank_behind": b"5 \r\nabcde\r\n", "size_letters": b"5g\r\nabcde\r\n",
                   "size_lf": b"5\nabcde\r\n", "size_nul": b"5\0\r\nabcde\r\n", "extension_lf": b"5;a\nabcde\r\n",
                   "extension_bare_cr": b"5;a\rb\r\nabcde\r\n", "extension_too_long": b"5;" + b"a" * 1100 + b"\r\nabcde\r\n",
                   "data_too_long": b"5\r\nabcdefg\r\n", "data_end_missing": b"5\r\nabcde5\r\nabcde\r\n", "data_ends_in_lf": b"5\r\nabcde\n",
                   "data_ends_in_cr": b"5\r\nabcde\rx", "last_size_lf": b"0\n\r\n", "second_chunk": b"5\r\nabcde\r\nx\r\n"}.items():
    bad(S, "chunk_" + name, te(body + LAST), "bad_chunk")
for name, line in {"length": b"Content-Length: 5", "coding": b"Transfer-Encoding: chunked", "host": b"Host: other.localhost",
                   "authorization": b"Authorization: Basic eA==", "connection": b"Connection: close", "type": b"Content-Type: text/html",
                   "underscore": b"content_length: 5", "folded": b"X-A: 1\r\n 2", "no_colon": b"X-A", "blank_before_colon": b"X-A : 1",
                   "nul": b"X-A: \0"}.items():
    bad(S, "trailer_" + name, te(b"3\r\nabc\r\n0\r\n" + line + b"\r\n\r\n"), "bad_trailer")
bad(S, "trailer_bare_lf", te(b"0\r\nX-A: 1\n\r\n"), "bad_trailer")
SMUGGLED = rq(b"GET /smuggled HTTP/1.1")
ok(S, "request_inside_a_length_body", post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED))
ok(S, "request_inside_a_chunk", te(b"%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED) + LAST))

# --- framing ---------------------------------------------------------------------------------------

F = "framing"
ok(F, "length_zero", post(b"Content-Length: 0\r\n"))
ok(F, "post_without_framing", post(b""))
ok(F, "chunked_empty", te(LAST))
ok(F, "chunked_one_large", te(b"100000\r\n" + bytes(1 << 20) + b"\r\n" + LAST))
ok(F, "chunked_two_thousand_tiny", te(b"1\r\nx\r\n" * 2000 + LAST))
ok(F, "chunked_upper_lower_digits", te(b"A\r\n0123456789\r\na\r\n0123456789\r\n" + LAST))
ok(F, "chunked_leading_zeros", te(b"00a\r\n0123456789\r\n000\r\n\r\n"))
ok(F, "chunked_extension", te(b'5;name=value;quoted="a b"\r\nabcde\r\n0;last\r\n\r\n'))
ok(F, "chunked_trailers", te(b"3\r\nabc\r\n0\r\nX-Digest: 900150\r\nX-Other: \r\n\r\n", more=b"Trailer: X-Digest\r\n"))
ok(F, "chunked_in_pieces", [te(b"5")[:-1], b"5", b"\r", b"\nab", b"cde\r", b"\n0\r\n", b"\r\n"])
ok(F, "length_body_large", post(b"Content-Length: 1048576\r\n", bytes(range(256)) * 4096))
ok(F, "length_body_in_pieces", [post(b"Content-Length: 6\r\n"), b"ab", b"c", b"def"])
ok(F, "head_byte_by_byte", [bytes([b]) for b in rq(fields=b"X-A: 1\r\n")])
ok(F, "get_with_a_body", post(b"Content-Length: 5\r\n", b"12345", b"GET / HTTP/1.1"))
ok(F, "delete_with_a_body", post(b"Content-Length: 5\r\n", b"12345", b"DELETE /x HTTP/1.1"), methods=[b"DELETE"])
ok(F, "options_with_a_body", post(b"Content-Length: 5\r\n", b"12345", b"OPTIONS /x HTTP/1.1"), methods=[b"OPTIONS"])
ok(F, "head_with_a_body", post(b"Content-Length: 5\r\n", b"12345", b"HEAD /x HTTP/1.1"), methods=[b"HEAD"])
Shape(F, "length_shorter_than_sent", post(b"Content-Length: 5\r\n", b"12345\0\0\0\r\n\r\n"), [200, 400], CLOSED, word="bad_method")
ok(F, "body_then_another_request", post(b"Content-Length: 5\r\n", b"12345") + rq(), n=2)
ok(F, "empty_line_before_a_request", b"\r\n" + rq())
ok(F, "empty_line_behind_a_post", post(b"Content-Length: 5\r\n", b"12345") + b"\r\n" + rq(), n=2)
bad(F, "two_empty_lines_before_a_request", b"\r\n\r\n" + rq(), ("bad_start_line", "bad_method"))
ok(F, "value_empty", rq(fields=b"X-Empty:\r\nX-Blank: \t \r\n"))
ok(F, "value_high_bytes", rq(fields="X-A: grüße\r\n".encode()))
ok(F, "fields_kept_in_order_and_case", rq(fields=b"x-b: 1\r\nX-A: 2\r\nx-B: 3\r\nCookie: a=1\r\nCookie: b=2\r\n"))

# --- limits ----------------------------------------------------------------------------------------

L = "limits"
bad(L, "head_too_large", rq(fields=b"".join(b"X-%d: %s\r\n" % (n, b"v" * 1000) for n in range(40))), "head_too_large", 431)
bad(L, "field_too_long", rq(fields=b"X-Long: " + b"v" * 40000 + b"\r\n"), "head_too_large", 431)
bad(L, "too_many_fields", rq(fields=b"X: y\r\n" * 128), "too_many_fields", 431)
ok(L, "as_many_fields_as_allowed", rq(fields=b"X: y\r\n" * 127))
ok(L, "field_of_20_kib", rq(fields=b"X-Long: " + b"v" * 20480 + b"\r\n"))
bad(L, "target_too_long", rq(b"GET /" + b"a" * 16384 + b" HTTP/1.1"), "target_too_long", 414)
bad(L, "target_without_end", b"GET /" + b"a" * 40000, "target_too_long", 414)
ok(L, "target_as_long_as_allowed", rq(b"GET /" + b"a" * 16383 + b" HTTP/1.1"))
ok(L, "method_of_200_letters", rq(b"M" * 200 + b" / HTTP/1.1"))

# --- start lines -----------------------------------------------------------------------------------

T = "start line"
ok(T, "unknown_method", rq(b"BREW /pot HTTP/1.1"))
ok(T, "lower_case_method_is_another_one", rq(b"get / HTTP/1.1"))
ok(T, "lower_case_head", rq(b"head / HTTP/1.1"), edge=[400], edge_end=CLOSED, word="bad_method")
ok(T, "method_of_marks", rq(b"M-SEARCH / HTTP/1.1"))
bad(T, "method_not_a_token", rq(b"G{T / HTTP/1.1"), "bad_method")
bad(T, "method_missing", rq(b" / HTTP/1.1"), "bad_method")
bad(T, "blank_before_method", rq(b" GET / HTTP/1.1"), "bad_method")
bad(T, "two_blanks", rq(b"GET  / HTTP/1.1"), ("bad_target", "bad_start_line"))
bad(T, "tab_for_a_blank", rq(b"GET\t/ HTTP/1.1"), "bad_method")
bad(T, "blank_behind_version", rq(b"GET / HTTP/1.1 "), "bad_start_line")
bad(T, "blank_in_target", rq(b"GET /a b HTTP/1.1"), "bad_start_line")
bad(T, "control_in_target", rq(b"GET /a\x01 HTTP/1.1"), "bad_target")
bad(T, "high_bytes_in_target", rq(b"GET /\xc3\xa4 HTTP/1.1"), "bad_target")
bad(T, "fragment_in_target", rq(b"GET /a#b HTTP/1.1"), "bad_target")
bad(T, "target_without_slash", rq(b"GET a HTTP/1.1"), "bad_target")
bad(T, "target_of_another_scheme", rq(b"GET ftp://shape.localhost/ HTTP/1.1"), "bad_target")
bad(T, "http_0_9", b"GET /\r\n\r\n", "bad_start_line")
bad(T, "http_2_preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_version", 505)
bad(T, "http_3", rq(b"GET / HTTP/3.0"), "bad_version", 505)
bad(T, "version_lower_case", rq(b"GET / http/1.1"), "bad_start_line")
bad(T, "version_too_long", rq(b"GET / HTTP/1.10"), "bad_start_line")
ok(T, "version_1_2_is_1_1", rq(b"GET / HTTP/1.2"))
ok(T, "escapes_pass_as_they_are", rq(b"GET /a%2Fb/%2e%2e/./../c//d?x=%41&y=/../ HTTP/1.1"))
ok(T, "marks_in_query", rq(b"GET /?a={b}|c^`\"\\[d] HTTP/1.1"))
ok(T, "absolute_form", rq(b"GET http://shape.localhost/a?b HTTP/1.1"))
ok(T, "absolute_form_upper_case", rq(b"GET HTTP://SHAPE.LOCALHOST/a HTTP/1.1"))
ok(T, "absolute_form_outranks_host", rq(b"GET http://shape.localhost/a HTTP/1.1", host=b"Host: nobody.localhost\r\n"))
ok(T, "absolute_form_without_path", rq(b"GET http://shape.localhost HTTP/1.1"))
ok(T, "absolute_form_of_a_query", rq(b"GET http://shape.localhost?a=1 HTTP/1.1"))
ok(T, "absolute_form_with_port", rq(b"GET http://shape.localhost:8080/ HTTP/1.1"))
bad(T, "absolute_form_of_https", rq(b"GET https://shape.localhost/ HTTP/1.1"), "misdirected", 421)
bad(T, "absolute_form_without_host", b"GET http://shape.localhost/ HTTP/1.1\r\n\r\n", "no_host")
bad(T, "absolute_form_with_userinfo", rq(b"GET http://a:b@shape.localhost/ HTTP/1.1"), "bad_target")
bad(T, "absolute_form_without_authority", rq(b"GET http:///a HTTP/1.1"), "bad_target")
ok(T, "options_asterisk", rq(b"OPTIONS * HTTP/1.1"), methods=[b"OPTIONS"])
ok(T, "options_absolute_is_asterisk", rq(b"OPTIONS http://shape.localhost HTTP/1.1"), methods=[b"OPTIONS"])
ok(T, "options_for_the_last_hop", rq(b"OPTIONS /a HTTP/1.1", b"Max-Forwards: 0\r\n"), methods=[b"OPTIONS"], edge=[501], word="last_hop")
ok(T, "trace_for_the_last_hop", rq(b"TRACE / HTTP/1.1", b"Max-Forwards: 0\r\n"), methods=[b"TRACE"], edge=[501], word="last_hop")
ok(T, "options_for_a_later_hop", rq(b"OPTIONS /a HTTP/1.1", b"Max-Forwards: 2\r\n"), methods=[b"OPTIONS"], origin_fields=False)
ok(T, "max_forwards_of_another_method", rq(fields=b"Max-Forwards: 0\r\n"))
ok(T, "max_forwards_is_no_number", rq(b"OPTIONS /a HTTP/1.1", b"Max-Forwards: none\r\n"), methods=[b"OPTIONS"])
bad(T, "get_asterisk", rq(b"GET * HTTP/1.1"), "bad_target")
bad(T, "connect", rq(b"CONNECT shape.localhost:443 HTTP/1.1"), "connect_refused", 501)
bad(T, "authority_form_of_another_method", rq(b"GET shape.localhost:443 HTTP/1.1"), "bad_target")

# --- Host ------------------------------------------------------------------------------------------

H = "host"
bad(H, "missing", rq(host=b""), "no_host")
bad(H, "twice_the_same", rq(host=b"Host: shape.localhost\r\nHost: shape.localhost\r\n"), "several_hosts")
bad(H, "two", rq(host=b"Host: shape.localhost\r\nHost: other.localhost\r\n"), "several_hosts")
for name, value in {"empty": b"", "blank_inside": b"shape .localhost", "slash": b"shape.localhost/", "userinfo": b"a@shape.localhost",
                    "list": b"shape.localhost, other.localhost", "port_letters": b"shape.localhost:http", "port_too_large": b"shape.localhost:65536",
                    "escape": b"shape%2elocalhost", "empty_label": b"shape..localhost", "literal_open": b"[::1", "query": b"shape.localhost?",
                    "high_bytes": b"sh\xe4pe.localhost", "label_too_long": b"a" * 64 + b".localhost"}.items():
    bad(H, name, rq(host=b"Host: " + value + b"\r\n"), "bad_host")
for name, value in {"with_port": b"shape.localhost:8080", "with_empty_port": b"shape.localhost:", "upper_case": b"SHAPE.LocalHost",
                    "trailing_dot": b"shape.localhost.", "blanks_around": b" \tshape.localhost\t "}.items():
    ok(H, name, rq(host=b"Host:" + value + b"\r\n"))
ok(H, "literal_is_no_tunnel", rq(host=b"Host: [::1]:80\r\n"), edge=[404], word="no_tunnel")
ok(H, "address_is_no_tunnel", rq(host=b"Host: 127.0.0.1\r\n"), edge=[404], word="no_tunnel")
ok(H, "unknown_is_no_tunnel", rq(host=b"Host: nobody.localhost\r\n"), edge=[404], word="no_tunnel")
ok(H, "unknown_with_a_body_is_no_tunnel", rq(b"POST / HTTP/1.1", b"Content-Length: 5\r\n", b"12345", b"Host: nobody.localhost\r\n"),
   edge=[404], edge_end=CLOSED, word="no_tunnel")
ok(H, "1_0_without_host", b"GET / HTTP/1.0\r\n\r\n", end=CLOSED, edge=[400], word="no_host")
ok(H, "spelled_with_underscore_is_dropped", rq(fields=b"X_Forwarded_For: 6.6.6.6\r\n"), origin_fields=False)

# --- connections -----------------------------------------------------------------------------------

C = "connection"
ok(C, "1_1_is_kept", rq())
ok(C, "1_1_close", rq(fields=b"Connection: close\r\n"), end=CLOSED)
ok(C, "1_1_close_any_case", rq(fields=b"Connection: CLOSE\r\n"), end=CLOSED)
ok(C, "close_among_options", rq(fields=b"Connection: keep-alive, close\r\n"), end=CLOSED)
ok(C, "close_in_another_field", rq(fields=b"Connection: close\r\nConnection: keep-alive\r\n"), end=CLOSED)
ok(C, "1_0_is_closed", rq(b"GET / HTTP/1.0"), end=CLOSED)
ok(C, "1_0_keep_alive", rq(b"GET / HTTP/1.0", b"Connection: Keep-Alive\r\n"))
ok(C, "1_0_post", rq(b"POST / HTTP/1.0", b"Content-Length: 5\r\n", b"12345"), end=CLOSED)
ok(C, "nominated_fields_stay", rq(fields=b"Connection: X-Mine\r\nX-Mine: 1\r\nX-Yours: 2\r\n"))
ok(C, "nominated_framing_counts", post(b"Connection: content-length\r\nContent-Length: 5\r\n", b"12345"))
ok(C, "hop_by_hop_fields_stay", rq(fields=b"Keep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nTE: gzip\r\n"))
ok(C, "empty_connection", rq(fields=b"Connection:\r\n"))
METHODS = [b"GET", b"POST", b"HEAD", b"OPTIONS", b"DELETE", b"PUT", b"PATCH", b"BREW"]
ok(C, "pipeline_of_methods", b"".join(post(b"Content-Length: 3\r\n", b"abc", m + b" /%d HTTP/1.1" % n) if m in (b"POST", b"PUT", b"PATCH")
                                      else rq(m + b" /%d HTTP/1.1" % n) for n, m in enumerate(METHODS)), n=8, methods=METHODS)
ok(C, "pipeline_of_fifty", b"".join(rq(b"GET /%d HTTP/1.1" % n) for n in range(50)), n=50)
ok(C, "pipeline_of_two_hosts", b"".join(rq(b"GET /%d HTTP/1.1" % n, host=b"Host: %s.localhost\r\n" % (b"shape", b"other")[n % 2])
                                        for n in range(6)), n=6)
ok(C, "pipeline_with_a_stranger", rq() + rq(host=b"Host: nobody.localhost\r\n") + rq(), n=3, edge=[200, 404, 200])
Shape(C, "pipeline_with_a_bad_one", rq() + rq(b"GET /b") + rq(), [200, 400], CLOSED, word="bad_start_line")
ok(C, "pipeline_ends_with_close", rq() + rq(fields=b"Connection: close\r\n") + rq(), n=2, end=CLOSED)
ok(C, "pipeline_of_chunked", te(b"3\r\nabc\r\n" + LAST) + te(b"3\r\ndef\r\n" + LAST) + rq(), n=3, methods=[b"POST", b"POST", b"GET"])
ok(C, "pipeline_split_in_a_head", [rq() + rq()[:10], rq()[10:]], n=2)

# --- expectations and interim answers --------------------------------------------------------------

E = "expect"
EXPECT = post(b"Expect: 100-continue\r\nContent-Length: 5\r\n")
ok(E, "continue_is_waited_for", [EXPECT, wants(), b"12345"])
ok(E, "continue_not_waited_for", EXPECT + b"12345")
ok(E, "continue_chunked", [te(b"", more=b"Expect: 100-continue\r\n"), wants(), b"3\r\nabc\r\n" + LAST])
ok(E, "continue_any_case", [post(b"Expect: 100-Continue\r\nContent-Length: 5\r\n"), wants(), b"12345"])
ok(E, "continue_without_a_body", rq(fields=b"Expect: 100-continue\r\n"))
ok(E, "of_1_0_is_ignored", rq(b"POST / HTTP/1.0", b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"12345"), end=CLOSED)
Shape(E, "unknown", rq(fields=b"Expect: a-miracle\r\n"), [417], CLOSED, edge_end=ANY)


def says(name, *script, want=200, group="response", send=None, end=ANY, **more):
    """The origin plays @script after reading the request."""
    Shape(group, name, send or rq(), [want] if not isinstance(want, list) else want, end, script=[strict.read_body, *script], **more)


def raw(name, *script, want=200, **more):
    """The origin plays @script before reading the request's body."""
    Shape("response", name, more.pop("send", rq()), [want], more.pop("end", ANY), script=list(script), **more)


OK5 = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
raw("expectation_refused", b"HTTP/1.1 417 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", strict.close, want=417, send=EXPECT, end=CLOSED)
raw("answer_without_continue", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", strict.close, send=EXPECT, end=CLOSED)
raw("continue_then_refused", b"HTTP/1.1 100 Continue\r\n\r\n", strict.read_body, b"HTTP/1.1 409 No\r\nContent-Length: 0\r\n\r\n", want=409,
    send=[EXPECT, wants(), b"12345"])
says("early_hints", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", OK5)
says("several_interim", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n", OK5)
says("continue_unasked", b"HTTP/1.1 100 Continue\r\n\r\n", OK5)
says("interim_without_a_final", b"HTTP/1.1 103 Early Hints\r\n\r\n", strict.close, want=NOTHING, edge=[502], word="origin_reset")
says("interim_unknown", b"HTTP/1.1 199 Odd\r\nX-A: 1\r\n\r\n", OK5)

# --- responses -------------------------------------------------------------------------------------

HEAD = rq(b"HEAD / HTTP/1.1")
says("length", OK5)
says("length_zero", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
says("chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
says("chunked_in_pieces", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunk", b"ed\r\n\r", b"\n5\r\nhe", b"llo\r\n", b"0\r\n\r", b"\n")
says("chunked_extension", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n")
says("chunked_trailers", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n",
     send=rq(fields=b"TE: trailers\r\nConnection: TE\r\n"))
says("until_close", b"HTTP/1.1 200 OK\r\n\r\nhello", strict.close, end=CLOSED)
says("until_close_empty", b"HTTP/1.1 200 OK\r\n\r\n", strict.close, end=CLOSED)
says("1_0_length", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", strict.close)
says("1_0_until_close", b"HTTP/1.0 200 OK\r\n\r\nhello", strict.close, end=CLOSED)
says("1_0_for_1_0", b"HTTP/1.0 200 OK\r\n\r\nhello", strict.close, end=CLOSED, send=rq(b"GET / HTTP/1.0"))
says("chunked_for_1_0", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", strict.close, edge=[502], word="bad_message",
     send=rq(b"GET / HTTP/1.0"))
says("interim_for_1_0", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", strict.close,
     send=rq(b"GET / HTTP/1.0"), interim=False)
says("close_said_is_for_one_hop", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", strict.close, end=CLOSED, edge_end=KEPT)
says("version_1_2_response", b"HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello")
says("head_length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", send=HEAD, methods=[b"HEAD"], end=KEPT)
says("head_chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", send=HEAD, methods=[b"HEAD"], end=KEPT)
says("head_without_framing", b"HTTP/1.1 200 OK\r\n\r\n", send=HEAD, methods=[b"HEAD"], end=KEPT)
says("no_content", b"HTTP/1.1 204 No Content\r\n\r\n", want=204, end=KEPT)
says("no_content_with_length", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", want=204, end=KEPT,
     fields=lambda f: [x for x in f if x[0] != b"content-length"])
says("not_modified", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n", want=304, end=KEPT)
says("not_modified_chunked", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", want=304, end=KEPT)
says("reset_content", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", want=205, end=KEPT)
says("reset_content_chunked", b"HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", want=205, end=KEPT)
says("partial_content", b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello", want=206, end=KEPT)
says("without_reason", b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello")
says("without_reason_and_blank", b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello")
says("reason_of_high_bytes", "HTTP/1.1 200 Schön\r\nContent-Length: 5\r\n\r\nhello".encode())
says("status_999", b"HTTP/1.1 999 Denied\r\nContent-Length: 5\r\n\r\nhello", want=999)
says("fields_in_order", b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-C:  blanks \r\nSet-Cookie: c=3\r\nContent-Length: 5\r\n\r\nhello")
says("date_is_kept", b"HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 5\r\n\r\nhello")
says("hop_by_hop", b"HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Yours: 2\r\nContent-Length: 5\r\n\r\nhello")
says("upgrade_advertised", b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nhello")
says("head_of_30_kib", b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"v" * 1000) for n in range(30)) + b"Content-Length: 5\r\n\r\nhello")
says("body_of_4_mib", b"HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n" + bytes(range(256)) * 16384)
for name, script in {
        "two_equal_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello",
        "length_list": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        "length_minus": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "length_and_coding": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "coding_gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        "coding_gzip_chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "coding_in_1_0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "bare_lf": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "folded": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 5\r\n\r\nhello",
        "nul_in_value": b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 5\r\n\r\nhello",
        "bare_cr_in_value": b"HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello",
        "blank_before_colon": b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        "field_without_colon": b"HTTP/1.1 200 OK\r\nwhatever\r\n\r\nhello",
        "head_too_large": b"HTTP/1.1 200 OK\r\nX-A: " + b"v" * 40000 + b"\r\n\r\nhello",
        "too_many_fields": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 129 + b"\r\nhello",
        "status_of_two_digits": b"HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello",
        "status_below_100": b"HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello",
        "http_2": b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "version_lower_case": b"http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "other_protocol": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "garbage": b"\0\1\2\3\r\n\r\n",
        "request_for_an_answer": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"}.items():
    says("malformed_" + name, script, strict.close, want=MALFORMED, edge=[502], word="bad_message")
says("switch_unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", strict.close, want=101, edge=[502],
     word="bad_message", after=b"")
says("nothing_and_end", strict.close, want=NOTHING, edge=[502], word="origin_reset")
says("nothing_and_reset", strict.close_hard, want=NOTHING, edge=[502], word="origin_reset")
says("half_a_head_and_end", b"HTTP/1.1 200 OK\r\nContent-Le", strict.close, want=NOTHING, edge=[502], word="origin_reset")
says("length_cut", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", strict.close, whole=False, end=CLOSED)
says("length_cut_by_reset", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", strict.close_hard, whole=False, end=CLOSED)
says("chunked_cut_in_data", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", strict.close, whole=False, end=CLOSED)
says("chunked_cut_between", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", strict.close, whole=False, end=CLOSED)
says("chunked_cut_in_trailers", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\n", strict.close, whole=False, end=CLOSED)
says("chunked_bad_size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n", strict.close, whole=False, end=CLOSED)
says("chunked_bad_trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n", strict.close, whole=False, end=CLOSED)
says("until_close_reset", b"HTTP/1.1 200 OK\r\n\r\nhello", strict.close_hard, whole=False, end=CLOSED)
says("longer_than_its_length", OK5 + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", strict.close, end=ANY)
says("body_for_head", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", strict.close, send=HEAD, methods=[b"HEAD"])
says("body_for_not_modified", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", strict.close, want=304)
raw("early_answer_and_close", b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", strict.close, want=413, end=CLOSED, edge_end=ANY,  # kept if it was all on its way before the answer
    send=post(b"Content-Length: 3000000\r\n", bytes(3000000)))
raw("early_answer_then_reads_on", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n", strict.read_body, b"4\r\nlate\r\n0\r\n\r\n",
    send=[post(b"Content-Length: 5\r\n"), wants(), b"12345"])

# --- upgrades --------------------------------------------------------------------------------------

U = "upgrade"
WS = rq(fields=b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
says("taken", SWITCH, strict.pipe, want=101, group=U, send=[WS, wants(), b"ping"], after=b"ping")
says("bytes_right_behind_both", SWITCH + b"hello ", strict.pipe, want=101, group=U, send=WS + b"early", after=b"hello early")
says("to_anything_else", SWITCH.replace(b"websocket", b"x-echo"), strict.pipe, want=101, group=U, after=b"abc",
     send=[rq(fields=b"Connection: x, upgrade\r\nUpgrade: x-echo\r\n"), wants(), b"abc"])
says("refused_with_a_body", b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", want=403, group=U, send=WS, end=KEPT)
says("ignored", OK5, group=U, send=WS, end=KEPT)
says("origin_ends_it", SWITCH + b"bye", strict.close, want=101, group=U, send=WS, after=b"bye")
ok(U, "h2c_is_not_offered_on", rq(fields=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"))
ok(U, "without_connection_is_none", rq(fields=b"Upgrade: websocket\r\n"))
ok(U, "of_1_0_is_none", rq(b"GET / HTTP/1.0", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), end=CLOSED)

# --- visitors that go away: the origin must learn it, and never take a part for a whole --------------

A = "aborted"
for how in ("fin", "rst"):
    Shape(A, f"in_a_head_{how}", b"GET / HTTP/1.1\r\nHo", [], CLOSED, abort=how, sees="cut", edge_end=NO_ORIGIN)
    Shape(A, f"in_a_length_body_{how}", post(b"Content-Length: 9\r\n", b"12345"), [], CLOSED, abort=how, sees="cut")
    Shape(A, f"in_a_chunk_{how}", te(b"9\r\n12345"), [], CLOSED, abort=how, sees="cut")
    Shape(A, f"before_the_last_chunk_{how}", te(b"5\r\n12345\r\n"), [], CLOSED, abort=how, sees="cut")
    Shape(A, f"while_waiting_{how}", rq(), [], CLOSED, abort=how, script=[strict.hold], sees="cut")
    Shape(A, f"in_a_response_{how}", [rq(), wants()], [], CLOSED, abort=how, sees="cut",
          script=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", strict.flood])
    Shape(A, f"in_a_quiet_response_{how}", [rq(), wants()], [], CLOSED, abort=how, sees="cut",
          script=[b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n", strict.hold])

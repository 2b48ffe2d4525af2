/* SPDX-License-Identifier: MIT */
/* test_resolve: literals, localhost, and names asked of a name server made here. */

#include "io_test.h"

#include <utime.h>

#include "io/resolve.h"
#include "io/resolver.h"

static struct resolver *resolver;
static struct resolve query;
static unsigned int answers;
static int status;
static struct addr found[RESOLVE_MAX];
static size_t n_found;
static bool free_inside;

/* A name server: one UDP socket on the loop, answers as told by the name's first label. */
static int dns_fd;
static ev_io dns_io;
static unsigned int dns_queries;

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* One answer record for the question at offset 12, @i-th address of its family. */
static size_t put_record(uint8_t *p, unsigned int type, unsigned int i)
{
	size_t n = type == 28 ? 16 : 4;

	put16(p, 0xc00c);
	put16(p + 2, type);
	put16(p + 4, 1);
	put16(p + 6, 0);
	put16(p + 8, 60);
	put16(p + 10, (unsigned int)n);
	memset(p + 12, 0, n);
	if (type == 28)
		p[12] = 0xfd;
	else
		p[12] = 10;
	p[12 + n - 1] = (uint8_t)(i + 1);
	return 12 + n;
}

/* "many": three of each family; "nx": no such name; "mute": no answer; "fail": SERVFAIL; "flood":
 * twenty. */
static void on_dns(struct ev_loop *ev, ev_io *w, int revents)
{
	uint8_t m[2048];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t got = recvfrom(dns_fd, m, 512, 0, (struct sockaddr *)&from, &len);
	const char *label = (const char *)m + 13;
	unsigned int type, records = 0;
	size_t n = 12;

	assert_true(got >= 17);
	dns_queries++;
	while (m[n])
		n += m[n] + 1U;
	type = (unsigned int)m[n + 1] << 8 | m[n + 2];
	n += 5;
	if (strncmp(label, "mute", 4) == 0)
		return;
	put16(m + 2, 0x8180);
	if (strncmp(label, "nx", 2) == 0)
		m[3] |= 3;
	else if (strncmp(label, "fail", 4) == 0)
		m[3] |= 2;
	else if (strncmp(label, "flood", 5) == 0)
		records = 20;
	else if (strncmp(label, "many", 4) == 0)
		records = 3;
	put16(m + 6, records);
	put16(m + 8, 0);
	put16(m + 10, 0);
	for (unsigned int i = 0; i < records; i++)
		n += put_record(m + n, type, i);
	(void)sendto(dns_fd, m, n, 0, (struct sockaddr *)&from, len);
}

static void on_done(struct resolve *r, int s, const struct addr *list, size_t n)
{
	assert_ptr_equal(r, &query);
	answers++;
	status = s;
	n_found = n;
	assert_true(n <= RESOLVE_MAX);
	if (n)
		memcpy(found, list, n * sizeof(*list));
	if (free_inside) {
		resolver_free(resolver);
		resolver = NULL;
	}
}

static void use_own_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	char text[64];

	assert_int_equal(getsockname(dns_fd, (struct sockaddr *)&a, &n), 0);
	assert_true(snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(a.sin_port)) > 0);
	assert_int_equal(ares_set_servers_ports_csv(resolver->channel, text), ARES_SUCCESS);
}

static int setup(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	answers = dns_queries = 0;
	status = 1;
	n_found = 0;
	free_inside = false;
	memset(&query, 0, sizeof(query));
	loop_setup(state);
	dns_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dns_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ev_io_init(&dns_io, on_dns, dns_fd, EV_READ);
	ev_io_start(loop.ev, &dns_io);
	resolver = resolver_new(&loop);
	assert_non_null(resolver);
	use_own_server();
	return 0;
}

static int teardown(void **state)
{
	resolver_free(resolver);
	ev_io_stop(loop.ev, &dns_io);
	close(dns_fd);
	return loop_teardown(state);
}

static void ask(const char *host)
{
	resolve_start(&query, resolver, host, 8080, on_done);
	assert_int_equal(answers, 0); /* never before it returns */
}

static void assert_found(size_t i, const char *text)
{
	char shown[ADDR_TEXT_MAX];

	addr_format(&found[i], shown);
	assert_string_equal(shown, text);
}

static void literals_are_answered_without_asking(void **state)
{
	ask("192.0.2.7");
	until(answers == 1);
	assert_int_equal(status, 0);
	assert_int_equal(n_found, 1);
	assert_found(0, "192.0.2.7:8080");
	answers = 0;
	ask("2001:db8::7");
	until(answers == 1);
	assert_found(0, "[2001:db8::7]:8080");
	assert_int_equal(dns_queries, 0);
}

static void localhost_is_loopback_of_both_families_unasked(void **state)
{
	static const char *const names[] = {
		"localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.LocalHost."};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		answers = 0;
		ask(names[i]);
		until(answers == 1);
		assert_int_equal(n_found, 2);
		assert_found(0, "127.0.0.1:8080");
		assert_found(1, "[::1]:8080");
	}
	assert_int_equal(dns_queries, 0);
}

static void all_addresses_of_a_name_are_found_families_in_turns(void **state)
{
	ask("many.example");
	until(answers == 1);
	assert_int_equal(status, 0);
	assert_int_equal(n_found, 6);
	for (size_t i = 1; i < n_found; i++)
		assert_int_not_equal(found[i].sa.ss_family, found[i - 1].sa.ss_family);
	for (size_t i = 0; i < n_found; i++)
		assert_int_equal(addr_port(&found[i]), 8080);
}

static void more_addresses_than_there_is_room_for_are_cut(void **state)
{
	ask("flood.example");
	until(answers == 1);
	assert_int_equal(status, 0);
	assert_int_equal(n_found, RESOLVE_MAX);
}

static void a_name_that_does_not_exist_is_enoent(void **state)
{
	ask("nx.example");
	until(answers == 1);
	assert_int_equal(status, -ENOENT);
	assert_int_equal(n_found, 0);
}

static void a_name_without_addresses_is_enoent(void **state)
{
	ask("empty.example");
	until(answers == 1);
	assert_int_equal(status, -ENOENT);
}

static void words_that_are_no_names_are_errors(void **state)
{
	static const char *const names[] = {"", "a..b", "1.2.3.4.5.6:", "exa mple"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		answers = 0;
		ask(names[i]);
		until(answers == 1);
		assert_true(status < 0);
	}
}

static void a_server_that_fails_is_an_error_and_not_a_missing_name(void **state)
{
	ask("fail.example");
	until(answers == 1);
	assert_true(status < 0);
	assert_int_not_equal(status, -ENOENT);
}

static void a_mute_server_meets_the_deadline(void **state)
{
	assert_int_equal(resolver->deadline_ms, 10000);
	resolver->deadline_ms = 30;
	ask("mute.example");
	until(answers == 1);
	assert_int_equal(status, -ETIMEDOUT);
	assert_null(query.query);
	resolver->deadline_ms = 10000;
	answers = 0;
	ask("many.example"); /* the same record may ask again at once */
	until(answers == 1);
	assert_int_equal(status, 0);
}

static void nothing_is_cached(void **state)
{
	unsigned int once;

	ask("many.example");
	until(answers == 1);
	once = dns_queries;
	answers = 0;
	ask("many.example");
	until(answers == 1);
	assert_int_equal(dns_queries, 2 * once);
}

static void a_cancelled_question_is_not_answered(void **state)
{
	struct resolve other = {0};

	ask("many.example");
	resolve_cancel(&query);
	resolve_cancel(&query);
	ask("127.0.0.1");
	resolve_cancel(&query);
	resolve_cancel(&other);
	until(dns_queries >= 2);
	for (int i = 0; i < 10; i++)
		turn();
	assert_int_equal(answers, 0);
}

static void a_resolver_may_go_with_questions_open(void **state)
{
	ask("mute.example");
	until(dns_queries > 0);
	resolver_free(resolver);
	resolver = NULL;
	assert_int_equal(answers, 0);
	assert_null(query.query);
	resolve_cancel(&query);
}

static void a_resolver_may_go_inside_an_answer(void **state)
{
	free_inside = true;
	ask("many.example");
	until(answers == 1);
	assert_null(resolver);
}

static void a_changed_resolv_conf_is_followed_when_nothing_is_asked(void **state)
{
	char path[] = "/tmp/tt-resolv-XXXXXX";
	ares_channel before = resolver->channel;
	struct utimbuf times = {1000, 1000};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(utime(path, &times), 0);
	resolver->conf = path;
	resolver->conf_changed = (struct timespec){.tv_sec = 1000};
	ask("mute.example");
	assert_ptr_equal(resolver->channel, before); /* not changed */
	times.modtime = 2000;
	assert_int_equal(utime(path, &times), 0);
	{
		struct resolve second = {0};

		resolve_start(&second, resolver, "127.0.0.1", 1, on_done);
		assert_ptr_equal(resolver->channel, before); /* somebody waits */
		resolve_cancel(&second);
	}
	resolve_cancel(&query);
	assert_false(list_is_empty(&resolver->queries)); /* cancelled, yet with c-ares */
	ares_cancel(resolver->channel);
	until(list_is_empty(&resolver->queries));
	ask("127.0.0.1");
	assert_ptr_not_equal(resolver->channel, before);
	assert_int_equal(resolver->conf_changed.tv_sec, 2000);
	until(answers == 1);
	unlink(path);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(literals_are_answered_without_asking),
		T(localhost_is_loopback_of_both_families_unasked),
		T(all_addresses_of_a_name_are_found_families_in_turns),
		T(more_addresses_than_there_is_room_for_are_cut),
		T(a_name_that_does_not_exist_is_enoent),
		T(a_name_without_addresses_is_enoent),
		T(words_that_are_no_names_are_errors),
		T(a_server_that_fails_is_an_error_and_not_a_missing_name),
		T(a_mute_server_meets_the_deadline),
		T(nothing_is_cached),
		T(a_cancelled_question_is_not_answered),
		T(a_resolver_may_go_with_questions_open),
		T(a_resolver_may_go_inside_an_answer),
		T(a_changed_resolv_conf_is_followed_when_nothing_is_asked),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}

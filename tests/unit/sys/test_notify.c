/* SPDX-License-Identifier: MIT */
/* test_notify: what a service manager hears, over a socket that stands for it. */

#include "../cm.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "io/loop.h"
#include "sys/notify.h"
#include "sys/watchdog.h"

static int manager = -1;
static char dir[] = "/tmp/tt-notify-XXXXXX";
static char heard[1024];
static bool healthy;

/* One message, or "" when there is none. */
static const char *hear(void)
{
	ssize_t n = recv(manager, heard, sizeof(heard) - 1, MSG_DONTWAIT);

	heard[n > 0 ? n : 0] = '\0';
	return heard;
}

static int group_setup(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", dir);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(manager, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	return setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

static int group_teardown(void **state)
{
	(void)unlink(getenv("NOTIFY_SOCKET"));
	close(manager);
	return rmdir(dir);
}

static void states_are_told_in_their_own_words(void **state)
{
	notify_ready();
	assert_string_equal(hear(), "READY=1");
	notify_stopping();
	assert_string_equal(hear(), "STOPPING=1");
	notify_extend_timeout_ms(2500);
	assert_string_equal(hear(), "EXTEND_TIMEOUT_USEC=2500000");
	notify_status("%d tunnels", 3);
	assert_string_equal(hear(), "STATUS=3 tunnels");
}

static void reloading_comes_with_the_time(void **state)
{
	unsigned long long at = 0;
	uint64_t before = clock_us();

	notify_reloading();
	assert_int_equal(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%llu", &at), 1);
	assert_in_range(at, before, clock_us());
}

static void a_status_is_one_line_whatever_is_in_it(void **state)
{
	char longer[2000];

	notify_status("tunnel %s", "evil\nREADY=1\r\tx");
	assert_string_equal(hear(), "STATUS=tunnel evil READY=1  x");
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	notify_status("%s", longer);
	assert_int_equal(strlen(hear()), 511); /* cut, not lost */
}

static void a_status_that_says_nothing_new_is_not_repeated(void **state)
{
	notify_status("calm");
	notify_status("calm");
	assert_string_equal(hear(), "STATUS=calm");
	assert_string_equal(hear(), "");
}

static void a_manager_that_does_not_read_does_not_stop_us(void **state)
{
	unsigned int heard_n = 0;

	for (int i = 0; i < 5000; i++) /* more than any socket's queue */
		notify_status("busy %d", i);
	while (hear()[0])
		heard_n++;
	assert_in_range(heard_n, 1, 4999);
	notify_status("busy %d", 4999); /* what was left out is not taken for said */
	assert_string_equal(hear(), "STATUS=busy 4999");
}

static void who_is_out_of_descriptors_is_heard(void **state)
{
	struct rlimit before, none;

	notify_alive();
	assert_string_equal(hear(), "WATCHDOG=1");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	notify_alive();
	notify_status("short");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_string_equal(hear(), "WATCHDOG=1");
	assert_string_equal(hear(), "STATUS=short");
}

static void without_a_manager_nothing_happens(void **state)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s", getenv("NOTIFY_SOCKET"));
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_status("x");
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	assert_string_equal(hear(), "");
}

/* --- watchdog -------------------------------------------------------------------------------- */

static unsigned int asked;

static void check(struct watchdog *w)
{
	asked++;
	if (healthy)
		watchdog_feed(w);
}

static void watch(const char *usec, int pid, unsigned int times)
{
	struct loop loop;
	struct watchdog w = {0};
	char text[32];
	clock_ms_t give_up = clock_ms() + 10000;

	(void)snprintf(text, sizeof(text), "%d", pid);
	assert_int_equal(setenv("WATCHDOG_PID", text, 1), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", usec, 1), 0);
	assert_int_equal(loop_init(&loop), 0);
	asked = 0;
	watchdog_start(&w, &loop, check);
	while (asked < times && clock_ms() < give_up)
		ev_run(loop.ev, EVRUN_ONCE);
	watchdog_stop(&w);
	ev_run(loop.ev, 0); /* ends at once: nothing is left armed */
	loop_deinit(&loop);
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}

static void the_watchdog_is_fed_at_once_and_asks_at_quarters_of_its_interval(void **state)
{
	clock_ms_t start = clock_ms();

	healthy = true;
	watch("80000", getpid(), 2);
	assert_in_range(clock_ms() - start, 40, 5000); /* after 20 ms, after 40 ms */
	for (int i = 0; i < 3; i++)
		assert_string_equal(hear(), "WATCHDOG=1");
	assert_string_equal(hear(), "");
}

static void an_unhealthy_process_does_not_feed_it_and_is_asked_again(void **state)
{
	healthy = false;
	watch("10000", getpid(), 3);
	assert_int_equal(asked, 3);
	assert_string_equal(hear(), "WATCHDOG=1"); /* for having started */
	assert_string_equal(hear(), "");
}

static void a_watchdog_for_another_process_is_not_ours(void **state)
{
	healthy = true;
	watch("10000", 1, 0);
	assert_int_equal(asked, 0);
	assert_string_equal(hear(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_told_in_their_own_words),
		cmocka_unit_test(reloading_comes_with_the_time),
		cmocka_unit_test(a_status_is_one_line_whatever_is_in_it),
		cmocka_unit_test(a_status_that_says_nothing_new_is_not_repeated),
		cmocka_unit_test(a_manager_that_does_not_read_does_not_stop_us),
		cmocka_unit_test(who_is_out_of_descriptors_is_heard),
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(the_watchdog_is_fed_at_once_and_asks_at_quarters_of_its_interval),
		cmocka_unit_test(an_unhealthy_process_does_not_feed_it_and_is_asked_again),
		cmocka_unit_test(a_watchdog_for_another_process_is_not_ours),
	};

	return cmocka_run_group_tests_name("notify", tests, group_setup, group_teardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * An emulated WAN between two network namespaces, for kernels without netem.
 *
 *	wan RTT-MS LOSS-PERCENT RATE-MBIT QUEUE-MS SEED
 *
 * It makes both namespaces and a tun device in each (10.77.0.1 in the first, 10.77.0.2 in the
 *second), says "ready FD FD" (the namespaces, as descriptors of its own for /proc/PID/fd), and
 *carries IP packets between them until it is killed; devices and namespaces go with it. Each
 *direction loses LOSS-PERCENT of its packets at random, queues what exceeds RATE-MBIT for at most
 *QUEUE-MS, drops the rest, and delays everything by half of RTT-MS. Packets are real ones, one MTU
 *each, so that TCP's own recovery is at work. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
 *
 * What it does not do: reorder, jitter, mark.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 1500, SLOTS = 32768, TX_QUEUE = 10000 };

struct packet {
	int64_t due_ns;
	size_t n;
	unsigned char data[MTU];
};

struct direction {
	int from, to;         /* tun devices */
	struct packet *slots; /* SLOTS of them, a ring in order of due_ns */
	unsigned first, used;
	int64_t departed_ns; /* when the last packet taken will have left the bottleneck */
	unsigned long long lost, overflowed, carried;
};

static struct {
	int64_t delay_ns, queue_ns;
	double loss, ns_per_byte;
	uint64_t random;
} wan;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* xorshift64*: the same losses for the same seed and the same packets */
static double random_unit(void)
{
	wan.random ^= wan.random >> 12;
	wan.random ^= wan.random << 25;
	wan.random ^= wan.random >> 27;
	return (double)((wan.random * 0x2545f4914f6cdd1dULL) >> 11) / 9007199254740992.0;
}

static int fail(const char *what)
{
	fprintf(stderr, "wan: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void device_set(int sock, struct ifreq *ifr, unsigned long request, const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	inet_pton(AF_INET, address, &in.sin_addr);
	memcpy(&ifr->ifr_addr, &in, sizeof(in));
	if (ioctl(sock, request, ifr) < 0)
		fail(address);
}

static void device_up(int sock, const char *name)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr) < 0)
		fail(name);
}

/* Enter a new namespace and make a tun device there; its descriptor, and the namespace's. */
static int side_open(const char *address, int *ret_namespace)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int tun, sock;

	if (unshare(CLONE_NEWNET) < 0)
		fail("a network namespace");
	*ret_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &ifr) < 0)
		fail("/dev/net/tun");
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		fail("socket");
	device_set(sock, &ifr, SIOCSIFADDR, address);
	device_set(sock, &ifr, SIOCSIFNETMASK, "255.255.255.0");
	ifr.ifr_mtu = MTU;
	if (ioctl(sock, SIOCSIFMTU, &ifr) < 0)
		fail("MTU");
	ifr.ifr_qlen = TX_QUEUE;
	if (ioctl(sock, SIOCSIFTXQLEN, &ifr) < 0)
		fail("queue length");
	device_up(sock, ifr.ifr_name);
	device_up(sock, "lo");
	close(sock);
	return tun;
}

/* Give a packet that is in the next free slot its time, or lose it. */
static void packet_admit(struct direction *d, struct packet *p, int64_t now)
{
	int64_t start = d->departed_ns > now ? d->departed_ns : now;

	if (wan.loss > 0 && random_unit() < wan.loss) {
		d->lost++;
		return;
	}
	if (start - now > wan.queue_ns || d->used == SLOTS - 1) {
		d->overflowed++;
		return;
	}
	d->departed_ns = start + (int64_t)((double)p->n * wan.ns_per_byte);
	p->due_ns = d->departed_ns + wan.delay_ns;
	d->used++;
}

static bool direction_read(struct direction *d)
{
	for (int n = 0; n < 256; n++) {
		struct packet *p = &d->slots[(d->first + d->used) % SLOTS];
		ssize_t got = read(d->from, p->data, MTU);

		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		p->n = (size_t)got;
		packet_admit(d, p, now_ns());
	}
	return true;
}

/* Pass on what is due; when the next one is, or -1. */
static int64_t direction_write(struct direction *d)
{
	for (; d->used; d->first = (d->first + 1) % SLOTS, d->used--) {
		struct packet *p = &d->slots[d->first];

		if (p->due_ns > now_ns())
			return p->due_ns;
		if (write(d->to, p->data, p->n) == (ssize_t)p->n)
			d->carried++;
		else
			d->overflowed++;
	}
	return -1;
}

static void carry(struct direction d[2])
{
	struct pollfd fds[2] = {
		{.fd = d[0].from, .events = POLLIN}, {.fd = d[1].from, .events = POLLIN}};

	for (;;) {
		int64_t a = direction_write(&d[0]), b = direction_write(&d[1]);
		int64_t next = a < 0 ? b : b < 0 || a < b ? a : b, wait = next - now_ns();
		struct timespec t = {0};

		if (next >= 0 && wait > 0)
			t = (struct timespec){wait / 1000000000, wait % 1000000000};
		if (ppoll(fds, 2, next < 0 ? NULL : &t, NULL) < 0 && errno != EINTR)
			fail("ppoll");
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && !direction_read(&d[i]))
				fail("a tun device");
	}
}

int main(int argc, char **argv)
{
	int spaces[2], tuns[2];
	struct direction d[2] = {0};

	if (argc != 6) {
		fprintf(stderr, "usage: wan RTT-MS LOSS-PERCENT RATE-MBIT QUEUE-MS SEED\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1000UL);
	wan.delay_ns = (int64_t)(strtod(argv[1], NULL) * 5e5);
	wan.loss = strtod(argv[2], NULL) / 100;
	wan.ns_per_byte = 8e3 / strtod(argv[3], NULL);
	wan.queue_ns = (int64_t)(strtod(argv[4], NULL) * 1e6);
	wan.random = strtoull(argv[5], NULL, 10) * 2 + 1;
	tuns[0] = side_open("10.77.0.1", &spaces[0]);
	tuns[1] = side_open("10.77.0.2", &spaces[1]);
	for (int i = 0; i < 2; i++) {
		d[i].from = tuns[i];
		d[i].to = tuns[!i];
		d[i].slots = malloc(SLOTS * sizeof(*d[i].slots));
		if (!d[i].slots)
			fail("memory");
	}
	printf("ready %d %d\n", spaces[0], spaces[1]);
	fflush(stdout);
	carry(d);
}

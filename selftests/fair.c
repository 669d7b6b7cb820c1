// SPDX-License-Identifier: GPL-2.0-only
/*
 * fair.c - a user that floods a server with connects, datagrams, cancels and waits
 * for names, and what another user's calls to that server take meanwhile. It
 * measures: started by name (tools/vm/run --cmd ./fair), not in LIST.
 *
 * What the CPU costs is not counted against LPC: the calls are compared with those
 * beside as many processes of that user that are as busy without it.
 */
#include "common.h"

#define FLOODERS	4
#define CALLS		2000

#define ENDS		64

/* A server that lets eve have two connections, and anybody else in. */
struct host {
	int port, ends[ENDS], eves;
	unsigned int next, failed, refused;
	pthread_t thread;
};

static void welcome(struct host *h, const struct lpcbuf *b)
{
	int *end = &h->ends[h->next % ENDS];

	if (b->m.uid == EVE && h->eves >= 2) {
		h->refused++;
		port_refuse(h->port, b->m.id, NULL, 0);
		return;
	}
	h->eves += b->m.uid == EVE;
	while (*end >= 0)
		end = &h->ends[++h->next % ENDS];
	*end = port_accept(h->port, b->m.id, h->next % ENDS, 0);
	if (*end >= 0)
		end_complete(*end);
	else if (*end != -ESTALE)
		h->failed++;
}

static void *host(void *arg)
{
	struct host *h = arg;
	struct lpcbuf b;
	int ret;

	while ((ret = msg_recv(h->port, &b, FOREVER)) != -ESHUTDOWN) {
		if (ret < 0)
			continue;
		if (b.m.type == LPC_REQUEST)
			msg_reply(h->port, &b, 0, NULL, 0);
		else if (b.m.type == LPC_CONNECTION_REQUEST)
			welcome(h, &b);
		if (b.m.type == LPC_PORT_CLOSED) {
			h->eves -= b.m.uid == EVE;
			close(h->ends[b.m.context]);
			h->ends[b.m.context] = -1;
		}
	}
	return NULL;
}

FIXTURE(fair) {
	char name[NAME_ROOM];
	int port;
	struct host host;
	pid_t flood[FLOODERS];
};

FIXTURE_SETUP(fair)
{
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
	memset(self->host.ends, -1, sizeof(self->host.ends));
	self->host.port = self->port;
	ASSERT_EQ(0, pthread_create(&self->host.thread, NULL, host, &self->host));
}

FIXTURE_TEARDOWN(fair)
{
	end_shutdown(self->port, LPC_SHUT_RECEIVE);
	pthread_join(self->host.thread, NULL);
	EXPECT_EQ(0, self->host.failed);
	EXPECT_LT(0, self->host.refused);
	close(self->port);
}

/* As busy in the kernel, with nobody else's */
static void busy(int which, const char *name)
{
	int fd[2];
	char byte = 0;

	must(pipe(fd) == 0);
	for (;;)
		must(write(fd[1], &byte, 1) == 1 && read(fd[0], &byte, 1) == 1);
}

/* One way each; whatever a limit says, on it goes */
static void flood(int which, const char *name)
{
	struct lpc_port_info i;
	struct lpcbuf b;
	uint64_t id;
	int end = -1;

	/* these two keep theirs; what the third tries is refused then */
	if (which == 1 || which == 2)
		while ((end = port_connect(name)) < 0)
			nap();
	for (;;) {
		switch (which) {
		case 0:
			end = port_connect_async(name, NULL);
			if (end >= 0)
				close(end);
			break;
		case 1:
			msg_send(end, 1, NULL, 0);
			break;
		case 2:
			if (!msg_call_async(end, 1, NULL, 0, LONG, &id))
				call_cancel(end, id);
			while (!msg_recv(end, &b, NO_WAIT))
				;
			break;
		case 3:
			query_name("fair/none", &i, 1);
		}
	}
}

static void start(struct _test_data_fair *self, void (*act)(int, const char *))
{
	int i;

	for (i = 0; i < FLOODERS; i++) {
		self->flood[i] = fork_child();
		if (self->flood[i] == 0) {
			must_be(0, become(EVE));
			act(i, self->name);
			_exit(0);
		}
	}
}

static void stop(struct _test_data_fair *self)
{
	int i;

	for (i = 0; i < FLOODERS; i++)
		kill_reap(self->flood[i]);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Maria's p99 in ns, written to @out; the child's status is what went wrong */
static int measure(const char *name, uint64_t *out)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		static uint64_t took[CALLS];
		int end, n;

		must_be(0, become(MARIA));
		end = port_connect(name);
		must(end >= 0);
		for (n = 0; n < CALLS; n++) {
			took[n] = now_ns();
			must_be(0, msg_call(end, n, NULL, 0, NULL, LONG));
			took[n] = now_ns() - took[n];
			/* a connect each now and then, which succeeds */
			if (n % 200 == 0) {
				int more = port_connect(name);

				must_be(0, more < 0 ? more : 0);
				close(more);
			}
		}
		qsort(took, CALLS, sizeof(took[0]), by_size);
		out[0] = took[CALLS / 2];
		out[1] = took[CALLS * 99 / 100];
		_exit(0);
	}
	return reap(pid);
}

TEST_F_TIMEOUT(fair, a_flood_leaves_anothers_calls_within_twice_what_a_busy_cpu_does, 300)
{
	uint64_t *ns = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, ns);
	start(self, busy);
	EXPECT_EQ(0, measure(self->name, ns));
	stop(self);
	start(self, flood);
	EXPECT_EQ(0, measure(self->name, ns + 2));
	stop(self);
	TH_LOG("median and p99 in us: %llu %llu beside busy CPUs, %llu %llu beside the flood",
	       (unsigned long long)ns[0] / 1000, (unsigned long long)ns[1] / 1000,
	       (unsigned long long)ns[2] / 1000, (unsigned long long)ns[3] / 1000);
	EXPECT_LE(ns[3], 2 * ns[1]);
	munmap(ns, 4096);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many clients, some of them killed, against one server process of four
 * threads, of which one leaves with a request in its hands.
 *
 * --full: 200 clients of 1 000 calls, 50 killed. Else a tenth of each client
 * number, and but for the long form a quarter of the calls.
 */
#include "numbered.h"

#define SERVERS		4
#define DEADLINE_MS	2000

static int clients = 20, killed = 5;
static unsigned int calls = 250;
/* Those to be killed: at which call, at the earliest; they go on until then. */
static unsigned int doomed[NUMBERED_CLIENTS];

static void client(const char *name, struct ledger *l, __u32 who)
{
	unsigned int seq, timeouts = 0;
	__u16 status;
	int ce, ret;

	ce = numbered_connect(name, who);
	must(ce >= 0);
	for (seq = 1; seq <= calls || doomed[who]; seq++) {
		/* Client 0 asks one thread to leave, in the middle. */
		bool leave = who == 0 && seq == calls / 2;

		ret = numbered_call(ce, who, seq, leave ? NUMBERED_LEAVE : 0,
				    leave ? ns_in(DEADLINE_MS) : 0, &status);
		if (leave) {
			must_be(-ETIMEDOUT, ret);
			must(status & LPC_WAS_TAKEN);
			timeouts++;
		} else {
			must_be(0, ret);
		}
		atomic_store(&l->done[who], seq);
	}
	must_be(who == 0, timeouts);
	_exit(0);
}

/* @killed clients, never client 0, each when it got to a random call */
static void doom_some(void)
{
	unsigned int seed = getpid();
	int n = 0, i;

	while (n < killed) {
		i = 1 + rand_r(&seed) % (clients - 1);
		if (doomed[i])
			continue;
		doomed[i] = 1 + rand_r(&seed) % calls;
		n++;
	}
}

static void kill_some(pid_t *pid, bool *dead, struct ledger *l)
{
	int left = killed, i;

	while (left) {
		for (i = 1; i < clients; i++) {
			if (!doomed[i] || dead[i] ||
			    atomic_load(&l->done[i]) < doomed[i])
				continue;
			kill(pid[i], SIGKILL);
			dead[i] = true;
			left--;
		}
		nap();
	}
}

int main(int argc, char **argv)
{
	int i, bad_exit = 0, bad_count = 0, bad_kill = 0, server_exit;
	static pid_t pid[NUMBERED_CLIENTS];
	static bool dead[NUMBERED_CLIENTS];
	struct lpc_port_info info;
	struct numbered_server s;
	__u64 begin = ns_now();
	unsigned int seen, done;
	struct ledger *l;
	struct rig r;
	pid_t server;

	if (argc > 1 && !strcmp(argv[1], "--full")) {
		clients = 200;
		killed = 50;
		calls = 1000;
	} else if (long_form() || has_feature(LPC_HAS_DEBUG)) {
		calls = 1000;
	}
	ksft_print_header();
	ksft_set_plan(8);
	l = ledger_new();
	if (!l || rig_port(&r, 0, 0))
		ksft_exit_fail_msg("no port: is the module loaded?\n");
	s.port = r.port;
	s.ledger = l;
	s.prepare = NULL;
	server = numbered_server_start(&s, SERVERS);
	doom_some();
	for (i = 0; i < clients; i++) {
		pid[i] = fork_child();
		if (pid[i] == 0) {
			close(r.port);
			client(r.name, l, i);
		}
	}
	kill_some(pid, dead, l);
	for (i = 0; i < clients; i++) {
		int code = reap(pid[i]);

		seen = atomic_load(&l->seen[i]);
		done = atomic_load(&l->done[i]);
		if (dead[i]) {
			bad_kill += code != 128 + SIGKILL ||
				    (seen != done && seen != done + 1);
		} else {
			bad_exit += code != 0;
			bad_count += seen != calls || done != calls;
		}
	}
	/* The last client is gone when its PORT_CLOSED has been received. */
	UNTIL(atomic_load(&l->closed) == (unsigned int)clients &&
	      calls_now(r.port) == 0);
	info = port_info(r.port);
	do_shutdown(r.port, LPC_SHUT_RECEIVE);
	server_exit = reap(server);
	ksft_print_msg("%d clients, %d killed, %u calls each, %llu ms\n",
		       clients, killed, calls,
		       (unsigned long long)ms_since(begin));
	ksft_print_msg("%llu calls: replied %llu canceled %llu lost %llu withdrawn %llu now %u\n",
		       info.counters.calls, info.counters.replied,
		       info.counters.canceled, info.counters.lost,
		       info.counters.withdrawn, info.calls_now);
	if (l->failed)
		ksft_print_msg("an ioctl of the server's failed: %s\n",
			       strerror(-l->error));
	ksft_test_result(!bad_exit,
			 "every surviving client had each reply once, in order\n");
	ksft_test_result(!bad_count,
			 "the server saw each call of a survivor once, in order\n");
	ksft_test_result(!bad_kill,
			 "of a killed client it saw 1..k, k its last or one more\n");
	ksft_test_result(!l->doubled && !l->skipped,
			 "none doubled (%u), none skipped (%u)\n", l->doubled,
			 l->skipped);
	ksft_test_result(!l->stale && !l->failed,
			 "no answer was ESTALE (%u), nothing else failed (%u)\n",
			 l->stale, l->failed);
	ksft_test_result(l->left == 1,
			 "the one request whose thread left timed out, taken\n");
	ksft_test_result(balanced(&info.counters, info.calls_now) &&
			 !info.calls_now && !info.queued,
			 "the counters balance\n");
	ksft_test_result(l->closed == (unsigned int)clients && !server_exit,
			 "one PORT_CLOSED for each client (%u)\n", l->closed);
	ksft_finished();
}

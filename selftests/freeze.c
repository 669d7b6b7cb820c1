// SPDX-License-Identifier: GPL-2.0-only
/*
 * freeze.c - a thread in every wait there is, while its control group or the
 * whole machine is frozen and thawed, three times: each sleeps on, none comes
 * back, and then each gets what it waited for, once.
 */
#include "common_call.h"
#include "common_cgroup.h"
#include "common_event.h"

#define QUICK_BYTES	65536

enum wait {
	RECEIVE, LISTEN, CLIENT_RECEIVE, UNTIL_LATE, TAKEN, UNTAKEN, CALL_BACK,
	REJOINED, CONNECT_UNSEEN, CONNECT_SEEN, CONNECT_NAME, QUERY_NAME, EVENT,
	QUICK, ASYNC, WATCH, WAITS
};

static const char * const wait_name[WAITS] = {
	"REPLY_RECV", "REPLY_RECV, LISTEN", "REPLY_RECV on a client end",
	"REPLY_RECV with a deadline", "CALL that a server has",
	"CALL that none has", "CALL back", "REPLY_WAIT", "CONNECT",
	"CONNECT that a server has", "CONNECT, WAIT_NAME", "QUERY, WAIT_NAME",
	"EVENT", "EVENT of a quick channel", "an asynchronous call", "a watch",
};

/* One wait, with a port of its own. */
struct sleeper {
	enum wait wait;
	struct rig r;
	struct actor a;
	struct driver d;		/* whose thread has to be the same */
	struct pkt p, got, back;
	struct evpair pair;
	int quick[2];
	char name[LPC_NAME_MAX + 8];	/* nobody has it yet */
	struct lpc_connect c;
	struct lpc_query q;
	struct lpc_port_info info;
	struct lpc_event e;
};

static void asleep(struct sleeper *s, int fd, unsigned long cmd, void *arg)
{
	must(act(&s->a, fd, cmd, arg));
}

static void connect_to(struct sleeper *s, const char *name, __u32 flags)
{
	s->c = (struct lpc_connect){
		.flags = flags, .name = (uintptr_t)name, .name_len = strlen(name),
	};
	asleep(s, s->r.dev, LPC_IOC_CONNECT, &s->c);
}

static void begin_quick(struct sleeper *s)
{
	struct lpc_section_make mem = { .size = QUICK_BYTES };
	struct lpc_quick_make make = { 0 };
	struct lpc_quick_open open = { .theirs.size = QUICK_BYTES };

	must_be(0, xctl(s->r.dev, LPC_IOC_SECTION, &mem));
	make.own.fd = mem.fd;
	must_be(0, xctl(s->r.se, LPC_IOC_QUICK, &make));
	open.id = make.id;
	must_be(0, xctl(s->r.ce, LPC_IOC_QUICK_OPEN, &open));
	close(mem.fd);
	s->quick[0] = make.fd;
	s->quick[1] = open.fd;
	ev_fill(&s->e, 0, HIGH, FOREVER);
	asleep(s, s->quick[0], LPC_IOC_EVENT, &s->e);
}

/* A server that has called back into the thread that waits, in d. */
static void begin_callback(struct sleeper *s)
{
	must_be(0, driver_start(&s->d));
	driver_post(&s->d, s->r.ce, LPC_IOC_CALL, msg(&s->p, 1, 10));
	must_be(0, do_recv(s->r.port, &s->got));
	asleep(s, s->r.se, LPC_IOC_CALL,
	       callback_msg(&s->back, s->got.m.id, 0, 2, 20));
	must_be(0, driver_result(&s->d));
	must(intact(&s->p, 2, 20));
}

static void answer_callback(struct sleeper *s)
{
	driver_post(&s->d, s->r.ce, LPC_IOC_REPLY_WAIT,
		    rejoin_msg(&s->p, s->p.m.id, s->p.m.callback, LPC_WITH_REPLY,
			       3, 30));
	must_be(0, actor_end(&s->a));
	must(intact(&s->back, 3, 30));
	must(driver_asleep(&s->d));
}

static void begin(struct sleeper *s, enum wait wait)
{
	s->wait = wait;
	must_be(0, rig_open(&s->r, 0));
	snprintf(s->name, sizeof(s->name), "%s/later", s->r.name);
	switch (wait) {
	case RECEIVE:
		asleep(s, s->r.port, LPC_IOC_REPLY_RECV, recv_msg(&s->p, 0, 0));
		break;
	case LISTEN:
		asleep(s, s->r.port, LPC_IOC_REPLY_RECV,
		       recv_msg(&s->p, LPC_LISTEN, 0));
		break;
	case CLIENT_RECEIVE:
		asleep(s, s->r.ce, LPC_IOC_REPLY_RECV, recv_msg(&s->p, 0, 0));
		break;
	case UNTIL_LATE:
		asleep(s, s->r.port, LPC_IOC_REPLY_RECV,
		       recv_msg(&s->p, 0, ns_in(4 * PATIENCE_MS)));
		break;
	case TAKEN:
		asleep(s, s->r.ce, LPC_IOC_CALL, msg(&s->p, 1, 10));
		must_be(0, do_recv(s->r.port, &s->got));
		break;
	case UNTAKEN:
		asleep(s, s->r.ce, LPC_IOC_CALL, msg(&s->p, 1, 10));
		break;
	case CALL_BACK:
		begin_callback(s);
		break;
	case REJOINED:
		begin_callback(s);
		answer_callback(s);
		break;
	case CONNECT_UNSEEN:
		connect_to(s, s->r.name, 0);
		break;
	case CONNECT_SEEN:
		connect_to(s, s->r.name, 0);
		must_be(0, recv_listen(s->r.port, &s->got));
		break;
	case CONNECT_NAME:
		connect_to(s, s->name, LPC_CONNECT_WAIT_NAME);
		break;
	case QUERY_NAME:
		s->q = (struct lpc_query){
			.what = LPC_WHAT_PORT, .flags = LPC_QUERY_WAIT_NAME,
			.name = (uintptr_t)s->name, .name_len = strlen(s->name),
			.out = (uintptr_t)&s->info, .size = sizeof(s->info),
		};
		asleep(s, s->r.dev, LPC_IOC_QUERY, &s->q);
		break;
	case EVENT:
		must_be(0, ev_make(&s->pair));
		ev_fill(&s->e, 0, HIGH, FOREVER);
		asleep(s, s->pair.low, LPC_IOC_EVENT, &s->e);
		break;
	case QUICK:
		begin_quick(s);
		break;
	case ASYNC:
		must_be(0, call_async(s->r.ce, &s->p, 1, 10));
		must_be(0, do_recv(s->r.port, &s->got));
		break;
	case WATCH:
		must_be(0, driver_start(&s->d));
		must_be(0, driver_do(&s->d, s->r.ce, LPC_IOC_WATCH_THREAD,
				     &(struct lpc_watch){ 0 }));
		break;
	default:
		abort();
	}
}

/* Is it as it was: asleep, or with nothing to see? */
static bool waits(struct sleeper *s)
{
	if (s->wait == ASYNC)
		return !(poll_now(s->r.ce, POLLIN) & POLLIN);
	if (s->wait == WATCH)
		return !queued(s->r.port);
	if (s->wait == REJOINED)
		return in_ioctl(s->d.tid, LPC_IOC_REPLY_WAIT);
	return actor_running(&s->a);
}

static void set_high(int fd)
{
	struct lpc_event e = { .set = HIGH };

	must_be(0, xctl(fd, LPC_IOC_EVENT, &e));
}

static void accept_and_end(struct sleeper *s, __u64 id)
{
	int se = do_accept(s->r.port, id, 7, 0);

	must(se >= 0);
	must_be(0, do_complete(se));
	must_be(0, actor_end(&s->a));
	close(s->c.fd);
	close(se);
}

/* It gets what it waited for. */
static void end(struct sleeper *s)
{
	struct lpc_connect c;
	struct pkt p;
	int later, ce;

	switch (s->wait) {
	case RECEIVE:
	case UNTIL_LATE:
		must_be(0, do_send(s->r.ce, 9, 90));
		must_be(0, actor_end(&s->a));
		must(intact(&s->p, 9, 90));
		break;
	case LISTEN:
		ce = connect_async(s->r.dev, s->r.name, &c);
		must(ce >= 0);
		must_be(0, actor_end(&s->a));
		must_be(LPC_CONNECTION_REQUEST, s->p.m.type);
		close(ce);
		break;
	case CLIENT_RECEIVE:
		must_be(0, do_send(s->r.se, 9, 90));
		must_be(0, actor_end(&s->a));
		must(intact(&s->p, 9, 90));
		break;
	case UNTAKEN:
		must_be(0, do_recv(s->r.port, &s->got));
		must(intact(&s->got, 1, 10));
		__attribute__((fallthrough));
	case TAKEN:
		must_be(0, do_reply(s->r.port, s->got.m.id, 9, 90));
		must_be(0, actor_end(&s->a));
		must(intact(&s->p, 9, 90));
		break;
	case CALL_BACK:
		answer_callback(s);
		__attribute__((fallthrough));
	case REJOINED:
		must_be(0, do_reply(s->r.port, s->got.m.id, 9, 90));
		must_be(0, driver_result(&s->d));
		must(intact(&s->p, 9, 90));
		must(driver_quit(&s->d));
		break;
	case CONNECT_UNSEEN:
		must_be(0, recv_listen(s->r.port, &s->got));
		__attribute__((fallthrough));
	case CONNECT_SEEN:
		accept_and_end(s, s->got.m.id);
		break;
	case CONNECT_NAME:
	case QUERY_NAME:
		later = create_port(s->r.dev, s->name, 0, 0, 0);
		must(later >= 0);
		if (s->wait == CONNECT_NAME) {
			close_fd(&s->r.port);
			s->r.port = later;
			must_be(0, recv_listen(later, &s->got));
			accept_and_end(s, s->got.m.id);
		} else {
			must_be(0, actor_end(&s->a));
			must_be(0, memcmp(s->info.name, s->name, strlen(s->name)));
			close(later);
		}
		break;
	case EVENT:
		set_high(s->pair.high);
		must_be(0, actor_end(&s->a));
		ev_close(&s->pair);
		break;
	case QUICK:
		set_high(s->quick[1]);
		must_be(0, actor_end(&s->a));
		close(s->quick[0]);
		close(s->quick[1]);
		break;
	case ASYNC:
		must_be(0, do_reply(s->r.port, s->got.m.id, 9, 90));
		must(poll_for(s->r.ce, POLLIN) & POLLIN);
		must_be(0, recv_now(s->r.ce, &p));
		must(intact(&p, 9, 90));
		must_be(s->p.m.id, p.m.id);
		break;
	case WATCH:
		must(driver_quit(&s->d));
		must_be(0, do_recv(s->r.port, &p));
		must_be(LPC_CLIENT_DIED, p.m.type);
		break;
	default:
		abort();
	}
	/* Nothing was doubled, and nothing has stayed. */
	if (s->wait != CONNECT_NAME) {
		must_be(0, queued(s->r.port));
		must(port_balanced(s->r.port));
	}
	rig_close(&s->r);
}

/* In a process that is frozen with all in it, or freezes the machine. */
static void sleep_through(bool (*freeze)(void *arg), void *arg)
{
	struct sleeper *all = calloc(WAITS, sizeof(*all));
	int i, round;

	must(all);
	for (i = 0; i < WAITS; i++)
		begin(&all[i], i);
	for (round = 0; round < 3; round++) {
		must(freeze(arg));
		for (i = 0; i < WAITS; i++) {
			if (STAYS(waits(&all[i])))
				continue;
			fprintf(stderr, "# %s came back: %d\n", wait_name[i],
				all[i].a.ret);
			_exit(99);
		}
	}
	for (i = 0; i < WAITS; i++)
		end(&all[i]);
	free(all);
}

FIXTURE(freeze) {
	char group[CGROUP_PATH];
	struct gate ready, go;
};

FIXTURE_SETUP(freeze)
{
	self->group[0] = 0;
	gate_init(&self->ready);
	gate_init(&self->go);
}

FIXTURE_TEARDOWN(freeze)
{
	if (self->group[0])
		cgroup_remove(self->group);
	gate_destroy(&self->ready);
	gate_destroy(&self->go);
}

struct gates {
	struct gate *ready, *go;
};

/* The parent does it. */
static bool ask_to_be_frozen(void *arg)
{
	struct gates *g = arg;

	gate_post(g->ready, 0);
	return gate_wait(g->go) == 0;
}

TEST_F(freeze, of_a_control_group_is_slept_through_in_every_wait)
{
	struct gates g = { &self->ready, &self->go };
	int round;
	pid_t pid;

	if (!cgroup_make(self->group, "freeze") ||
	    cgroup_set(self->group, "cgroup.freeze", "0"))
		SKIP(return, "no cgroup of version 2 to freeze");
	pid = fork_child();
	if (pid == 0) {
		must_be(0, cgroup_join(self->group));
		sleep_through(ask_to_be_frozen, &g);
		_exit(0);
	}
	for (round = 0; round < 3; round++) {
		gate_wait(&self->ready);
		EXPECT_EQ(0, cgroup_set(self->group, "cgroup.freeze", "1"));
		EXPECT_TRUE(UNTIL(event_is(self->group, "frozen 1")));
		EXPECT_EQ(0, cgroup_set(self->group, "cgroup.freeze", "0"));
		EXPECT_TRUE(UNTIL(event_is(self->group, "frozen 0")));
		gate_post(&self->go, 0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* All of user space, for a second, as before a real suspend. */
static bool freeze_machine(void *arg)
{
	return !write_file("/sys/power/state", "freeze");
}

TEST_F(freeze, of_the_machine_is_slept_through_in_every_wait)
{
	pid_t pid;

	if (write_file("/sys/power/pm_test", "freezer"))
		SKIP(return, "this kernel cannot try a suspend (PM_DEBUG)");
	write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	pid = fork_child();
	if (pid == 0) {
		sleep_through(freeze_machine, NULL);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	write_file("/sys/power/pm_test", "none");
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports_list.c - looking at ports, connections and calls: QUERY and LIST.
 */
#include "common.h"

/* ---- looking --------------------------------------------------------------- */

TEST(query_of_a_port_tells_what_it_is_and_what_happened)
{
	struct lpc_create c = { .mode = 0644, .flags = LPC_PORT_CANCELED };
	uint64_t before = now_ns();
	struct lpc_port_info i;
	char name[NAME_ROOM];
	struct lpcbuf b;
	struct link l;
	int port;

	port = port_create(unique_name(name), &c);
	ASSERT_LE(0, port);
	memset(&i, POISON, sizeof(i));
	ASSERT_EQ(0, query_port(port, &i));
	EXPECT_LE(before, i.created);
	EXPECT_GE(now_ns(), i.created);
	EXPECT_EQ(0, i.last);
	EXPECT_EQ(0644, i.mode);
	EXPECT_EQ(LPC_PORT_CANCELED, i.flags);
	EXPECT_EQ(0, i.owner);
	EXPECT_EQ(0, i.group);
	EXPECT_EQ(getpid(), (int)i.server_pid);
	EXPECT_EQ(0, i.server_uid);
	EXPECT_EQ(LPC_INLINE_MAX, i.inline_max);
	EXPECT_EQ(LPC_CONNECT_MAX, i.connect_max);
	EXPECT_EQ(0, i.connections | i.pending | i.queued | i.waiting);
	EXPECT_EQ(0, i.acl_count);
	EXPECT_EQ(strlen(name), i.name_len);

	ASSERT_EQ(0, link_connect(&l, port, name, 1, 0));
	ASSERT_EQ(0, msg_send(l.client, 0, "12345", 5));
	ASSERT_EQ(0, msg_send(l.client, 0, "67", 2));
	ASSERT_EQ(0, query_port(port, &i));
	EXPECT_EQ(1, i.connections);
	EXPECT_EQ(2, i.queued);
	EXPECT_LE(2, i.queued_peak);
	EXPECT_EQ(2, i.counters.datagrams);
	EXPECT_LE(7, i.counters.bytes);
	EXPECT_LE(2, i.counters.unattended);
	EXPECT_LE(before, i.last);
	ASSERT_EQ(0, msg_recv(port, &b, LONG));
	EXPECT_EQ(1, PORT_FIELD(port, queued));
	/* both ends know their port, too */
	EXPECT_EQ((int64_t)i.serial, PORT_FIELD(l.server, serial));
	EXPECT_EQ((int64_t)i.serial, PORT_FIELD(l.client, serial));
	link_close(&l);
}

TEST(query_fills_a_shorter_room_and_tells_the_whole_size)
{
	struct lpc_port_info i;
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .out = (uintptr_t)&i, .size = 32,
	};
	int port = port_create(NULL, NULL);

	ASSERT_LE(0, port);
	memset(&i, POISON, sizeof(i));
	ASSERT_EQ(0, lpc_ioctl(port, LPC_IOC_QUERY, &q));
	EXPECT_EQ(sizeof(i), q.size);
	EXPECT_NE(POISON64, i.serial);
	EXPECT_TRUE(is_poison((char *)&i + 32, sizeof(i) - 32));
	q.size = 0;
	q.out = 0;
	EXPECT_EQ(0, lpc_ioctl(port, LPC_IOC_QUERY, &q));
	EXPECT_EQ(sizeof(i), q.size);
	q.what = 99;
	EXPECT_EQ(-EINVAL, lpc_ioctl(port, LPC_IOC_QUERY, &q));
	q.what = LPC_WHAT_CALL;
	q.id = 12345;
	EXPECT_EQ(-ESTALE, lpc_ioctl(port, LPC_IOC_QUERY, &q));
	q.what = LPC_WHAT_PORT;
	q.id = 0;
	q.name = (uintptr_t)"x";
	q.name_len = 1;
	EXPECT_EQ(-EINVAL, lpc_ioctl(port, LPC_IOC_QUERY, &q));
	close(port);
}

TEST(query_by_name_waits_until_the_name_exists_or_the_deadline)
{
	struct lpc_port_info i;
	char name[NAME_ROOM];
	uint64_t t0;
	pid_t pid;
	int port;

	unique_name(name);
	EXPECT_EQ(-ENOENT, query_name(name, &i, NO_WAIT));
	t0 = now_ns();
	EXPECT_EQ(-ETIMEDOUT, query_name(name, &i, SHORT));
	EXPECT_LE(SHORT, ms_since(t0));
	pid = fork_child();
	if (pid == 0) {
		must_be(0, query_name(name, &i, LONG));
		must(i.name_len == strlen(name));
		_exit(0);
	}
	ASSERT_TRUE(until_ioctl(pid, LPC_IOC_QUERY));
	port = port_create(name, NULL);
	ASSERT_LE(0, port);
	EXPECT_EQ(0, reap(pid));
	/* it exists: no waiting */
	EXPECT_EQ(0, query_name(name, &i, LONG));
	close(port);
}

TEST(query_of_an_end_tells_who_connected_and_who_accepted)
{
	struct lpc_conn_info c;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, LPC_ACCEPT_OWN_QUEUE));
	memset(&c, POISON, sizeof(c));
	ASSERT_EQ(0, query_conn(l.server, &c));
	EXPECT_EQ(LPC_CONN_CONNECTED, c.state);
	EXPECT_EQ(LPC_ACCEPT_OWN_QUEUE, c.flags);
	EXPECT_EQ(getpid(), (int)c.pid);
	EXPECT_EQ(get_tid(), (int)c.tid);
	EXPECT_EQ(0, c.uid | c.gid | c.server_uid);
	EXPECT_EQ(getpid(), (int)c.server_pid);
	EXPECT_EQ(sysctl_get("datagrams"), (long)c.datagrams_max);
	EXPECT_EQ(0, c.calls_now | c.datagrams_now | c.watches);
	ASSERT_EQ(0, msg_send(l.client, 1, "x", 1));
	EXPECT_EQ(1, CONN_FIELD(l.client, datagrams_now));
	EXPECT_EQ(1, CONN_FIELD(l.client, counters.datagrams));
	close(l.client);
	EXPECT_TRUE(until_conn_state(l.server, LPC_CONN_GONE));
	close(l.server);
	close(l.port);
}

/* ---- LIST ------------------------------------------------------------------ */

TEST(list_goes_on_at_its_cursor_and_shows_each_port_once)
{
	struct lpc_port_info row;
	char name[NAME_ROOM];
	int port[7], seen[7] = { 0 }, i;
	struct lpc_list l = {
		.what = LPC_WHAT_PORT, .out = (uintptr_t)&row,
		.size = sizeof(row),
	};
	uint64_t serial[7];

	for (i = 0; i < 7; i++) {
		port[i] = port_create(unique_name(name), NULL);
		ASSERT_LE(0, port[i]);
		serial[i] = port_serial(port[i]);
	}
	do {
		l.count = 1;
		ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l));
		ASSERT_GE(1, l.count);
		for (i = 0; i < 7 && l.count; i++)
			if (row.serial == serial[i])
				seen[i]++;
		/* a port that goes meanwhile does not confuse it */
		if (l.count && row.serial == serial[3])
			close(port[3]);
	} while (l.count);
	for (i = 0; i < 7; i++)
		EXPECT_EQ(1, seen[i]);
	for (i = 0; i < 7; i++)
		if (i != 3)
			close(port[i]);
}

TEST(list_cuts_and_pads_its_rows)
{
	struct { struct lpc_port_info i; char more[64]; } wide[3];
	uint64_t narrow[4];
	struct lpc_list l = {
		.what = LPC_WHAT_PORT, .out = (uintptr_t)narrow, .size = 8,
		.count = 3,
	};
	char name[NAME_ROOM];
	int port = port_create(unique_name(name), NULL), i, n;
	int other = port_create(unique_name(name), NULL);

	ASSERT_LE(0, port);
	memset(narrow, POISON, sizeof(narrow));
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l));
	ASSERT_LE(2, l.count);
	EXPECT_NE(POISON64, narrow[1]);
	EXPECT_NE(narrow[0], narrow[1]);
	EXPECT_EQ(POISON64, narrow[3]);

	memset(wide, POISON, sizeof(wide));
	l = (struct lpc_list){
		.what = LPC_WHAT_PORT, .out = (uintptr_t)wide,
		.size = sizeof(wide[0]), .count = 2,
	};
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l));
	ASSERT_EQ(2, l.count);
	for (i = 0; i < 2; i++)
		for (n = 0; n < 64; n++)
			EXPECT_EQ(0, wide[i].more[n]);
	EXPECT_TRUE(is_poison(&wide[2], sizeof(wide[2])));
	l.size = 0;
	EXPECT_EQ(-EINVAL, lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l));
	l.what = 77;
	EXPECT_EQ(-EINVAL, lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l));
	close(port);
	close(other);
}

TEST(list_counts_what_it_hides_and_keeps_connections_for_the_owner)
{
	struct lpc_create maria = { .flags = LPC_PORT_OWNER, .owner = MARIA,
				    .group = MARIA, .mode = 0644 };
	char open_name[NAME_ROOM], shut_name[NAME_ROOM];
	int open_port, shut_port;
	uint64_t open_serial, shut_serial;
	struct link l;
	pid_t pid;
	uid_t who;

	open_port = port_create(unique_name(open_name), &maria);
	shut_port = port_create_mode(unique_name(shut_name), 0600);
	ASSERT_LE(0, open_port);
	ASSERT_LE(0, shut_port);
	open_serial = port_serial(open_port);
	shut_serial = port_serial(shut_port);
	ASSERT_EQ(0, link_connect(&l, open_port, open_name, 1, 0));
	for (who = MARIA; who <= BOB; who++) {
		pid = fork_child();
		if (pid == 0) {
			struct lpc_port_info rows[32];
			struct lpc_conn_info conns[4];
			int n, i, seen = 0;
			uint64_t hidden;

			must_be(0, become(who));
			n = list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 32,
				     &hidden);
			must(n >= 1);
			must(hidden >= 1);
			for (i = 0; i < n; i++) {
				seen += rows[i].serial == open_serial;
				must(rows[i].serial != shut_serial);
			}
			must_be(1, seen);
			if (who == MARIA)
				must_be(1, list_conns(open_serial, conns, 4));
			else
				must_be(-EACCES, list_conns(open_serial, conns, 4));
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid));
	}
	link_close(&l);
	close(shut_port);
}

TEST(list_of_connections_and_calls_shows_them)
{
	struct lpc_conn_info conns[4];
	struct lpc_call_info calls[4];
	struct link l;
	uint64_t id;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	ASSERT_EQ(1, list_conns(port_serial(l.port), conns, 4));
	EXPECT_EQ(LPC_CONN_CONNECTED, conns[0].state);
	EXPECT_EQ(getpid(), (int)conns[0].pid);
	EXPECT_EQ(0, list_calls(port_serial(l.port), calls, 4));
	ASSERT_EQ(0, msg_call_async(l.client, 0x77, "abc", 3, LONG, &id));
	memset(calls, POISON, sizeof(calls));
	ASSERT_EQ(1, list_calls(port_serial(l.port), calls, 4));
	EXPECT_EQ(id, calls[0].id);
	EXPECT_EQ(0, calls[0].callback);
	EXPECT_EQ(conns[0].serial, calls[0].conn);
	EXPECT_EQ(LPC_CALL_QUEUED, calls[0].state);
	EXPECT_EQ(LPC_CALL_ASYNC, calls[0].flags);
	EXPECT_EQ(0x77, calls[0].code);
	EXPECT_EQ(3, calls[0].len);
	EXPECT_EQ(getpid(), (int)calls[0].pid);
	EXPECT_EQ(get_tid(), (int)calls[0].tid);
	EXPECT_EQ(0, calls[0].server_tid);
	EXPECT_EQ(0, calls[0].to_client);
	EXPECT_EQ(-ENOENT, list_conns(0x7fffffffffff, conns, 4));
	link_close(&l);
}

/* What /proc/self/fdinfo says of @fd; "" if nothing. */
static char *fdinfo_of(int fd, char *text, size_t room)
{
	char path[64];
	int f, n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = open(path, O_RDONLY | O_CLOEXEC);
	n = read(f, text, room - 1);
	close(f);
	text[n > 0 ? n : 0] = 0;
	return text;
}

TEST(fdinfo_tells_what_a_descriptor_is)
{
	struct lpc_section_make s = { .size = 8192 };
	char text[1024], port[64], serial[64];
	struct lpc_conn_info i;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	ASSERT_EQ(0, query_conn(l.client, &i));
	snprintf(port, sizeof(port), "lpc-port:\t%llu\n", (unsigned long long)port_serial(l.port));
	snprintf(serial, sizeof(serial), "lpc-serial:\t%llu\n", (unsigned long long)i.serial);
	EXPECT_TRUE(strstr(fdinfo_of(l.port, text, sizeof(text)), "lpc-kind:\tport\n"));
	EXPECT_TRUE(strstr(text, port));
	EXPECT_TRUE(strstr(text, "lpc-name:\ttest/"));
	EXPECT_FALSE(strstr(text, "lpc-serial:"));
	EXPECT_TRUE(strstr(fdinfo_of(l.client, text, sizeof(text)), "lpc-kind:\tclient\n"));
	EXPECT_TRUE(strstr(text, port));
	EXPECT_TRUE(strstr(text, serial));
	EXPECT_TRUE(strstr(fdinfo_of(l.server, text, sizeof(text)), "lpc-kind:\tserver\n"));
	EXPECT_TRUE(strstr(text, serial));
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &s));
	EXPECT_TRUE(strstr(fdinfo_of(s.fd, text, sizeof(text)), "lpc-section-size:\t8192\n"));
	close(s.fd);
	link_close(&l);
}

TEST_HARNESS_MAIN

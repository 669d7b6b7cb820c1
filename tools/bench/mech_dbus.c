// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_dbus.c - a D-Bus method call and its reply through a dbus-daemon of this
 * pair's own, by the wire protocol: no library's time is in it
 *
 * The message is a byte array. The daemon runs where the scheduler likes; its CPU
 * time is not counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mechs.h"

enum { METHOD_CALL = 1, METHOD_RETURN, ERROR, SIGNAL };
enum { PATH = 1, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE };

#define HEAD		16
#define HEADER_MAX	512
#define OF_BUS		"org.freedesktop.DBus"
#define NAME		"org.lpc.bench"
#define TRIES		5000
#define TRY_US		1000

struct bus {
	pid_t daemon;
	char dir[64];		/* its socket, its configuration */
};

struct link {
	int fd;
	uint32_t serial;
	char *msg;		/* the last one received: header, then body */
	size_t room;
	uint32_t fields;	/* bytes */
	uint32_t body;
};

static struct link here;	/* this process's */

/* ---- the daemon ----------------------------------------------------------- */

static int write_config(const struct bus *b)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/conf", b->dir);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fprintf(f, "<busconfig><type>session</type><listen>unix:path=%s/bus</listen>\n", b->dir);
	fputs("<auth>EXTERNAL</auth><policy context=\"default\">\n", f);
	fputs("<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\n", f);
	fputs("<allow own=\"*\"/></policy>\n", f);
	fputs("<limit name=\"max_message_size\">134217728</limit>\n", f);
	fputs("<limit name=\"max_incoming_bytes\">134217728</limit>\n", f);
	fputs("<limit name=\"max_outgoing_bytes\">134217728</limit></busconfig>\n", f);
	return fclose(f) ? -errno : 0;
}

static void run_daemon(const struct bus *b, pid_t parent)
{
	char path[96];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	snprintf(path, sizeof(path), "--config-file=%s/conf", b->dir);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", path, (char *)NULL);
	_exit(127);
}

static int attach(const struct bus *b)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/bus", b->dir);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at))) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static int start_daemon(struct bus *b)
{
	pid_t parent = getpid();
	int r = -ETIMEDOUT;

	b->daemon = fork();
	if (b->daemon == 0)
		run_daemon(b, parent);
	if (b->daemon < 0)
		return -errno;
	for (int i = 0; i < TRIES; i++) {
		r = attach(b);
		if (r >= 0) {
			close(r);
			return 0;
		}
		if (waitpid(b->daemon, NULL, WNOHANG) == b->daemon) {
			b->daemon = 0;
			return -ENOENT;
		}
		usleep(TRY_US);
	}
	return r;
}

static int make(struct pair *p)
{
	struct bus *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	p->own = b;
	snprintf(b->dir, sizeof(b->dir), "/tmp/lpc-bench.XXXXXX");
	if (!mkdtemp(b->dir)) {
		b->dir[0] = 0;
		return -errno;
	}
	r = write_config(b);
	return r ? r : start_daemon(b);
}

static void drop(struct pair *p)
{
	struct bus *b = p->own;
	char path[96];

	if (!b)
		return;
	if (b->daemon > 0) {
		kill(b->daemon, SIGKILL);
		waitpid(b->daemon, NULL, 0);
	}
	if (b->dir[0]) {
		snprintf(path, sizeof(path), "%s/bus", b->dir);
		unlink(path);
		snprintf(path, sizeof(path), "%s/conf", b->dir);
		unlink(path);
		rmdir(b->dir);
	}
	free(b);
}

/* ---- the wire ------------------------------------------------------------- */

static int put(int fd, const void *from, size_t n)
{
	const char *at = from;
	ssize_t k;

	for (; n; at += k, n -= (size_t)k) {
		k = send(fd, at, n, MSG_NOSIGNAL);
		if (k < 0)
			return -errno;
	}
	return 0;
}

static int get(int fd, void *to, size_t n)
{
	char *at = to;
	ssize_t k;

	for (; n; at += k, n -= (size_t)k) {
		k = read(fd, at, n);
		if (k <= 0)
			return k ? -errno : -EPIPE;
	}
	return 0;
}

static size_t up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static uint32_t word(const char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* A header field at @n of @at; returns where the next begins. */
static size_t field(char *at, size_t n, int code, char type, const char *text, uint32_t value)
{
	uint32_t len = text ? (uint32_t)strlen(text) : 0;

	n = up(n, 8);
	at[n++] = (char)code;
	at[n++] = 1;
	at[n++] = type;
	at[n++] = 0;
	if (type == 'u') {
		memcpy(at + n, &value, sizeof(value));
		return n + sizeof(value);
	}
	if (type == 'g') {
		at[n++] = (char)len;
	} else {
		memcpy(at + n, &len, sizeof(len));
		n += sizeof(len);
	}
	memcpy(at + n, text, len + 1);
	return n + len + 1;
}

struct message {
	int type;
	const char *to, *path, *interface, *member, *signature;
	uint32_t reply_to;
	uint32_t body;		/* bytes */
};

/* Header and body leave in two writes: a body may be long. */
static int send_message(const struct message *m, const void *prefix, size_t prefix_len,
			const void *body, size_t len)
{
	char h[HEADER_MAX] = { 'l', (char)m->type, 0, 1 };
	uint32_t fields;
	size_t n = HEAD;
	int r;

	here.serial++;
	memcpy(h + 4, &m->body, 4);
	memcpy(h + 8, &here.serial, 4);
	if (m->path)
		n = field(h, n, PATH, 'o', m->path, 0);
	if (m->interface)
		n = field(h, n, INTERFACE, 's', m->interface, 0);
	if (m->member)
		n = field(h, n, MEMBER, 's', m->member, 0);
	if (m->reply_to)
		n = field(h, n, REPLY_SERIAL, 'u', NULL, m->reply_to);
	if (m->to)
		n = field(h, n, DESTINATION, 's', m->to, 0);
	if (m->signature)
		n = field(h, n, SIGNATURE, 'g', m->signature, 0);
	fields = (uint32_t)(n - HEAD);
	memcpy(h + 12, &fields, 4);
	n = up(n, 8);
	memcpy(h + n, prefix, prefix_len);
	n += prefix_len;
	/* what is short leaves in one */
	if (n + len <= sizeof(h)) {
		memcpy(h + n, body, len);
		return put(here.fd, h, n + len);
	}
	r = put(here.fd, h, n);
	return r ? r : put(here.fd, body, len);
}

static int receive(int *type)
{
	char head[HEAD];
	size_t n;
	int r = get(here.fd, head, sizeof(head));

	if (r)
		return r;
	here.body = word(head + 4);
	here.fields = word(head + 12);
	n = HEAD + up(here.fields, 8) + here.body;
	if (n > here.room) {
		free(here.msg);
		here.msg = malloc(n);
		here.room = here.msg ? n : 0;
		if (!here.msg)
			return -ENOMEM;
	}
	memcpy(here.msg, head, sizeof(head));
	*type = head[1];
	return get(here.fd, here.msg + HEAD, n - HEAD);
}

/* The text of a header field of what was received, NULL if it has none */
static const char *text_of(int code)
{
	size_t n = HEAD, end = HEAD + here.fields;

	while (n + 8 <= end) {
		const char *at = here.msg + n;

		if (at[0] == code)
			return at + 8;
		switch (at[2]) {
		case 'g':
			n += 4 + 1 + (unsigned char)at[4] + 1;
			break;
		case 'u':
			n += 8;
			break;
		default:
			n += 8 + word(at + 4) + 1;
		}
		n = up(n, 8);
	}
	return NULL;
}

static int await(int wanted)
{
	int type = 0, r;

	do {
		r = receive(&type);
		if (r == 0 && type == ERROR && wanted != ERROR)
			r = -EPROTO;
	} while (r == 0 && type != wanted);
	return r;
}

/* ---- both sides ----------------------------------------------------------- */

static int ask_bus(const char *member, const char *signature, const void *body, size_t len)
{
	const struct message m = {
		.type = METHOD_CALL, .to = OF_BUS, .path = "/", .interface = OF_BUS,
		.member = member, .signature = signature, .body = (uint32_t)len,
	};
	int r = send_message(&m, "", 0, body, len);

	return r ? r : await(METHOD_RETURN);
}

static int join_bus(const struct pair *p)
{
	char line[128], hex[32] = "", uid[16];
	size_t n = 0;
	int r;

	here.fd = attach(p->own);
	if (here.fd < 0)
		return here.fd;
	snprintf(uid, sizeof(uid), "%u", getuid());
	for (size_t i = 0; uid[i]; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)uid[i]);
	n = (size_t)snprintf(line, sizeof(line), "%cAUTH EXTERNAL %s\r\n", 0, hex);
	r = put(here.fd, line, n);
	for (n = 0; r == 0 && n < sizeof(line) && (n == 0 || line[n - 1] != '\n'); n++)
		r = get(here.fd, line + n, 1);
	if (r == 0 && memcmp(line, "OK ", 3) != 0)
		r = -EACCES;
	if (r == 0)
		r = put(here.fd, "BEGIN\r\n", 7);
	return r ? r : ask_bus("Hello", NULL, "", 0);
}

static int send_bytes(const struct pair *p, struct message *m)
{
	uint32_t len = (uint32_t)p->bytes;

	m->signature = "ay";
	m->body = len + 4;
	return send_message(m, &len, sizeof(len), p->buf, p->bytes);
}

static int take_bytes(const struct pair *p)
{
	const char *body = here.msg + HEAD + up(here.fields, 8);

	if (here.body != p->bytes + 4 || word(body) != p->bytes)
		return -EPROTO;
	memcpy(p->buf, body + 4, p->bytes);
	return 0;
}

static int serve(struct pair *p)
{
	/* the compiler pads it as the wire does */
	struct {
		uint32_t len;
		char name[sizeof(NAME)];
		uint32_t flags;
	} body = { .len = sizeof(NAME) - 1, .name = NAME };
	int r = join_bus(p);

	if (r == 0)
		r = ask_bus("RequestName", "su", &body, sizeof(body));
	while (r == 0) {
		struct message m = { .type = METHOD_RETURN };

		r = await(METHOD_CALL);
		if (r)
			break;
		m.reply_to = word(here.msg + 8);
		m.to = text_of(SENDER);
		r = take_bytes(p);
		if (r == 0)
			r = send_bytes(p, &m);
	}
	return r;
}

static int turn(struct pair *p)
{
	struct message m = {
		.type = METHOD_CALL, .to = NAME, .path = "/", .interface = NAME, .member = "Echo",
	};
	int r = send_bytes(p, &m);

	if (r == 0)
		r = await(METHOD_RETURN);
	return r ? r : take_bytes(p);
}

/* Until the server has its name, a call fails. */
static int conn(struct pair *p)
{
	int r = join_bus(p);

	for (int i = 0; r == 0 && i < TRIES; i++) {
		int said = turn(p);

		if (said != -EPROTO)
			return said;
		usleep(TRY_US);
	}
	return r ? r : -ETIMEDOUT;
}

const struct mech mech_dbus = {
	.name = "dbus", .text = "D-Bus, dbus-daemon", .needs = "dbus-daemon",
	.max = (size_t)16 << 20, .make = make, .serve = serve, .connect = conn, .turn = turn,
	.drop = drop,
};

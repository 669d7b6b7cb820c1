// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - runs a command for one request: stdin in, stdout out
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "text.h"

#define LOOK_MS		100	/* how often to ask whether the caller is still there */
#define GRACE_MS	2000
#define VARIABLES	8
#define CHUNK		65536

static atomic_ullong end_time;

void command_end_all(uint64_t when)
{
	atomic_store(&end_time, when);
}

static bool over(void)
{
	uint64_t when = atomic_load(&end_time);

	return when && time_now() >= when;
}

struct command {
	int in, out;		/* our ends of the pipes */
	pid_t pid;
	int pidfd;
};

static void forget(struct command *c)
{
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0)
		close(c->out);
	if (c->pidfd >= 0)
		close(c->pidfd);
}

/* environ and what the request says; strings in @text. NULL: no memory. */
static char **environment(const char *name, const struct lpc_req *r, size_t room,
			  char text[VARIABLES][320])
{
	size_t n = 0, v = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + VARIABLES + 1, sizeof(*env));
	if (!env)
		return NULL;
	snprintf(text[v++], sizeof(text[0]), "LPC_NAME=%s", name);
	snprintf(text[v++], sizeof(text[0]), "LPC_CODE=%u", r->code);
	snprintf(text[v++], sizeof(text[0]), "LPC_PEER_PID=%d", r->cred.pid);
	snprintf(text[v++], sizeof(text[0]), "LPC_PEER_TID=%d", r->cred.tid);
	snprintf(text[v++], sizeof(text[0]), "LPC_PEER_UID=%d", (int)r->cred.uid);
	snprintf(text[v++], sizeof(text[0]), "LPC_PEER_GID=%d", (int)r->cred.gid);
	snprintf(text[v++], sizeof(text[0]), "LPC_ROOM=%zu", room);
	snprintf(text[v++], sizeof(text[0]), "LPC_TYPE=%s",
		 r->flags & LPC_REQ_DATAGRAM ? "datagram" : "request");
	n = 0;
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "LPC_", 4) != 0)
			env[n++] = *e;
	while (v)
		env[n++] = text[--v];
	return env;
}

static int spawn(struct command *c, char **argv, char **env, int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	int r;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	/* a group of its own, to end all of it; our threads block all signals */
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	r = posix_spawnp(&c->pid, argv[0], &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

static int start(struct command *c, char **argv, char **env)
{
	int in[2], out[2], r;

	*c = (struct command){ .in = -1, .out = -1, .pidfd = -1 };
	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = -errno;
		close(in[0]);
		close(in[1]);
		return r;
	}
	c->in = in[1];
	c->out = out[0];
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	r = spawn(c, argv, env, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (r < 0)
		return r;
	c->pidfd = pidfd_open(c->pid, 0);
	if (c->pidfd >= 0)
		return 0;
	r = -errno;
	kill(-c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	return r;
}

static int grow(struct output *o)
{
	size_t room = o->room ? 2 * o->room : CHUNK;
	unsigned char *more;

	if (room > o->max)
		room = o->max;
	more = realloc(o->data, room);
	if (!more)
		return -ENOMEM;
	o->data = more;
	o->room = room;
	return 0;
}

/* 1: read some of what there was; 0: end of file; -EMSGSIZE: no room. */
static int drain(int fd, struct output *o)
{
	bool full = o->len == o->max;
	char more;
	ssize_t n;

	if (!full && o->len == o->room) {
		int r = grow(o);

		if (r < 0)
			return r;
	}
	n = full ? read(fd, &more, 1) : read(fd, o->data + o->len, o->room - o->len);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (n == 0)
		return 0;
	if (full)
		return -EMSGSIZE;
	o->len += (size_t)n;
	return 1;
}

/* What had been written when the command exited. */
static int drain_rest(int fd, struct output *o)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int state = 1;

	while (state == 1 && poll(&p, 1, 0) > 0)
		state = drain(fd, o);
	return state < 0 ? state : 0;
}

/* Some of the request; a command may leave it unread. */
static int feed(struct command *c, const struct lpc_req *r, size_t *fed)
{
	ssize_t n = *fed < r->len ? write(c->in, (const char *)r->data + *fed, r->len - *fed) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != EPIPE)
		return -errno;
	if (n > 0)
		*fed += (size_t)n;
	if (n < 0 || *fed == r->len) {
		close(c->in);
		c->in = -1;
	}
	return 0;
}

/* Until the command has exited: what it leaves running is not waited for. */
static int talk(struct command *c, const struct lpc_req *r, struct output *o)
{
	struct pollfd p[3] = {
		{ .fd = c->pidfd, .events = POLLIN }, { .fd = c->out, .events = POLLIN },
		{ .fd = c->in, .events = POLLOUT },
	};
	size_t fed = 0;
	int state = 1;

	while (poll(p, 3, LOOK_MS) < 0 || !p[0].revents) {
		if (p[1].revents) {
			state = drain(c->out, o);
			if (state == 0)
				p[1].fd = -1;
		}
		if (state >= 0 && p[2].revents)
			state = feed(c, r, &fed);
		if (state < 0)
			return state;
		p[2].fd = c->in;
		if (over() || lpc_req_canceled(r))
			return -ECANCELED;
	}
	return drain_rest(c->out, o);
}

/* Who does not mind SIGTERM has a moment, then goes anyway. */
static void end(const struct command *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	kill(-c->pid, SIGTERM);
	if (poll(&p, 1, GRACE_MS) <= 0)
		kill(-c->pid, SIGKILL);
}

int command_run(char **argv, const char *name, const struct lpc_req *r, struct output *out)
{
	char text[VARIABLES][320];
	char **env = environment(name, r, out->max, text);
	struct command c;
	int ret, how = 0;

	if (!env)
		return -ENOMEM;
	ret = start(&c, argv, env);
	free(env);
	if (ret < 0)
		goto out;
	ret = talk(&c, r, out);
	if (ret < 0)
		end(&c);
	while (waitpid(c.pid, &how, 0) < 0 && errno == EINTR)
		;
	if (ret == 0)
		ret = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
out:
	forget(&c);
	return ret;
}

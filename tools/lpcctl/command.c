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
static char **environment(const char *name, const struct lpc_req *r, char text[VARIABLES][320])
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

/* 1: read what there was; 0: end of file; -EMSGSIZE: no room. */
static int drain(int fd, char *out, size_t room, size_t *len)
{
	char more;

	for (;;) {
		ssize_t n = *len < room ? read(fd, out + *len, room - *len) : read(fd, &more, 1);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 1 : -errno;
		if (n == 0)
			return 0;
		if (*len == room)
			return -EMSGSIZE;
		*len += (size_t)n;
	}
}

/* Until the command has exited: what it leaves running is not waited for. */
static int talk(struct command *c, const struct lpc_req *r, char *out, size_t room, size_t *len)
{
	struct pollfd p[2] = {
		{ .fd = c->pidfd, .events = POLLIN }, { .fd = c->out, .events = POLLIN },
	};
	int state = 1;

	while (poll(p, 2, LOOK_MS) < 0 || !p[0].revents) {
		if (p[1].revents)
			state = drain(c->out, out, room, len);
		if (state < 0)
			return state;
		if (state == 0)
			p[1].fd = -1;
		if (over() || lpc_req_canceled(r))
			return -ECANCELED;
	}
	state = drain(c->out, out, room, len);
	return state < 0 ? state : 0;
}

/* Who does not mind SIGTERM has a moment, then goes anyway. */
static void end(const struct command *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	kill(-c->pid, SIGTERM);
	if (poll(&p, 1, GRACE_MS) <= 0)
		kill(-c->pid, SIGKILL);
}

int command_run(char **argv, const char *name, const struct lpc_req *r, void *out, size_t *len)
{
	char text[VARIABLES][320];
	char **env = environment(name, r, text);
	size_t room = *len;
	struct command c;
	int ret, how = 0;

	*len = 0;
	if (!env)
		return -ENOMEM;
	ret = start(&c, argv, env);
	free(env);
	if (ret < 0)
		goto out;
	/* fits into the pipe: never waits; a command may leave it unread */
	if (write(c.in, r->data, r->len) < 0 && errno != EPIPE)
		ret = -errno;
	close(c.in);
	c.in = -1;
	if (ret == 0)
		ret = talk(&c, r, out, room, len);
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

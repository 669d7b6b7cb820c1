// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_timens SECONDS PROGRAM [ARGUMENT...]: runs the program in a time namespace
 * whose clocks are so far ahead, and ends as it does.
 *
 *	tools/vm/run --wrap './in_timens 864000' --test call,resume
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x80
#endif

static int fail(const char *what)
{
	perror(what);
	return 98;
}

int main(int argc, char **argv)
{
	char text[128];
	int fd, status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: in_timens SECONDS PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	if (unshare(CLONE_NEWTIME))
		return fail("unshare");
	snprintf(text, sizeof(text), "monotonic %s 0\nboottime %s 0\n", argv[1],
		 argv[1]);
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fail("timens_offsets");
	close(fd);
	/* The namespace is that of who is born from here on. */
	pid = fork();
	if (pid < 0)
		return fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(argv[2], argv + 2);
		_exit(fail(argv[2]));
	}
	if (waitpid(pid, &status, 0) < 0)
		return fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer of the module's ioctls: libFuzzer makes programs (mutate.c), they are
 * executed by several threads and processes (execute.c), and what of the module they
 * reach is what libFuzzer goes by (cover.c).
 *
 *	make fuzz [SECONDS=n] [INPUT=file] [MINIMISE=1]
 *
 * fuzz [-option=...] CORPUS		fuzzes, with libFuzzer's options
 * fuzz --replay FILE TIMES		runs the programs of a text again and again; once:
 *					says what became of each operation
 * fuzz --minimise FROM TO		few programs that reach as much
 * fuzz --pack DIR, --unpack FILE DIR, --running FILE LAST ALL
 *					programs to text and back; need no module
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAY_S	5

const struct fuzz_verb fuzz_verbs[] = {
	{ "create", do_create, 6 }, { "connect", do_connect, 8 }, { "finish", do_finish, 3 },
	{ "accept", do_accept, 6 }, { "complete", do_complete, 3 }, { "send", do_send, 6 },
	{ "call", do_call, 14 }, { "resume", do_resume, 3 }, { "recv", do_recv, 12 },
	{ "reply_wait", do_reply_wait, 5 }, { "cancel", do_cancel, 3 },
	{ "shutdown", do_shutdown, 2 }, { "query", do_query, 5 }, { "list", do_list, 4 },
	{ "watch", do_watch, 3 }, { "security", do_security, 4 }, { "quick", do_quick, 5 },
	{ "quick_open", do_quick_open, 5 }, { "data", do_data, 5 },
	{ "impersonate", do_impersonate, 4 }, { "section", do_section, 4 },
	{ "event_pair", do_event_pair, 2 }, { "event", do_event, 6 }, { "copy", do_copy, 2 },
	{ "info", do_info, 1 }, { "raw", do_raw, 1 }, { "serve", do_serve, 10 },
	{ "link", do_link, 12 }, { "close", do_close, 3 }, { "dup", do_dup, 1 },
	{ "grab", do_grab, 2 }, { "file", do_file, 2 }, { "poll", do_poll, 4 },
	{ "map", do_map, 3 }, { "remap", do_remap, 3 }, { "touch", do_touch, 2 },
	{ "scribble", do_scribble, 2 }, { "proc", do_proc, 1 }, { "sysctl", do_sysctl, 2 },
	{ "await", do_await, 3 }, { "kick", do_kick, 4 }, { "kill", do_kill, 1 },
	{ "fork", do_fork, 2 }, { "exec", do_exec, 1 }, { "ids", do_ids, 2 },
	{ "unshare", do_unshare, 1 }, { "fds", do_fds, 1 },
	{ "trace", do_trace, 1 }, { "sweep", do_sweep, 1 }, { "late", do_late, 2 },
};

const unsigned int fuzz_nr_verbs = ARRAY_SIZE(fuzz_verbs);

static const char share[] = "/share";
static unsigned long executions;
static time_t began, said;
static int running = -1;

static const char *in_share(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", share, name);
	return path;
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Of all that are no checks, and of all */
static void say_blocks(unsigned int seen)
{
	unsigned int total = cover_total(), open = total - cover_checks();

	printf("%u of %u (%.1f %%; of all %u %.1f %%)", seen, open, 100.0 * seen / open, total,
	       100.0 * seen / total);
}

static void say(const char *what)
{
	time_t took = seconds() - began;

	said = seconds();
	printf("fuzz: %s %ld s, %lu executions, %.1f/s, blocks ", what, (long)took, executions,
	       took ? (double)executions / (double)took : 0.0);
	say_blocks(cover_seen(false));
	printf(", with failures asked for ");
	say_blocks(cover_seen(true));
	printf("\n");
	fflush(stdout);
}

static void write_seen(void)
{
	if (cover_write(in_share("seen")))
		perror("fuzz: seen");
}

/* First into the host's file: the guest may not come back from it. */
static void note(const uint8_t *data, size_t size)
{
	static struct fuzz_running r = { .magic = RUNNING_MAGIC };

	r.number = ++executions;
	r.size = (uint32_t)(size < sizeof(r.data) ? size : sizeof(r.data));
	memcpy(r.data, data, r.size);
	if (pwrite(running, &r, sizeof(r), (off_t)(executions % RUNNING * sizeof(r))) !=
	    sizeof(r)) {
		perror("fuzz: running");
		exit(2);
	}
}

/* A program, with all that is said and kept of it; does not return from a finding. */
void run(const uint8_t *data, size_t size)
{
	note(data, size);
	execute(data, size);
	if (sh->found) {
		say("FOUND");
		printf("fuzz: finding: %s\n", sh->finding);
		fflush(stdout);
		write_seen();
		/* whoever hangs would be waited for: all others die with this process */
		_exit(77);
	}
	if (seconds() - said >= SAY_S)
		say("at");
}

static void begin(void)
{
	if (cover_init(in_share("blocks"), "/lpc.ko"))
		exit(2);
	execute_init();
	running = open(in_share("running"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (running < 0) {
		perror("fuzz: running");
		exit(2);
	}
	/* out of the way of the numbers that programs get */
	dup3(running, 620, O_CLOEXEC);
	close(running);
	running = 620;
	began = seconds();
	said = began;
}

static void end(void)
{
	execute_end();
	say("end");
	write_seen();
}

static int replay(const char *file, unsigned long times)
{
	static char text[1 << 20];
	uint8_t data[PROGRAM_MAX];
	FILE *f = fopen(file, "r");
	const char *at;
	unsigned long i;
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (!n) {
		perror(file);
		return 2;
	}
	fclose(f);
	begin();
	for (i = 0; i < times; i++)
		for (at = text; (n = text_parse(&at, data));) {
			uint64_t start = now_ms();

			run(data, n);
			if (times == 1)
				execute_print((unsigned int)(now_ms() - start));
		}
	end();
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char **v = *argv;
	int n = *argc;

	if (n == 3 && !strcmp(v[1], "--pack"))
		exit(text_pack(v[2]));
	if (n == 4 && !strcmp(v[1], "--unpack"))
		exit(text_unpack(v[2], v[3]));
	if (n == 5 && !strcmp(v[1], "--running"))
		exit(text_running(v[2], v[3], v[4]));
	if (n == 4 && !strcmp(v[1], "--replay"))
		exit(replay(v[2], strtoul(v[3], NULL, 0)));
	begin();
	if (n == 4 && !strcmp(v[1], "--minimise")) {
		n = minimise(v[2], v[3]);
		execute_end();
		exit(n);
	}
	atexit(end);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(data, size);
	return 0;
}

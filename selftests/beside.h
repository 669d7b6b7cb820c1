/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of one program in several processes side by side, for a theme whose
 * tests wait more than they work. Each process runs the whole harness; a test
 * is begun by the first that comes to it and left out by the others. Only what
 * a test said where it was begun is passed on, as it ends.
 *
 * Each fixture's setup starts with beside_begin(), and SIDE_BY_SIDE(n) stands
 * for TEST_HARNESS_MAIN. The tests must not disturb one another: no sysctl, no
 * limit of a user's, no load.
 */
#ifndef SELFTESTS_BESIDE_H
#define SELFTESTS_BESIDE_H

#include "common.h"

#define BESIDE_TESTS	512
#define BESIDE_MARK	"# begun here\n"

/* The tests that were begun, shared by all processes; NULL: run them all */
static atomic_ulong *beside_begun;

/* In @test's own process: go on, or leave it to who has begun it. */
static inline void beside_begin(const void *test, const void *variant)
{
	unsigned long old, key = (unsigned long)test ^
				 (unsigned long)variant << 32;
	unsigned int i;

	for (i = 0; beside_begun && i < BESIDE_TESTS; i++) {
		old = 0;
		if (atomic_compare_exchange_strong(&beside_begun[i], &old,
						   key)) {
			must(write(STDOUT_FILENO, BESIDE_MARK,
				   strlen(BESIDE_MARK)) ==
			     (ssize_t)strlen(BESIDE_MARK));
			return;
		}
		if (old == key)
			_exit(0);
	}
	must(!beside_begun);
}

struct beside_process {
	pid_t pid;
	FILE *said;
	pthread_t reader;
	unsigned int planned, told, failed;
};

static inline void *beside_read(void *arg)
{
	static pthread_mutex_t out = PTHREAD_MUTEX_INITIALIZER;
	struct beside_process *p = arg;
	size_t room = 0, len = 0;
	char *line = NULL, *text = NULL;
	bool here = false;
	FILE *block = open_memstream(&text, &len);

	while (block && getline(&line, &room, p->said) > 0) {
		bool bad = !strncmp(line, "not ok ", 7);

		if (sscanf(line, "1..%u", &p->planned) == 1)
			continue;
		if (!strcmp(line, BESIDE_MARK)) {
			here = true;
			continue;
		}
		/* What stands before a test is none of its own. */
		if (!strncmp(line, "# ", 2) && strstr(line, " RUN "))
			rewind(block);
		fputs(line, block);
		if (!bad && strncmp(line, "ok ", 3))
			continue;
		fflush(block);
		if (here) {
			pthread_mutex_lock(&out);
			fwrite(text, 1, len, stdout);
			fflush(stdout);
			pthread_mutex_unlock(&out);
			p->told++;
			p->failed += bad;
		}
		here = false;
		rewind(block);
	}
	if (block)
		fclose(block);
	free(text);
	free(line);
	return NULL;
}

static inline int beside_main(int argc, char **argv, int n,
			      int (*run)(int, char **))
{
	struct beside_process p[n];
	unsigned int told = 0, failed = 0;
	int i, fds[2];

	beside_begun = mmap(NULL, BESIDE_TESTS * sizeof(*beside_begun),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	must(beside_begun != MAP_FAILED);
	ksft_print_header();
	fflush(stdout);
	for (i = 0; i < n; i++) {
		must(!pipe2(fds, O_CLOEXEC));
		p[i] = (struct beside_process){ .said = fdopen(fds[0], "r") };
		p[i].pid = fork();
		must(p[i].said && p[i].pid >= 0);
		if (p[i].pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			must(dup2(fds[1], STDOUT_FILENO) == STDOUT_FILENO &&
			     dup2(fds[1], STDERR_FILENO) == STDERR_FILENO);
			exit(run(argc, argv));
		}
		close(fds[1]);
	}
	for (i = 0; i < n; i++)
		must(!pthread_create(&p[i].reader, NULL, beside_read, &p[i]));
	for (i = 0; i < n; i++) {
		pthread_join(p[i].reader, NULL);
		waitpid(p[i].pid, NULL, 0);
		told += p[i].told;
		failed += p[i].failed;
	}
	/* A process that died has not told of the test it had begun. */
	printf("1..%u\n", p[0].planned);
	return failed || !told || told != p[0].planned;
}

/* checkpatch: MACRO_WITH_FLOW_CONTROL: the whole of main() */
#define SIDE_BY_SIDE(n)							\
	int main(int argc, char **argv)					\
	{								\
		return beside_main(argc, argv, n, test_harness_run);	\
	}

#endif /* SELFTESTS_BESIDE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_nt.h - what the tests of libntlpc share: names, messages, a client that
 * connects and one that calls in a thread of its own, a finished connection
 */
#ifndef LPC_SELFTESTS_COMMON_NT_H
#define LPC_SELFTESTS_COMMON_NT_H

#define _GNU_SOURCE

/* First: LONG is a type there. */
#include <lpc/nt.h>
#include <semaphore.h>

#include "common.h"

/* NT's own numbers, so that a change in nt.h shows. */
#define S_OK			0
#define S_TIMEOUT		0x102
#define S_ALIGN			((NTSTATUS)0x80000002)
#define S_AV			((NTSTATUS)0xc0000005)
#define S_HANDLE		((NTSTATUS)0xc0000008)
#define S_CID			((NTSTATUS)0xc000000b)
#define S_PARAMETER		((NTSTATUS)0xc000000d)
#define S_DENIED		((NTSTATUS)0xc0000022)
#define S_TYPE			((NTSTATUS)0xc0000024)
#define S_TOO_LONG		((NTSTATUS)0xc000002f)
#define S_NAME_INVALID		((NTSTATUS)0xc0000033)
#define S_NAME_NOT_FOUND	((NTSTATUS)0xc0000034)
#define S_COLLISION		((NTSTATUS)0xc0000035)
#define S_DISCONNECTED		((NTSTATUS)0xc0000037)
#define S_PATH			((NTSTATUS)0xc000003b)
#define S_REFUSED		((NTSTATUS)0xc0000041)
#define S_PORT_HANDLE		((NTSTATUS)0xc0000042)
#define S_PARAMETER_3		((NTSTATUS)0xc00000f1)
#define S_PARAMETER_4		((NTSTATUS)0xc00000f2)
#define S_MISMATCH		((NTSTATUS)0xc000021f)
#define S_LOST			((NTSTATUS)0xc0000253)

struct nt_msg {
	PORT_MESSAGE h;
	char data[304];
};

#define LENGTH(m)	((m)->h.u1.s1.DataLength)
#define TOTAL(m)	((m)->h.u1.s1.TotalLength)
#define TYPE(m)		((m)->h.u2.s2.Type)
#define INFO(m)		((m)->h.u2.s2.DataInfoOffset)
#define PID(m)		((pid_t)(uintptr_t)(m)->h.ClientId.UniqueProcess)
#define TID(m)		((pid_t)(uintptr_t)(m)->h.ClientId.UniqueThread)

static inline void nt_set(struct nt_msg *m, int type, const void *data, int len)
{
	memset(m, 0, sizeof(m->h));
	memset(m->data, POISON, sizeof(m->data));
	if (len)
		memcpy(m->data, data, len);
	TYPE(m) = type;
	LENGTH(m) = len;
	TOTAL(m) = sizeof(m->h) + len;
}

static inline bool nt_is(const struct nt_msg *m, int type, const void *data, int len)
{
	return TYPE(m) == type && LENGTH(m) == len && !memcmp(m->data, data, len);
}

/* ---- memory ---------------------------------------------------------------- */

/* The first byte behind a page; nothing is there */
static inline void *nt_bad(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + 4096, 4096, PROT_NONE))
		abort();
	return p + 4096;
}

/* Can be read, not written */
static inline void *nt_readonly(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* ---- names ----------------------------------------------------------------- */

struct nt_name {
	UNICODE_STRING u;
	WCHAR text[NAME_ROOM * 2];
	OBJECT_ATTRIBUTES a;
};

static inline void nt_name_set(struct nt_name *n, const char *text)
{
	int i;

	for (i = 0; text[i]; i++)
		n->text[i] = (unsigned char)text[i];
	n->text[i] = 0;
	RtlInitUnicodeString(&n->u, n->text);
	InitializeObjectAttributes(&n->a, &n->u, 0, NULL, NULL);
}

/* "\test\<pid>.<n>" */
static inline void nt_name_unique(struct nt_name *n)
{
	char name[NAME_ROOM + 1] = "\\", *p;

	unique_name(name + 1);
	for (p = name; *p; p++)
		if (*p == '/')
			*p = '\\';
	nt_name_set(n, name);
}

/* ---- ports ----------------------------------------------------------------- */

static inline LARGE_INTEGER *nt_ms(LARGE_INTEGER *t, int ms)
{
	t->QuadPart = ms * -10000ll;
	return t;
}

static inline NTSTATUS nt_port(HANDLE *h, struct nt_name *n)
{
	return NtCreatePort(h, &n->a, PORT_MAXIMUM_CONNECTION_LENGTH,
			    PORT_MAXIMUM_MESSAGE_LENGTH, 0);
}

static inline void nt_qos(SECURITY_QUALITY_OF_SERVICE *q)
{
	memset(q, 0, sizeof(*q));
	q->Length = sizeof(*q);
	q->ImpersonationLevel = SecurityImpersonation;
	q->ContextTrackingMode = SECURITY_DYNAMIC_TRACKING;
	q->EffectiveOnly = TRUE;
}

/* Receives, for LONG at most */
static inline NTSTATUS nt_recv(HANDLE h, PVOID *context, struct nt_msg *m)
{
	LARGE_INTEGER t;

	memset(m, POISON, sizeof(*m));
	return NtReplyWaitReceivePortEx(h, context, NULL, &m->h, nt_ms(&t, LONG));
}

/* What is there now */
static inline NTSTATUS nt_peek(HANDLE h, struct nt_msg *m)
{
	LARGE_INTEGER t = { .QuadPart = 0 };

	return NtReplyWaitReceivePortEx(h, NULL, NULL, &m->h, &t);
}

/* A client that connects in a thread of its own */
struct nt_connector {
	pthread_t thread;
	atomic_int tid, done;
	struct nt_name *name;
	PORT_VIEW *own;
	REMOTE_PORT_VIEW *theirs;
	PSID sid;
	ULONG max, info_len;
	char info[300];
	bool with_info;
	atomic_bool stays;	/* its thread, until nt_connector_end() */
	sem_t end;
	HANDLE h;
	NTSTATUS status;
};

static inline NTSTATUS nt_connect(struct nt_connector *c)
{
	SECURITY_QUALITY_OF_SERVICE q;

	nt_qos(&q);
	c->h = (HANDLE)POISON64;
	return NtSecureConnectPort(&c->h, &c->name->u, &q, c->own, c->sid, c->theirs, &c->max,
				   c->with_info ? c->info : NULL,
				   c->with_info ? &c->info_len : NULL);
}

static inline void *nt_connector_thread(void *arg)
{
	struct nt_connector *c = arg;

	c->tid = get_tid();
	c->status = nt_connect(c);
	c->done = 1;
	while (c->stays && sem_wait(&c->end))
		;
	return NULL;
}

static inline void nt_connector_start(struct nt_connector *c, struct nt_name *name)
{
	c->name = name;
	c->tid = 0;
	c->done = 0;
	sem_init(&c->end, 0, 0);
	pthread_create(&c->thread, NULL, nt_connector_thread, c);
}

static inline NTSTATUS nt_connector_end(struct nt_connector *c)
{
	sem_post(&c->end);
	pthread_join(c->thread, NULL);
	return c->status;
}

/* Listens and accepts, without data: the server end, not completed yet */
static inline NTSTATUS nt_accept_half(HANDLE port, HANDLE *server, void *context)
{
	struct nt_msg m;
	NTSTATUS s = NtListenPort(port, &m.h);

	LENGTH(&m) = 0;
	return s ? s : NtAcceptConnectPort(server, context, &m.h, TRUE, NULL, NULL);
}

static inline NTSTATUS nt_accept(HANDLE port, HANDLE *server, void *context)
{
	NTSTATUS s = nt_accept_half(port, server, context);

	return s ? s : NtCompleteConnectPort(*server);
}

/* A finished connection, all in this process */
struct nt_link {
	struct nt_name name;
	HANDLE port, client, server;
	ULONG max;
};

static inline NTSTATUS nt_link_connect(struct nt_link *l, HANDLE *client, HANDLE *server,
				       void *context)
{
	struct nt_connector c = { 0 };
	NTSTATUS s;

	nt_connector_start(&c, &l->name);
	s = nt_accept(l->port, server, context);
	if (s)
		return s;
	s = nt_connector_end(&c);
	*client = c.h;
	l->max = c.max;
	return s;
}

static inline NTSTATUS nt_link_make(struct nt_link *l, void *context)
{
	NTSTATUS s;

	nt_name_unique(&l->name);
	s = nt_port(&l->port, &l->name);
	return s ? s : nt_link_connect(l, &l->client, &l->server, context);
}

/* A thread that calls NtRequestWaitReplyPort() */
struct nt_requester {
	pthread_t thread;
	atomic_int tid, done;
	HANDLE h;
	struct nt_msg request, reply;
	void *reply_at;
	NTSTATUS status;
};

static inline void *nt_requester_thread(void *arg)
{
	struct nt_requester *r = arg;

	r->tid = get_tid();
	r->status = NtRequestWaitReplyPort(r->h, &r->request.h, r->reply_at ?: &r->reply);
	r->done = 1;
	return NULL;
}

static inline void nt_request(struct nt_requester *r, HANDLE h, const void *data, int len)
{
	nt_set(&r->request, 0, data, len);
	memset(&r->reply, POISON, sizeof(r->reply));
	r->h = h;
	r->tid = 0;
	r->done = 0;
	pthread_create(&r->thread, NULL, nt_requester_thread, r);
}

static inline NTSTATUS nt_request_end(struct nt_requester *r)
{
	pthread_join(r->thread, NULL);
	return r->status;
}

/* Descriptors of this process, and one that looks for them */
static inline int nt_count_fds(void)
{
	struct dirent *e;
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

#endif /* LPC_SELFTESTS_COMMON_NT_H */

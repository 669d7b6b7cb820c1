// SPDX-License-Identifier: GPL-2.0-only
/*
 * service.c - a port that is served until a signal comes, for echo and serve
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acl.h"
#include "client.h"
#include "errors.h"
#include "options.h"
#include "proc.h"
#include "service.h"
#include "text.h"

#define DRAIN_MS	5000	/* what has begun may take this long to end */
#define HURRY_MS	3000	/* and is told to end after this */

#define SECTION_ANY	(SIZE_MAX / 2)

static struct lpc_server *server;
static const struct service *service;

static void on_signal(int sig)
{
	(void)sig;
	if (service->hurry)
		service->hurry(lpc_in_ms(HURRY_MS));
	lpc_server_stop(server, lpc_in_ms(DRAIN_MS));
}

static void tell(const char *what, const struct lpc_cred *c)
{
	char comm[COMM_ROOM], clean[4 * COMM_ROOM], user[64];

	fprintf(stderr, "lpcctl: %s: pid %d %s, uid %d (%s)\n", what, c->pid,
		text_clean(proc_comm((uint32_t)c->pid, comm), clean, sizeof(clean)), (int)c->uid,
		text_user(c->uid, user, sizeof(user)));
}

static int on_connect(struct lpc_req *r, void **client, void *arg)
{
	const struct service *s = arg;

	if (s->deny_user && r->cred.uid == s->deny_uid) {
		if (s->verbose)
			tell("refused", &r->cred);
		if (s->deny_text)
			lpc_reply(r, -EACCES, s->deny_text, strlen(s->deny_text));
		return -EACCES;
	}
	if (s->verbose) {
		struct lpc_cred *copy = malloc(sizeof(*copy));

		if (copy)
			*copy = r->cred;
		*client = copy;
		tell("connected", &r->cred);
	}
	return 0;
}

static void on_gone(void *client, void *arg)
{
	const struct lpc_cred *c = client;

	(void)arg;
	if (!c)
		return;
	fprintf(stderr, "lpcctl: gone: pid %d, uid %d\n", c->pid, (int)c->uid);
	free(client);
}

static void owner(const struct service *s, struct lpc_port_opts *o)
{
	const char *colon = strchr(s->owner, ':');
	char *user = strndup(s->owner, colon ? (size_t)(colon - s->owner) : strlen(s->owner));

	if (!user)
		usage_error("out of memory");
	o->flags |= LPC_OPEN_OWNER;
	o->owner = *user ? client_user(user) : geteuid();
	o->group = colon && colon[1] ? client_group(colon + 1) : getegid();
	free(user);
}

static void catch_signals(void)
{
	/* the second signal kills */
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

static int serve(struct service *s, struct lpc_port *port)
{
	const struct lpc_server_opts o = {
		.size = sizeof(o), .flags = LPC_SERVE_IN_PLACE, .threads = s->threads,
		.on_connect = on_connect, .on_gone = on_gone,
		.section_max = s->room ? s->room : SECTION_ANY,
	};
	int r = lpc_server_new(&server, port, s->handler, s, &o);

	if (r < 0) {
		lpc_port_close(port);
		return complain(DOING_SERVE, s->name, r, TAKEN_UNKNOWN);
	}
	service = s;
	catch_signals();
	if (!opt.quiet)
		fprintf(stderr, "lpcctl: serving %s; Ctrl-C ends it.\n", s->name);
	r = lpc_server_run(server);
	lpc_server_free(server);
	if (r == -ETIMEDOUT) {
		fprintf(stderr,
			"lpcctl: %s: a request was not finished %d s after the signal and is lost.\n",
			s->name, DRAIN_MS / 1000);
		return RC_TIMEOUT;
	}
	return r < 0 ? complain(DOING_SERVE, s->name, r, TAKEN_UNKNOWN) : RC_DONE;
}

int service_run(struct service *s, const char *name)
{
	struct lpc_port_opts o = {
		.size = sizeof(o), .mode = s->mode,
		.flags = s->want_canceled ? LPC_OPEN_CANCELED : 0,
	};
	struct lpc_acl_entry acl[LPC_ACL_MAX];
	struct lpc_right rights[LPC_ACL_MAX];
	struct lpc_port *port;
	int r;

	s->name = need_name(name);
	if (s->acl) {
		o.rights_len = acl_parse_list(s->acl, acl);
		for (size_t i = 0; i < o.rights_len; i++)
			rights[i] = (struct lpc_right){
				.flags = acl[i].flags, .rights = acl[i].rights, .id = acl[i].id,
			};
		o.rights = rights;
	}
	if (s->owner)
		owner(s, &o);
	if (s->deny_user)
		s->deny_uid = client_user(s->deny_user);
	if (s->deny_text && strlen(s->deny_text) > LPC_CONNECT_MAX)
		usage_error("--deny-text: at most %u bytes", LPC_CONNECT_MAX);
	r = need_device();
	if (r != RC_DONE)
		return r;
	r = lpc_port_open(&port, s->name, &o);
	if (r < 0)
		return complain(DOING_CREATE, s->name, r, TAKEN_UNKNOWN);
	return serve(s, port);
}

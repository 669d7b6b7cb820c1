// SPDX-License-Identifier: GPL-2.0-only
/*
 * reason.c - an errno, its cause here and now, and what to type
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "proc.h"
#include "reason.h"
#include "text.h"

/* The name most like @name, "" if none is. */
static void nearest(const char *name, char near[LPC_NAME_MAX + 1])
{
	size_t best = strlen(name) / 4 + 2;
	struct kern_list ports;

	near[0] = '\0';
	if (kern_list(LPC_WHAT_PORT, 0, &ports) < 0)
		ports.n = 0;
	for (size_t i = 0; i < ports.n; i++) {
		const struct lpc_port_info *p = (struct lpc_port_info *)ports.v + i;
		size_t d = text_distance(name, (const char *)p->name);

		if (p->name_len && !(p->shut & LPC_SHUT_NEW) && d < best) {
			best = d;
			memcpy(near, p->name, LPC_NAME_MAX);
			near[LPC_NAME_MAX] = '\0';
		}
	}
	free(ports.v);
}

static void say_no_port(FILE *f, const char *name)
{
	char near[LPC_NAME_MAX + 1];

	nearest(name, near);
	fprintf(f, "no such port in this IPC namespace (ENOENT)");
	if (near[0])
		fprintf(f, "; did you mean %s?", near);
	else
		fputs(".", f);
	fprintf(f, " `lpcctl wait` waits for one.");
}

static bool in_group(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

static void say_denied(FILE *f, const char *name, enum doing doing)
{
	char user[64], group[64];
	struct lpc_port_info p;

	fprintf(f, "you (uid %u) may not %s (EACCES): ", geteuid(),
		doing == DOING_QUERY ? "look at it" :
		doing == DOING_CHANGE ? "change who may; its owner may" : "connect");
	if (kern_port(name, false, 0, &p) < 0) {
		if (kern_sysctl("unprivileged_connect") == 0)
			fputs("sysctl lpc.unprivileged_connect is 0 here.", f);
		else
			fputs("its mode is hidden from you too; its owner can let you in.", f);
		return;
	}
	fprintf(f, "mode %04o %s:%s", p.mode, text_user(p.owner, user, sizeof(user)),
		text_group(p.group, group, sizeof(group)));
	if (p.mode & 0020 && !in_group(p.group))
		fprintf(f, ", and you are not in %s", group);
	if (p.acl_count)
		fprintf(f, ", and %u entries before that: `lpcctl acl %s`", p.acl_count, name);
	if (kern_sysctl("unprivileged_connect") == 0)
		fputs("; sysctl lpc.unprivileged_connect is 0 here", f);
	fputs(".", f);
}

static void say_not_yours(FILE *f, const char *name)
{
	char own[32];
	int n = snprintf(own, sizeof(own), "user/%u/", geteuid());

	fprintf(f, "you (uid %u) may not make this port (EACCES): ", geteuid());
	if (strncmp(name, own, (size_t)n) == 0)
		fputs(kern_sysctl("unprivileged_create") == 0 ?
		      "lpc.unprivileged_create is 0: `sudo sysctl lpc.unprivileged_create=1`." :
		      "to give it to another user or group needs CAP_IPC_OWNER.", f);
	else
		fprintf(f, "without CAP_IPC_OWNER your names begin with %s; try self/%s.", own,
			strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
}

static void say_taken(FILE *f, const char *name)
{
	char comm[COMM_ROOM], clean[4 * COMM_ROOM];
	struct lpc_port_info p;

	fputs("the name is taken (EEXIST)", f);
	if (kern_port(name, false, 0, &p) == 0)
		fprintf(f, " by pid %u, %s", p.server_pid,
			text_clean(proc_comm(p.server_pid, comm), clean, sizeof(clean)));
	fprintf(f, ". `lpcctl show %s` says more.", name);
}

static void say_full(FILE *f)
{
	struct lpc_info info;
	bool any = false;

	fputs("a limit is reached (ENOBUFS)", f);
	if (kern_info(&info) == 0) {
		for (uint32_t i = 1; i < LPC_LIMIT_MAX; i++) {
			const struct lpc_limit_value *v = &info.limits[i];

			if (!v->limit || v->in_use < v->limit)
				continue;
			fprintf(f, "%s %llu of %llu %s", any ? "," : ":", v->in_use, v->limit,
				kern_limit_name(i));
			any = true;
		}
	}
	fputs(any ? "." : ": one of the port or the connection.", f);
	fputs(" `lpcctl limits` shows which sysctl raises it.", f);
}

static void say_not_who(FILE *f, const char *name)
{
	struct lpc_port_info p;
	char user[64];

	fputs("the server is not who you required (EPERM)", f);
	if (kern_port(name, false, 0, &p) == 0)
		fprintf(f, ": it runs as uid %u (%s), pid %u", p.server_uid,
			text_user(p.server_uid, user, sizeof(user)), p.server_pid);
	fputs("; nothing was sent.", f);
}

static void say_size(FILE *f, const char *name)
{
	struct lpc_port_info p;

	fputs("too long (EMSGSIZE): ", f);
	if (kern_port(name, false, 0, &p) == 0)
		fprintf(f, "this port takes %u bytes; nothing was sent.", p.inline_max);
	else
		fprintf(f, "no port takes more than %u bytes; nothing was sent.", LPC_INLINE_MAX);
}

static void say_no_device(FILE *f)
{
	fputs("no " LPC_DEVICE " (ENODEV): the module is not loaded here. `sudo modprobe lpc`; "
	      "container: --device " LPC_DEVICE "; else `lpcctl doctor`.", f);
}

static void say_closed_device(FILE *f)
{
	char user[64], group[64];
	struct stat st;

	fprintf(f, LPC_DEVICE ": you (uid %u) may not open it (EACCES)", geteuid());
	if (stat(LPC_DEVICE, &st) == 0)
		fprintf(f, ": mode %04o %s:%s", st.st_mode & 07777,
			text_user(st.st_uid, user, sizeof(user)),
			text_group(st.st_gid, group, sizeof(group)));
	fputs("; `lpcctl doctor` says how to change that.", f);
}

static const char *suffix(enum doing doing, int taken)
{
	if (doing != DOING_CALL)
		return "";
	if (taken == TAKEN_YES)
		return " The server had received the request: it may have acted on it.";
	if (taken == TAKEN_NO)
		return " No server has seen the request: it is safe to send it again.";
	return "";
}

void reason(FILE *f, enum doing doing, const char *name, int err, int taken)
{
	const char *symbol = strerrorname_np(-err);

	if (doing == DOING_OPEN || err == -ENODEV) {
		if (err == -ENODEV)
			say_no_device(f);
		else if (err == -EACCES || err == -EPERM)
			say_closed_device(f);
		else
			fprintf(f, LPC_DEVICE ": %s (%s)", strerror(-err), symbol ? symbol : "?");
		return;
	}
	if (name)
		fprintf(f, "%s: ", name);
	switch (-err) {
	case ENOENT:
		say_no_port(f, name ? name : "");
		return;
	case EACCES:
		if (doing == DOING_CREATE)
			say_not_yours(f, name);
		else
			say_denied(f, name, doing);
		return;
	case EPERM:
		say_not_who(f, name);
		return;
	case EEXIST:
		say_taken(f, name);
		return;
	case ENOBUFS:
		say_full(f);
		break;
	case EMSGSIZE:
		say_size(f, name);
		return;
	case ETIMEDOUT:
		fprintf(f, "%s (ETIMEDOUT).", doing == DOING_WAIT ? "it has not appeared in time" :
			doing == DOING_CONNECT ? "nobody accepted the connection in time" :
						 "no answer in time");
		break;
	case EPIPE:
		fputs("the server has gone (EPIPE).", f);
		break;
	case ECONNRESET:
		fputs("the server went away before it answered (ECONNRESET).", f);
		break;
	case ECONNREFUSED:
		fputs("refused, or the port was closed just then (ECONNREFUSED).", f);
		return;
	default:
		fprintf(f, "%s (%s).", strerror(-err), symbol ? symbol : "?");
	}
	fputs(suffix(doing, taken), f);
}

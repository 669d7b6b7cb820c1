// SPDX-License-Identifier: MIT
/* The ioctls of lpc(4) with negative errno. Nothing else enters the kernel's LPC. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <lpc/raw.h>

#include "annotate.h"

/* The whole road to the kernel on the call path: errno stays as it was. */
static inline int sys(int fd, unsigned long cmd, void *arg)
{
	int saved = errno, r = ioctl(fd, cmd, arg);

	if (r < 0) {
		r = -errno;
		errno = saved;
	}
	return r;
}

int lpc_sys_open(void)
{
	int saved = errno, fd = open("/dev/lpc", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	fd = -errno;
	errno = saved;
	return fd == -ENOENT || fd == -ENXIO ? -ENODEV : fd;
}

int lpc_sys_info(int fd, struct lpc_info *a)
{
	return sys(fd, LPC_IOC_INFO, a);
}

int lpc_sys_create(int fd, struct lpc_create *a)
{
	return sys(fd, LPC_IOC_CREATE, a);
}

int lpc_sys_connect(int fd, struct lpc_connect *a)
{
	return sys(fd, LPC_IOC_CONNECT, a);
}

int lpc_sys_list(int fd, struct lpc_list *a)
{
	return sys(fd, LPC_IOC_LIST, a);
}

int lpc_sys_section(int fd, struct lpc_section_make *a)
{
	return sys(fd, LPC_IOC_SECTION, a);
}

int lpc_sys_query(int fd, struct lpc_query *a)
{
	return sys(fd, LPC_IOC_QUERY, a);
}

int lpc_sys_security(int fd, struct lpc_security *a)
{
	return sys(fd, LPC_IOC_SECURITY, a);
}

int lpc_sys_send(int fd, struct lpc_msg *m)
{
	return sys(fd, LPC_IOC_SEND, m);
}

int lpc_sys_call(int fd, struct lpc_msg *m)
{
	const struct lpc_msg *in = received_at(m);
	int r = sys(fd, LPC_IOC_CALL, m);

	if (!r)
		annotate_received(in);
	return r;
}

int lpc_sys_call_data(int fd, struct lpc_call_data *m)
{
	const struct lpc_msg *in = received_at(&m->msg);
	int r = sys(fd, LPC_IOC_CALL_DATA, m);

	if (!r)
		annotate_received(in);
	return r;
}

int lpc_sys_reply_recv(int fd, struct lpc_msg *m)
{
	const struct lpc_msg *in = m->flags & LPC_WITH_RECV ? received_at(m) : NULL;
	int r = sys(fd, LPC_IOC_REPLY_RECV, m);

	if (!r && in)
		annotate_received(in);
	return r;
}

int lpc_sys_reply_wait(int fd, struct lpc_msg *m)
{
	const struct lpc_msg *in = received_at(m);
	int r = sys(fd, LPC_IOC_REPLY_WAIT, m);

	if (!r)
		annotate_received(in);
	return r;
}

/* What the split form writes elsewhere is not annotated: whose it is does that. */
int lpc_sys_send_split(int fd, struct lpc_split *s)
{
	return sys(fd, LPC_IOC_SEND_SPLIT, s);
}

int lpc_sys_call_split(int fd, struct lpc_split *s)
{
	return sys(fd, LPC_IOC_CALL_SPLIT, s);
}

int lpc_sys_reply_recv_split(int fd, struct lpc_split *s)
{
	return sys(fd, LPC_IOC_REPLY_RECV_SPLIT, s);
}

int lpc_sys_reply_wait_split(int fd, struct lpc_split *s)
{
	return sys(fd, LPC_IOC_REPLY_WAIT_SPLIT, s);
}

int lpc_sys_copy(int fd, struct lpc_copy *a)
{
	return sys(fd, LPC_IOC_COPY, a);
}

int lpc_sys_cancel(int fd, struct lpc_cancel *a)
{
	return sys(fd, LPC_IOC_CANCEL, a);
}

int lpc_sys_shutdown(int fd, struct lpc_shutdown *a)
{
	return sys(fd, LPC_IOC_SHUTDOWN, a);
}

int lpc_sys_watch_thread(int fd, struct lpc_watch *a)
{
	return sys(fd, LPC_IOC_WATCH_THREAD, a);
}

int lpc_sys_accept(int fd, struct lpc_accept *a)
{
	return sys(fd, LPC_IOC_ACCEPT, a);
}

int lpc_sys_data(int fd, struct lpc_data *a)
{
	return sys(fd, LPC_IOC_DATA, a);
}

int lpc_sys_complete(int fd, struct lpc_complete *a)
{
	return sys(fd, LPC_IOC_COMPLETE, a);
}

int lpc_sys_impersonate(int fd, struct lpc_impersonate *a)
{
	return sys(fd, LPC_IOC_IMPERSONATE, a);
}

int lpc_sys_event_pair(int fd, struct lpc_event_pair *a)
{
	return sys(fd, LPC_IOC_EVENT_PAIR, a);
}

int lpc_sys_quick(int fd, struct lpc_quick_make *a)
{
	return sys(fd, LPC_IOC_QUICK, a);
}

int lpc_sys_quick_open(int fd, struct lpc_quick_open *a)
{
	return sys(fd, LPC_IOC_QUICK_OPEN, a);
}

int lpc_sys_event(int fd, struct lpc_event *a)
{
	return sys(fd, LPC_IOC_EVENT, a);
}

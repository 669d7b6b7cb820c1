// SPDX-License-Identifier: MIT
/* What the kernel says, in NT's words. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "status.h"

static const struct {
	int		error;
	NTSTATUS	status;
} words[] = {
	{ 0, STATUS_SUCCESS },
	{ EACCES, STATUS_ACCESS_DENIED },
	{ EAGAIN, STATUS_TIMEOUT },
	{ EBUSY, STATUS_DEVICE_BUSY },
	{ ECANCELED, STATUS_REPLY_MESSAGE_MISMATCH },
	{ ECONNREFUSED, STATUS_PORT_CONNECTION_REFUSED },
	{ ECONNRESET, STATUS_LPC_REPLY_LOST },
	{ EEXIST, STATUS_OBJECT_NAME_COLLISION },
	{ EFAULT, STATUS_ACCESS_VIOLATION },
	{ EINVAL, STATUS_INVALID_PARAMETER },
	{ EMFILE, STATUS_TOO_MANY_OPENED_FILES },
	{ EMSGSIZE, STATUS_PORT_MESSAGE_TOO_LONG },
	{ ENFILE, STATUS_TOO_MANY_OPENED_FILES },
	{ ENOBUFS, STATUS_INSUFFICIENT_RESOURCES },
	{ ENODEV, STATUS_NO_SUCH_DEVICE },
	{ ENOENT, STATUS_OBJECT_NAME_NOT_FOUND },
	{ ENOMEM, STATUS_NO_MEMORY },
	{ EOPNOTSUPP, STATUS_REPLY_MESSAGE_MISMATCH },
	{ EPIPE, STATUS_PORT_DISCONNECTED },
	{ EREMOTEIO, STATUS_PARTIAL_COPY },
	{ ESHUTDOWN, STATUS_PORT_DISCONNECTED },
	{ ESTALE, STATUS_REPLY_MESSAGE_MISMATCH },
	{ ETIMEDOUT, STATUS_TIMEOUT },
	{ -1, STATUS_UNSUCCESSFUL },
};

/**
 * nt_status - the status for what an ioctl returned
 * @r: 0 or a negative errno
 */
NTSTATUS nt_status(int r)
{
	int i = 0;

	while (words[i].error >= 0 && words[i].error != -r)
		i++;
	return words[i].status;
}

/**
 * nt_thread_exists - is there such a thread?
 * @pid: its process
 * @tid: its number
 */
bool nt_thread_exists(pid_t pid, pid_t tid)
{
	int saved = errno;
	bool there;

	there = pid > 0 && tid > 0 &&
		(!syscall(SYS_tgkill, pid, tid, 0) || errno == EPERM);
	errno = saved;
	return there;
}

/**
 * nt_no_such_call - no request of that thread waits under that id: why?
 * @pid: of the CLIENT_ID
 * @tid: likewise
 */
NTSTATUS nt_no_such_call(uint64_t pid, uint64_t tid)
{
	return pid <= INT32_MAX && tid <= INT32_MAX &&
	       nt_thread_exists((pid_t)pid, (pid_t)tid) ? STATUS_REPLY_MESSAGE_MISMATCH :
							  STATUS_INVALID_CID;
}

/* SPDX-License-Identifier: MIT */
/*
 * lpc/raw.h - one function for each ioctl of lpc(4)
 *
 * Each fills in nothing, checks nothing, does not repeat what a signal
 * interrupted. Returns 0 or -errno; errno is left alone. The structs are those
 * of <linux/lpc.h>; a payload follows its struct lpc_msg or struct lpc_call_data,
 * and lies where struct lpc_split says.
 */
#ifndef LPC_RAW_H
#define LPC_RAW_H

#include <linux/lpc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens /dev/lpc, close-on-exec. -ENODEV: there is none. */
int lpc_sys_open(void);

/* on /dev/lpc; CONNECT also on a client end that is connecting */
int lpc_sys_info(int fd, struct lpc_info *a);
int lpc_sys_create(int fd, struct lpc_create *a);
int lpc_sys_connect(int fd, struct lpc_connect *a);
int lpc_sys_list(int fd, struct lpc_list *a);
int lpc_sys_section(int fd, struct lpc_section_make *a);
int lpc_sys_event_pair(int fd, struct lpc_event_pair *a);
int lpc_sys_copy(int fd, struct lpc_copy *a);

/* on a port, an end; QUERY and SECURITY also on /dev/lpc, by name */
int lpc_sys_query(int fd, struct lpc_query *a);
int lpc_sys_security(int fd, struct lpc_security *a);
int lpc_sys_send(int fd, struct lpc_msg *m);
int lpc_sys_call(int fd, struct lpc_msg *m);
int lpc_sys_call_data(int fd, struct lpc_call_data *m);
int lpc_sys_reply_recv(int fd, struct lpc_msg *m);
int lpc_sys_reply_wait(int fd, struct lpc_msg *m);
int lpc_sys_send_split(int fd, struct lpc_split *s);
int lpc_sys_call_split(int fd, struct lpc_split *s);
int lpc_sys_reply_recv_split(int fd, struct lpc_split *s);
int lpc_sys_reply_wait_split(int fd, struct lpc_split *s);
int lpc_sys_cancel(int fd, struct lpc_cancel *a);
int lpc_sys_shutdown(int fd, struct lpc_shutdown *a);
int lpc_sys_watch_thread(int fd, struct lpc_watch *a);

/* on a port */
int lpc_sys_accept(int fd, struct lpc_accept *a);

/* on a port, a server end */
int lpc_sys_data(int fd, struct lpc_data *a);

/* on a server end */
int lpc_sys_complete(int fd, struct lpc_complete *a);
int lpc_sys_impersonate(int fd, struct lpc_impersonate *a);

/* on either end of a connection */
int lpc_sys_quick(int fd, struct lpc_quick_make *a);
int lpc_sys_quick_open(int fd, struct lpc_quick_open *a);

/* on an end of an event pair */
int lpc_sys_event(int fd, struct lpc_event *a);

#ifdef __cplusplus
}
#endif

#endif /* LPC_RAW_H */

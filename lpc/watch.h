/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_WATCH_H
#define _LPC_WATCH_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/types.h>

struct task_struct;

/**
 * struct lpc_task_watch - to be told when a thread exits or calls execve()
 * @node: among the watches of its hash; lpc_watch_lock
 * @dead: in the list of those whose thread is gone
 * @task: the thread, a key and no more; lpc_watch_lock
 * @died: called once, in process context with no lock held, unless
 *	lpc_watch_del() came first; it frees the watch
 */
struct lpc_task_watch {
	struct hlist_node node;
	struct llist_node dead;
	struct task_struct *task;
	void (*died)(struct lpc_task_watch *watch);
};

void lpc_watch_add(struct lpc_task_watch *watch,
		   void (*died)(struct lpc_task_watch *watch));
bool lpc_watch_del(struct lpc_task_watch *watch);
void lpc_watch_drain(void);
bool lpc_watch_works(void);
int lpc_watch_init(void);
void lpc_watch_exit(void);

#endif /* _LPC_WATCH_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLIENT_DIED: a thread that asked for it by WATCH_THREAD has exited or has
 * called execve(). The kernel alone sends it; its memory is reserved when the
 * thread registers; a registration ends with its end of the connection.
 */
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "conn.h"
#include "died.h"
#include "inflight.h"
#include "quota.h"
#include "watch.h"

/**
 * struct lpc_died - one registration
 * @watch: on the thread
 * @node: in its end's watches; port->lock
 * @end: where it registered, NULL when that has ended; port->lock
 * @port: a reference
 * @user: who is charged
 * @message: what is to be sent
 * @who: the thread, counted
 */
struct lpc_died {
	struct lpc_task_watch watch;
	struct list_head node;
	struct lpc_end *end;
	struct lpc_port *port;
	struct lpc_user *user;
	struct lpc_call *message;
	struct lpc_ident who;
};

static void died_free(struct lpc_died *died)
{
	lpc_uncharge(died->user, LPC_LIMIT_WATCHES);
	lpc_user_put(died->user);
	lpc_call_destroy(died->message);
	lpc_ident_put(&died->who);
	lpc_port_put(died->port);
	kfree(died);
}

static void died_send(struct lpc_died *died)
{
	struct lpc_end *end = died->end;
	struct lpc_call *call = died->message;
	struct task_struct *task;

	died->message = NULL;
	call->port = end->port;
	call->conn = end->conn;
	call->from = end;
	call->type = LPC_CLIENT_DIED;
	if (end->conn)
		call->unread = &end->conn->unread;
	call->refs = 1;
	call->since = ktime_get_mono_fast_ns();
	end->died++;
	call->id = lpc_slots_number(&end->port->slots);
	call->sender = died->who;
	died->who.counted = false;
	call->len = sizeof(call->sender.start);
	memcpy(call->data, &call->sender.start, sizeof(call->sender.start));
	lpc_call_hold(call);
	task = lpc_queue_post(lpc_end_target(end), call);
	if (task)
		wake_up_process(task);
}

static void thread_died(struct lpc_task_watch *watch)
{
	struct lpc_died *died = container_of(watch, struct lpc_died, watch);
	struct lpc_port *port = died->port;

	lpc_lock(port);
	if (died->end) {
		list_del(&died->node);
		died->end->nr_watches--;
		died_send(died);
	}
	lpc_unlock(port);
	died_free(died);
}

/**
 * lpc_died_forget - registrations end with their end
 * @end: is dying; locked
 */
void lpc_died_forget(struct lpc_end *end)
{
	struct lpc_died *died, *next;

	list_for_each_entry_safe(died, next, &end->watches, node) {
		list_del(&died->node);
		end->nr_watches--;
		died->end = NULL;
		/* Else its thread is gone, and thread_died() frees it. */
		if (lpc_watch_del(&died->watch))
			died_free(died);
	}
}

static struct lpc_died *died_new(struct lpc_end *end)
{
	struct lpc_died *died = kzalloc(sizeof(*died), GFP_KERNEL_ACCOUNT);

	if (!died)
		return NULL;
	died->message = lpc_call_alloc();
	died->user = lpc_user_current();
	if (!died->message || !died->user) {
		lpc_user_put(died->user);
		lpc_call_destroy(died->message);
		kfree(died);
		return NULL;
	}
	died->end = end;
	died->port = end->port;
	lpc_port_get(died->port);
	lpc_ident_current(&died->who);
	lpc_ident_get(&died->who);
	return died;
}

static int end_can_tell(const struct lpc_end *end)
{
	if (end->kind == LPC_KIND_CLIENT &&
	    end->conn->state != LPC_CONN_CONNECTED)
		return end->conn->state < LPC_CONN_CONNECTED ? -ENOTCONN :
							       -EPIPE;
	return lpc_end_dead(end) ? -EPIPE : 0;
}

/**
 * lpc_died_watch - WATCH_THREAD
 * @end: a client end or a port
 * @args: of the ioctl
 */
int lpc_died_watch(struct lpc_end *end, struct lpc_watch *args)
{
	struct lpc_died *died;
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;
	if (!lpc_watch_works())
		return -EOPNOTSUPP;
	died = died_new(end);
	if (!died)
		return -ENOMEM;
	ret = lpc_charge(died->user, LPC_LIMIT_WATCHES, &args->in_use);
	if (ret) {
		args->limit = LPC_LIMIT_WATCHES;
		goto err_charge;
	}

	lpc_lock(end->port);
	ret = end_can_tell(end);
	args->in_use = end->nr_watches + end->died;
	if (!ret && args->in_use >= lpc_limit(LPC_LIMIT_WATCHES)) {
		/* Threads that come and go would fill the server's queue. */
		args->limit = LPC_LIMIT_WATCHES;
		ret = -ENOBUFS;
	}
	if (!ret) {
		args->in_use = 0;
		list_add_tail(&died->node, &end->watches);
		end->nr_watches++;
		lpc_watch_add(&died->watch, thread_died);
	}
	lpc_unlock(end->port);
	if (ret)
		died_free(died);
	return ret;

err_charge:
	lpc_user_put(died->user);
	lpc_call_destroy(died->message);
	lpc_ident_put(&died->who);
	lpc_port_put(died->port);
	kfree(died);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE, and the client's half of the handshake: CONNECT. The server's stands
 * in accept.c.
 *
 * A connection is PENDING while its request is QUEUED or HANDED, RECEIVED
 * once a server has it, ACCEPTED, and CONNECTED when its client has seen
 * COMPLETE; REFUSED and GONE are final. Nobody waits for anybody here but the
 * client, with its own deadline.
 *
 * A thread in CONNECT that gets a signal withdraws a request that no server
 * has seen. Otherwise it leaves the connection detached, tells its caller the
 * id, and the restarted CONNECT finds it again; should the thread exit or
 * call execve() instead, a watch gives the connection up.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "close.h"
#include "conn.h"
#include "connect.h"
#include "fail.h"
#include "inflight.h"
#include "limits.h"
#include "quota.h"
#include "trace.h"
#include "views.h"
#include "watch.h"

/**
 * struct lpc_detached - a connection whose thread is to come back to CONNECT
 * @watch: on the thread
 * @node: in lpc_detached_list; lpc_detached_lock
 * @conn: the connection; this is a user of it, in place of the client's file
 * @port: a reference
 */
struct lpc_detached {
	struct lpc_task_watch watch;
	struct list_head node;
	struct lpc_conn *conn;
	struct lpc_port *port;
};

static LIST_HEAD(lpc_detached_list);
static DEFINE_SPINLOCK(lpc_detached_lock);

static int create_pair(struct lpc_port *port, struct lpc_create *args,
		       struct lpc_fd *client_fd)
{
	struct lpc_conn *conn = lpc_conn_new(port);
	int ret;

	if (IS_ERR(conn))
		return PTR_ERR(conn);
	conn->paired = true;
	swap(conn->request, conn->closed);
	conn->context = args->context;
	conn->completed = true;
	conn->acceptor = port->creator;
	conn->acceptor.counted = false;
	lpc_ident_get(&conn->acceptor);
	args->limit = LPC_LIMIT_USER_PENDING;
	ret = lpc_charge(conn->user, LPC_LIMIT_USER_PENDING, &args->in_use);
	if (ret)
		goto err_conn;
	args->limit = LPC_LIMIT_CONNS;
	ret = lpc_charge(conn->user, LPC_LIMIT_CONNS, &args->in_use);
	if (ret)
		goto err_pending;
	args->limit = LPC_LIMIT_NONE;
	ret = lpc_fd_open(client_fd, LPC_KIND_CLIENT, &conn->client);
	if (ret)
		goto err_conns;

	lpc_lock(port);
	/* A pair is admitted whatever there is: nobody else can be in it. */
	lpc_conn_admit(conn, &args->limit, &args->in_use);
	lpc_conn_not_pending(conn);
	lpc_conn_use(conn);
	lpc_conn_set_live(conn, true);
	conn->state = LPC_CONN_CONNECTED;
	lpc_unlock(port);
	return 0;

err_conns:
	lpc_uncharge(conn->user, LPC_LIMIT_CONNS);
err_pending:
	lpc_uncharge(conn->user, LPC_LIMIT_USER_PENDING);
err_conn:
	lpc_conn_free(conn);
	return ret;
}

/**
 * lpc_create - CREATE, up to where its results are copied out
 * @args: of the ioctl
 * @name: copied in
 * @acl: copied in
 * @fd: will be the port's
 * @client_fd: will be the client's, with LPC_PORT_PAIR
 */
int lpc_create(struct lpc_create *args, const char *name,
	       const struct lpc_acl_entry *acl, struct lpc_fd *fd,
	       struct lpc_fd *client_fd)
{
	bool pair = args->flags & LPC_PORT_PAIR;
	struct lpc_port *port;
	int ret;

	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	port = lpc_port_new(args, name, acl);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = lpc_fd_reserve(fd);
	if (!ret && pair)
		ret = lpc_fd_reserve(client_fd);
	if (!ret)
		ret = lpc_fd_open(fd, LPC_KIND_PORT, &port->self);
	if (ret) {
		lpc_port_uncharge(port);
		lpc_port_put(port);
		return ret;
	}
	/* From here on closing the file undoes everything. */
	if (pair)
		ret = create_pair(port, args, client_fd);
	args->fd = fd->fd;
	args->client_fd = client_fd->fd;
	return ret;
}

/**
 * lpc_create_publish - the last thing in CREATE that can fail
 * @fd: the port's
 */
int lpc_create_publish(struct lpc_fd *fd)
{
	struct lpc_end *end = fd->file->private_data;

	return lpc_port_publish(end->port);
}

/* A number of a process that is gone names nobody, or somebody else. */
static bool is_process(const struct pid *tgid, u32 number)
{
	bool same;

	rcu_read_lock();
	same = find_vpid(number) == tgid;
	rcu_read_unlock();
	return same;
}

static int required_server(const struct lpc_port *port,
			   const struct lpc_connect *args)
{
	const struct lpc_ident *server = &port->creator;
	struct lpc_reader reader;
	struct lpc_shown shown;

	lpc_reader_current(&reader);
	if (args->flags & LPC_CONNECT_SERVER_UID &&
	    !uid_valid(make_kuid(reader.user_ns, args->server_uid)))
		return -EINVAL;
	if (args->flags & LPC_CONNECT_SERVER_GID &&
	    !gid_valid(make_kgid(reader.user_ns, args->server_gid)))
		return -EINVAL;
	if (args->flags & LPC_CONNECT_SERVER_PID && !args->server_pid)
		return -EINVAL;

	lpc_ident_show(server, &reader, &shown);
	if (args->flags & LPC_CONNECT_SERVER_UID &&
	    shown.uid != args->server_uid)
		return -EPERM;
	if (args->flags & LPC_CONNECT_SERVER_GID &&
	    shown.gid != args->server_gid)
		return -EPERM;
	if (args->flags & LPC_CONNECT_SERVER_PID &&
	    !is_process(server->tgid, args->server_pid))
		return -EPERM;
	return 0;
}

static int connect_check(const struct lpc_connect *args)
{
	if (args->flags & ~LPC_MASK_CONNECT || args->reserved ||
	    args->level > LPC_LEVEL_DELEGATE ||
	    args->tracking > LPC_TRACK_DYNAMIC ||
	    !lpc_views_check(args->flags & LPC_CONNECT_VIEW, &args->own,
			     &args->theirs))
		return -EINVAL;
	return 0;
}

static struct lpc_port *wait_name(struct lpc_connect *args, const char *name,
				  u64 deadline)
{
	struct lpc_user *user = NULL;
	struct lpc_port *port;
	int ret = -ENOENT;
	u64 seen;

	for (;;) {
		seen = lpc_name_changes();
		port = lpc_port_find_visible(name, args->name_len,
					     LPC_MAY_CONNECT);
		if (port || !(args->flags & LPC_CONNECT_WAIT_NAME))
			break;
		if (!user) {
			user = lpc_user_current();
			if (!user)
				return ERR_PTR(-ENOMEM);
			ret = lpc_charge(user, LPC_LIMIT_NAME_WAITERS,
					 &args->in_use);
			if (ret) {
				args->limit = LPC_LIMIT_NAME_WAITERS;
				lpc_user_put(user);
				return ERR_PTR(ret);
			}
		}
		ret = lpc_name_wait(current->nsproxy->ipc_ns, name,
				    args->name_len, deadline, seen);
		if (ret)
			break;
	}
	if (user) {
		lpc_uncharge(user, LPC_LIMIT_NAME_WAITERS);
		lpc_user_put(user);
	}
	return port ? port : ERR_PTR(ret);
}

static struct lpc_port *connect_port(struct lpc_connect *args,
				     const char *name, u64 deadline)
{
	struct lpc_port *port;
	int ret;

	port = wait_name(args, name, deadline);
	if (IS_ERR(port))
		return port;
	ret = lpc_port_may(port, LPC_MAY_CONNECT);
	if (!ret && !READ_ONCE(lpc_unprivileged_connect) &&
	    !lpc_ipc_capable(port->ipc_ns))
		ret = -EACCES;
	if (!ret)
		ret = required_server(port, args);
	if (!ret && args->data_len > port->connect_max) {
		args->room = port->connect_max;
		ret = -EMSGSIZE;
	}
	if (!ret)
		return port;
	lpc_port_put(port);
	return ERR_PTR(ret);
}

static int connect_charge(struct lpc_conn *conn, struct lpc_connect *args)
{
	int ret;

	ret = lpc_charge(conn->user, LPC_LIMIT_CONNS, &args->in_use);
	if (ret) {
		args->limit = LPC_LIMIT_CONNS;
		return ret;
	}
	ret = lpc_charge(conn->user, LPC_LIMIT_USER_PENDING, &args->in_use);
	if (ret) {
		args->limit = LPC_LIMIT_USER_PENDING;
		lpc_uncharge(conn->user, LPC_LIMIT_CONNS);
	}
	return ret;
}

static void fill_request(struct lpc_conn *conn, const struct lpc_connect *args,
			 const u8 *data)
{
	struct lpc_call *request = conn->request;

	request->port = conn->port;
	request->conn = conn;
	request->from = &conn->client;
	request->type = LPC_CONNECTION_REQUEST;
	request->refs = 1;
	request->since = conn->since;
	request->sender = conn->connector;
	request->sender.counted = false;
	lpc_ident_get(&request->sender);
	request->len = args->data_len;
	memcpy(request->data, data, args->data_len);
	if (conn->views) {
		request->piece.section = LPC_SECTION_CLIENT;
		request->piece.offset = conn->views->client_takes;
		request->piece.length = conn->views->client.size;
	}
}

/* Queue the connection request. */
static int connect_post(struct lpc_conn *conn, struct lpc_connect *args,
			const u8 *data, u64 deadline)
{
	struct lpc_port *port = conn->port;
	struct task_struct *task;
	int ret;

	fill_request(conn, args, data);
	conn->flags = args->flags & LPC_CONNECT_SAME_SERVER ?
		      LPC_CONNECT_SAME_SERVER : 0;
	for (;;) {
		lpc_lock(port);
		if (!lpc_slots_full(&port->slots))
			break;
		lpc_unlock(port);
		ret = lpc_port_grow_slots(port);
		if (ret)
			return ret;
	}
	ret = -ECONNREFUSED;
	if (port->self.shut & LPC_SHUT_NEW)
		goto out;
	ret = lpc_conn_admit(conn, &args->limit, &args->in_use);
	if (ret)
		goto out;
	conn->request->key = lpc_slots_number(&port->slots);
	conn->request->id = conn->request->key;
	conn->id = conn->request->id;
	lpc_slots_add(&port->slots, conn->request);
	lpc_call_hold(conn->request);
	if (!(args->flags & LPC_CONNECT_ASYNC))
		lpc_waiter_arm(&conn->waiter);
	else if (conn->views)
		lpc_views_now_async(conn->views);
	task = lpc_queue_post(&port->self.queue, conn->request);
	if (task)
		wake_up_process(task);
	trace_lpc_connect(port->serial, conn->serial, port->name.text, 0);
out:
	lpc_unlock(port);
	return ret;
}

static void show_server(struct lpc_conn *conn, struct lpc_connect *args)
{
	struct lpc_reader reader;
	struct lpc_shown shown;

	lpc_reader_current(&reader);
	lpc_ident_show(&conn->port->creator, &reader, &shown);
	args->server_pid = shown.pid;
	args->server_uid = shown.uid;
	args->server_gid = shown.gid;
	args->room = conn->port->inline_max;
	if (conn->acceptor.tgid) {
		lpc_ident_show(&conn->acceptor, &reader, &shown);
		args->acceptor_pid = shown.pid;
		args->acceptor_uid = shown.uid;
	}
}

/* What the server said, as far as there is room for it. */
static void take_answer(struct lpc_conn *conn, struct lpc_connect *args,
			u8 *answer)
{
	args->answer_len = 0;
	if (!conn->closed)
		return;
	args->answer_len = conn->answer_len;
	memcpy(answer, conn->closed->data, conn->answer_len);
	if (conn->answer_len > args->answer_room)
		args->status |= LPC_TRUNCATED;
}

/**
 * connect_settled - what has become of the handshake?
 * @conn: locked
 * @args: status is set
 * @answer: filled when it is over
 *
 * Return: 0 connected; -ECONNREFUSED; -EINPROGRESS.
 */
static int connect_settled(struct lpc_conn *conn, struct lpc_connect *args,
			   u8 *answer)
{
	args->status = 0;
	if (conn->seen)
		args->status |= LPC_WAS_TAKEN;
	if (conn->state == LPC_CONN_CONNECTED ||
	    (conn->state == LPC_CONN_ACCEPTED && conn->completed)) {
		conn->state = LPC_CONN_CONNECTED;
		take_answer(conn, args, answer);
		show_server(conn, args);
		return 0;
	}
	if (conn->state < LPC_CONN_CONNECTED)
		return -EINPROGRESS;
	take_answer(conn, args, answer);
	return -ECONNREFUSED;
}

/* The thread's watch fired: it will not come back to CONNECT. */
static void detached_died(struct lpc_task_watch *watch)
{
	struct lpc_detached *d = container_of(watch, struct lpc_detached, watch);
	struct lpc_port *port = d->port;

	spin_lock(&lpc_detached_lock);
	list_del(&d->node);
	spin_unlock(&lpc_detached_lock);
	lpc_end_drop(&d->conn->client);
	kfree(d);
	lpc_port_put(port);
	/* Unloading waits for this: lpc_watch_exit(). */
	module_put(THIS_MODULE);
}

static struct lpc_detached *detach(struct lpc_conn *conn)
{
	struct lpc_detached *d;

	/* Without the watch nobody would notice that it is not fetched. */
	if (!lpc_watch_works())
		return NULL;
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return NULL;
	/* No file stands for it meanwhile. */
	__module_get(THIS_MODULE);
	d->conn = conn;
	d->port = conn->port;
	lpc_port_get(d->port);
	spin_lock(&lpc_detached_lock);
	list_add(&d->node, &lpc_detached_list);
	spin_unlock(&lpc_detached_lock);
	return d;
}

/* Find what this thread has left in CONNECT, and watch it no longer. */
static struct lpc_conn *reattach(u64 id)
{
	struct lpc_detached *d;
	struct lpc_conn *conn;

	spin_lock(&lpc_detached_lock);
	list_for_each_entry(d, &lpc_detached_list, node)
		if (d->watch.task == current && d->conn->id == id)
			goto found;
	spin_unlock(&lpc_detached_lock);
	return ERR_PTR(-ESTALE);
found:
	/* The thread is this one, so its watch cannot fire now. */
	if (!lpc_watch_del(&d->watch)) {
		spin_unlock(&lpc_detached_lock);
		return ERR_PTR(-ESTALE);
	}
	list_del(&d->node);
	spin_unlock(&lpc_detached_lock);
	conn = d->conn;
	/* The connection has its own reference on the port. */
	lpc_port_put(d->port);
	kfree(d);
	module_put(THIS_MODULE);
	return conn;
}

/**
 * lpc_connect_forget - the caller could not be told the id of its CONNECT
 * @id: that has just been left detached by this thread
 */
void lpc_connect_forget(u64 id)
{
	struct lpc_conn *conn = reattach(id);

	if (IS_ERR(conn))
		return;
	if (conn->views)
		lpc_views_drop_early(conn->views);
	lpc_end_drop(&conn->client);
}

/* Is there something for the thread in CONNECT to do? Locked. */
static bool connect_has_news(const struct lpc_conn *conn)
{
	return conn->completed || conn->state >= LPC_CONN_CONNECTED ||
	       (conn->views && conn->views->map_now);
}

/*
 * An ACCEPT wants to know where this process will have the server's section:
 * map it now. Return: false if there was no such wish.
 */
static bool connect_map_now(struct lpc_conn *conn)
{
	struct lpc_views *views = conn->views;
	struct lpc_map_now *now;
	struct lpc_offer offer;
	int ret;

	lpc_lock(conn->port);
	now = views->map_now;
	if (!now || fatal_signal_pending(current)) {
		lpc_unlock(conn->port);
		return false;
	}
	offer = *now->offer;
	lpc_section_get(offer.section);
	lpc_unlock(conn->port);

	ret = lpc_views_map_early(views, &offer);
	if (ret)
		lpc_section_put(offer.section);

	lpc_lock(conn->port);
	/* It may have given up, and another may wait in its place. */
	lpc_map_now_done(views, &offer, ret);
	lpc_waiter_arm(&conn->waiter);
	conn->waiter.done = connect_has_news(conn);
	lpc_unlock(conn->port);
	return true;
}

/* Sleep until the handshake is over, a signal or the deadline. */
static int connect_sleep(struct lpc_conn *conn, u64 deadline)
{
	int why;

	do
		why = lpc_wait(&conn->waiter, deadline, NULL, NULL);
	while (unlikely(conn->views) && connect_map_now(conn));
	return why;
}

/* Map what was agreed; once, whoever holds the end. */
static int connect_map(struct lpc_conn *conn, struct lpc_connect *args)
{
	struct lpc_views *views = conn->views;
	int ret = 0;

	if (!(args->flags & LPC_CONNECT_VIEW) && !args->theirs.size) {
		/* Asked for at first, and not by the restarted call. */
		if (views)
			lpc_views_drop_early(views);
		return 0;
	}
	if (!views) {
		args->theirs.size = 0;
		return args->flags & LPC_CONNECT_VIEW ? -EINVAL : 0;
	}
	lpc_lock(conn->port);
	if (views->client_has)
		ret = -EBUSY;
	views->client_has = true;
	lpc_unlock(conn->port);
	if (ret)
		return ret;
	ret = lpc_views_map_client(views, args);
	if (ret) {
		lpc_lock(conn->port);
		views->client_has = false;
		lpc_unlock(conn->port);
	}
	return ret;
}

/**
 * lpc_connect_unmap - CONNECT has mapped views and cannot say where
 * @end: the client end
 * @args: of the ioctl
 */
void lpc_connect_unmap(struct lpc_end *end, struct lpc_connect *args)
{
	struct lpc_views *views = end->conn->views;

	if (!views ||
	    (!(args->flags & LPC_CONNECT_VIEW) && !args->theirs.size))
		return;
	lpc_views_unmap_client(views, args);
	lpc_lock(end->port);
	views->client_has = false;
	lpc_unlock(end->port);
}

/*
 * Wait for the server. On anything but success and detachment the connection
 * is given up and the client's user of it dropped.
 */
static int connect_wait(struct lpc_conn *conn, struct lpc_connect *args,
			u64 deadline, u8 *answer)
{
	struct lpc_detached *d = NULL;
	int why, ret;

	why = connect_sleep(conn, deadline);
	if (why == -ERESTARTSYS && !fatal_signal_pending(current))
		d = detach(conn);

	lpc_lock(conn->port);
	conn->waiter.task = NULL;
	ret = connect_settled(conn, args, answer);
	if (ret == -EINPROGRESS && why == -ERESTARTSYS && d &&
	    !(conn->request && conn->request->state == LPC_CALL_QUEUED)) {
		args->status |= LPC_PENDING;
		args->id = conn->id;
		lpc_watch_add(&d->watch, detached_died);
		lpc_unlock(conn->port);
		return -ERESTARTSYS;
	}
	/* In this hold of the lock: what status says of it stays true. */
	if (ret == -EINPROGRESS && conn->state < LPC_CONN_ACCEPTED)
		lpc_conn_give_up(conn, LPC_CONN_GONE);
	lpc_unlock(conn->port);

	if (d) {
		spin_lock(&lpc_detached_lock);
		list_del(&d->node);
		spin_unlock(&lpc_detached_lock);
		lpc_port_put(d->port);
		kfree(d);
		module_put(THIS_MODULE);
	}
	if (!ret)
		ret = connect_map(conn, args);
	else if (ret == -EINPROGRESS)
		ret = why;
	if (!ret)
		return 0;
	if (conn->views)
		lpc_views_drop_early(conn->views);
	lpc_end_drop(&conn->client);
	return ret;
}

static int connect_start(struct lpc_connect *args, const char *name,
			 const u8 *data, u64 deadline, struct lpc_conn **out)
{
	struct lpc_views *views;
	struct lpc_port *port;
	struct lpc_conn *conn;
	int ret;

	port = connect_port(args, name, deadline);
	if (IS_ERR(port))
		return PTR_ERR(port);
	conn = lpc_conn_new(port);
	lpc_port_put(port);
	if (IS_ERR(conn))
		return PTR_ERR(conn);
	views = lpc_views_new(args);
	if (IS_ERR(views)) {
		lpc_conn_free(conn);
		return PTR_ERR(views);
	}
	conn->views = views;
	conn->level = args->level;
	conn->tracking = args->tracking;
	if (args->level >= LPC_LEVEL_IMPERSONATE &&
	    args->tracking == LPC_TRACK_STATIC)
		conn->cred = get_current_cred();
	ret = connect_charge(conn, args);
	if (ret) {
		lpc_conn_free(conn);
		return ret;
	}
	ret = connect_post(conn, args, data, deadline);
	if (ret) {
		lpc_uncharge(conn->user, LPC_LIMIT_USER_PENDING);
		lpc_uncharge(conn->user, LPC_LIMIT_CONNS);
		lpc_conn_free(conn);
		return ret;
	}
	lpc_fail_seen();
	*out = conn;
	return 0;
}

/**
 * lpc_connect - CONNECT on /dev/lpc
 * @args: of the ioctl
 * @name: copied in, NUL behind it
 * @data: connect data, copied in
 * @answer: where the server's data goes, LPC_CONNECT_MAX bytes
 * @fd: will be the client end's
 *
 * Return: 0, and @fd is to be published; -EINPROGRESS likewise; or an error.
 */
int lpc_connect(struct lpc_connect *args, const char *name, const u8 *data,
		u8 *answer, struct lpc_fd *fd)
{
	bool resume = args->status & LPC_PENDING;
	u64 deadline = lpc_deadline_in(args->deadline);
	struct lpc_conn *conn;
	int ret;

	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	args->own.base = 0;
	args->own.peer_base = 0;
	args->theirs.base = 0;
	args->theirs.peer_base = 0;
	/* What fails before the connection is found again leaves it so. */
	args->status = resume ? LPC_PENDING : 0;
	ret = connect_check(args);
	if (!ret && !resume)
		ret = lpc_name_check(name, args->name_len);
	/* The file gets its end when that is sure: to abort it is nothing. */
	if (!ret)
		ret = lpc_fd_reserve(fd);
	if (!ret)
		ret = lpc_fd_open(fd, LPC_KIND_CLIENT, NULL);
	if (ret)
		return ret;

	if (resume) {
		conn = reattach(args->id);
		if (IS_ERR(conn))
			return PTR_ERR(conn);
		lpc_fail_seen();
		lpc_lock(conn->port);
		if (!(args->flags & LPC_CONNECT_ASYNC))
			lpc_waiter_arm(&conn->waiter);
		else if (conn->views)
			lpc_views_now_async(conn->views);
		conn->waiter.done = connect_has_news(conn);
		lpc_unlock(conn->port);
	} else {
		if (lpc_deadline_past(deadline))
			return -ETIMEDOUT;
		ret = connect_start(args, name, data, deadline, &conn);
		if (ret)
			return ret;
	}

	if (args->flags & LPC_CONNECT_ASYNC) {
		/* Its thread's alone; who holds the end is anybody. */
		if (conn->views)
			lpc_views_drop_early(conn->views);
		args->status = LPC_PENDING;
		args->id = conn->id;
		ret = -EINPROGRESS;
	} else {
		ret = connect_wait(conn, args, deadline, answer);
		if (ret)
			return ret;
	}
	fd->file->private_data = &conn->client;
	args->fd = fd->fd;
	return ret;
}

/**
 * lpc_connect_finish - CONNECT on a client end made with LPC_CONNECT_ASYNC
 * @end: the client end
 * @args: of the ioctl
 * @answer: where the server's data goes, LPC_CONNECT_MAX bytes
 *
 * Return: 0; -ECONNREFUSED; -EINPROGRESS while the server has not decided.
 */
int lpc_connect_finish(struct lpc_end *end, struct lpc_connect *args,
		       u8 *answer)
{
	int ret;

	if (args->flags & ~LPC_CONNECT_VIEW || args->reserved || args->level ||
	    args->tracking || args->name_len || args->data_len ||
	    !lpc_views_check(false, &args->own, &args->theirs))
		return -EINVAL;
	args->own.base = 0;
	args->theirs.base = 0;
	lpc_lock(end->port);
	ret = connect_settled(end->conn, args, answer);
	if (ret == -EINPROGRESS) {
		args->status |= LPC_PENDING;
		args->id = end->conn->id;
	}
	lpc_unlock(end->port);
	args->fd = -1;
	return ret ? ret : connect_map(end->conn, args);
}

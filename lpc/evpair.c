// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event pairs: what they are made of and how long it lives. What is done with
 * them stands in event.c.
 *
 * The page is mapped through a file of its own, that no process ever gets an fd
 * of: a mapping that somebody keeps must not keep an end open.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "evpair.h"
#include "quota.h"

static struct kmem_cache *lpc_evpair_cache;

static vm_fault_t page_fault(struct vm_fault *vmf)
{
	struct lpc_evpair *pair = vmf->vma->vm_private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	get_page(pair->page);
	vmf->page = pair->page;
	return 0;
}

static const struct vm_operations_struct lpc_evpage_vm_ops = {
	.fault	= page_fault,
};

/**
 * lpc_evend_mmap - map the page
 * @end: the file's
 * @vma: from the VFS
 */
int lpc_evend_mmap(struct lpc_evend *end, struct vm_area_struct *vma)
{
	struct lpc_evpair *pair = end->pair;

	if (vma->vm_pgoff || vma_pages(vma) != 1)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC || !(vma->vm_flags & VM_MAYSHARE))
		return -EPERM;
	vma_set_file(vma, pair->memory);
	lpc_vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND, VM_MAYEXEC);
	vma->vm_ops = &lpc_evpage_vm_ops;
	vma->vm_private_data = pair;
	return 0;
}

/**
 * lpc_evend_fdinfo - what /proc shows
 * @end: the file's
 * @m: where
 */
void lpc_evend_fdinfo(struct lpc_evend *end, struct seq_file *m)
{
	static const char * const names[] = { "low", "high" };
	struct lpc_evpair *pair = end->pair;
	enum lpc_half half;
	u32 word;

	seq_printf(m, "lpc-event-end:\t%s\n", names[end->half]);
	for (half = 0; half < LPC_HALVES; half++) {
		word = atomic_read(pair->word[half]);
		seq_printf(m, "lpc-event-%s:\t%s%s\n", names[half],
			   word & LPC_EVENT_IS_SET ? "set" : "clear",
			   word & LPC_EVENT_ASLEEP ? " asleep" : "");
	}
	spin_lock(&pair->lock);
	seq_printf(m, "lpc-event-peer:\t%s\n",
		   lpc_evend_alone(end) ? "gone" : "there");
	spin_unlock(&pair->lock);
}

/* The last reference is gone: ends and mappings. */
static int page_release(struct inode *inode, struct file *file)
{
	struct lpc_evpair *pair = file->private_data;

	if (pair->owner)
		pair->owner->freed(pair->owner);
	put_page(pair->page);
	lpc_uncharge(pair->user, LPC_LIMIT_EVENT_PAIRS);
	lpc_user_put(pair->user);
	kmem_cache_free(lpc_evpair_cache, pair);
	return 0;
}

static const struct file_operations lpc_evpage_ops = {
	.owner		= THIS_MODULE,
	.release	= page_release,
};

static void pair_init(struct lpc_evpair *pair)
{
	struct lpc_event_page *words = page_address(pair->page);
	enum lpc_half half;

	spin_lock_init(&pair->lock);
	pair->word[LPC_HALF_LOW] = (atomic_t *)&words->low;
	pair->word[LPC_HALF_HIGH] = (atomic_t *)&words->high;
	for (half = 0; half < LPC_HALVES; half++) {
		pair->end[half].pair = pair;
		pair->end[half].half = half;
		init_waitqueue_head(&pair->end[half].poll);
		INIT_LIST_HEAD(&pair->waiters[half]);
	}
}

/**
 * lpc_evpair_new - an event pair whose ends nobody has
 * @limit: on -ENOBUFS: which
 * @in_use: on -ENOBUFS: how many
 *
 * Return: with one reference; or an error.
 */
struct lpc_evpair *lpc_evpair_new(u32 *limit, u32 *in_use)
{
	struct lpc_evpair *pair;
	struct file *file;
	int ret = -ENOMEM;

	pair = kmem_cache_alloc(lpc_evpair_cache, GFP_KERNEL_ACCOUNT);
	if (!pair)
		return ERR_PTR(-ENOMEM);
	memset(pair, 0, sizeof(*pair));
	pair->user = lpc_user_current();
	if (!pair->user)
		goto err_pair;
	ret = lpc_charge(pair->user, LPC_LIMIT_EVENT_PAIRS, in_use);
	if (ret) {
		*limit = LPC_LIMIT_EVENT_PAIRS;
		goto err_user;
	}
	ret = -ENOMEM;
	pair->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!pair->page)
		goto err_charge;
	pair_init(pair);
	file = anon_inode_getfile("[lpc-event-page]", &lpc_evpage_ops, pair,
				  O_RDWR);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_page;
	}
	pair->memory = file;
	return pair;

err_page:
	put_page(pair->page);
err_charge:
	lpc_uncharge(pair->user, LPC_LIMIT_EVENT_PAIRS);
err_user:
	lpc_user_put(pair->user);
err_pair:
	kmem_cache_free(lpc_evpair_cache, pair);
	return ERR_PTR(ret);
}

/**
 * lpc_evpair_get - one more reference
 * @pair: of which the caller has one
 */
void lpc_evpair_get(struct lpc_evpair *pair)
{
	get_file(pair->memory);
}

/**
 * lpc_evpair_put - give a reference back
 * @pair: locks may be held
 */
void lpc_evpair_put(struct lpc_evpair *pair)
{
	fput(pair->memory);
}

/**
 * lpc_evend_open - make the file of an end
 * @end: that has none yet
 * @fd: will be the end's, with a reference of the pair
 */
int lpc_evend_open(struct lpc_evend *end, struct lpc_fd *fd)
{
	int ret;

	ret = lpc_fd_reserve(fd);
	if (ret)
		return ret;
	lpc_evpair_get(end->pair);
	ret = lpc_fd_open(fd, LPC_KIND_EVENT, end);
	if (ret)
		lpc_evpair_put(end->pair);
	return ret;
}

/**
 * lpc_evpair_make - EVENT_PAIR, up to where its results are copied out
 * @args: of the ioctl
 * @low: will be the low end
 * @high: will be the high end
 */
int lpc_evpair_make(struct lpc_event_pair *args, struct lpc_fd *low,
		    struct lpc_fd *high)
{
	struct lpc_evpair *pair;
	int ret;

	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	if (args->flags || args->reserved)
		return -EINVAL;
	pair = lpc_evpair_new(&args->limit, &args->in_use);
	if (IS_ERR(pair))
		return PTR_ERR(pair);
	ret = lpc_evend_open(&pair->end[LPC_HALF_LOW], low);
	if (!ret)
		ret = lpc_evend_open(&pair->end[LPC_HALF_HIGH], high);
	/* From here on the files alone hold it. */
	lpc_evpair_put(pair);
	args->low = low->fd;
	args->high = high->fd;
	return ret;
}

static void evpair_ctor(void *object)
{
	/* A constructor keeps the cache from being merged: a leak shows. */
	memset(object, 0, sizeof(struct lpc_evpair));
}

/**
 * lpc_evpair_init - make the cache
 */
int lpc_evpair_init(void)
{
	lpc_evpair_cache = kmem_cache_create("lpc_evpair",
					     sizeof(struct lpc_evpair), 0,
					     SLAB_ACCOUNT, evpair_ctor);
	return lpc_evpair_cache ? 0 : -ENOMEM;
}

/**
 * lpc_evpair_exit - undo lpc_evpair_init()
 */
void lpc_evpair_exit(void)
{
	kmem_cache_destroy(lpc_evpair_cache);
}

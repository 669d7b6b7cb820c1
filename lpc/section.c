// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections: shared memory that nobody can take away again.
 *
 * A section is a shmem file that no process ever gets hold of: its fd is an
 * anonymous inode whose mmap() leads there. Every page is allocated when it is
 * made, by its maker, so the maker's cgroup and quota pay whoever touches it
 * first. It is sealed against every change of size, and its file operations
 * are shmem's without the ones that write or punch holes, so a page once there
 * stays: no SIGBUS, and no page that a peer would pay for anew. Nor can it be
 * opened again through /proc.
 *
 * Memory and quota are given back when the last reference to the shmem file is
 * gone, that is with the last of fds, connections and mappings.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "quota.h"
#include "section.h"

static_assert(IS_ENABLED(CONFIG_SHMEM), "sections are shmem");

static struct kmem_cache *lpc_section_cache;

/* shmem's own, as the first section found them, and ours made of them. */
static const struct file_operations *lpc_shmem_ops;
/* checkpatch: CONST_STRUCT: it is a copy made at run time */
static struct file_operations lpc_memory_ops;

static int memory_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

/* The last of the memory's references is gone: fds, connections, mappings. */
static int memory_release(struct inode *inode, struct file *file)
{
	struct lpc_section *section = file->private_data;

	/* Somebody may hold a path to it for longer than this module lives. */
	inode->i_fop = lpc_shmem_ops;
	lpc_uncharge_many(section->user, LPC_LIMIT_SECTION_BYTES,
			  section->size);
	lpc_user_put(section->user);
	kmem_cache_free(lpc_section_cache, section);
	return lpc_shmem_ops->release ? lpc_shmem_ops->release(inode, file) : 0;
}

/*
 * Every mapping comes through here before anybody can see it, and ends where
 * the section does. What is not writable now never will be: mprotect(),
 * mremap() and /proc/self/mem obey VM_MAYWRITE.
 */
static int section_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lpc_section *section = file->private_data;
	vm_flags_t never = VM_MAYEXEC;

	if (vma->vm_flags & VM_EXEC || !(vma->vm_flags & VM_MAYSHARE))
		return -EPERM;
	/* mmap() has seen to it that the sum does not overflow. */
	if (vma->vm_pgoff + vma_pages(vma) > section->size >> PAGE_SHIFT)
		return -EINVAL;
	if (!(vma->vm_flags & VM_WRITE))
		never |= VM_MAYWRITE;
	lpc_vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND, never);
	vma_set_file(vma, section->memory);
	return lpc_shmem_ops->mmap(section->memory, vma);
}

static int section_release(struct inode *inode, struct file *file)
{
	lpc_section_put(file->private_data);
	return 0;
}

static void section_fdinfo(struct seq_file *m, struct file *file)
{
	const struct lpc_section *section = file->private_data;

	seq_printf(m, "lpc-section-size:\t%llu\n", section->size);
}

static const struct file_operations lpc_section_ops = {
	.owner		= THIS_MODULE,
	.mmap		= section_mmap,
	.release	= section_release,
	.show_fdinfo	= section_fdinfo,
};

/**
 * lpc_section_get - one more reference
 * @section: of which the caller has one
 */
void lpc_section_get(struct lpc_section *section)
{
	get_file(section->memory);
}

/**
 * lpc_section_put - give a reference back
 * @section: may be NULL; no lock is held
 */
void lpc_section_put(struct lpc_section *section)
{
	if (section)
		fput(section->memory);
}

/**
 * lpc_section_from_fd - what section is this?
 * @fd: of the calling process
 *
 * Return: a reference; -EBADF; -EINVAL for a file that is no section. A memfd
 * is none: its owner can punch holes into it for ever, which the other side
 * would fill at its own cost.
 */
struct lpc_section *lpc_section_from_fd(int fd)
{
	struct lpc_section *section;
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	section = ERR_PTR(-EINVAL);
	if (file->f_op == &lpc_section_ops) {
		section = file->private_data;
		lpc_section_get(section);
	}
	fput(file);
	return section;
}

/* What shmem's files do, from one of them; the same for all. */
static int memory_ops_learn(void)
{
	struct file *file = shmem_file_setup("lpc-section", PAGE_SIZE, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	lpc_memory_ops = *file->f_op;
	lpc_memory_ops.owner = THIS_MODULE;
	lpc_memory_ops.open = memory_open;
	lpc_memory_ops.release = memory_release;
	/*
	 * From a view, remap_file_pages() would lead a peer to the rest of the
	 * section: it is mapped through section_mmap() alone.
	 */
	lpc_memory_ops.mmap = NULL;
	lpc_memory_ops.fallocate = NULL;
	lpc_memory_ops.write_iter = NULL;
	lpc_memory_ops.splice_write = NULL;
	lpc_shmem_ops = file->f_op;
	fput(file);
	/* A kernel whose shmem maps in another way needs work here. */
	return lpc_shmem_ops->mmap ? 0 : -EOPNOTSUPP;
}

/*
 * Page by page, because vfs_fallocate() gives up at any signal: a timer that is
 * faster than it would have SECTION start anew for ever.
 */
static int memory_fill(struct file *file, u64 size)
{
	struct page *page;
	pgoff_t i;

	for (i = 0; i < size >> PAGE_SHIFT; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		page = shmem_read_mapping_page(file->f_mapping, i);
		if (IS_ERR(page))
			return PTR_ERR(page);
		/* A clean one could be reclaimed, and that would be a hole. */
		set_page_dirty(page);
		put_page(page);
		cond_resched();
	}
	return 0;
}

/*
 * Where there is no memory shmem says at times that its disk is full; it has none
 * and nobody limits this mount.
 */
static struct file *memory_file(u64 size)
{
	struct file *file = shmem_file_setup("lpc-section", size, 0);

	return file == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : file;
}

/* Allocated in full and sealed, still with shmem's own operations. */
static struct file *memory_new(u64 size)
{
	struct file *file;
	int ret;

	file = memory_file(size);
	if (IS_ERR(file))
		return file;
	/*
	 * Not swapped out: to swap it in again may want memory that the maker's
	 * cgroup does not have, or is gone to have, and then it is the peer that
	 * hangs or pays.
	 */
	mapping_set_unevictable(file->f_mapping);
	ret = memory_fill(file, size);
	if (ret) {
		fput(file);
		return ERR_PTR(ret == -ENOSPC ? -ENOMEM : ret);
	}
	SHMEM_I(file_inode(file))->seals = F_SEAL_SHRINK | F_SEAL_GROW |
					   F_SEAL_SEAL;
	return file;
}

static struct lpc_section *section_new(u64 size)
{
	struct lpc_section *section;
	struct file *file;

	section = kmem_cache_alloc(lpc_section_cache, GFP_KERNEL_ACCOUNT);
	if (!section)
		return ERR_PTR(-ENOMEM);
	file = memory_new(size);
	if (IS_ERR(file)) {
		kmem_cache_free(lpc_section_cache, section);
		return ERR_CAST(file);
	}
	section->memory = file;
	section->size = size;
	section->user = NULL;
	file->private_data = section;
	/* The last fput() gives this back. */
	__module_get(THIS_MODULE);
	replace_fops(file, &lpc_memory_ops);
	file_inode(file)->i_fop = &lpc_memory_ops;
	return section;
}

/**
 * lpc_section_make - SECTION, up to where its results are copied out
 * @args: of the ioctl
 * @fd: will be the section's
 */
int lpc_section_make(struct lpc_section_make *args, struct lpc_fd *fd)
{
	struct lpc_section *section;
	struct lpc_user *user;
	u64 size;
	int ret;

	args->limit = LPC_LIMIT_NONE;
	args->in_use = 0;
	if (args->flags || args->reserved || !args->size ||
	    args->size > MAX_LFS_FILESIZE - PAGE_SIZE)
		return -EINVAL;
	size = PAGE_ALIGN(args->size);
	if (size > lpc_limit(LPC_LIMIT_SECTION)) {
		args->limit = LPC_LIMIT_SECTION;
		return -ENOBUFS;
	}
	user = lpc_user_current();
	if (!user)
		return -ENOMEM;
	ret = lpc_charge_many(user, LPC_LIMIT_SECTION_BYTES, size,
			      &args->in_use);
	if (ret) {
		args->limit = LPC_LIMIT_SECTION_BYTES;
		goto err_user;
	}
	section = section_new(size);
	if (IS_ERR(section)) {
		ret = PTR_ERR(section);
		goto err_charge;
	}
	/* From here on the memory's release gives both back. */
	section->user = user;
	ret = lpc_fd_reserve(fd);
	if (!ret)
		ret = lpc_fd_open(fd, LPC_KIND_SECTION, section);
	if (ret) {
		lpc_section_put(section);
		return ret;
	}
	args->fd = fd->fd;
	args->size = size;
	return 0;

err_charge:
	lpc_uncharge_many(user, LPC_LIMIT_SECTION_BYTES, size);
err_user:
	lpc_user_put(user);
	return ret;
}

/**
 * lpc_offer_make - take what a process gives into an offer
 * @offer: filled
 * @view: the caller's @own
 *
 * Return: 0, -EBADF, -EINVAL.
 */
int lpc_offer_make(struct lpc_offer *offer, const struct lpc_view *view)
{
	struct lpc_section *section;
	u64 size = view->size;

	if (view->flags & ~LPC_VIEW_PEER_READONLY)
		return -EINVAL;
	section = lpc_section_from_fd(view->fd);
	if (IS_ERR(section))
		return PTR_ERR(section);
	if (offset_in_page(view->offset) || view->offset >= section->size ||
	    size > section->size - view->offset) {
		lpc_section_put(section);
		return -EINVAL;
	}
	if (!size)
		size = section->size - view->offset;
	offer->section = section;
	offer->offset = view->offset;
	offer->size = PAGE_ALIGN(size);
	offer->readonly = view->flags & LPC_VIEW_PEER_READONLY;
	return 0;
}

/**
 * lpc_offer_drop - it is not needed any more
 * @offer: may be empty
 */
void lpc_offer_drop(struct lpc_offer *offer)
{
	lpc_section_put(offer->section);
	offer->section = NULL;
}

/**
 * lpc_offer_map - map it into the calling process
 * @offer: with a section
 * @readonly: this process can never write there
 * @base: out: where it is
 *
 * No lock is held: another thread may keep mmap_lock for as long as it likes.
 */
int lpc_offer_map(const struct lpc_offer *offer, bool readonly, u64 *base)
{
	unsigned long prot = readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	struct lpc_fd way = LPC_FD_NONE;
	unsigned long addr;
	int ret;

	/* 32 bits: what does not fit is no view. */
	if (offer->size > ULONG_MAX || offer->offset > ULONG_MAX)
		return -ENOMEM;
	/* A file as the section's own fd, for no longer than this. */
	ret = lpc_fd_open(&way, LPC_KIND_SECTION, offer->section);
	if (ret)
		return ret;
	lpc_section_get(offer->section);
	addr = vm_mmap(way.file, 0, offer->size, prot, MAP_SHARED,
		       offer->offset);
	lpc_fd_abort(&way);
	if (IS_ERR_VALUE(addr))
		return (int)addr;
	*base = addr;
	return 0;
}

/**
 * lpc_offer_unmap - undo lpc_offer_map() in the ioctl that did it
 * @offer: that was mapped
 * @base: where
 *
 * If another thread of the process has put something else there meanwhile,
 * that stays. One that does so between the look and the unmapping loses its
 * own new mapping.
 */
void lpc_offer_unmap(const struct lpc_offer *offer, u64 base)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool ours;

	if (!base || !mm)
		return;
	mmap_read_lock(mm);
	vma = find_vma(mm, base);
	ours = vma && vma->vm_start <= base &&
	       vma->vm_file == offer->section->memory;
	mmap_read_unlock(mm);
	if (ours)
		vm_munmap(base, offer->size);
}

static void section_ctor(void *object)
{
	/* A constructor keeps the cache from being merged: a leak shows. */
	memset(object, 0, sizeof(struct lpc_section));
}

/**
 * lpc_section_init - make the cache
 */
int lpc_section_init(void)
{
	int ret = memory_ops_learn();

	if (ret)
		return ret;
	lpc_section_cache = kmem_cache_create("lpc_section",
					      sizeof(struct lpc_section), 0,
					      SLAB_ACCOUNT, section_ctor);
	if (!lpc_section_cache)
		return -ENOMEM;
	lpc_object_ops(LPC_KIND_SECTION, &lpc_section_ops);
	return 0;
}

/**
 * lpc_section_exit - undo lpc_section_init()
 */
void lpc_section_exit(void)
{
	kmem_cache_destroy(lpc_section_cache);
}

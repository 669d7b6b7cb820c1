// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that leaks on purpose. tools/vm/noticed boots it in place of
 * lpc.ko: a test run that does not turn red with it would not see a leak of
 * the real one either.
 */
#include <linux/module.h>
#include <linux/slab.h>

static int what;
module_param(what, int, 0444);
MODULE_PARM_DESC(what, "what to leak: 1 an object of a slab cache, 2 kmalloc()ed memory");

static struct kmem_cache *leak_cache;

/* without a constructor the cache may be merged with others */
static void leak_ctor(void *obj)
{
}

static int __init leak_init(void)
{
	void *obj;

	leak_cache = kmem_cache_create("lpc_leak", 192, 0, 0, leak_ctor);
	if (!leak_cache)
		return -ENOMEM;
	if (what == 1)
		obj = kmem_cache_alloc(leak_cache, GFP_KERNEL);
	else if (what == 2)
		obj = kmalloc(192, GFP_KERNEL);
	else
		obj = NULL;
	return what && !obj ? -ENOMEM : 0;
}

static void __exit leak_exit(void)
{
	kmem_cache_destroy(leak_cache);
}

module_init(leak_init);
module_exit(leak_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("leaks on purpose");

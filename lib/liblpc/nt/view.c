// SPDX-License-Identifier: MIT
/* Views of ports: what was asked, what came of it, how long it lives. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user.h"
#include "view.h"

#define TAKE_ANY	0x400000000000ull	/* NT takes a view of any size */

/**
 * nt_views_get - look at the caller's structures
 * @v: empty
 * @own: an address of the caller's, or NULL
 * @theirs: an address of the caller's, or NULL
 */
NTSTATUS nt_views_get(struct nt_views *v, PPORT_VIEW own, PREMOTE_PORT_VIEW theirs)
{
	NTSTATUS s = STATUS_SUCCESS;

	v->own_at = own;
	v->theirs_at = theirs;
	if (own) {
		s = nt_get(&v->own, own, sizeof(v->own));
		if (!s)
			s = nt_probe(own, sizeof(v->own));
		if (!s && v->own.Length != sizeof(v->own))
			s = STATUS_INVALID_PARAMETER;
	}
	if (!s && theirs) {
		s = nt_get(&v->theirs, theirs, sizeof(v->theirs));
		if (!s)
			s = nt_probe(theirs, sizeof(v->theirs));
		if (!s && v->theirs.Length != sizeof(v->theirs))
			s = STATUS_INVALID_PARAMETER;
	}
	return s;
}

/**
 * nt_views_section - what CONNECT or ACCEPT is to be told
 * @v: from nt_views_get(); @v->bad says what is wrong with the section
 * @own: of the ioctl; with a bad section one that is EBADF
 * @theirs: of the ioctl
 */
void nt_views_section(struct nt_views *v, struct lpc_view *own, struct lpc_view *theirs)
{
	if (v->own_at) {
		own->fd = -1;
		v->bad = nt_hold(v->own.SectionHandle, NT_IS(NT_SECTION), &v->section);
		if (!v->bad && v->own.SectionOffset % (ULONG)sysconf(_SC_PAGESIZE))
			v->bad = STATUS_MAPPED_ALIGNMENT;
		if (!v->bad) {
			own->fd = v->section->fd;
			own->offset = v->own.SectionOffset;
			own->size = v->own.ViewSize;
		}
	}
	if (v->theirs_at) {
		theirs->size = TAKE_ANY;
		theirs->flags = LPC_VIEW_TELL_BASE;
	}
}

/* The other side takes none: then it is this side's alone, but there. */
static NTSTATUS map_alone(struct lpc_view *own, const struct nt_object *section)
{
	int saved = errno;
	void *base;

	if (!own->size)
		own->size = section->size - own->offset;
	base = mmap(NULL, own->size, PROT_READ | PROT_WRITE, MAP_SHARED, section->fd,
		    (off_t)own->offset);
	errno = saved;
	if (base == MAP_FAILED)
		return STATUS_INVALID_VIEW_SIZE;
	own->base = (uintptr_t)base;
	return STATUS_SUCCESS;
}

/**
 * nt_views_keep - what CONNECT or ACCEPT mapped lives as long as the port
 * @v: gets what the caller is to be told
 * @own: as the ioctl left it
 * @theirs: as the ioctl left it
 * @port: theirs
 *
 * On errors what has not been remembered is unmapped.
 */
NTSTATUS nt_views_keep(struct nt_views *v, struct lpc_view *own, const struct lpc_view *theirs,
		       const struct nt_object *port)
{
	NTSTATUS s = STATUS_SUCCESS, t = STATUS_SUCCESS;

	if (v->own_at && !own->base) {
		own->offset = v->own.SectionOffset;
		own->size = v->own.ViewSize;
		s = map_alone(own, v->section);
	}
	if (v->own_at && own->base) {
		s = nt_view_add((void *)(uintptr_t)own->base, own->size, port);
		if (s)
			munmap((void *)(uintptr_t)own->base, own->size);
	}
	if (v->theirs_at && theirs->base) {
		t = nt_view_add((void *)(uintptr_t)theirs->base, theirs->size, port);
		if (t)
			munmap((void *)(uintptr_t)theirs->base, theirs->size);
	}
	v->own.ViewSize = own->size;
	v->own.ViewBase = (PVOID)(uintptr_t)own->base;
	v->own.ViewRemoteBase = (PVOID)(uintptr_t)own->peer_base;
	v->theirs.ViewSize = theirs->base ? theirs->size : 0;
	v->theirs.ViewBase = (PVOID)(uintptr_t)theirs->base;
	return s ? s : t;
}

/**
 * nt_views_put - tell the caller
 * @v: from nt_views_keep()
 * @remote_length: what its REMOTE_PORT_VIEW's Length reads
 */
NTSTATUS nt_views_put(const struct nt_views *v, ULONG remote_length)
{
	REMOTE_PORT_VIEW theirs = v->theirs;
	NTSTATUS s = STATUS_SUCCESS;

	theirs.Length = remote_length;
	if (v->own_at)
		s = nt_put(v->own_at, &v->own, sizeof(v->own));
	if (!s && v->theirs_at)
		s = nt_put(v->theirs_at, &theirs, sizeof(theirs));
	return s;
}

/**
 * nt_views_done - nothing more of it is needed
 * @v: in any state
 */
void nt_views_done(struct nt_views *v)
{
	if (v->section)
		nt_drop(v->section);
	v->section = NULL;
}

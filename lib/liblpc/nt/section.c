// SPDX-License-Identifier: MIT
/* Sections, as far as views of ports need them. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lpc/raw.h>

#include "name.h"
#include "status.h"
#include "table.h"
#include "user.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif

static NTSTATUS make(uint64_t *size, int *fd)
{
	struct lpc_section_make m = { .size = *size };
	int dev = nt_device(), r;

	if (dev < 0)
		return nt_status(dev);
	r = lpc_sys_section(dev, &m);
	if (!r) {
		*fd = m.fd;
		*size = m.size;
	}
	return r == -EINVAL || r == -EMSGSIZE ? STATUS_INVALID_PARAMETER_4 : nt_status(r);
}

NTSTATUS NTAPI NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
			       POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
			       ULONG SectionPageProtection, ULONG AllocationAttributes,
			       HANDLE FileHandle)
{
	struct nt_attributes a = { .name = "" };
	struct nt_object *o;
	LARGE_INTEGER size;
	HANDLE h;
	NTSTATUS s;
	int fd = -1;

	(void)DesiredAccess;
	s = nt_probe(SectionHandle, sizeof(*SectionHandle));
	if (!s && ObjectAttributes)
		s = nt_attributes_get(ObjectAttributes, &a);
	if (!s && MaximumSize)
		s = nt_get(&size, MaximumSize, sizeof(size));
	if (s)
		return s;
	if (FileHandle || a.name[0] || AllocationAttributes != SEC_COMMIT)
		return STATUS_NOT_SUPPORTED;
	if (SectionPageProtection != PAGE_READWRITE)
		return STATUS_INVALID_PAGE_PROTECTION;
	if (!MaximumSize || size.QuadPart <= 0)
		return STATUS_INVALID_PARAMETER_4;
	s = nt_reserve(&o, &h);
	if (s)
		return s;
	o->size = (uint64_t)size.QuadPart;
	s = make(&o->size, &fd);
	if (s) {
		nt_abandon(o);
		return s;
	}
	nt_publish(o, NT_SECTION, fd, -1);
	s = nt_put(SectionHandle, &h, sizeof(h));
	if (s)
		NtClose(h);
	return s;
}

/**
 * struct mapping - what NtMapViewOfSection() is asked
 * @base: where, 0: anywhere
 * @offset: in the section
 * @size: bytes, 0: to its end
 */
struct mapping {
	PVOID		base;
	LARGE_INTEGER	offset;
	SIZE_T		size;
};

static NTSTATUS map(struct mapping *m, const struct nt_object *o, int prot)
{
	int saved = errno, flags = MAP_SHARED | (m->base ? MAP_FIXED_NOREPLACE : 0);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	NTSTATUS s = STATUS_SUCCESS;
	uint64_t left;
	void *base;

	if ((uint64_t)m->offset.QuadPart % page || (uintptr_t)m->base % page)
		return STATUS_MAPPED_ALIGNMENT;
	if (m->offset.QuadPart < 0 || (uint64_t)m->offset.QuadPart >= o->size)
		return STATUS_INVALID_VIEW_SIZE;
	left = o->size - (uint64_t)m->offset.QuadPart;
	if (m->size > left)
		return STATUS_INVALID_VIEW_SIZE;
	if (!m->size)
		m->size = left;
	m->size = (m->size + page - 1) / page * page;
	base = mmap(m->base, m->size, prot, flags, o->fd, m->offset.QuadPart);
	if (base == MAP_FAILED)
		s = m->base && errno != ENOMEM ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
	errno = saved;
	if (s)
		return s;
	m->base = base;
	s = nt_view_add(base, m->size, NULL);
	if (s)
		munmap(base, m->size);
	return s;
}

NTSTATUS NTAPI NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress,
				  ULONG_PTR ZeroBits, SIZE_T CommitSize,
				  PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
				  SECTION_INHERIT InheritDisposition, ULONG AllocationType,
				  ULONG Win32Protect)
{
	struct mapping m = { 0 };
	struct nt_object *o;
	NTSTATUS s;

	/* All of it is committed, and none is inherited. */
	(void)CommitSize;
	(void)InheritDisposition;
	(void)AllocationType;
	s = nt_probe(BaseAddress, sizeof(m.base));
	if (!s)
		s = nt_get(&m.base, BaseAddress, sizeof(m.base));
	if (!s)
		s = nt_probe(ViewSize, sizeof(m.size));
	if (!s)
		s = nt_get(&m.size, ViewSize, sizeof(m.size));
	if (!s && SectionOffset)
		s = nt_get(&m.offset, SectionOffset, sizeof(m.offset));
	if (s)
		return s;
	if (ZeroBits)
		return STATUS_INVALID_PARAMETER_4;
	if (Win32Protect != PAGE_READONLY && Win32Protect != PAGE_READWRITE)
		return STATUS_INVALID_PAGE_PROTECTION;
	if (ProcessHandle != NtCurrentProcess())
		return STATUS_INVALID_HANDLE;
	s = nt_hold(SectionHandle, NT_IS(NT_SECTION), &o);
	if (s)
		return s;
	s = map(&m, o, Win32Protect == PAGE_READONLY ? PROT_READ : PROT_READ | PROT_WRITE);
	nt_drop(o);
	if (s)
		return s;
	s = nt_put(BaseAddress, &m.base, sizeof(m.base));
	if (!s)
		s = nt_put(ViewSize, &m.size, sizeof(m.size));
	if (s)
		nt_view_remove(m.base);
	return s;
}

NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
	if (ProcessHandle != NtCurrentProcess())
		return STATUS_INVALID_HANDLE;
	return nt_view_remove(BaseAddress);
}

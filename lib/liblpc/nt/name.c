// SPDX-License-Identifier: MIT
/*
 * The rule: the first '\' goes, every other one becomes '/'; what a port name may
 * have (0x21 to 0x7e) stays, but for '/' and '%'; these two and all other
 * characters become the bytes of their UTF-8, each as "%" and two hexadecimal
 * digits. "\RPC Control\x" is "RPC%20Control/x". A first segment "self" is
 * "user/<euid>", where every user may make names. Upper and lower case differ.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "name.h"
#include "user.h"

#define UNITS_MAX	(LPC_NAME_MAX + 1)	/* no name has more */

struct text {
	char	*out;
	size_t	n;
	int	full;
};

static void add(struct text *t, char c)
{
	if (t->n < LPC_NAME_MAX)
		t->out[t->n++] = c;
	else
		t->full = 1;
}

static void add_byte(struct text *t, unsigned int byte)
{
	static const char hex[] = "0123456789ABCDEF";

	add(t, '%');
	add(t, hex[byte >> 4 & 15]);
	add(t, hex[byte & 15]);
}

static void add_char(struct text *t, uint32_t c)
{
	if (c == '\\') {
		add(t, '/');
	} else if (c > 0x20 && c < 0x7f && c != '/' && c != '%') {
		add(t, (char)c);
	} else if (c < 0x80) {
		add_byte(t, c);
	} else if (c < 0x800) {
		add_byte(t, 0xc0 | c >> 6);
		add_byte(t, 0x80 | (c & 63));
	} else if (c < 0x10000) {
		add_byte(t, 0xe0 | c >> 12);
		add_byte(t, 0x80 | (c >> 6 & 63));
		add_byte(t, 0x80 | (c & 63));
	} else {
		add_byte(t, 0xf0 | c >> 18);
		add_byte(t, 0x80 | (c >> 12 & 63));
		add_byte(t, 0x80 | (c >> 6 & 63));
		add_byte(t, 0x80 | (c & 63));
	}
}

/* The character at @u, of @left units; half a pair is none: 0. */
static uint32_t next_char(const uint16_t *u, size_t left, size_t *used)
{
	*used = 1;
	if (u[0] < 0xd800 || u[0] > 0xdfff)
		return u[0];
	if (u[0] > 0xdbff || left < 2 || u[1] < 0xdc00 || u[1] > 0xdfff)
		return 0;
	*used = 2;
	return 0x10000 + ((uint32_t)(u[0] & 0x3ff) << 10 | (u[1] & 0x3ff));
}

/* No empty segment, and none that is "." or ".."; @n is at least 1. */
static int segments_are_good(const char *name, size_t n)
{
	size_t start = 0, i, len;

	for (i = 0; i <= n; i++) {
		if (i < n && name[i] != '/')
			continue;
		len = i - start;
		if (!len || (len <= 2 && !memcmp(name + start, "..", len)))
			return 0;
		start = i + 1;
	}
	return 1;
}

static NTSTATUS convert(const uint16_t *u, size_t units, char *name)
{
	static const uint16_t self[] = { 's', 'e', 'l', 'f', '\\' };
	struct text t = { .out = name };
	size_t i = 1, used;
	uint32_t c;

	if (u[0] != '\\')
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (units > 6 && !memcmp(u + 1, self, sizeof(self))) {
		t.n = (size_t)snprintf(name, LPC_NAME_MAX, "user/%u/", (unsigned int)geteuid());
		i = 6;
	}
	for (; i < units; i += used) {
		c = next_char(u + i, units - i, &used);
		if (!c)
			return STATUS_OBJECT_NAME_INVALID;
		add_char(&t, c);
	}
	name[t.n] = 0;
	return !t.full && segments_are_good(name, t.n) ? STATUS_SUCCESS :
							 STATUS_OBJECT_NAME_INVALID;
}

/**
 * nt_name_get - the port name that a string of the caller's stands for
 * @from: an address of the caller's
 * @name: NT_NAME_ROOM bytes
 */
NTSTATUS nt_name_get(const UNICODE_STRING *from, char *name)
{
	uint16_t units[UNITS_MAX];
	UNICODE_STRING u;
	NTSTATUS s;

	s = nt_get(&u, from, sizeof(u));
	if (s)
		return s;
	if (!u.Length || u.Length & 1 || u.Length > sizeof(units))
		return STATUS_OBJECT_NAME_INVALID;
	if ((uintptr_t)u.Buffer & 1)
		return STATUS_DATATYPE_MISALIGNMENT;
	s = nt_get_bytes(units, u.Buffer, u.Length);
	return s ? s : convert(units, u.Length / 2, name);
}

static NTSTATUS security_get(const SECURITY_DESCRIPTOR *from, unsigned int *mode)
{
	SECURITY_DESCRIPTOR d;
	NTSTATUS s;

	s = nt_get(&d, from, sizeof(d));
	if (s)
		return s;
	/* What cannot be kept is not ignored. */
	if (d.Revision != 1 || !(d.Control & SE_DACL_PRESENT) || d.Dacl)
		return STATUS_NOT_SUPPORTED;
	*mode = 0666;
	return STATUS_SUCCESS;
}

/**
 * nt_attributes_get - the attributes of an object to be made
 * @from: an address of the caller's
 * @a: what they say
 */
NTSTATUS nt_attributes_get(const OBJECT_ATTRIBUTES *from, struct nt_attributes *a)
{
	OBJECT_ATTRIBUTES o;
	UNICODE_STRING u;
	NTSTATUS s;

	a->name[0] = 0;
	a->mode = 0;
	s = nt_get(&o, from, sizeof(o));
	if (s)
		return s;
	if (o.Length != sizeof(o))
		return STATUS_INVALID_PARAMETER;
	if (o.RootDirectory)
		return STATUS_INVALID_HANDLE;
	if (o.ObjectName) {
		s = nt_get(&u, o.ObjectName, sizeof(u));
		if (!s && u.Length)
			s = nt_name_get(o.ObjectName, a->name);
	}
	if (!s && o.SecurityDescriptor)
		s = security_get(o.SecurityDescriptor, &a->mode);
	return s;
}

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
	size_t n = 0;

	/* As in NT this one trusts its caller. */
	while (SourceString && n < 32766 && SourceString[n])
		n++;
	DestinationString->Length = (USHORT)(2 * n);
	DestinationString->MaximumLength = (USHORT)(SourceString ? 2 * n + 2 : 0);
	DestinationString->Buffer = (PWSTR)(uintptr_t)SourceString;
}

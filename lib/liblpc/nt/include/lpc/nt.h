/* SPDX-License-Identifier: MIT */
/*
 * lpc/nt.h - NT's native LPC calls, for programs written for them
 *
 * Names, parameters, structures (as 64-bit programs have them) and status values
 * are NT's; so is what the calls do, but for what Documentation/nt.rst lists.
 * Every call may be made from any thread. Pointers may be bad: that is a status,
 * STATUS_ACCESS_VIOLATION or STATUS_DATATYPE_MISALIGNMENT. Handles belong to the
 * process: they are not inherited by fork() and closed by execve(). Link with
 * what "pkg-config --libs libntlpc" says.
 *
 * Sizes are bytes, times 100 ns: negative from now, positive since 1601. Waits
 * go on after a signal's handler has run.
 */
#ifndef LPC_NT_H
#define LPC_NT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/lpc.h>		/* LPC_REQUEST and the other types */

/* NT's, for Type. In <linux/lpc.h> it is a flag of the kernel's own. */
#undef LPC_NO_IMPERSONATE
#define LPC_NO_IMPERSONATE	LPC_NT_NO_IMPERSONATE

#ifdef __cplusplus
extern "C" {
#endif

/* ---- NT's basic types -------------------------------------------------------- */

#define NTAPI
#define NTSYSAPI

typedef void VOID, *PVOID, *HANDLE, **PHANDLE;
typedef unsigned char UCHAR, BOOLEAN;
typedef int16_t CSHORT;
typedef uint16_t USHORT, WCHAR, *PWSTR;
typedef const uint16_t *PCWSTR;
typedef int32_t LONG, NTSTATUS;
typedef uint32_t ULONG, *PULONG, ACCESS_MASK;
typedef uint64_t SIZE_T, *PSIZE_T, ULONG_PTR;

#ifndef TRUE
#define TRUE	1
#define FALSE	0
#endif

typedef union _LARGE_INTEGER {
	struct {
		ULONG LowPart;
		LONG HighPart;
	} u;
	int64_t QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

/* UTF-16; @Length and @MaximumLength are bytes, without a final 0. */
typedef struct _UNICODE_STRING {
	USHORT Length;
	USHORT MaximumLength;
	PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

typedef struct _OBJECT_ATTRIBUTES {
	ULONG Length;
	HANDLE RootDirectory;		/* NULL: there are no directories here */
	PUNICODE_STRING ObjectName;
	ULONG Attributes;
	PVOID SecurityDescriptor;	/* NULL, or one with a NULL DACL: everybody */
	PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

#define OBJ_CASE_INSENSITIVE	0x40u

/* The absolute form. */
typedef struct _SECURITY_DESCRIPTOR {
	UCHAR Revision;			/* 1 */
	UCHAR Sbz1;
	USHORT Control;			/* SE_DACL_PRESENT */
	PVOID Owner;
	PVOID Group;
	PVOID Sacl;
	PVOID Dacl;
} SECURITY_DESCRIPTOR;

#define SE_DACL_PRESENT		4u

/* The pid and the tid, as numbers. */
typedef struct _CLIENT_ID {
	HANDLE UniqueProcess;
	HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

typedef enum _SECURITY_IMPERSONATION_LEVEL {
	SecurityAnonymous,
	SecurityIdentification,
	SecurityImpersonation,
	SecurityDelegation
} SECURITY_IMPERSONATION_LEVEL;

#define SECURITY_STATIC_TRACKING	0
#define SECURITY_DYNAMIC_TRACKING	1

typedef struct _SECURITY_QUALITY_OF_SERVICE {
	ULONG Length;
	SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
	BOOLEAN ContextTrackingMode;
	BOOLEAN EffectiveOnly;
} SECURITY_QUALITY_OF_SERVICE, *PSECURITY_QUALITY_OF_SERVICE;

/* A uid is S-1-22-1-<uid>. */
typedef struct _SID {
	UCHAR Revision;
	UCHAR SubAuthorityCount;
	UCHAR IdentifierAuthority[6];
	ULONG SubAuthority[2];
} SID, *PSID;

#define NtCurrentProcess()	((HANDLE)-1)
#define NtCurrentThread()	((HANDLE)-2)

/* ---- messages ---------------------------------------------------------------- */

/* The header; @u1.s1.DataLength bytes follow it. */
typedef struct _PORT_MESSAGE {
	union {
		struct {
			CSHORT DataLength;
			CSHORT TotalLength;
		} s1;
		ULONG Length;
	} u1;
	union {
		struct {
			CSHORT Type;
			CSHORT DataInfoOffset;
		} s2;
		ULONG ZeroInit;
	} u2;
	/* checkpatch: LINE_SPACING: a member */
	__extension__ union {
		CLIENT_ID ClientId;
		double DoNotUseThisField;
	};
	ULONG MessageId;
	/* checkpatch: LINE_SPACING: likewise */
	__extension__ union {
		SIZE_T ClientViewSize;	/* in a connection request */
		ULONG CallbackId;
	};
} PORT_MESSAGE, *PPORT_MESSAGE;

/* Types besides those of <linux/lpc.h>; none of the first four is ever made. */
#define LPC_LOST_REPLY		4
#define LPC_EXCEPTION		7
#define LPC_DEBUG_EVENT		8
#define LPC_ERROR_EVENT		9

/* What a request may list, at @DataInfoOffset; at most LPC_BUFFERS_MAX. */
typedef struct _PORT_DATA_ENTRY {
	PVOID Base;
	ULONG Size;
} PORT_DATA_ENTRY, *PPORT_DATA_ENTRY;

typedef struct _PORT_DATA_INFORMATION {
	ULONG CountDataEntries;
	PORT_DATA_ENTRY DataEntries[1];
} PORT_DATA_INFORMATION, *PPORT_DATA_INFORMATION;

/* The section that this side gives. */
typedef struct _PORT_VIEW {
	ULONG Length;
	HANDLE SectionHandle;
	ULONG SectionOffset;		/* whole pages */
	SIZE_T ViewSize;		/* in: 0: to the section's end */
	PVOID ViewBase;			/* out */
	PVOID ViewRemoteBase;		/* out: where the other side has it */
} PORT_VIEW, *PPORT_VIEW;

/* The one that the other side gives. */
typedef struct _REMOTE_PORT_VIEW {
	ULONG Length;
	SIZE_T ViewSize;		/* out */
	PVOID ViewBase;			/* out */
} REMOTE_PORT_VIEW, *PREMOTE_PORT_VIEW;

/* Limits: payload, message with its header, connect data. */
#define PORT_MAXIMUM_DATA_LENGTH	LPC_INLINE_MAX
#define PORT_MAXIMUM_MESSAGE_LENGTH	((ULONG)(sizeof(PORT_MESSAGE) + LPC_INLINE_MAX))
#define PORT_MAXIMUM_CONNECTION_LENGTH	LPC_CONNECT_MAX

#define PORT_CONNECT		0x1u
#define PORT_ALL_ACCESS		0x1f0001u
#define EVENT_PAIR_ALL_ACCESS	0x1f0000u

/* ---- status ------------------------------------------------------------------- */

#define NT_SUCCESS(s)			((NTSTATUS)(s) >= 0)
#define STATUS_SUCCESS			((NTSTATUS)0x00000000)
#define STATUS_TIMEOUT			((NTSTATUS)0x00000102)
#define STATUS_DATATYPE_MISALIGNMENT	((NTSTATUS)0x80000002u)
#define STATUS_PARTIAL_COPY		((NTSTATUS)0x8000000du)
#define STATUS_DEVICE_BUSY		((NTSTATUS)0x80000011u)
#define STATUS_UNSUCCESSFUL		((NTSTATUS)0xc0000001u)
#define STATUS_INVALID_INFO_CLASS	((NTSTATUS)0xc0000003u)
#define STATUS_INFO_LENGTH_MISMATCH	((NTSTATUS)0xc0000004u)
#define STATUS_ACCESS_VIOLATION		((NTSTATUS)0xc0000005u)
#define STATUS_INVALID_HANDLE		((NTSTATUS)0xc0000008u)
#define STATUS_INVALID_CID		((NTSTATUS)0xc000000bu)
#define STATUS_INVALID_PARAMETER	((NTSTATUS)0xc000000du)
#define STATUS_NO_SUCH_DEVICE		((NTSTATUS)0xc000000eu)
#define STATUS_NO_MEMORY		((NTSTATUS)0xc0000017u)
#define STATUS_CONFLICTING_ADDRESSES	((NTSTATUS)0xc0000018u)
#define STATUS_NOT_MAPPED_VIEW		((NTSTATUS)0xc0000019u)
#define STATUS_INVALID_VIEW_SIZE	((NTSTATUS)0xc000001fu)
#define STATUS_ACCESS_DENIED		((NTSTATUS)0xc0000022u)
#define STATUS_OBJECT_TYPE_MISMATCH	((NTSTATUS)0xc0000024u)
#define STATUS_PORT_MESSAGE_TOO_LONG	((NTSTATUS)0xc000002fu)
#define STATUS_OBJECT_NAME_INVALID	((NTSTATUS)0xc0000033u)
#define STATUS_OBJECT_NAME_NOT_FOUND	((NTSTATUS)0xc0000034u)
#define STATUS_OBJECT_NAME_COLLISION	((NTSTATUS)0xc0000035u)
#define STATUS_PORT_DISCONNECTED	((NTSTATUS)0xc0000037u)
#define STATUS_OBJECT_PATH_SYNTAX_BAD	((NTSTATUS)0xc000003bu)
#define STATUS_PORT_CONNECTION_REFUSED	((NTSTATUS)0xc0000041u)
#define STATUS_INVALID_PORT_HANDLE	((NTSTATUS)0xc0000042u)
#define STATUS_INVALID_PAGE_PROTECTION	((NTSTATUS)0xc0000045u)
#define STATUS_PORT_ALREADY_SET		((NTSTATUS)0xc0000048u)
#define STATUS_THREAD_IS_TERMINATING	((NTSTATUS)0xc000004bu)
#define STATUS_PRIVILEGE_NOT_HELD	((NTSTATUS)0xc0000061u)
#define STATUS_INVALID_SID		((NTSTATUS)0xc0000078u)
#define STATUS_INSUFFICIENT_RESOURCES	((NTSTATUS)0xc000009au)
#define STATUS_NOT_SUPPORTED		((NTSTATUS)0xc00000bbu)
#define STATUS_INVALID_PARAMETER_3	((NTSTATUS)0xc00000f1u)
#define STATUS_INVALID_PARAMETER_4	((NTSTATUS)0xc00000f2u)
#define STATUS_TOO_MANY_OPENED_FILES	((NTSTATUS)0xc000011fu)
#define STATUS_NO_EVENT_PAIR		((NTSTATUS)0xc000014eu)
#define STATUS_REPLY_MESSAGE_MISMATCH	((NTSTATUS)0xc000021fu)
#define STATUS_MAPPED_ALIGNMENT		((NTSTATUS)0xc0000220u)
#define STATUS_LPC_REPLY_LOST		((NTSTATUS)0xc0000253u)
#define STATUS_SERVER_SID_MISMATCH	((NTSTATUS)0xc00002a0u)

/* ---- ports -------------------------------------------------------------------- */

/*
 * @MaxConnectionInfoLength: at most PORT_MAXIMUM_CONNECTION_LENGTH. @MaxMessageLength:
 * header and payload, at most PORT_MAXIMUM_MESSAGE_LENGTH. @MaxPoolUsage: ignored.
 */
NTSTATUS NTAPI NtCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
			    ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
			    ULONG MaxPoolUsage);
/* One that NtWaitForSingleObject() takes. */
NTSTATUS NTAPI NtCreateWaitablePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
				    ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
				    ULONG MaxPoolUsage);
NTSTATUS NTAPI NtConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
			     PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
			     PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
			     PVOID ConnectionInformation, PULONG ConnectionInformationLength);
/* @RequiredServerSid: NULL, or of the uid that must have made the port. */
NTSTATUS NTAPI NtSecureConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
				   PSECURITY_QUALITY_OF_SERVICE SecurityQos,
				   PPORT_VIEW ClientView, PSID RequiredServerSid,
				   PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
				   PVOID ConnectionInformation,
				   PULONG ConnectionInformationLength);
NTSTATUS NTAPI NtListenPort(HANDLE PortHandle, PPORT_MESSAGE ConnectionRequest);
/* @PortContext: NULL: the new handle's value. */
NTSTATUS NTAPI NtAcceptConnectPort(PHANDLE PortHandle, PVOID PortContext,
				   PPORT_MESSAGE ConnectionRequest, BOOLEAN AcceptConnection,
				   PPORT_VIEW ServerView, PREMOTE_PORT_VIEW ClientView);
NTSTATUS NTAPI NtCompleteConnectPort(HANDLE PortHandle);
NTSTATUS NTAPI NtRequestPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage);
NTSTATUS NTAPI NtRequestWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage,
				      PPORT_MESSAGE ReplyMessage);
NTSTATUS NTAPI NtReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage);
NTSTATUS NTAPI NtReplyWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage);
NTSTATUS NTAPI NtReplyWaitReceivePort(HANDLE PortHandle, PVOID *PortContext,
				      PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage);
/* @Timeout: NULL: for ever; 0: does not wait; STATUS_TIMEOUT then. */
NTSTATUS NTAPI NtReplyWaitReceivePortEx(HANDLE PortHandle, PVOID *PortContext,
					PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage,
					PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtReadRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
				 PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesRead);
NTSTATUS NTAPI NtWriteRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
				  PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesWritten);
/*
 * This thread goes on with the client's ids, or less: see lpc_impersonate(3), first
 * what it says about the client's sandbox. Until it is told otherwise by
 * NtSetInformationThread(), or impersonates another; on failure it is itself.
 */
NTSTATUS NTAPI NtImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message);
NTSTATUS NTAPI NtRegisterThreadTerminatePort(HANDLE PortHandle);

/* There is no class with a public layout: STATUS_INVALID_INFO_CLASS. */
typedef enum _PORT_INFORMATION_CLASS {
	PortBasicInformation
} PORT_INFORMATION_CLASS;

NTSTATUS NTAPI NtQueryInformationPort(HANDLE PortHandle,
				      PORT_INFORMATION_CLASS PortInformationClass,
				      PVOID PortInformation, ULONG Length, PULONG ReturnLength);

/* ---- event pairs --------------------------------------------------------------- */

/* Names are this process's own. */
NTSTATUS NTAPI NtCreateEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
				 POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtOpenEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
			       POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtSetLowEventPair(HANDLE EventPairHandle);
NTSTATUS NTAPI NtSetHighEventPair(HANDLE EventPairHandle);
NTSTATUS NTAPI NtWaitLowEventPair(HANDLE EventPairHandle);
NTSTATUS NTAPI NtWaitHighEventPair(HANDLE EventPairHandle);
NTSTATUS NTAPI NtSetLowWaitHighEventPair(HANDLE EventPairHandle);
NTSTATUS NTAPI NtSetHighWaitLowEventPair(HANDLE EventPairHandle);
/* On the pair that NtSetInformationThread() attached to the calling thread. */
NTSTATUS NTAPI NtSetLowWaitHighThread(VOID);
NTSTATUS NTAPI NtSetHighWaitLowThread(VOID);

typedef enum _THREADINFOCLASS {
	ThreadImpersonationToken = 5,
	ThreadEventPair = 8
} THREADINFOCLASS;

/*
 * @ThreadHandle: NtCurrentThread(). The information is a handle: of an event pair,
 * or as impersonation token NULL: the thread is itself again.
 */
NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle,
				      THREADINFOCLASS ThreadInformationClass,
				      PVOID ThreadInformation, ULONG ThreadInformationLength);

/* ---- sections, as far as ports need them ------------------------------------------ */

#define PAGE_READONLY		0x02u
#define PAGE_READWRITE		0x04u
#define SEC_COMMIT		0x08000000u
#define SECTION_ALL_ACCESS	0x000f001fu

typedef enum _SECTION_INHERIT {
	ViewShare = 1,
	ViewUnmap = 2
} SECTION_INHERIT;

/* Without a name and a file; all of it is allocated here. */
NTSTATUS NTAPI NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
			       POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
			       ULONG SectionPageProtection, ULONG AllocationAttributes,
			       HANDLE FileHandle);
/* @ProcessHandle: NtCurrentProcess(). @BaseAddress: in: NULL, or exactly there. */
NTSTATUS NTAPI NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle,
				  PVOID *BaseAddress, ULONG_PTR ZeroBits, SIZE_T CommitSize,
				  PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
				  SECTION_INHERIT InheritDisposition, ULONG AllocationType,
				  ULONG Win32Protect);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress);

/* ---- handles and names ------------------------------------------------------------ */

NTSTATUS NTAPI NtClose(HANDLE Handle);
/* Waitable ports: until a message or a connection request is queued. */
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout);

/* @SourceString: 0-terminated or NULL; longer than 32766 units: cut. */
VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString);

/* checkpatch: MACRO_ARG_REUSE: as in NT it is the name of a variable */
#define InitializeObjectAttributes(p, n, a, r, s) do {		\
	(p)->Length = sizeof(OBJECT_ATTRIBUTES);		\
	(p)->RootDirectory = (r);				\
	(p)->Attributes = (a);					\
	(p)->ObjectName = (n);					\
	(p)->SecurityDescriptor = (s);				\
	(p)->SecurityQualityOfService = NULL;			\
} while (0)

#ifdef __cplusplus
}
#endif

#endif /* LPC_NT_H */

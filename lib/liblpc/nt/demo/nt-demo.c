// SPDX-License-Identifier: MIT
/*
 * nt-demo.c - a server and a client as one writes them for NT, in two processes.
 *
 * The client gives a section, writes ten lines into it and asks the server to turn
 * each one round. It has registered for its end to be told, and then it dies; the
 * server sees LPC_CLIENT_DIED, then LPC_PORT_CLOSED.
 *
 *	cc nt-demo.c $(pkg-config --cflags --libs libntlpc) -o nt-demo
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lpc/nt.h>

#define LINES		10
#define SECTION_SIZE	4096

/* What a request says: where in the view a line lies. */
typedef struct _LINE_MESSAGE {
	PORT_MESSAGE Header;
	ULONG Offset;
	ULONG Length;
} LINE_MESSAGE;

static const WCHAR PortName[] = u"\\RPC Control\\turn";

static void check(NTSTATUS Status, const char *What)
{
	if (NT_SUCCESS(Status))
		return;
	fprintf(stderr, "%s: %08x\n", What, (unsigned int)Status);
	exit(1);
}

/* ---- the server --------------------------------------------------------------- */

/* What it knows of a client: the port context */
typedef struct _CLIENT {
	HANDLE Port;
	char *View;
	SIZE_T ViewSize;
} CLIENT;

static void accept_client(LINE_MESSAGE *Message)
{
	REMOTE_PORT_VIEW View = { .Length = sizeof(View) };
	CLIENT *Client = calloc(1, sizeof(*Client));

	if (!Client)
		exit(1);
	printf("server: process %lu asks, with a view of %lu bytes\n",
	       (unsigned long)Message->Header.ClientId.UniqueProcess,
	       (unsigned long)Message->Header.ClientViewSize);
	Message->Header.u1.s1.DataLength = 0;
	check(NtAcceptConnectPort(&Client->Port, Client, &Message->Header, TRUE, NULL, &View),
	      "NtAcceptConnectPort");
	Client->View = View.ViewBase;
	Client->ViewSize = View.ViewSize;
	check(NtCompleteConnectPort(Client->Port), "NtCompleteConnectPort");
}

/* The client may write there meanwhile: every byte is read once. */
static void turn_round(const CLIENT *Client, const LINE_MESSAGE *Message)
{
	/* checkpatch: VOLATILE: another process writes there */
	volatile char *Line = Client->View + Message->Offset;
	ULONG i, j;
	char c;

	if (Message->Header.u1.s1.DataLength != sizeof(*Message) - sizeof(Message->Header) ||
	    Message->Offset > Client->ViewSize ||
	    Message->Length > Client->ViewSize - Message->Offset)
		return;
	for (i = 0, j = Message->Length; i + 1 < j; i++) {
		c = Line[i];
		Line[i] = Line[--j];
		Line[j] = c;
	}
}

/* Until its client has gone; how many requests there were */
static int serve(HANDLE Port)
{
	LINE_MESSAGE Message, *Reply = NULL;
	int Served = 0, Died = 0;
	PVOID Context;
	CLIENT *Client;

	for (;;) {
		check(NtReplyWaitReceivePort(Port, &Context, Reply ? &Reply->Header : NULL,
					     &Message.Header), "NtReplyWaitReceivePort");
		Client = Context;
		Reply = NULL;
		switch (Message.Header.u2.s2.Type) {
		case LPC_CONNECTION_REQUEST:
			accept_client(&Message);
			break;
		case LPC_REQUEST:
			turn_round(Client, &Message);
			Served++;
			Reply = &Message;
			break;
		case LPC_CLIENT_DIED:
			printf("server: LPC_CLIENT_DIED of thread %lu\n",
			       (unsigned long)Message.Header.ClientId.UniqueThread);
			Died = 1;
			break;
		case LPC_PORT_CLOSED:
			printf("server: LPC_PORT_CLOSED after %d requests\n", Served);
			check(NtClose(Client->Port), "NtClose");
			free(Client);
			return Died ? Served : -1;
		}
	}
}

/* ---- the client ----------------------------------------------------------------- */

static void run_client(void)
{
	SECURITY_QUALITY_OF_SERVICE Qos = {
		sizeof(Qos), SecurityIdentification, SECURITY_STATIC_TRACKING, TRUE
	};
	LARGE_INTEGER Size = { .QuadPart = SECTION_SIZE };
	PORT_VIEW View = { .Length = sizeof(View) };
	LINE_MESSAGE Message;
	UNICODE_STRING Name;
	HANDLE Port;
	int i;

	check(NtCreateSection(&View.SectionHandle, SECTION_ALL_ACCESS, NULL, &Size,
			      PAGE_READWRITE, SEC_COMMIT, NULL), "NtCreateSection");
	RtlInitUnicodeString(&Name, PortName);
	check(NtConnectPort(&Port, &Name, &Qos, &View, NULL, NULL, NULL, NULL), "NtConnectPort");
	/* The view lives as long as the port. */
	check(NtClose(View.SectionHandle), "NtClose");
	check(NtRegisterThreadTerminatePort(Port), "NtRegisterThreadTerminatePort");

	for (i = 0; i < LINES; i++) {
		char *Line = (char *)View.ViewBase + 64 * i;

		memset(&Message, 0, sizeof(Message));
		Message.Header.u1.s1.DataLength = sizeof(Message) - sizeof(Message.Header);
		Message.Header.u1.s1.TotalLength = sizeof(Message);
		Message.Offset = (ULONG)(64 * i);
		Message.Length = (ULONG)sprintf(Line, "line %d of %d", i + 1, LINES);
		check(NtRequestWaitReplyPort(Port, &Message.Header, &Message.Header),
		      "NtRequestWaitReplyPort");
		printf("client: %s\n", Line);
	}
	printf("client: dies\n");
}

int main(void)
{
	OBJECT_ATTRIBUTES Attributes;
	UNICODE_STRING Name;
	HANDLE Port;
	int Served, Status;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	RtlInitUnicodeString(&Name, PortName);
	InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	check(NtCreatePort(&Port, &Attributes, 0, sizeof(LINE_MESSAGE), 0), "NtCreatePort");

	/* The child has none of these handles. */
	pid = fork();
	if (!pid) {
		run_client();
		_exit(fflush(stdout) ? 1 : 0);
	}
	Served = serve(Port);
	check(NtClose(Port), "NtClose");
	if (waitpid(pid, &Status, 0) != pid || Status)
		return 1;
	return Served == LINES ? 0 : 1;
}

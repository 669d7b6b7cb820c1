/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handshake, for spin: PENDING, RECEIVED, ACCEPTING, ACCEPTED, and the
 * ends CONNECTED, REFUSED, GONE.  models/run checks it; README.rst says how
 * to read it.
 *
 * Processes
 *   client    a process that connects NT times, one after the other: CONNECT,
 *             its resume, the mapping, the close, its death
 *   server    a server thread: receives CONNECTION_REQUEST, ACCEPT (both
 *             ways, also a second one for the same id), COMPLETE, the close
 *             of the server end
 *   closer    SHUTDOWN of the connection port
 *
 * An atomic block that starts with a comment "lock" is one critical section
 * of port->lock.  Mapping and copying lie between two of them.
 *
 * Abstracted away: how a CONNECTION_REQUEST gets to a server thread (its loan
 * is that of any message: call.pml), names, access, quotas, the data both
 * ways, LPC_ACCEPT_MAP_NOW.  A second connection takes the slot of the first,
 * so its id differs by generation only.  What goes wrong comes from one purse.
 *
 * Guards: each is one check or one duty of a transition under the lock, in
 * lpc/connect.c, by the ioctl that makes it.
 *
 *   GUARD PORT_ALIVE         connect  connect: looks at "dead" under the lock
 *   GUARD ARM_FIRST          connect  sleep: sets the sleep state, then looks
 *   GUARD FINAL_WINS         connect  look: CONNECTED and REFUSED beat the deadline
 *   GUARD WITHDRAW_PENDING   connect  look: a signal withdraws only what no server received
 *   GUARD END_WAKES          connect  whoever ends the wait wakes the client
 *   GUARD ACCEPT_RECEIVED    connect  accept: only RECEIVED, so only one ACCEPT
 *   GUARD GENERATION         connect  accept: the id is looked up with its generation
 *   GUARD ACCEPT_COMMIT      connect  accept: after mapping and copying: still ACCEPTING
 *   GUARD FAULT_UNDOES       connect  accept: a failed copy-out leaves the request answerable
 *   GUARD COMPLETE_ACCEPTED  connect  complete: only what is ACCEPTED
 *   GUARD CLOSE_REFUSES      connect  close of the server end before COMPLETE refuses the client
 *   GUARD SHUT_REFUSES       connect  shutdown refuses all that is not yet accepted
 *   GUARD CLOSED_ACCEPTED    connect  leave: PORT_CLOSED only when there is a server end
 *   GUARD END_CLOSES         connect  a CONNECT that failed after COMPLETE leaves, so does a close
 *   GUARD LEAVES_ONCE        connect  death of a client that has left already
 *
 *   SEEN connected             connect  CONNECT returned the client end
 *   SEEN refused               connect  ECONNREFUSED
 *   SEEN port_gone             connect  ECONNREFUSED at once
 *   SEEN timedout_pending      connect  ETIMEDOUT, no server had received it
 *   SEEN timedout_received     connect  ETIMEDOUT, a server had
 *   SEEN timedout_accepting    connect  ETIMEDOUT during an ACCEPT
 *   SEEN timedout_accepted     connect  ETIMEDOUT between ACCEPT and COMPLETE
 *   SEEN withdrawn             connect  a signal withdrew the request
 *   SEEN detached              connect  a signal detached it
 *   SEEN map_failed            connect  the client could not map or copy
 *   SEEN accept_stale          connect  ACCEPT found nothing to answer
 *   SEEN left_while_accepting  connect  ACCEPT undid its work: the client had left
 *   SEEN completed_gone        connect  COMPLETE of a client that had left
 */

/* GUARD(x) is 0 with -DNO_GUARD_x, SEEN(x) fails with -DNEVER_x, else both are as if not there. */
#define TAKE_SECOND(first, second, ...) second
#define IS_ONE_1		0,
#define IS_ONE(x)		TAKE_SECOND(x 0, 1)
#define NOT_DEFINED_(x)		IS_ONE(IS_ONE_ ## x)
#define NOT_DEFINED(x)		NOT_DEFINED_(x)
#define GUARD(x)		NOT_DEFINED(NO_GUARD_ ## x)
#define SEEN(x)			assert(NOT_DEFINED(NEVER_ ## x))

/* States of a connection.  The last three are what CONNECT waits for. */
#define NONE		0
#define PENDING		1	/* in the port's queue */
#define RECEIVED	2	/* a server knows its id */
#define ACCEPTING	3	/* one ACCEPT maps and copies for it */
#define ACCEPTED	4	/* the server end exists */
#define CONNECTED	5
#define REFUSED		6
#define GONE		7	/* the client has left */

#define OPEN(s)		((s) >= PENDING && (s) <= ACCEPTED)
#define LEGAL(f, t) (							\
	((t) == NONE && (f) == PENDING) ||				\
	((t) == PENDING && (f) == NONE) ||				\
	((t) == RECEIVED && ((f) == PENDING || (f) == ACCEPTING)) ||	\
	((t) == ACCEPTING && (f) == RECEIVED) ||			\
	((t) == ACCEPTED && (f) == ACCEPTING) ||			\
	((t) == CONNECTED && (f) == ACCEPTED) ||			\
	((t) == REFUSED && OPEN(f)) ||					\
	((t) == GONE && (OPEN(f) || (f) == CONNECTED)))

#define NT		2	/* connections, one after the other */
#define NS		2	/* server threads */
#ifndef TROUBLES
#define TROUBLES	3
#endif

/* Under port->lock. */
byte st[NT];
byte gen[NT];			/* the id's generation; the slot is the same for all */
byte sgen;			/* the slot: generation ... */
byte scur;			/* ... and the connection in it */
byte owner[NT];			/* ACCEPTING: the thread that does it */
bit waiting[NT];		/* a thread is inside CONNECT (0: detached) */
bit send[NT];			/* the server end is open */
bit dead;			/* the port is shut */

bit cwake;			/* the client's wake-up, seen without the lock */

/* Ghosts. */
bit received[NT];
bit accepted[NT];
bit completed[NT];
bit sclosed[NT];		/* the server closed its end itself */
bit told[NT];
byte closed[NT];		/* PORT_CLOSED messages */
byte troubles;
byte i;

/* What is claimed: each bit stays 1, or pan names it. */
#define CLAIM(name, e)	name = (e); assert(name)
bit accepts_what_it_names = 1;
bit closed_once_if_accepted = 1;
bit connected_is_completed = 1;
bit legal_transition = 1;
bit received_once = 1;
bit refused_is_not_completed = 1;
bit told_once = 1;

inline move(t, to)
{
	CLAIM(legal_transition, LEGAL(st[t], to));
	st[t] = to
}

inline wake_client(t)
{
	if
	:: waiting[t] && GUARD(END_WAKES) -> cwake = 1
	:: else
	fi
}

inline refuse(t)
{
	move(t, REFUSED);
	wake_client(t)
}

/* The client leaves: deadline, death, a failed mapping, the last close of its end. */
inline leave(t)
{
	if
	:: send[t] || !GUARD(CLOSED_ACCEPTED) -> closed[t]++
	:: else
	fi;
	move(t, GONE)
}

inline tell(t)
{
	CLAIM(told_once, !told[t]);
	told[t] = 1;
	waiting[t] = 0
}

proctype client()
{
	byte t;
	bit sig, tmo;

next:
	if
	:: t == NT -> goto out
	:: else
	fi;
send_it:
	atomic {	/* lock: CONNECT */
		sig = 0;
		tmo = 0;
		if
		:: dead && GUARD(PORT_ALIVE) ->
			SEEN(port_gone);
			tell(t);
			goto over
		:: else
		fi;
		move(t, PENDING);
		sgen++;
		gen[t] = sgen;
		scur = t;
		waiting[t] = 1
	}
wait:
	atomic {	/* lock: look */
		if
		:: GUARD(ARM_FIRST) -> cwake = 0
		:: else
		fi;
		if
		:: st[t] == CONNECTED && (GUARD(FINAL_WINS) || !tmo) -> goto map
		:: st[t] == REFUSED && (GUARD(FINAL_WINS) || !tmo) ->
			SEEN(refused);
			CLAIM(refused_is_not_completed, !completed[t]);
			tell(t);
			goto over
		:: st[t] == GONE ->	/* its timer was first */
			tell(t);
			goto over
		:: else
		fi;
		if
		:: tmo ->
			if
			:: st[t] == PENDING -> SEEN(timedout_pending)
			:: st[t] == RECEIVED -> SEEN(timedout_received)
			:: st[t] == ACCEPTING -> SEEN(timedout_accepting)
			:: st[t] == ACCEPTED -> SEEN(timedout_accepted)
			:: else
			fi;
			leave(t);
			tell(t);
			goto over
		:: sig && (st[t] == PENDING || !GUARD(WITHDRAW_PENDING)) ->
			SEEN(withdrawn);
			st[t] = NONE;
			goto send_it
		:: sig && st[t] != PENDING && GUARD(WITHDRAW_PENDING) ->
			SEEN(detached);
			sig = 0;
			waiting[t] = 0;
			goto detached
		:: else
		fi
	}
	if
	:: !GUARD(ARM_FIRST) -> cwake = 0
	:: else
	fi;
	if
	:: cwake
	:: atomic { troubles -> troubles--; tmo = 1 }
	:: atomic { troubles -> troubles--; sig = 1 }
	:: atomic { troubles -> troubles--; goto die }
	fi;
	goto wait;

detached:
	if
	:: atomic {	/* lock: the same ioctl again */
		cwake = 0;
		waiting[t] = 1;
		goto wait
	   }
	:: atomic {	/* lock: a timer */
		troubles -> troubles--;
		if
		:: OPEN(st[t]) -> leave(t)
		:: else
		fi;
		goto detached
	   }
	:: atomic { troubles -> troubles--; goto die }
	fi;

map:	/* the server's section enters this process, results are copied out: no lock */
	if
	:: true
	:: atomic {
		troubles -> troubles--;
		SEEN(map_failed);
		tell(t);
		goto close_it
	   }
	fi;
	atomic {	/* fd_install: the client end exists */
		SEEN(connected);
		CLAIM(connected_is_completed, completed[t] && accepted[t]);
		tell(t)
	}
close_it:
	atomic {	/* lock: last close of the client end */
		if
		:: GUARD(END_CLOSES) -> leave(t)
		:: else
		fi;
		goto over
	}

die:
	atomic {	/* lock: killed */
		if
		:: OPEN(st[t]) || st[t] == CONNECTED || !GUARD(LEAVES_ONCE) -> leave(t)
		:: else
		fi;
		tell(t)
	}
over:
	atomic {
		CLAIM(closed_once_if_accepted, closed[t] == (accepted[t] && !sclosed[t]) ||
		      (sclosed[t] && closed[t] <= 1 && accepted[t]));
		cwake = 0;
		t++;
		goto next
	}
out:
	skip
}

proctype server(byte s)
{
	byte t, g;

receive:
	atomic {
		t = 0;
		g = 0
	}
end_receive:
	atomic {	/* lock: REPLY_RECV; the loan is call.pml's matter */
		if
		:: !dead && st[scur] == PENDING ->
			t = scur;
			g = gen[t];
			move(t, RECEIVED);
			CLAIM(received_once, !received[t]);
			received[t] = 1
		:: !dead && st[scur] == RECEIVED && troubles ->	/* a second ACCEPT of one request */
			troubles--;
			t = scur;
			g = gen[t]
		:: dead -> goto out
		fi
	}
accept:
	if
	:: atomic {	/* lock: ACCEPT refuses */
		true ->
		if
		:: (sgen == g || !GUARD(GENERATION)) && (st[scur] == RECEIVED || !GUARD(ACCEPT_RECEIVED)) ->
			CLAIM(accepts_what_it_names, scur == t);
			refuse(scur)
		:: else -> SEEN(accept_stale)
		fi;
		goto receive
	   }
	:: atomic {	/* lock: ACCEPT accepts: it is mine now */
		true ->
		if
		:: (sgen == g || !GUARD(GENERATION)) && (st[scur] == RECEIVED || !GUARD(ACCEPT_RECEIVED)) ->
			CLAIM(accepts_what_it_names, scur == t);
			move(scur, ACCEPTING);
			owner[t] = s
		:: else ->
			SEEN(accept_stale);
			goto receive
		fi
	   }
	fi;
	/* views are mapped, results copied out, an fd reserved: no lock */
	if
	:: true
	:: atomic {	/* lock: the copy-out failed: undone, answerable as before */
		troubles -> troubles--;
		if
		:: st[t] == ACCEPTING && owner[t] == s && GUARD(FAULT_UNDOES) -> move(t, RECEIVED)
		:: else
		fi;
		goto accept
	   }
	:: atomic {	/* lock: the mapping failed: refused */
		troubles -> troubles--;
		if
		:: st[t] == ACCEPTING && owner[t] == s -> refuse(t)
		:: else
		fi;
		goto receive
	   }
	fi;
	atomic {	/* lock: fd_install */
		if
		:: st[t] != ACCEPTING && GUARD(ACCEPT_COMMIT) ->
			SEEN(left_while_accepting);
			goto receive
		:: else ->
			move(t, ACCEPTED);
			send[t] = 1;
			accepted[t] = 1
		fi
	}
	if
	:: true
	:: atomic {	/* lock: last close of the server end, before COMPLETE */
		troubles -> troubles--;
		sclosed[t] = 1;
		send[t] = 0;
		if
		:: st[t] == ACCEPTED && GUARD(CLOSE_REFUSES) -> refuse(t)
		:: else
		fi;
		goto receive
	   }
	fi;
complete:
	atomic {	/* lock: COMPLETE */
		if
		:: st[t] == ACCEPTED || !GUARD(COMPLETE_ACCEPTED) ->
			completed[t] = 1;
			move(t, CONNECTED);
			wake_client(t)
		:: else -> SEEN(completed_gone)	/* 0: PORT_CLOSED tells */
		fi
	}
	if
	:: true
	:: atomic { troubles -> troubles--; goto complete }	/* once more */
	:: atomic {	/* lock: last close of the server end */
		troubles -> troubles--;
		sclosed[t] = 1;
		send[t] = 0
	   }
	fi;
	goto receive;
out:
	skip
}

proctype closer()
{
end_closer:
	atomic {	/* lock: SHUTDOWN of the port; what is accepted lives on */
		troubles -> troubles--;
		dead = 1;
		for (i : 0 .. NT - 1) {
			if
			:: st[i] >= PENDING && st[i] <= ACCEPTING && GUARD(SHUT_REFUSES) -> refuse(i)
			:: else
			fi
		}
		i = 0
	}
}

init {
	atomic {
		select (i : 0 .. TROUBLES);
		troubles = i;
		for (i : 1 .. NS) {
			run server(i)
		}
		run client();
		run closer();
		i = 0
	}
}

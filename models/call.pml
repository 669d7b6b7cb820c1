/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The states of a call, for spin: QUEUED, HANDED, TAKEN, AWAY, and the three
 * ends REPLIED, CANCELED, LOST.  models/run checks it; README.rst says how to
 * read it.
 *
 * Processes
 *   caller    one client thread with its own connection: CALL, the resume of
 *             a detached call, REPLY_WAIT, a datagram, its death
 *   rival     a second thread of caller 0's process: CANCEL, SHUTDOWN of the
 *             end, a forged reply through the client end, a second wait
 *   receiver  one server thread: REPLY_RECV (reply part, receive part), CALL
 *             as a callback, replies too often or too late, its death
 *   closer    SHUTDOWN or last close of the server's side; comes for sure
 *             when a server thread died with a request in hand
 *
 * An atomic block that starts with a comment "lock" is one critical section
 * of port->lock.  Between two of them anything may happen; every user copy
 * lies there.  A sleeper sees its wake bit, its signal, its deadline, and
 * nothing else: so a wake-up that is not sent is a thread that never ends,
 * and spin reports an invalid end state.  "Detached" is waiting[] == 0, in
 * whatever state the call is; AWAY is only: the caller holds a callback.
 *
 * Abstracted away: ports (there is one), message contents beyond who sent
 * them, identity, quotas, sections, DATA, the CANCELED and CLIENT_DIED
 * messages, spinning and hand-off (who runs when is always open here),
 * callbacks on callbacks, wrap-around of ids.  A deadline passes at any
 * moment or never.  What goes wrong comes from one purse, filled at the start
 * with 0 to TROUBLES, so every run ends, and a lost wake-up cannot hide
 * behind a signal that might still come.
 *
 * Guards.  Each is one check or one duty of a transition under the lock,
 * written GUARD(name), gone with -DNO_GUARD_name; without it the model must
 * fail in the scene named.  models/run reads this list.  The parts of the
 * module: send, look (a caller that woke), resume, cancel, finish (any end),
 * reply, receive, commit (after the copy-out), shutdown, callback in
 * lpc/call.c; pair, put back in lpc/queue.c, park in lpc/queue.h; sleep in lpc/wait.c.
 *
 *   GUARD SEND_ALIVE       calls     send: looks at "dead" under the lock
 *   GUARD ARM_FIRST        calls     sleep: sets the sleep state, then looks
 *   GUARD FINAL_WINS       calls     look: a final state beats the deadline
 *   GUARD WITHDRAW_UNTAKEN calls     look: a signal withdraws only what no receiver took
 *   GUARD FINAL_WAKES      calls     finish: wakes the thread that waits
 *   GUARD ERRNO_BY_STATE   calls     finish: LPC_WAS_TAKEN, EPIPE or ECONNRESET by the state left
 *   GUARD LOAN_STATE       calls     commit: the call is still HANDED
 *   GUARD LOAN_ID          calls     commit: and it is the same call, by id (the module: a loan pins the record)
 *   GUARD PUT_BACK         calls     commit: a fault or the receiver's death puts the loan back
 *   GUARD OFFER_AGAIN      calls     put back: offers it to the next parked receiver
 *   GUARD RX_LOOK          calls     receive: a parked receiver with a signal looks at its slot first
 *   GUARD GENERATION       calls     reply: the id is looked up with its generation
 *   GUARD REPLY_TAKEN      calls     reply: to QUEUED or HANDED it is ESTALE
 *   GUARD REPLY_ONCE       calls     reply: an interrupted REPLY_RECV only waits when it restarts
 *   GUARD SHUT_WAKES       calls     shutdown: unparks the receivers and wakes them
 *   GUARD OLD_PLACE        order     put back: at the old place, not at the end
 *   GUARD HOLD_BACK        order     pair: nothing overtakes an earlier message of its sender on loan
 *   GUARD LOAN_END_OFFERS  order     commit, finish: the end of a loan offers what it held back
 *   GUARD FILTER           room      pair: respects the receiver's filter
 *   GUARD ROOM             room      pair: respects the receiver's room
 *   GUARD ROOM_TELLS       room      pair: no parked receiver has the room: one returns EMSGSIZE
 *   GUARD CANCEL_OPEN      rival     cancel: only a call in flight, by id and end
 *   GUARD RELATION         rival     reply: never through the sender's own end
 *   GUARD RESUME_ALONE     rival     resume: only a detached call
 *   GUARD RESUME_LOOKS     rival     resume: looks before it sleeps
 *   GUARD REPLY_AWAY       callback  reply: not while the caller holds a callback
 *   GUARD CB_TAKEN         callback  callback: the call is TAKEN and has no callback
 *   GUARD CB_ID            callback  callback: REPLY_WAIT answers the one it names, or none
 *   GUARD CB_LOOKS         callback  callback: over while it was copied out: looks before it sleeps
 *   GUARD CB_POPS          callback  callback: its deadline takes it off the call
 *   GUARD CB_UNWINDS       callback  finish: ends the callback too, and wakes its waiter
 *
 * Outcomes, written SEEN(name): -DNEVER_name claims that it cannot happen, and
 * must fail.
 *
 *   SEEN replied           calls     the reply
 *   SEEN timedout_untaken  calls     ETIMEDOUT without LPC_WAS_TAKEN
 *   SEEN timedout_taken    calls     ETIMEDOUT with it
 *   SEEN canceled          rival     ECANCELED, by CANCEL
 *   SEEN epipe             calls     EPIPE: the peer went, never taken
 *   SEEN lost              calls     ECONNRESET: the peer went, taken
 *   SEEN refused           calls     EPIPE at once: the peer had gone before
 *   SEEN withdrawn         calls     a signal withdrew the request, and CALL restarted
 *   SEEN detached          calls     a signal detached the call
 *   SEEN put_back          calls     a loan went back
 *   SEEN loan_void         calls     the call ended while it was on loan
 *   SEEN stale_reply       calls     a reply too many, or too late
 *   SEEN called_back       callback  a callback was answered
 *   SEEN callback_timedout callback  a callback's deadline passed
 *   SEEN callback_void     callback  a callback was over before it was received
 */

/* Scenes: who takes part, and what may go wrong, so often in all as TROUBLES says. */
#if defined(SCENE_order)
#define NC		1
#define DATAGRAM	1
#define ENDS		1
#define FAULTS		1
#define SIGNALS		1
#define DEATHS		1
#define DEADLINES	1
#define TROUBLES	4
#elif defined(SCENE_callback)
#define NC		1
#define CALLBACKS	2
#define RIVAL		1
#define SIGNALS		1
#define DEADLINES	1
#define KILLS		1
#define CLOSES		1
#define DUPS		1
#elif defined(SCENE_rival)
#define NC		1
#define NCALLS		2
#define ASYNC		1
#define RIVAL		1
#define SIGNALS		1
#define DEADLINES	1
#define KILLS		1
#define FAULTS		1
#define TROUBLES	3
#elif defined(SCENE_room)
#define NC		2
#define MODES		1
#define SIGNALS		1
#define FAULTS		1
#define CLOSES		1
#else	/* SCENE_calls */
#define NC		2
#define SIGNALS		1
#define DEADLINES	1
#define FAULTS		1
#define DEATHS		1
#define CLOSES		1
#define DUPS		1
#endif

#ifndef NR
#define NR		2
#endif
#ifndef NCALLS
#define NCALLS		1
#endif
#ifndef DATAGRAM
#define DATAGRAM	0
#endif
#ifndef ENDS
#define ENDS		0
#endif
#ifndef DEADLINES
#define DEADLINES	0
#endif
#ifndef ASYNC
#define ASYNC		0
#endif
#ifndef RIVAL
#define RIVAL		0
#endif
#ifndef CLOSES
#define CLOSES		0
#endif
#ifndef MODES
#define MODES		0
#endif
#ifndef SIGNALS
#define SIGNALS		0
#endif
#ifndef FAULTS
#define FAULTS		0
#endif
#ifndef DEATHS
#define DEATHS		0
#endif
#ifndef KILLS
#define KILLS		0
#endif
#ifndef DUPS
#define DUPS		0
#endif
#ifndef CALLBACKS
#define CALLBACKS	0
#endif
#ifndef TROUBLES
#define TROUBLES	2
#endif

/* GUARD(x) is 0 with -DNO_GUARD_x, SEEN(x) fails with -DNEVER_x, else both are as if not there. */
#define TAKE_SECOND(first, second, ...) second
#define IS_ONE_1		0,
#define IS_ONE(x)		TAKE_SECOND(x 0, 1)
#define NOT_DEFINED_(x)		IS_ONE(IS_ONE_ ## x)
#define NOT_DEFINED(x)		NOT_DEFINED_(x)
#define GUARD(x)		NOT_DEFINED(NO_GUARD_ ## x)
#define SEEN(x)			assert(NOT_DEFINED(NEVER_ ## x))

/* States of a call; datagrams and PORT_CLOSED use the first four. */
#define NONE		0
#define QUEUED		1
#define HANDED		2
#define TAKEN		3
#define AWAY		4
#define REPLIED		5
#define CANCELED	6
#define LOST		7

#define FINAL(s)	((s) >= REPLIED)
#define OPEN(s)		((s) >= QUEUED && (s) <= AWAY)
#define WASTAKEN(s)	((s) == TAKEN || (s) == AWAY)

/* What a caller is told. */
#define R_REPLY		0
#define R_TIMEDOUT	1
#define R_CANCELED	2
#define R_GONE		3	/* EPIPE or ECONNRESET, by LPC_WAS_TAKEN */

/* A callback on a call, and what its waiter sees. */
#define CB_NONE		0
#define CB_SENT		1
#define CB_HELD		2
#define CB_IDLE		0
#define CB_WAIT		1
#define CB_OK		2
#define CB_RESET	3

/* A receiver asks for anything, has little room, or listens for connections. */
#define M_ANY		0
#define M_SMALL		1
#define M_LISTEN	2

/* Messages: requests, then (scene order) datagrams, then PORT_CLOSED. */
#if DATAGRAM
#define NM		(3 * NC)
#else
#define NM		NC
#endif
#define SENDER(m)	((m) % NC)
#define IS_CALL(m)	((m) < NC)
#define DGRAM(c)	(NC + (c))
#define CLOSED(c)	(2 * NC + (c))
#define BIG(m)		(MODES && (m) == 1)

#define NOBODY		15	/* no message, no caller, no receiver */
#define NODATA		15	/* no request: a request's data is its number */
#define FORGED		14
#define REQ(c, n)	((c) * NCALLS + (n))

/* Under port->lock. */
byte st[NM];			/* state of each message */
byte seq[NM];			/* its place in the queue */
byte sent[NM];			/* ghost: the place it was sent to */
byte sgen[NC];			/* slots: generation */
byte scall[NC];			/* slots: the call in flight, or NOBODY */
byte cslot[NC];			/* a call's id: slot ... */
byte cgen[NC];			/* ... and generation */
byte creq[NC];			/* a call's data: which request it is */
byte crep[NC];			/* the reply's data: the request it answers */
byte cres[NC];			/* what to tell the caller */
bit cwas[NC];			/* with LPC_WAS_TAKEN */
bit waiting[NC];		/* a thread is inside the ioctl (0: detached) */
bit edead[NC];			/* the client end is shut */
bit dead;			/* the server's side is shut */
bit parked[NR];			/* on the list of parked receivers */
byte mode[NR];
byte loan[NR];			/* the message handed to this receiver ... */
byte lslot[NR];			/* ... with the id that its copy-out shows */
byte lgen[NR];
bit toosmall[NR];		/* woken to return EMSGSIZE */
byte newest;			/* LIFO: parked last */
#if CALLBACKS
byte cb[NC];
byte cbid[NC];
byte cbw[NC];			/* the receiver that waits for it */
byte cbres[NR];
byte cbans[NR];			/* the callback that the answer was written for */
#endif

/* Wake-ups, seen by the sleeper without the lock. */
bit cwake[NC];
bit rwake[NR];

/* Ghosts: what happened to each request. */
bit got[NC * NCALLS];		/* a server received it */
bit told[NC * NCALLS];		/* its caller was told how it ended */
bit ended[NC * NCALLS];		/* it reached a final state */
byte last[NC];			/* scene order: kind of the last message received */
bit abandoned;			/* a server thread died with a request in hand */
byte alive = NR;

/* The id that any server thread may use at any time, the last one that user memory saw. */
byte kslot, kgen, kreq = NODATA;

/* Purses. */
byte callbacks = CALLBACKS;
byte troubles;			/* how much may still go wrong */

/* What is claimed: each bit stays 1, or pan names it. */
#define CLAIM(name, e)	name = (e); assert(name)
bit answer_is_waited_for = 1;
bit answers_its_callback = 1;
bit arrives_in_order = 1;
bit ends_once = 1;
bit first_in_first_out = 1;
bit fits_receiver = 1;
bit legal_transition = 1;
bit nobody_parked_when_dead = 1;
bit nobody_sleeps_beside_a_message = 1;
bit own_reply = 1;
bit own_reply_is_never_stale = 1;
bit received_once = 1;
bit refused_is_untaken = 1;
bit told_once = 1;
bit told_the_end = 1;
bit was_taken_is_true = 1;

/* Scratch for d_steps; always zero outside. */
byte i, j, k, best;

/*
 * The table of states, as an assertion that knows nothing of who makes the
 * change.  Every change of a call's state goes through move().
 */
#define LEGAL(f, t) (							\
	((t) == NONE && ((f) == QUEUED || (f) == HANDED || FINAL(f))) ||	\
	((t) == QUEUED && ((f) == NONE || (f) == HANDED)) ||		\
	((t) == HANDED && (f) == QUEUED) ||				\
	((t) == TAKEN && ((f) == HANDED || (f) == AWAY)) ||		\
	((t) == AWAY && (f) == TAKEN) ||				\
	((t) == REPLIED && (f) == TAKEN) ||				\
	((t) > REPLIED && OPEN(f)))

inline move(m, t)
{
	CLAIM(legal_transition, LEGAL(st[m], t));
	st[m] = t
}

/* An earlier message of the same sender is on loan: this one has to wait. */
#if DATAGRAM
#define BEFORE(a, m)	(st[a] == HANDED && seq[a] < seq[m])
#define HELD_BACK(m)	(BEFORE(SENDER(m), m) || BEFORE(DGRAM(SENDER(m)), m))
#else
#define HELD_BACK(m)	false
#endif
#define READY(m)	(st[m] == QUEUED && !(GUARD(HOLD_BACK) && HELD_BACK(m)))

/* What receiver r may be given, by its filter and its room. */
#define ADMITS(r)	(mode[r] != M_LISTEN)
#define HOLDS(r, m)	(mode[r] != M_SMALL || !BIG(m))
#define TAKES(r, m)	((!GUARD(FILTER) || ADMITS(r)) && (!GUARD(ROOM) || HOLDS(r, m)))

/* Append m to the queue; seq is its place among what is queued or on loan. */
inline enqueue(m)
{
	d_step {
		move(m, QUEUED);
		seq[m] = 0;
		j = 0;
		for (i : 0 .. NM - 1) {
			if
			:: i != m && (st[i] == QUEUED || st[i] == HANDED) && seq[i] >= j ->
				j = seq[i] + 1
			:: else
			fi
		}
		seq[m] = j;
		i = 0;
		j = 0
	}
}

/* QUEUED -> HANDED.  First in, first out, seen by the place it was sent to. */
inline hand(m, r)
{
	for (j : 0 .. NM - 1) {
		CLAIM(first_in_first_out, !(READY(j) && sent[j] < sent[m]))
	}
	j = 0;
	CLAIM(fits_receiver, ADMITS(r) && HOLDS(r, m));
	move(m, HANDED);
	loan[r] = m;
	if
	:: IS_CALL(m) -> lslot[r] = cslot[m]; lgen[r] = cgen[m]
	:: else
	fi
}

/* The oldest message for which a receiver is parked goes to it; until none does. */
inline offer()
{
	d_step {
		do
		:: best = NOBODY;
		   k = NOBODY;
		   for (i : 0 .. NM - 1) {
			if
			:: READY(i) && (best == NOBODY || seq[i] < seq[best]) ->
				for (j : 0 .. NR - 1) {
					if
					:: parked[j] && TAKES(j, i) && (best != i || j == newest) ->
						best = i;
						k = j
					:: else
					fi
				}
				if
				:: GUARD(ROOM_TELLS) && best != i ->
					for (j : 0 .. NR - 1) {
						if
						:: parked[j] && ADMITS(j) && best != i ->
							best = i;
							k = j
						:: else
						fi
					}
				:: else
				fi
			:: else
			fi
		   }
		   if
		   :: k == NOBODY -> break
		   :: else ->
			parked[k] = 0;
			rwake[k] = 1;
			if
			:: TAKES(k, best) -> hand(best, k)
			:: else -> toosmall[k] = 1
			fi
		   fi
		od;
		i = 0;
		j = 0;
		k = 0;
		best = 0
	}
}

/* The lock is dropped: what holds whenever nobody holds it. */
inline unlock()
{
	d_step {
		for (i : 0 .. NM - 1) {
			for (j : 0 .. NR - 1) {
				CLAIM(nobody_sleeps_beside_a_message, !(READY(i) && parked[j] && ADMITS(j)))
			}
		}
		for (j : 0 .. NR - 1) {
			CLAIM(nobody_parked_when_dead, !(dead && parked[j]))
		}
		i = 0;
		j = 0
	}
}

/* The loan of a message is over: what waited behind it may go. */
inline loan_ends()
{
#if DATAGRAM
	if
	:: GUARD(LOAN_END_OFFERS) -> offer()
	:: else
	fi
#else
	skip
#endif
}

inline wake_caller(c)
{
	if
	:: waiting[c] -> cwake[c] = 1
	:: else
	fi
}

/* Call c ends: the only way into a final state. */
inline finish(c, t, res)
{
	CLAIM(ends_once, !ended[creq[c]]);
	ended[creq[c]] = 1;
	cwas[c] = GUARD(ERRNO_BY_STATE) && WASTAKEN(st[c]);
	cres[c] = res;
	move(c, t);
	scall[cslot[c]] = NOBODY;
#if CALLBACKS
	if
	:: cb[c] != CB_NONE && GUARD(CB_UNWINDS) ->
		cbres[cbw[c]] = CB_RESET;
		rwake[cbw[c]] = 1;
		cb[c] = CB_NONE
	:: else
	fi;
#endif
	if
	:: GUARD(FINAL_WAKES) -> wake_caller(c)
	:: else
	fi;
	loan_ends()
}

/* Call c is no more; what it held is cleared, so that equal states look equal. */
inline forget(c)
{
	move(c, NONE);
	waiting[c] = 0;
	cwake[c] = 0;
	cslot[c] = 0;
	cgen[c] = 0;
	crep[c] = 0;
	cres[c] = 0;
	cwas[c] = 0;
	seq[c] = 0;
	sent[c] = 0
}

/* The caller of c is told how it ended, and lets go of it. */
inline collect(c)
{
	d_step {
		CLAIM(told_the_end, FINAL(st[c]));
		CLAIM(told_once, !told[creq[c]]);
		told[creq[c]] = 1;
		CLAIM(was_taken_is_true, cwas[c] == got[creq[c]]);
		if
		:: cres[c] == R_REPLY -> CLAIM(own_reply, crep[c] == creq[c]); SEEN(replied)
		:: cres[c] == R_TIMEDOUT && !cwas[c] -> SEEN(timedout_untaken)
		:: cres[c] == R_TIMEDOUT && cwas[c] -> SEEN(timedout_taken)
		:: cres[c] == R_CANCELED -> SEEN(canceled)
		:: cres[c] == R_GONE && !cwas[c] -> SEEN(epipe)
		:: cres[c] == R_GONE && cwas[c] -> SEEN(lost)
		fi;
		forget(c)
	}
}

/* The caller's end is shut: by SHUTDOWN, by its last close, by its process's death. */
inline shut_end(c)
{
	edead[c] = 1;
	if
	:: OPEN(st[c]) -> finish(c, CANCELED, R_GONE)
	:: else
	fi
}

/* The deadline of a detached call: a timer, nobody waits. */
inline expire(c)
{
	if
	:: OPEN(st[c]) -> finish(c, CANCELED, R_TIMEDOUT)
	:: else
	fi
}

proctype caller(byte c)
{
	byte n;
	bit sig, tmo;
#if CALLBACKS
	byte mycb;
#endif

#if DATAGRAM
	atomic {	/* lock: SEND */
		enqueue(DGRAM(c));
		sent[DGRAM(c)] = seq[DGRAM(c)];
		offer();
		unlock()
	}
	if
	:: true
	:: goto out
	fi;
#endif
next:
	atomic {
		sig = 0;
		tmo = 0;
#if CALLBACKS
		mycb = 0;
#endif
		if
		:: n == NCALLS -> goto out
		:: else
		fi
	}
send:
	atomic {	/* lock: CALL */
		if
		:: GUARD(SEND_ALIVE) && (dead || edead[c]) ->
			CLAIM(refused_is_untaken, !told[REQ(c, n)] && !got[REQ(c, n)]);
			SEEN(refused);
			told[REQ(c, n)] = 1;
			goto over
		:: else
		fi;
		d_step {
			i = 0;
			do
			:: scall[i] == NOBODY -> break
			:: else -> i++
			od;
			sgen[i]++;
			scall[i] = c;
			cslot[c] = i;
			cgen[c] = sgen[i];
			creq[c] = REQ(c, n);
			crep[c] = NODATA;
			i = 0
		}
		enqueue(c);
		sent[c] = seq[c];
		offer();
		unlock();
		if
		:: waiting[c] = 1
		:: ASYNC -> goto detached
		fi
	}
wait:
	atomic {	/* lock: look */
		if
		:: GUARD(ARM_FIRST) -> cwake[c] = 0
		:: else
		fi;
		if
		:: FINAL(st[c]) && (GUARD(FINAL_WINS) || !tmo) ->
			collect(c);
			goto over
		:: else
		fi;
#if CALLBACKS
		if
		:: st[c] == TAKEN && cb[c] == CB_SENT && !tmo ->
			mycb = cbid[c];
			waiting[c] = 0;
			goto called
		:: else
		fi;
#endif
		if
		:: tmo ->
			finish(c, CANCELED, R_TIMEDOUT);
			unlock();
			collect(c);
			goto over
		:: else
		fi;
		if
		:: sig ->
			sig = 0;
			if
			:: st[c] == HANDED || (GUARD(WITHDRAW_UNTAKEN) && st[c] == TAKEN) ->
				SEEN(detached);
				waiting[c] = 0;
				goto detached
			:: st[c] != TAKEN || !GUARD(WITHDRAW_UNTAKEN) ->
				SEEN(withdrawn);
				scall[cslot[c]] = NOBODY;
				forget(c);
				loan_ends();
				unlock();
				goto send
			fi
		:: else
		fi
	}
	if
	:: !GUARD(ARM_FIRST) -> cwake[c] = 0
	:: else
	fi;
sleep:
	if
	:: cwake[c]
	:: atomic { DEADLINES && troubles -> troubles--; tmo = 1 }
	:: atomic { SIGNALS && troubles -> troubles--; sig = 1 }
	:: atomic { KILLS && troubles -> troubles--; goto die }
	fi;
	goto wait;

detached:	/* in user space; the call goes on */
	if
	:: atomic {	/* lock: the same ioctl again, or REPLY_RECV once the call has ended */
		cwake[c] = 0;
		waiting[c] = 1;
		if
		:: GUARD(RESUME_LOOKS) -> goto wait
		:: else -> goto sleep
		fi
	   }
	:: atomic {	/* lock: a timer */
		DEADLINES && troubles -> troubles--;
		expire(c);
		unlock();
		goto detached
	   }
	:: atomic { KILLS && troubles -> troubles--; goto die }
	fi;

#if CALLBACKS
called:		/* the callback is copied out: no lock */
	skip;
	atomic {	/* lock: after the copy-out */
		if
		:: cb[c] == CB_SENT && cbid[c] == mycb ->
			cb[c] = CB_HELD;
			move(c, AWAY);
			goto callback
		:: else ->	/* over, perhaps with another one sent since */
			SEEN(callback_void);
			cwake[c] = 0;
			waiting[c] = 1;
			if
			:: GUARD(CB_LOOKS) -> goto wait
			:: else -> goto sleep
			fi
		fi
	}
callback:	/* in user space, with a callback in hand */
	if
	:: atomic {	/* lock: REPLY_WAIT */
		if
		:: FINAL(st[c]) ->
			collect(c);
			goto over
		:: else
		fi;
		if
		:: cb[c] != CB_NONE && (!GUARD(CB_ID) || (cb[c] == CB_HELD && cbid[c] == mycb)) ->
			SEEN(called_back);
			CLAIM(answer_is_waited_for, cbres[cbw[c]] == CB_WAIT);
			cbans[cbw[c]] = mycb;
			cbres[cbw[c]] = CB_OK;
			rwake[cbw[c]] = 1;
			cb[c] = CB_NONE;
			if
			:: st[c] == AWAY -> move(c, TAKEN)
			:: else
			fi;
			cwake[c] = 0;
			waiting[c] = 1;
			goto wait
		:: else -> goto detached	/* ESTALE: that callback is over */
		fi
	   }
	:: atomic {	/* lock: a timer */
		DEADLINES && troubles -> troubles--;
		expire(c);
		unlock();
		goto callback
	   }
	:: atomic { KILLS && troubles -> troubles--; goto die }
	fi;
#endif

die:
	atomic {	/* lock: killed, then the last close of the end */
		shut_end(c);
		unlock();
		if
		:: st[c] != NONE ->
			told[creq[c]] = 1;
			forget(c)
		:: else
		fi;
		n = NCALLS;
		goto out
	}
over:
	n++;
	goto next;
out:
#if ENDS
	atomic {	/* lock: last close: PORT_CLOSED */
		shut_end(c);
		enqueue(CLOSED(c));
		sent[CLOSED(c)] = seq[CLOSED(c)];
		offer();
		unlock()
	}
#endif
	skip
}

#if RIVAL
proctype rival(byte c)
{
	byte slot, gen;

	if
	:: atomic {	/* it knows the id of the call of now ... */
		OPEN(st[c]) -> slot = cslot[c]; gen = cgen[c]
	   }
	   atomic {	/* lock: CANCEL ... and cancels it later */
		if
		:: GUARD(CANCEL_OPEN) && (scall[slot] != c || sgen[slot] != gen)	/* ESTALE */
		:: else ->
			finish(c, CANCELED, R_CANCELED);
			unlock()
		fi
	   }
	:: atomic {	/* lock: SHUTDOWN of the end */
		shut_end(c);
		unlock()
	   }
	:: atomic {	/* lock: a reply through the sender's own end */
		st[c] == TAKEN && !GUARD(RELATION) ->
		crep[c] = FORGED;
		finish(c, REPLIED, R_REPLY);
		unlock()
	   }
	:: atomic {	/* lock: wait for a call for which a thread waits already */
		OPEN(st[c]) && waiting[c] && !GUARD(RESUME_ALONE) ->
		slot = cslot[c]
	   }
	   atomic { FINAL(st[c]) -> collect(c) }
	:: true
	fi
}
#endif

proctype receiver(byte r)
{
	byte hslot, hgen, hreq = NODATA;	/* the request in hand */
	bit ask, done, second, sig, fault, killed, small;
	byte m, slot, gen;
#if CALLBACKS
	byte c, mine;
	bit dl;
#endif

user:
	atomic {
		ask = 0;
		done = 0;
		second = 0;
		sig = 0;
		fault = 0;
		m = 0;
		slot = 0;
		gen = 0;
		if
		:: hreq == NODATA -> hslot = 0; hgen = 0
		:: else
		fi;
		if
		:: !(DUPS && troubles) -> kslot = 0; kgen = 0; kreq = NODATA
		:: else
		fi;
		if
		:: hreq != NODATA -> ask = 1
		:: hreq != NODATA && DEATHS && troubles -> troubles--;
			abandoned = 1;
			goto off
		:: hreq == NODATA
		:: hreq == NODATA && kreq != NODATA && DUPS && troubles -> troubles--;
			second = 1
#if CALLBACKS
		:: hreq != NODATA && callbacks > 0 ->
			callbacks--;
			goto callback
		:: hreq == NODATA && kreq != NODATA && DUPS && troubles && callbacks -> troubles--;
			callbacks--;
			second = 1;
			goto callback
#endif
		fi;
		mode[r] = M_ANY;
		if
		:: true
		:: MODES && r == 1 && !small -> mode[r] = M_SMALL
		:: MODES && r == 1 -> mode[r] = M_LISTEN
		fi;
		small = 0
	}
ioctl:
	atomic {	/* lock: REPLY_RECV */
		if
		:: ask || second ->
			if
			:: second ->
				hslot = kslot;
				hgen = kgen;
				hreq = kreq
			:: else
			fi;
			k = scall[hslot];
			if
			:: k != NOBODY && (!GUARD(GENERATION) || sgen[hslot] == hgen) && (st[k] == TAKEN ||
			   (!GUARD(REPLY_TAKEN) && (st[k] == QUEUED || st[k] == HANDED)) ||
			   (!GUARD(REPLY_AWAY) && st[k] == AWAY)) ->
				crep[k] = hreq;
				finish(k, REPLIED, R_REPLY);
				done = 1;
				ask = ask && !GUARD(REPLY_ONCE);
				hreq = NODATA
			:: k != NOBODY && sgen[hslot] == hgen && st[k] == AWAY && !second ->
				k = 0;
				goto later
			:: else ->	/* ESTALE; never for a reply that took effect */
				CLAIM(own_reply_is_never_stale, !done);
				SEEN(stale_reply);
				k = 0;
				hreq = NODATA;
				goto user
			fi;
			second = 0;
			k = 0
		:: else
		fi;

		/* the receive part: dequeue, or park */
		d_step {
			best = NOBODY;
			for (i : 0 .. NM - 1) {
				if
				:: READY(i) && (!GUARD(FILTER) || ADMITS(r)) && (best == NOBODY || seq[i] < seq[best]) ->
					best = i
				:: else
				fi
			}
			i = 0;
			if
			:: best != NOBODY && !TAKES(r, best) -> small = 1
			:: best != NOBODY && TAKES(r, best) -> hand(best, r)
			:: best == NOBODY && !dead ->
				parked[r] = 1;
				newest = r;
				rwake[r] = 0
			:: else
			fi;
			best = 0
		}
		unlock();
		if
		:: loan[r] != NOBODY -> goto copy
		:: parked[r] -> goto park
		:: small -> goto user
		:: else -> goto off
		fi
	}

later:	/* the caller is away: the server tries again when it is back */
	scall[hslot] == NOBODY || sgen[hslot] != hgen || st[scall[hslot]] != AWAY;
	goto user;

park:
end_park:
	if
	:: rwake[r]
	:: atomic { SIGNALS && troubles -> troubles--; sig = 1 }
	:: atomic { DEATHS && troubles -> troubles--; killed = 1 }
	fi;
	atomic {	/* lock: look */
		rwake[r] = 0;
		if
		:: loan[r] != NOBODY && (GUARD(RX_LOOK) || !sig) ->
			if
			:: killed -> goto commit
			:: else -> goto copy
			fi
		:: else
		fi;
		loan[r] = NOBODY;
		if
		:: killed ->
			parked[r] = 0;
			alive--;
			goto off
		:: !killed && toosmall[r] ->
			toosmall[r] = 0;
			small = 1;
			goto user
		:: !killed && !toosmall[r] && dead -> goto off
		:: else
		fi;
		if
		:: sig ->	/* -ERESTARTSYS */
			parked[r] = 0;
			sig = 0;
			goto ioctl
		:: else -> goto park
		fi
	}

copy:
	if
	:: true
	:: atomic { FAULTS && troubles -> troubles--; fault = 1 }
	:: atomic { DEATHS && troubles -> troubles--; killed = 1 }
	fi;
commit:
	atomic {	/* lock: after the copy-out */
		m = loan[r];
		slot = lslot[r];
		gen = lgen[r];
		loan[r] = NOBODY;
		lslot[r] = 0;
		lgen[r] = 0;
		if
		:: IS_CALL(m) && ((GUARD(LOAN_STATE) && st[m] != HANDED) ||
				  (GUARD(LOAN_ID) && (cslot[m] != slot || cgen[m] != gen))) ->
			SEEN(loan_void);
			if
			:: killed -> alive--; goto off
			:: fault -> goto user
			:: else -> goto ioctl
			fi
		:: else
		fi;
		if
		:: IS_CALL(m) && DUPS && troubles ->
			kslot = slot;
			kgen = gen;
			kreq = creq[m]
		:: else
		fi;
		if
		:: fault || killed ->
			SEEN(put_back);
			if
			:: GUARD(PUT_BACK) && GUARD(OLD_PLACE) -> move(m, QUEUED)
			:: GUARD(PUT_BACK) && !GUARD(OLD_PLACE) -> enqueue(m)
			:: else
			fi;
			if
			:: GUARD(OFFER_AGAIN) -> offer()
			:: else
			fi;
			unlock();
			if
			:: killed -> alive--; goto off
			:: else -> goto user
			fi
		:: else
		fi;
#if DATAGRAM
		/* datagram, request, PORT_CLOSED: in the order sent */
		CLAIM(arrives_in_order, last[SENDER(m)] < (m == DGRAM(SENDER(m)) -> 1 : (IS_CALL(m) -> 2 : 3)));
		last[SENDER(m)] = (m == DGRAM(SENDER(m)) -> 1 : (IS_CALL(m) -> 2 : 3));
#endif
		move(m, TAKEN);
		if
		:: IS_CALL(m) ->
			CLAIM(received_once, !got[creq[m]] && !told[creq[m]]);
			got[creq[m]] = 1;
			hslot = slot;
			hgen = gen;
			hreq = creq[m]
		:: else -> st[m] = NONE
		fi;
		slot = 0;
		gen = 0;
		loan_ends();
		unlock();
		goto user
	}

#if CALLBACKS
callback:
	atomic {	/* lock: CALL that names the request being served */
		if
		:: second ->
			hslot = kslot;
			hgen = kgen
		:: else
		fi;
		c = scall[hslot];
		if
		:: c != NOBODY && sgen[hslot] == hgen && (!GUARD(CB_TAKEN) || (st[c] == TAKEN && cb[c] == CB_NONE)) ->
			cb[c] = CB_SENT;
			cbid[c]++;
			cbw[c] = r;
			mine = cbid[c];
			cbres[r] = CB_WAIT;
			rwake[r] = 0;
			wake_caller(c);
			if
			:: dl = 0
			:: dl = 1
			fi
		:: else -> goto user
		fi
	}
called:
	if
	:: rwake[r]
	:: dl
	fi;
	atomic {	/* lock: look */
		if
		:: cbres[r] == CB_OK -> CLAIM(answers_its_callback, cbans[r] == mine)
		:: cbres[r] == CB_RESET
		:: cbres[r] == CB_WAIT && dl && !rwake[r] ->
			SEEN(callback_timedout);
			if
			:: GUARD(CB_POPS) ->
				cb[c] = CB_NONE;
				if
				:: st[c] == AWAY -> move(c, TAKEN)
				:: else
				fi
			:: else
			fi
		:: else -> rwake[r] = 0; goto called
		fi;
		rwake[r] = 0;
		cbres[r] = CB_IDLE;
		cbans[r] = 0;
		c = 0;
		mine = 0;
		dl = 0;
		goto user
	}
#endif

off:
	skip
}

proctype closer()
{
end_closer:
	atomic {	/* lock: SHUTDOWN of the server's side */
		(CLOSES && troubles) || abandoned || alive == 0 ->
		if
		:: !abandoned && alive -> troubles--
		:: else
		fi;
		dead = 1;
		for (best : 0 .. NC - 1) {
			if
			:: OPEN(st[best]) -> finish(best, LOST, R_GONE)
			:: else
			fi
		}
		best = 0;
		if
		:: GUARD(SHUT_WAKES) ->
			d_step {
				for (j : 0 .. NR - 1) {
					rwake[j] = rwake[j] || parked[j];
					parked[j] = 0
				}
				j = 0
			}
		:: else
		fi;
		unlock()
	}
}

init {
	atomic {
		select (i : 0 .. TROUBLES);
		troubles = i;
		for (i : 0 .. NC - 1) {
			scall[i] = NOBODY
		}
		for (i : 0 .. NR - 1) {
			loan[i] = NOBODY
		}
		for (i : 0 .. NC - 1) {
			run caller(i)
		}
		for (i : 0 .. NR - 1) {
			run receiver(i)
		}
#if RIVAL
		run rival(0);
#endif
		run closer();
		i = 0
	}
}

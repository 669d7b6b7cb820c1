/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event pairs, for spin: a word that two sides and the kernel write, and who
 * sleeps for it.  models/run checks it; README.rst says how to read it.
 *
 * Processes
 *   setter    sets the event as user space does: EVENT where it sees ASLEEP,
 *             else an atomic in the page and EVENT only to wake
 *   taker     waits: an atomic in the page, else EVENT; a deadline may pass
 *   producer  puts work into a ring and sets only who is marked ASLEEP
 *   consumer  takes work; marks itself, looks once more, then waits
 *   poller    poll(), and takes what is set
 *   turner    set-mine-wait-yours, against another one; signals restart it
 *   closer    the other end is closed
 *   judge     looks when nothing moves any more
 *
 * Between lock() and unlock() stands one critical section of the pair's lock.
 * Each access to a word is a step of its own, because user space writes the
 * word without the lock.  Accesses are in one order for all here; what order
 * the machine must be told to keep is for the litmus tests.
 *
 * Abstracted away: the page, ends and files, how a thread goes to sleep and is
 * woken (ARM_FIRST in call.pml), hand-off of the CPU.
 *
 * Guards: each is one check or one duty, in lpc/event.c and, where it says user,
 * of whoever uses the page.
 *
 *   GUARD MARK_TAKES       words  wait: ASLEEP is written by the access that takes IS_SET
 *   GUARD SETTER_LOOKS     words  user: the atomic that sets tells whether somebody sleeps
 *   GUARD DONE_WINS        words  wait: an event beats the deadline
 *   GUARD LEAVES_LIST      words  wait: whoever leaves by a deadline is not woken later
 *   GUARD KICK_LOOKS       words  kick: an event that was used up wakes nobody
 *   GUARD MARK_FOR_OTHERS  words  set: the mark stays while another one sleeps
 *   GUARD KICK_KEEPS_MARK  ring   kick: the mark of one that is on its way is not its own
 *   GUARD SET_LATCHES      ring   set: nobody sleeps, so the event takes the mark's place
 *   GUARD UNMARK_FIRST     ring   set: takes the mark away before the sleeper knows
 *   GUARD USER_MARKS       ring   user: marks itself, then looks at the ring
 *   GUARD POLL_MARKS       poll   poll: marks, then looks
 *   GUARD POLL_ENTERS      poll   poll: is known to poll before it marks and looks
 *   GUARD MARK_FOR_POLL    poll   set: the mark stays while somebody polls
 *   GUARD KICK_POLLERS     poll   kick: tells who polls
 *   GUARD SET_ONCE         turns  EVENT: a restart only waits
 *   GUARD CLOSE_WAKES      close  close: whoever sleeps is told
 *   GUARD CLOSE_LAST       close  close: an event whose setter died on its way still counts
 *   GUARD CLOSED_LOOKS     close  wait: looks whether the other end is closed
 *
 *   SEEN taken_in_page   words  a taker got it without the kernel
 *   SEEN taken_in_wait   words  EVENT found it set
 *   SEEN handed          words  EVENT was woken with it
 *   SEEN timed_out       words  a deadline passed
 *   SEEN done_at_last    words  the event came with the deadline
 *   SEEN kicked          words  a setter saw the mark in its atomic
 *   SEEN kick_void       words  the event was used up before the kick
 *   SEEN merged          words  two sets were one event
 *   SEEN unneeded        ring   a consumer was awake, so nobody set
 *   SEEN looked_again    ring   work came between the look and the mark
 *   SEEN poll_ready      poll   poll() found it set
 *   SEEN poll_woken      poll   poll() was woken
 *   SEEN restarted       turns  a signal came after the set
 *   SEEN broken_pipe     close  a sleeper was told
 *   SEEN last_word       close  a sleeper got what the dead setter had set
 */

/* GUARD(x) is 0 with -DNO_GUARD_x, SEEN(x) fails with -DNEVER_x, else both are as if not there. */
#define TAKE_SECOND(first, second, ...) second
#define IS_ONE_1		0,
#define IS_ONE(x)		TAKE_SECOND(x 0, 1)
#define NOT_DEFINED_(x)		IS_ONE(IS_ONE_ ## x)
#define NOT_DEFINED(x)		NOT_DEFINED_(x)
#define GUARD(x)		NOT_DEFINED(NO_GUARD_ ## x)
#define SEEN(x)			assert(NOT_DEFINED(NEVER_ ## x))

/* Bits of a word */
#define IS_SET		1
#define ASLEEP		2

#define NW		2	/* words: low and high */
#define NT		3	/* threads that may sleep */
#define NOBODY		255

/* How a wait ends */
#define GOT		1
#define NOTHING		2	/* the deadline */
#define BROKEN		3	/* the other end is closed */
#define SIGNAL		4

byte word[NW];

/* Under the lock. */
bit locked;
byte first[NW] = NOBODY;	/* who sleeps for it, and who after that one */
byte second[NW] = NOBODY;
bit polled;			/* somebody polls for word 0 */
bit closed;
byte done[NT];			/* GOT or BROKEN; seen without the lock */
bit woken;			/* the poller's wake-up */

/* Ghosts. */
byte events[NW];		/* set and not waited for: 0 or 1 */
byte asleep[NW];
bit sleeping[NT];		/* has entered the list, and not left it */
bit must_end;			/* nobody may be left asleep */
byte turn;			/* whose it is to set */
byte ring;			/* what the producer has put and nobody taken */
byte todo;			/* troubles left */

/* What is claimed: each bit stays 1, or pan names it. */
#define CLAIM(name, e)	name = (e); assert(name)
bit no_event_twice = 1;
bit no_event_lost = 1;
bit no_sleeper_beside_an_event = 1;
bit no_sleeper_beside_work = 1;
bit no_sleeper_for_the_dead = 1;
bit only_sleepers_are_woken = 1;
bit all_turns_are_taken = 1;
bit broken_only_without_event = 1;
bit turn_by_turn = 1;

inline lock()
{
	atomic { !locked -> locked = 1 }
}

inline unlock()
{
	locked = 0
}

/* An event comes to be in the word, or is one with that which is there. */
inline ghost_set(w, old)
{
	if
	:: old & IS_SET -> SEEN(merged)
	:: else -> events[w]++
	fi
}

inline ghost_take(w)
{
	CLAIM(no_event_twice, events[w] == 1);
	events[w]--
}

/* One access: takes what is set, says that somebody sleeps. */
inline xchg_asleep(w, old)
{
	d_step {
		old = word[w];
		word[w] = ASLEEP;
		if
		:: old & IS_SET -> ghost_take(w)
		:: else
		fi
	}
}

inline unmark(w)
{
	if
	:: second[w] != NOBODY && GUARD(MARK_FOR_OTHERS)
	:: second[w] == NOBODY && w == 0 && polled && GUARD(MARK_FOR_POLL)
	:: else -> word[w] = word[w] & ~ASLEEP
	fi
}

/* hand_to_first(); the event is ghostly taken by who calls this. */
inline hand(w, how)
{
	if
	:: GUARD(UNMARK_FIRST) -> unmark(w)
	:: else
	fi;
	d_step {
		CLAIM(only_sleepers_are_woken,
		      sleeping[first[w]] && done[first[w]] == 0);
		done[first[w]] = how;
		first[w] = second[w];
		second[w] = NOBODY
	};
	if
	:: !GUARD(UNMARK_FIRST) -> word[w] = word[w] & ~ASLEEP
	:: else
	fi
}

inline wake_poller()
{
	if
	:: polled -> woken = 1
	:: else
	fi
}

/* EVENT with the half in set, under the lock. */
inline kernel_set(w)
{
	if
	:: first[w] != NOBODY -> hand(w, GOT)
	:: first[w] == NOBODY && w == 0 && polled ->
		d_step { ghost_set(w, word[w]); word[w] = word[w] | IS_SET };
		wake_poller()
	:: else ->
		d_step {
			if
			:: GUARD(SET_LATCHES) ->
				ghost_set(w, word[w]);
				word[w] = IS_SET
			:: else -> word[w] = word[w] & ~ASLEEP
			fi
		}
	fi
}

/* The same with WAS_SET, under the lock. */
inline kernel_kick(w, old)
{
	if
	:: first[w] != NOBODY ->
		xchg_asleep(w, old);
		if
		:: old & IS_SET -> hand(w, GOT)
		:: else ->
			SEEN(kick_void);
			if
			:: GUARD(KICK_LOOKS)
			:: else -> ghost_take(w); hand(w, GOT)
			fi
		fi
	:: else ->
		if
		:: w == 0 && polled && GUARD(KICK_POLLERS) -> wake_poller()
		:: w == 0 && polled && !GUARD(KICK_POLLERS)
		:: else ->
			if
			:: GUARD(KICK_KEEPS_MARK)
			:: else -> word[w] = word[w] & ~ASLEEP
			fi
		fi
	fi;
	old = 0
}

/* Set as user space does. */
inline user_set(w, old)
{
	if
	:: word[w] & ASLEEP ->
		lock();
		kernel_set(w);
		unlock()
	:: else ->
		d_step {
			old = word[w];
			ghost_set(w, old);
			word[w] = word[w] | IS_SET
		};
		if
		:: old & ASLEEP && GUARD(SETTER_LOOKS) ->
			SEEN(kicked);
			lock();
			kernel_kick(w, old);
			unlock()
		:: else
		fi;
		old = 0
	fi
}

/* Sleep until done; with a trouble left, a deadline or a signal may come. */
inline sleep(w, me, why, how)
{
	asleep[w]++;
end_asleep:
	if
	:: done[me] -> how = done[me]
	:: todo > 0 -> todo--; how = why
	fi;
	asleep[w]--;
	if
	:: how == why ->
		lock();
		if
		:: done[me] && GUARD(DONE_WINS) ->
			SEEN(done_at_last);
			how = done[me]
		:: else ->
			d_step {
				if
				:: !GUARD(LEAVES_LIST) -> skip
				:: else ->
					if
					:: first[w] == me ->
						first[w] = second[w];
						second[w] = NOBODY
					:: second[w] == me -> second[w] = NOBODY
					:: else
					fi
				fi
			}
		fi;
		CLAIM(no_event_lost, done[me] != GOT || how == GOT);
		sleeping[me] = 0;
		unlock()
	:: else
	fi;
	d_step { sleeping[me] = 0; done[me] = 0 }
}

/* EVENT with the half in wait: the part under the lock, then the sleep. */
inline kernel_wait(w, me, why, old, how)
{
	how = 0;
	if
	:: GUARD(MARK_TAKES) -> xchg_asleep(w, old)
	:: else ->
		d_step {
			old = word[w];
			if
			:: old & IS_SET -> ghost_take(w)
			:: else
			fi
		};
		word[w] = ASLEEP
	fi;
	if
	:: old & IS_SET ->
		SEEN(taken_in_wait);
		how = GOT
	:: !(old & IS_SET) && closed && GUARD(CLOSED_LOOKS) -> how = BROKEN
	:: else ->
		d_step {
			if
			:: first[w] == NOBODY -> first[w] = me
			:: else -> second[w] = me
			fi;
			sleeping[me] = 1
		}
	fi;
	old = 0;
	unlock();
	if
	:: how == 0 ->
		sleep(w, me, why, how);
		if
		:: how == GOT -> SEEN(handed)
		:: else
		fi
	:: else
	fi
}

inline user_take(w, old, how)
{
	d_step {
		old = word[w];
		word[w] = word[w] & ~IS_SET;
		how = 0;
		if
		:: old & IS_SET -> ghost_take(w); how = GOT
		:: else
		fi;
		old = 0
	}
}

/* ---- words: sets and waits in any order, deadlines in between ------------ */

proctype setter(byte n)
{
	byte old;

	do
	:: n > 0 -> user_set(0, old); n--
	:: else -> break
	od
}

proctype taker(byte me, n)
{
	byte old, how;

	do
	:: n > 0 ->
		n--;
		user_take(0, old, how);
		if
		:: how == GOT -> SEEN(taken_in_page)
		:: else ->
			lock();
			kernel_wait(0, me, NOTHING, old, how);
			if
			:: how == NOTHING -> SEEN(timed_out)
			:: how == BROKEN ->
				SEEN(broken_pipe);
				break
			:: how == GOT && closed -> SEEN(last_word)
			:: else
			fi
		fi
	:: else -> break
	od
}

/* ---- ring: the event only says that there is work ------------------------ */

proctype producer(byte n)
{
	byte old;

	do
	:: n > 0 ->
		ring++;
		n--;
		if
		:: word[0] & ASLEEP ->
			lock();
			kernel_set(0);
			unlock()
		:: else -> SEEN(unneeded)
		fi
	:: else -> break
	od
}

/* Goes on until it has taken all there will be. */
proctype consumer(byte me, n)
{
	byte old, how;

	do
	:: n == 0 -> break
	:: n > 0 && ring > 0 -> ring--; n--
	:: n > 0 && ring == 0 ->
		if
		:: GUARD(USER_MARKS) ->
			word[0] = word[0] | ASLEEP;
			if
			:: ring > 0 -> SEEN(looked_again); goto again
			:: else
			fi
		:: else
		fi;
		lock();
		kernel_wait(0, me, NOTHING, old, how);
again:		skip
	od
}

/* One more that sets by the word alone, so that kicks come late. */
proctype nudger()
{
	byte old;

	d_step { old = word[0]; ghost_set(0, old); word[0] = word[0] | IS_SET };
	if
	:: old & ASLEEP -> lock(); kernel_kick(0, old); unlock()
	:: else
	fi
}

/* ---- poll ------------------------------------------------------------------ */

proctype poller(byte n)
{
	byte old, how;
	bit ready;

	do
	:: n > 0 ->
		woken = 0;
		if
		:: GUARD(POLL_ENTERS) -> polled = 1
		:: else
		fi;
		lock();
		if
		:: GUARD(POLL_MARKS) ->
			word[0] = word[0] | ASLEEP;
			ready = word[0] & IS_SET
		:: else ->
			ready = word[0] & IS_SET;
			word[0] = word[0] | ASLEEP
		fi;
		unlock();
		polled = 1;
		if
		:: ready -> SEEN(poll_ready)
		:: else ->
			asleep[0]++;
end_polls:		woken;
			asleep[0]--;
			SEEN(poll_woken)
		fi;
		user_take(0, old, how);
		if
		:: how == GOT -> n--
		:: else
		fi
	:: else -> break
	od
}

/* ---- turns: one scheduling act, and what a signal makes of it -------------- */

/* Sets its own event and waits for the other's, in one EVENT. */
proctype turner(byte me, n)
{
	byte old, how;
	bit set = !me;		/* the other one begins by waiting */

	do
	:: n > 0 ->
		n--;
		how = SIGNAL;
		do
		:: how == SIGNAL ->
			lock();
			if
			:: set ->
				CLAIM(turn_by_turn, turn == me);
				turn = 1 - me;
				kernel_set(me);
				if
				:: GUARD(SET_ONCE) -> set = 0
				:: else
				fi
			:: else
			fi;
			kernel_wait((1 - me), me, SIGNAL, old, how);
			if
			:: how == SIGNAL && !set -> SEEN(restarted)
			:: else
			fi
		:: else -> break
		od;
		CLAIM(turn_by_turn, turn == me);
		set = 1
	:: else -> break
	od;
	if
	:: me ->
		lock();
		turn = 1 - me;
		kernel_set(me);
		unlock()
	:: else
	fi
}

/* ---- close ------------------------------------------------------------------- */

/* A setter that dies between its atomic and its EVENT; then its end closes. */
proctype dying()
{
	byte old;

	if
	:: d_step { old = word[0]; ghost_set(0, old); word[0] = word[0] | IS_SET }
	:: skip
	fi;
	lock();
	closed = 1;
	if
	:: first[0] != NOBODY && GUARD(CLOSE_LAST) ->
		xchg_asleep(0, old);
		if
		:: old & IS_SET -> hand(0, GOT)
		:: else
		fi
	:: else
	fi;
	do
	:: first[0] != NOBODY && GUARD(CLOSE_WAKES) ->
		CLAIM(broken_only_without_event, events[0] == 0);
		hand(0, BROKEN)
	:: else -> break
	od;
	unlock()
}

/* ------------------------------------------------------------------------------- */

/* When nothing moves any more. */
proctype judge()
{
end_waits:
	timeout ->
	CLAIM(no_event_lost, events[0] == (word[0] & IS_SET));
	CLAIM(no_sleeper_beside_an_event, !(asleep[0] && events[0]));
	CLAIM(no_sleeper_beside_work, !(asleep[0] && ring));
	CLAIM(no_sleeper_for_the_dead, !(asleep[0] && closed));
	CLAIM(all_turns_are_taken, !(must_end && (asleep[0] || asleep[1])))
}

init
{
	atomic {
#ifdef SCENE_words
		todo = 2;
		run setter(2);
		run setter(1);
		run taker(0, 2);
		run taker(1, 2);
		run judge()
#endif
#ifdef SCENE_ring
		run producer(3);
		run nudger();
		run consumer(0, 3);
		run judge()
#endif
#ifdef SCENE_poll
		run setter(2);
		run setter(1);
		run poller(3);
		run taker(0, 1);
		run judge()
#endif
#ifdef SCENE_turns
		todo = 3;
		must_end = 1;
		run turner(0, 3);
		run turner(1, 3);
		run judge()
#endif
#ifdef SCENE_close
		todo = 1;
		run dying();
		run taker(0, 1);
		run taker(1, 2);
		run judge()
#endif
	}
}

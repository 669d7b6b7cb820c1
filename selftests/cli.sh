#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lpcctl, as a script meets it: payloads of any length through call, serve and
# echo, the exit codes and words of those that are too long, and what show, ps
# and limits say of sections.
# shellcheck shell=dash disable=SC2016 # the inner shells expand it

n=0 failed=0
dir=$(mktemp -d)
cd "$dir" || exit 1
trap 'kill $servers; wait; rm -rf "$dir"' EXIT
servers=

result() { # NAME RC
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "ok $n cli.$1"
		return
	fi
	failed=$((failed + 1))
	sed 's/^/# /' said | head -n 20
	echo "not ok $n cli.$1"
}

# it NAME COMMAND...: the command succeeds
it() {
	local name=$1
	shift
	"$@" >said 2>&1
	result "$name" $?
}

# fails RC TEXT COMMAND...: with this code and these words
fails() {
	local rc=$1 text=$2 got
	shift 2
	"$@" >said2 2>&1
	got=$?
	cat said2
	[ $got = "$rc" ] || { echo "exit $got, not $rc"; return 1; }
	grep -q -e "$text" said2 || { echo "not said: $text"; return 1; }
}

says() { # TEXT COMMAND...
	fails 0 "$@"
}

serve() { # NAME WORDS...: a server that is there; its pid in $server
	local name=$1
	shift
	lpcctl "$@" 2>"log.$name" &
	server=$!
	servers="$servers $server"
	lpcctl wait "self/$name" || exit 1
}

limit() { # SYSCTL
	cat "/proc/sys/lpc/$1"
}

comes_back() { # BYTES
	head -c "$1" /dev/urandom >in
	lpcctl call self/echo @in >out && cmp in out &&
		lpcctl call self/echo - <in >out && cmp in out
}

serve echo echo self/echo
for size in 0 1 303 304 305 4095 4096 4097 65536 65537 1048576 4194304; do
	it "echo_of_${size}_bytes" comes_back $size
done
dd if=/dev/zero bs=5000 count=1 2>/dev/null | tr '\0' x >in
it argument_longer_than_a_message says '^5000$' sh -c 'lpcctl call self/echo "$(cat in)" | wc -c'
od -An -v -tx1 in >hex
it hex_longer_than_a_message says '^10001$' sh -c 'lpcctl call --hex self/echo @hex | wc -c'
it json_says_where_it_lay says '"request_bytes":5000,"reply_bytes":5000,"in_section":true' \
	lpcctl -J call self/echo @in
it json_says_where_it_did_not_lie says '"in_section":false' lpcctl -J call self/echo short
it ping_longer_than_a_message says '3 calls, 0 failed' lpcctl ping -c 3 -s 100K self/echo

# ---- too long ------------------------------------------------------------
it datagram_has_303_bytes fails 1 'more than 303 bytes.*EMSGSIZE' lpcctl send self/echo @in
it no_size fails 2 'not a size' lpcctl call --room 0x10 self/echo
it no_pairs fails 2 '1 to 100 pairs' lpcctl bench --pairs 0
it options_of_a_command fails 2 'stands behind --' lpcctl serve self/nobody sh -c true
old=$(limit section_max)
echo 65536 >/proc/sys/lpc/section_max
head -c 70000 /dev/zero >in
it file_longer_than_section_max fails 1 '64 KiB.*lpc.section_max' lpcctl call self/echo @in
it input_longer_than_section_max fails 1 'standard input.*lpc.section_max' \
	sh -c 'lpcctl call self/echo - <in'
it room_longer_than_section_max fails 1 'sysctl lpc.section_max=1048576' \
	lpcctl call --room 1M self/echo
echo "$old" >/proc/sys/lpc/section_max
old=$(limit section_bytes)
echo 65536 >/proc/sys/lpc/section_bytes
it section_bytes_are_full fails 1 'sysctl lpc.section_bytes=' lpcctl call self/echo @in
echo 0 >/proc/sys/lpc/section_bytes
it short_calls_need_no_section says '^hello$' sh -c 'lpcctl call self/echo hello && echo'
echo "$old" >/proc/sys/lpc/section_bytes
serve small echo self/small --room 64K
it server_takes_less fails 1 'takes no section.*EMSGSIZE' lpcctl call self/small @in
it server_takes_what_it_said says '^60000$' sh -c 'head -c 60000 in | lpcctl call self/small - | wc -c'

# ---- serve ---------------------------------------------------------------
head -c 3000000 /dev/urandom >in
serve cat serve self/cat -- cat
it command_gets_and_gives_it_all sh -c 'lpcctl call self/cat @in | cmp - in'
serve room serve self/room -- sh -c 'echo $LPC_ROOM'
it command_knows_its_room says '^65536$' lpcctl call self/room
it command_knows_the_room_asked_for says '^1048576$' lpcctl call --room 1M self/room
serve true serve self/true -- true
it command_need_not_read lpcctl call self/true @in
serve head serve self/head -- head -c 100000 /dev/zero
it command_writes_too_much fails 7 'room for 64 KiB; --room' lpcctl call self/head
it command_writes_what_has_room says '^100000$' sh -c 'lpcctl call --room 100K self/head | wc -c'
# the command waits at a gate: one that is told what takes long comes after one
# that wants to hear nothing, and both are let go when it has been told
mkfifo slow
exec 3<>slow
# a thread for each, and one that accepts
serve slow serve self/slow --threads 3 -- sh -c 'read go <slow; cat'
lpcctl -q call self/slow @in >quiet 2>&1 &
quiet=$!
lpcctl call self/slow @in >out 2>told &
call=$!
i=0
until [ -s told ] || [ $i = 300 ]; do
	i=$((i + 1))
	sleep 0.1
done
echo go >&3
echo go >&3
told() {
	wait $call && cmp in out && says 'calling user/0/slow: 2.9 MiB' cat told
}
it what_takes_long_is_told told
quiet() {
	wait $quiet && cmp in quiet
}
it but_not_to_the_quiet quiet
exec 3<&-
it full_disk_is_an_error fails 1 'No space left' sh -c 'lpcctl call self/cat @in >/dev/full'

# ---- looking -------------------------------------------------------------
# one call that stays until the gate opens
mkfifo gate
serve gate serve self/gate -- sh -c 'read go <gate'
lpcctl call self/gate @in >/dev/null 2>&1 &
call=$!
until lpcctl ps --calls -n -o STATE,PORT | grep -q 'taken.*gate'; do :; done
it ps_has_the_piece says 'client *0 *3000000 no *0$' \
	lpcctl ps --calls -n -o SECTION,OFFSET,LENGTH,HELD,BUFFERS
it ps_has_the_piece_in_json says \
	'"bytes":3000000,"section":"client","section_offset":0,"section_bytes":300[0-9]*,"held":false' \
	lpcctl -J ps --calls
it show_has_the_views says '^2.9 MiB *3002368 *0 *0 *0$' \
	lpcctl show -n -o SECTION,CLIENT-VIEW,SERVER-VIEW,HELD,HELD-BYTES self/gate
it show_has_the_views_in_json says \
	'"views":{"client_bytes":3002368,"server_bytes":0,"held_bytes":0,"held_calls":0}' \
	lpcctl -J show self/gate
it limits_has_the_bytes says '"limit":[0-9]*,"in_use":3002368' lpcctl -J limits
echo go >gate
wait $call
until says 'lpc.section_bytes",.*"in_use":0}.*lpc.section_max"' lpcctl -J limits >/dev/null; do :; done
it limits_has_them_no_more true
it info_knows_of_sections says '"sections".*"section_max":[1-9]' lpcctl -J info

# ---- who may -----------------------------------------------------------------
serve guarded echo --mode 0600 --acl 'allow:1000 deny:@0:query' self/guarded
it serve_has_its_list says '^allow:maria:connect+query$' lpcctl acl self/guarded
it show_has_it_too says 'before   allow:maria:connect+query deny:@root:query$' \
	lpcctl show self/guarded
it show_has_it_in_json says \
	'"acl":\[{"allow":true,"user":{"uid":1000.*"rights":\["connect","query"\]},{"allow":false,"group":{"gid":0' \
	lpcctl -J show self/guarded
it acl_adds_in_front says '^deny:bob:connect$' \
	lpcctl acl --first self/guarded deny:1001:connect
it acl_adds_behind says '^allow:@50:query$' lpcctl acl --last self/guarded allow:@50:query
order() {
	[ "$(lpcctl acl self/guarded | sed 's/root/0/' | head -n 4 | tr '\n' ' ')" = \
		'deny:bob:connect allow:maria:connect+query deny:@0:query allow:@50:query ' ]
}
it acl_keeps_the_order order
it acl_replaces says '^mode 0622' lpcctl acl --mode 0622 self/guarded allow:7
it acl_in_json says '"mode":"0622","acl":\[{"allow":true,"user":{"uid":7' \
	lpcctl -J acl self/guarded
it acl_clears says '^mode 0622' lpcctl acl --clear self/guarded
none() {
	[ "$(lpcctl acl self/guarded | wc -l)" = 1 ]
}
it acl_is_clear none
it acl_of_no_port fails 3 'no such port' lpcctl acl self/none
it acl_of_nonsense fails 2 'allow:USER' lpcctl acl self/guarded maria
it acl_of_no_right fails 2 'rights are' lpcctl acl self/guarded allow:1:write
it server_uid_is_who_made_it lpcctl -q call --server-uid 0 self/guarded x
it server_uid_is_nobody_else fails 4 'not who you required' \
	lpcctl call --server-uid 1000 self/guarded x

echo "1..$n"
[ $failed = 0 ]

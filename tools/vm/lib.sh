# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of tools/vm share: places, words to the user, the cache's
# lock, progress lines. Sourced, never run.
# shellcheck disable=SC2034 # most of what is set here is for them

set -euo pipefail
export LC_ALL=C

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
VM=$TOP/tools/vm
O=$(realpath -m "${O:-$TOP/build}")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/lpc
CACHE_SHOWN=${CACHE/#"$HOME"\//\~/}
APT=$CACHE/apt
LOGS=$O/logs
# a make that calls us must not hand its flags to the kernel's make
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
JOBS=${JOBS:-$(nproc)}

say() { printf 'lpc: %s\n' "$*"; }

die() {
	step_open_line
	printf 'lpc: %s\n' "$*" >&2
	exit 1
}

# ---- progress: "[2/5] kernel 6.1.192      7 s" --------------------------
# LPC_STEP and LPC_STEPS come from tools/vm/target; without them the bracket
# is left out. The line stays open while the step runs; who has something else
# to say, this script or one it called, calls step_open_line first, which
# removes the file LPC_LINE: then the line is printed again at the end.
STEP_TEXT=
STEP_T0=$EPOCHSECONDS

step_line() {
	if [ -n "${LPC_STEPS:-}" ]; then
		printf '[%s/%s] %-44s' "${LPC_STEP:-}" "$LPC_STEPS" "$STEP_TEXT"
	else
		printf '%-50s' "$STEP_TEXT"
	fi
}

step() {
	STEP_TEXT=$1
	STEP_T0=$EPOCHSECONDS
	mkdir -p "$O"
	export LPC_LINE=$O/.step.$$
	: >"$LPC_LINE"
	step_line
}

# step_done [remark]: ends the line with the seconds it took
step_done() {
	[ -f "$LPC_LINE" ] || step_line
	rm -f "$LPC_LINE"
	printf '%4d s%s\n' "$((EPOCHSECONDS - STEP_T0))" "${1:+   $1}"
}

step_open_line() {
	[ -f "${LPC_LINE:-}" ] || return 0
	rm -f "$LPC_LINE"
	printf '\n'
}

# quietly LOG TEXT COMMAND...: the output goes to LOG; every half minute (each
# second on a terminal) TEXT and the last line say where it is
quietly() {
	local log=$1 text=$2 pid t0=$EPOCHSECONDS next=30 now last
	shift 2
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	[ ! -t 1 ] || next=2
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		now=$((EPOCHSECONDS - t0))
		[ "$now" -ge "$next" ] || continue
		step_open_line
		if [ -t 1 ]; then
			last=$(tail -n 1 "$log" | tr -d '\r' | cut -c 1-50)
			printf '\r\033[K%s: %d s  %s' "$text" "$now" "$last"
			next=$((now + 1))
		else
			printf '%s: %d s\n' "$text" "$now"
			next=$((next + 30))
		fi
	done
	if [ -t 1 ] && [ "$next" -gt 2 ]; then printf '\r\033[K'; fi
	wait "$pid"
}

# ---- the cache ----------------------------------------------------------
# cache_lock NAME: one make at a time changes the cache; a long build takes a
# lock of its own. Reading needs no lock: things appear there by rename.
LOCKED=
cache_lock() {
	local lock=$1
	[ "$LOCKED" != "$lock" ] || return 0
	mkdir -p "$CACHE"
	exec 9>>"$CACHE/$lock"
	if ! flock -n 9; then
		step_open_line
		say "another make holds $CACHE_SHOWN (pid $(cat "$CACHE/$lock.pid" 2>/dev/null || echo '?')), waiting"
		flock 9
	fi
	echo $$ >"$CACHE/$lock.pid"
	LOCKED=$lock
}

# need_space DIR MB WHAT
need_space() {
	local dir=$1 have
	while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
	have=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$2" ] ||
		die "$3 needs $2 MB in $1; $have MB are free there."
}

# ---- apt ----------------------------------------------------------------
# The machine's own apt configuration, and one of our own in the cache which
# may add a suite; that one needs no root and touches nothing in /etc.
apt_own() {
	local tool=$1
	shift
	"$tool" -o Dir::State="$APT/state" -o Dir::State::status=/var/lib/dpkg/status \
		-o Dir::Cache="$APT/cache" -o Dir::Etc::sourcelist="$APT/sources.list" \
		-o Dir::Etc::sourceparts="$APT/sources.d" -o Dir::Log="$APT/log" \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o APT::Sandbox::User=root "$@"
}

# apt_own_setup [SUITE]: the machine's sources, and SUITE beside them with
# the same URI and key
apt_own_setup() {
	local f uri key
	rm -rf "$APT/sources.d" "$APT/sources.list"
	mkdir -p "$APT/sources.d" "$APT/state/lists/partial" "$APT/log" \
		"$APT/cache/archives/partial"
	: >"$APT/sources.list"
	# Debian's own archives only
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -f "$f" ] || grep -E '^deb .*(debian|Debian)' "$f" \
			>>"$APT/sources.list" || true
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$f" ] || ! grep -q 'debian' "$f" || cp "$f" "$APT/sources.d/"
	done
	[ -n "${1:-}" ] || return 0
	# shellcheck disable=SC2016 # apt expands these
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk -v c="$CODENAME" '$2 == c || $2 == "stable" { print $1; exit }')
	[ -n "$uri" ] || uri=$(awk '$1 == "URIs:" { print $2; exit }' "$APT"/sources.d/*.sources)
	key=$(awk '$1 == "Signed-By:" { print $2; exit }' "$APT"/sources.d/*.sources 2>/dev/null || true)
	printf 'deb %s%s %s main\n' "${key:+[signed-by=$key] }" "$uri" "$1" \
		>>"$APT/sources.list"
}

# broken_module DIR PATCH: the module of a debug kernel (KBUILD), as tools/vm/build
# makes it there, with PATCH: DIR/lpc.ko
broken_module() {
	rm -rf "$1"
	mkdir -p "$1"
	cp -r "$TOP/Kbuild" "$TOP/lpc" "$TOP/include" "$1/"
	patch -s -p1 -d "$1" <"$2"
	make -C "$KBUILD" M="$1" -j"$JOBS" LPC_DEBUG=1 KCOV_INSTRUMENT=y KCFLAGS=-g \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$1/make.log" 2>&1 ||
		die "with $(basename "$2") the module does not build: $1/make.log"
}

# ---- the tests ------------------------------------------------------------
# The sanitizers' programs are a variant, as the debug kernel is: they find what
# is wrong in user space, on any kernel, and take their time.
themes() {
	grep -v '^[a-z_]*_[at]san ' "$O/selftests/LIST"
}

themes_of() { # A,B: of them these
	themes | grep -E "^(${1//,/|}) "
}

# judge TEXT COMMAND...: is it as it should be? Counts in the caller's pass and fail.
judge() {
	local text=$1 verdict=ok
	shift
	if "$@"; then
		pass=$((pass + 1))
	else
		fail=$((fail + 1)) verdict=FAILED
	fi
	echo "${0##*/}: $text: $verdict"
}

# What is left of a boot's words where what the tests say is no result, since they
# were told of failures.
without_cases() {
	sed -u -E '/^ +(#|not ok [0-9]|ok |TAP|1\.\.)/d'
}

# The tests in three boots side by side, shared out by the seconds that each
# took the last time: the longest first, to the boot that has least so far.
# BOOTS=n: in so many boots.
# shellcheck disable=SC2154 # run is the caller's: how it boots
side_by_side() { # NAME ARGS...: the list is on stdin
	local dir=$LOGS/$1 took=$LOGS/$1.seconds list rc=0 job jobs=()
	shift

	rm -rf "$dir"
	mkdir -p "$dir"
	touch "$took"
	# one more for loading and unloading; what never ran counts as five
	awk -v took="$took" '
		BEGIN { while ((getline <took) > 0) seconds[$1] = $2 }
		{ print ($1 in seconds ? seconds[$1] : 5) + 1, $0 }' |
		sort -s -k 1,1nr |
		awk -v dir="$dir" -v boots="${BOOTS:-3}" '{
			best = 1
			for (i = 2; i <= boots; i++)
				if (sum[i] + 0 < sum[best] + 0)
					best = i
			sum[best] += $1
			sub(/^[^ ]+ /, "")
			print >(dir "/" best)
		}'
	for list in "$dir"/*; do
		(
			set -o pipefail
			"${run[@]}" "$@" --list "$list" 2>&1 | tee "$list.out" |
				grep --line-buffered -vE '^[0-9]+ passed,'
		) &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || rc=1
	done
	awk -v n=${#jobs[@]} '
		/^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; s += $5; n-- }
		END { printf "%d passed, %d failed, %d skipped\n", p, f, s
			exit n || f || !p }' "$dir"/*.out || rc=1
	sed -n 's/^  \([a-z_0-9]*\) .* passed.* \([0-9]*\) s$/\1 \2/p' "$dir"/*.out >"$took"
	return "$rc"
}

os_field() { sed -n "s/^$1=\"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p" /etc/os-release; }

CODENAME=$(os_field VERSION_CODENAME)

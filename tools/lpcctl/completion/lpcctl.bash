# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of lpcctl for bash

# Not compgen -W: it would run what a hostile name says, as $(...)
_lpcctl_ports() {
	local name

	while IFS= read -r name; do
		[[ $name == "$1"* ]] && COMPREPLY+=("$(printf %q "$name")")
	done < <(lpcctl list -n -o NAME 2>/dev/null)
}

_lpcctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb='' i word
	local verbs='list show ps info limits doctor acl call send ping wait echo serve bench'
	local all='--json --output --noheadings --timeout --quiet --help --version'
	local own=''

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-o | --output | --timeout) ((i++)) ;;
		-*) ;;
		*) verb=$word; break ;;
		esac
	done
	COMPREPLY=()
	if [[ -z $verb ]]; then
		[[ $cur == -* ]] && verbs=$all
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
		return
	fi
	case $verb in
	ps) own='--calls --fds' ;;
	acl) own='--first --last --clear --mode' ;;
	call) own='--code --hex --base64 --server-uid --deadline --room' ;;
	send) own='--code --hex --base64 --server-uid' ;;
	ping) own='--count --interval --size --server-uid' ;;
	echo) own='--mode --owner --acl --room --threads --verbose --deny-uid --deny-text' ;;
	serve) own='--mode --owner --acl --room --threads --verbose' ;;
	bench) own='--quick --mech --size --place --pairs --calls --idle --names --report --method --pin --emulated' ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$own $all" -- "$cur")
		return
	fi
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--server-uid | --deny-uid | --owner)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	esac
	case $verb in
	list | show | acl | call | send | ping)
		_lpcctl_ports "$cur"
		;;
	serve)
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		;;
	esac
}

complete -F _lpcctl lpcctl

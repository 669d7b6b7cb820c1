#compdef lpcctl
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of lpcctl for zsh

_lpcctl_ports() {
	local -a names
	names=(${(f)"$(lpcctl list -n -o NAME 2>/dev/null)"})
	compadd -a names
}

_lpcctl() {
	local curcontext=$curcontext state line
	local -a verbs all request service
	verbs=(
		'list:the ports of this IPC namespace'
		'show:one port, or all ports of a process, in full'
		'ps:calls in progress, and who holds which port'
		'info:versions and features of module and library'
		'limits:limits in force and how much you use'
		'doctor:what is wrong, and the command that mends it'
		'acl:who may connect and look'
		'call:send a request, print the reply'
		'send:send a datagram'
		'ping:is it alive, and how fast'
		'wait:until the port exists'
		'echo:a server that returns what it gets'
		'serve:a server that runs a command for each request'
		'bench:round trips through LPC and its peers'
	)
	all=(
		'(-J --json)'{-J,--json}'[one JSON object]'
		'(-o --output)'{-o,--output}'[columns]:columns:'
		'(-n --noheadings)'{-n,--noheadings}'[no headings]'
		'--timeout[give up after]:time:'
		'(-q --quiet)'{-q,--quiet}'[only results and errors]'
		'(-h --help)'{-h,--help}'[help]'
		'(-V --version)'{-V,--version}'[version]'
	)
	request=(
		'(-c --code)'{-c,--code}'[the method]:code:'
		'--hex[hexadecimal]' '--base64[base64]'
		'--server-uid[only if made by]:user:_users'
	)
	service=(
		'--mode[w connect, r look]:mode:' '--owner[give the port to]:user:_users'
		'--acl[entries, as acl has them]:entries:'
		"--room[most of a client's section]:size:"
		'--threads[that serve]:number:' '(-v --verbose)'{-v,--verbose}'[tell who connects]'
	)

	_arguments -C $all '1:verb:->verb' '*::argument:->argument'
	case $state in
	verb) _describe verb verbs ;;
	argument)
		case $line[1] in
		list|show) _arguments $all '1:port:_lpcctl_ports' ;;
		acl) _arguments $all '--first[before those there are]' '--last[behind them]' \
			'--clear[no entries]' '--mode[w connect, r look]:mode:' \
			'1:port:_lpcctl_ports' '*:entry:' ;;
		ps) _arguments $all '--calls[only calls]' '--fds[only descriptors]' '1:process:_pids' ;;
		call) _arguments $all $request '--deadline[for the reply]:time:' \
			'--room[for the reply]:size:' \
			'1:port:_lpcctl_ports' '2:data:' ;;
		send) _arguments $all $request '1:port:_lpcctl_ports' '2:data:' ;;
		ping) _arguments $all '(-c --count)'{-c,--count}'[calls]:number:' \
			'(-i --interval)'{-i,--interval}'[between two]:time:' \
			'(-s --size)'{-s,--size}'[bytes]:number:' \
			'--server-uid[only if made by]:user:_users' '1:port:_lpcctl_ports' ;;
		echo) _arguments $all $service '--deny-uid[refuse]:user:_users' \
			'--deny-text[words for him]:text:' '1:name:' ;;
		serve) _arguments $all $service '1:name:' '*::command:_normal' ;;
		bench) _arguments $all '--quick[fewer]' '(-s --size)'{-s,--size}'[bytes]:sizes:' \
			'(-m --mech)'{-m,--mech}'[mechanisms]:list:' \
			'(-p --place)'{-p,--place}'[places]:list:(free same two)' \
			'--pairs[of processes]:number:' '--calls[of a pair]:number:' \
			'--idle[connections beside]:number:' '--names[ports beside]:number:' \
			'--report[text to paste]' \
			'--method[what the clock is]:name:(wall tcg icount)' \
			'--pin[one CPU]' '--emulated[not speeds]' ;;
		*) _arguments $all ;;
		esac
		;;
	esac
}

_lpcctl "$@"

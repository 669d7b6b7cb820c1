# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of lpcctl for fish

set -l verbs list show ps info limits doctor acl call send ping wait echo serve bench
set -l none "not __fish_seen_subcommand_from $verbs"

complete -c lpcctl -f
complete -c lpcctl -n $none -a list -d 'the ports of this IPC namespace'
complete -c lpcctl -n $none -a show -d 'one port, or all ports of a process, in full'
complete -c lpcctl -n $none -a ps -d 'calls in progress, and who holds which port'
complete -c lpcctl -n $none -a info -d 'versions and features of module and library'
complete -c lpcctl -n $none -a limits -d 'limits in force and how much you use'
complete -c lpcctl -n $none -a doctor -d 'what is wrong, and the command that mends it'
complete -c lpcctl -n $none -a acl -d 'who may connect and look'
complete -c lpcctl -n $none -a call -d 'send a request, print the reply'
complete -c lpcctl -n $none -a send -d 'send a datagram'
complete -c lpcctl -n $none -a ping -d 'is it alive, and how fast'
complete -c lpcctl -n $none -a wait -d 'until the port exists'
complete -c lpcctl -n $none -a echo -d 'a server that returns what it gets'
complete -c lpcctl -n $none -a serve -d 'a server that runs a command for each request'
complete -c lpcctl -n $none -a bench -d 'round trips through LPC and its peers'

complete -c lpcctl -s J -l json -d 'one JSON object'
complete -c lpcctl -s o -l output -x -d columns
complete -c lpcctl -s n -l noheadings -d 'no headings'
complete -c lpcctl -l timeout -x -d 'give up after'
complete -c lpcctl -s q -l quiet -d 'only results and errors'
complete -c lpcctl -s h -l help -d help
complete -c lpcctl -s V -l version -d version

complete -c lpcctl -n '__fish_seen_subcommand_from list show acl call send ping' \
	-a '(lpcctl list -n -o NAME 2>/dev/null)'
complete -c lpcctl -n '__fish_seen_subcommand_from ps' -l calls -d 'only calls'
complete -c lpcctl -n '__fish_seen_subcommand_from ps' -l fds -d 'only descriptors'
complete -c lpcctl -n '__fish_seen_subcommand_from acl' -l first -d 'before the entries there are'
complete -c lpcctl -n '__fish_seen_subcommand_from acl' -l last -d 'behind them'
complete -c lpcctl -n '__fish_seen_subcommand_from acl' -l clear -d 'no entries'
complete -c lpcctl -n '__fish_seen_subcommand_from acl' -l mode -x -d 'w connect, r look'
complete -c lpcctl -n '__fish_seen_subcommand_from echo serve' -l acl -x -d 'entries, as acl has them'
complete -c lpcctl -n '__fish_seen_subcommand_from call send' -s c -l code -x -d 'the method'
complete -c lpcctl -n '__fish_seen_subcommand_from call send' -l hex -d hexadecimal
complete -c lpcctl -n '__fish_seen_subcommand_from call send' -l base64 -d base64
complete -c lpcctl -n '__fish_seen_subcommand_from call' -l deadline -x -d 'for the reply'
complete -c lpcctl -n '__fish_seen_subcommand_from call' -l room -x -d 'for the reply, in bytes'
complete -c lpcctl -n '__fish_seen_subcommand_from call send ping' -l server-uid -x \
	-a '(__fish_complete_users)' -d 'only if made by'
complete -c lpcctl -n '__fish_seen_subcommand_from ping' -s c -l count -x -d calls
complete -c lpcctl -n '__fish_seen_subcommand_from ping' -s i -l interval -x -d 'between two calls'
complete -c lpcctl -n '__fish_seen_subcommand_from ping bench' -s s -l size -x -d bytes
complete -c lpcctl -n '__fish_seen_subcommand_from echo serve' -l mode -x -d 'w connect, r look'
complete -c lpcctl -n '__fish_seen_subcommand_from echo serve' -l owner -x \
	-a '(__fish_complete_users)' -d 'give the port to'
complete -c lpcctl -n '__fish_seen_subcommand_from echo serve' -l room -x -d "most of a client's section"
complete -c lpcctl -n '__fish_seen_subcommand_from echo serve' -l threads -x -d 'that serve'
complete -c lpcctl -n '__fish_seen_subcommand_from echo serve' -s v -l verbose -d 'tell who connects'
complete -c lpcctl -n '__fish_seen_subcommand_from echo' -l deny-uid -x \
	-a '(__fish_complete_users)' -d refuse
complete -c lpcctl -n '__fish_seen_subcommand_from echo' -l deny-text -x -d 'words for him'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l quick -d fewer
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -s m -l mech -x -d mechanisms
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -s p -l place -x -a 'free same two' -d places
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l pairs -x -d 'pairs of processes'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l calls -x -d 'of a pair'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l idle -x -d 'connections beside'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l report -d 'text to paste'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l method -x -a 'wall tcg icount' -d 'what the clock is'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l pin -d 'one CPU'
complete -c lpcctl -n '__fish_seen_subcommand_from bench' -l emulated -d 'not speeds'

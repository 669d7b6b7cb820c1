/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi_layout.h - every size, offset and number of <linux/lpc.h>, as published;
 * compiled for 64 and for 32 bits. A line here is never changed, but that a
 * struct may grow.
 */
#ifndef LPC_SELFTESTS_ABI_LAYOUT_H
#define LPC_SELFTESTS_ABI_LAYOUT_H

#define SIZE(s, n) \
	_Static_assert(sizeof(struct s) == (n), "size of " #s)
/* One that has grown: its first size is taken for ever. */
/* checkpatch: MACRO_ARG_REUSE: the name of a type */
#define GREW(s, first, n) \
	_Static_assert(sizeof(struct s) == (n) && sizeof(struct s) > (first), \
		       "size of " #s)
#define AT(s, field, off) \
	_Static_assert(__builtin_offsetof(struct s, field) == (off), #s "." #field)
#define VALUE(name, v) \
	_Static_assert((name) == (v), #name)

SIZE(lpc_msg, 128);
AT(lpc_msg, type, 0);
AT(lpc_msg, status, 2);
AT(lpc_msg, flags, 4);
AT(lpc_msg, code, 8);
AT(lpc_msg, len, 12);
AT(lpc_msg, room, 16);
AT(lpc_msg, error, 20);
AT(lpc_msg, id, 24);
AT(lpc_msg, callback, 32);
AT(lpc_msg, context, 40);
AT(lpc_msg, pid, 48);
AT(lpc_msg, tid, 52);
AT(lpc_msg, uid, 56);
AT(lpc_msg, gid, 60);
AT(lpc_msg, deadline, 64);
AT(lpc_msg, out, 72);
AT(lpc_msg, offset, 80);
AT(lpc_msg, length, 88);
AT(lpc_msg, cookie, 96);
AT(lpc_msg, fds, 104);
AT(lpc_msg, section, 112);
AT(lpc_msg, nfds, 114);
AT(lpc_msg, priority, 116);
AT(lpc_msg, limit, 120);
AT(lpc_msg, in_use, 124);

SIZE(lpc_limit_value, 16);
AT(lpc_limit_value, limit, 0);
AT(lpc_limit_value, in_use, 8);

SIZE(lpc_info, 296);
AT(lpc_info, flags, 0);
AT(lpc_info, abi, 4);
AT(lpc_info, features, 8);
AT(lpc_info, errata, 16);
AT(lpc_info, inline_max, 24);
AT(lpc_info, connect_max, 28);
AT(lpc_info, callback_ms, 32);
AT(lpc_info, reserved, 36);
AT(lpc_info, limits, 40);

GREW(lpc_create, 64, 80);
AT(lpc_create, flags, 0);
AT(lpc_create, mode, 4);
AT(lpc_create, name, 8);
AT(lpc_create, name_len, 16);
AT(lpc_create, owner, 20);
AT(lpc_create, group, 24);
AT(lpc_create, inline_max, 28);
AT(lpc_create, connect_max, 32);
AT(lpc_create, backlog, 36);
AT(lpc_create, context, 40);
AT(lpc_create, fd, 48);
AT(lpc_create, client_fd, 52);
AT(lpc_create, limit, 56);
AT(lpc_create, in_use, 60);
AT(lpc_create, acl, 64);
AT(lpc_create, acl_count, 72);
AT(lpc_create, reserved, 76);

GREW(lpc_connect, 104, 184);
AT(lpc_connect, flags, 0);
AT(lpc_connect, status, 4);
AT(lpc_connect, id, 8);
AT(lpc_connect, name, 16);
AT(lpc_connect, name_len, 24);
AT(lpc_connect, data_len, 28);
AT(lpc_connect, data, 32);
AT(lpc_connect, answer, 40);
AT(lpc_connect, answer_room, 48);
AT(lpc_connect, answer_len, 52);
AT(lpc_connect, deadline, 56);
AT(lpc_connect, server_uid, 64);
AT(lpc_connect, server_gid, 68);
AT(lpc_connect, server_pid, 72);
AT(lpc_connect, acceptor_pid, 76);
AT(lpc_connect, acceptor_uid, 80);
AT(lpc_connect, room, 84);
AT(lpc_connect, fd, 88);
AT(lpc_connect, limit, 92);
AT(lpc_connect, in_use, 96);
AT(lpc_connect, level, 100);
AT(lpc_connect, tracking, 101);
AT(lpc_connect, reserved, 102);
AT(lpc_connect, own, 104);
AT(lpc_connect, theirs, 144);

GREW(lpc_accept, 48, 136);
AT(lpc_accept, flags, 0);
AT(lpc_accept, data_len, 4);
AT(lpc_accept, id, 8);
AT(lpc_accept, context, 16);
AT(lpc_accept, data, 24);
AT(lpc_accept, fd, 32);
AT(lpc_accept, limit, 36);
AT(lpc_accept, in_use, 40);
AT(lpc_accept, room, 44);
AT(lpc_accept, deadline, 48);
AT(lpc_accept, own, 56);
AT(lpc_accept, theirs, 96);

SIZE(lpc_complete, 8);
AT(lpc_complete, flags, 0);
AT(lpc_complete, reserved, 4);

SIZE(lpc_shutdown, 8);
AT(lpc_shutdown, flags, 0);
AT(lpc_shutdown, reserved, 4);

SIZE(lpc_cancel, 16);
AT(lpc_cancel, id, 0);
AT(lpc_cancel, flags, 8);
AT(lpc_cancel, reserved, 12);

SIZE(lpc_watch, 16);
AT(lpc_watch, flags, 0);
AT(lpc_watch, limit, 4);
AT(lpc_watch, in_use, 8);
AT(lpc_watch, reserved, 12);

SIZE(lpc_counters, 80);
AT(lpc_counters, calls, 0);
AT(lpc_counters, replied, 8);
AT(lpc_counters, canceled, 16);
AT(lpc_counters, lost, 24);
AT(lpc_counters, withdrawn, 32);
AT(lpc_counters, datagrams, 40);
AT(lpc_counters, dropped, 48);
AT(lpc_counters, refused, 56);
AT(lpc_counters, bytes, 64);
AT(lpc_counters, unattended, 72);

SIZE(lpc_port_info, 440);
AT(lpc_port_info, serial, 0);
AT(lpc_port_info, created, 8);
AT(lpc_port_info, last, 16);
AT(lpc_port_info, mode, 24);
AT(lpc_port_info, flags, 28);
AT(lpc_port_info, owner, 32);
AT(lpc_port_info, group, 36);
AT(lpc_port_info, server_pid, 40);
AT(lpc_port_info, server_uid, 44);
AT(lpc_port_info, server_gid, 48);
AT(lpc_port_info, inline_max, 52);
AT(lpc_port_info, connect_max, 56);
AT(lpc_port_info, backlog, 60);
AT(lpc_port_info, pending, 64);
AT(lpc_port_info, connections, 68);
AT(lpc_port_info, queued, 72);
AT(lpc_port_info, queued_peak, 76);
AT(lpc_port_info, waiting, 80);
AT(lpc_port_info, waiting_peak, 84);
AT(lpc_port_info, calls_now, 88);
AT(lpc_port_info, shut, 92);
AT(lpc_port_info, acl_count, 96);
AT(lpc_port_info, name_len, 100);
AT(lpc_port_info, counters, 104);
AT(lpc_port_info, name, 184);

GREW(lpc_conn_info, 144, 176);
AT(lpc_conn_info, serial, 0);
AT(lpc_conn_info, since, 8);
AT(lpc_conn_info, state, 16);
AT(lpc_conn_info, flags, 20);
AT(lpc_conn_info, pid, 24);
AT(lpc_conn_info, tid, 28);
AT(lpc_conn_info, uid, 32);
AT(lpc_conn_info, gid, 36);
AT(lpc_conn_info, server_pid, 40);
AT(lpc_conn_info, server_uid, 44);
AT(lpc_conn_info, calls_now, 48);
AT(lpc_conn_info, datagrams_now, 52);
AT(lpc_conn_info, datagrams_max, 56);
AT(lpc_conn_info, watches, 60);
AT(lpc_conn_info, counters, 64);
AT(lpc_conn_info, client_view, 144);
AT(lpc_conn_info, server_view, 152);
AT(lpc_conn_info, held_bytes, 160);
AT(lpc_conn_info, held, 168);
AT(lpc_conn_info, level, 172);
AT(lpc_conn_info, tracking, 173);
AT(lpc_conn_info, reserved, 174);

GREW(lpc_call_info, 72, 96);
AT(lpc_call_info, id, 0);
AT(lpc_call_info, callback, 8);
AT(lpc_call_info, conn, 16);
AT(lpc_call_info, sent, 24);
AT(lpc_call_info, start, 32);
AT(lpc_call_info, state, 40);
AT(lpc_call_info, flags, 44);
AT(lpc_call_info, code, 48);
AT(lpc_call_info, len, 52);
AT(lpc_call_info, pid, 56);
AT(lpc_call_info, tid, 60);
AT(lpc_call_info, server_tid, 64);
AT(lpc_call_info, to_client, 68);
AT(lpc_call_info, section, 72);
AT(lpc_call_info, buffers, 74);
AT(lpc_call_info, reserved, 76);
AT(lpc_call_info, offset, 80);
AT(lpc_call_info, length, 88);

GREW(lpc_query, 56, 64);
AT(lpc_query, what, 0);
AT(lpc_query, flags, 4);
AT(lpc_query, name, 8);
AT(lpc_query, name_len, 16);
AT(lpc_query, size, 20);
AT(lpc_query, out, 24);
AT(lpc_query, id, 32);
AT(lpc_query, deadline, 40);
AT(lpc_query, limit, 48);
AT(lpc_query, in_use, 52);
AT(lpc_query, capability, 56);
AT(lpc_query, reserved, 60);

SIZE(lpc_list, 48);
AT(lpc_list, what, 0);
AT(lpc_list, flags, 4);
AT(lpc_list, port, 8);
AT(lpc_list, cursor, 16);
AT(lpc_list, out, 24);
AT(lpc_list, size, 32);
AT(lpc_list, count, 36);
AT(lpc_list, hidden, 40);

SIZE(lpc_view, 40);
AT(lpc_view, fd, 0);
AT(lpc_view, flags, 4);
AT(lpc_view, offset, 8);
AT(lpc_view, size, 16);
AT(lpc_view, base, 24);
AT(lpc_view, peer_base, 32);

SIZE(lpc_event_page, 256);
AT(lpc_event_page, low, 0);
AT(lpc_event_page, high, 128);

SIZE(lpc_caller_info, 304);
AT(lpc_caller_info, start, 0);
AT(lpc_caller_info, process_start, 8);
AT(lpc_caller_info, pid, 16);
AT(lpc_caller_info, tid, 20);
AT(lpc_caller_info, uid, 24);
AT(lpc_caller_info, gid, 28);
AT(lpc_caller_info, status, 32);
AT(lpc_caller_info, group_count, 36);
AT(lpc_caller_info, unmapped_groups, 40);
AT(lpc_caller_info, label_len, 44);
AT(lpc_caller_info, label, 48);

SIZE(lpc_acl_entry, 8);
AT(lpc_acl_entry, flags, 0);
AT(lpc_acl_entry, rights, 2);
AT(lpc_acl_entry, id, 4);

SIZE(lpc_security, 40);
AT(lpc_security, flags, 0);
AT(lpc_security, mode, 4);
AT(lpc_security, name, 8);
AT(lpc_security, name_len, 16);
AT(lpc_security, owner, 20);
AT(lpc_security, group, 24);
AT(lpc_security, count, 28);
AT(lpc_security, acl, 32);

SIZE(lpc_impersonate, 48);
AT(lpc_impersonate, id, 0);
AT(lpc_impersonate, callback, 8);
AT(lpc_impersonate, flags, 16);
AT(lpc_impersonate, room, 20);
AT(lpc_impersonate, groups, 24);
AT(lpc_impersonate, count, 32);
AT(lpc_impersonate, uid, 36);
AT(lpc_impersonate, gid, 40);
AT(lpc_impersonate, level, 44);
AT(lpc_impersonate, tracking, 45);
AT(lpc_impersonate, reserved, 46);

SIZE(lpc_event_pair, 24);
AT(lpc_event_pair, flags, 0);
AT(lpc_event_pair, low, 4);
AT(lpc_event_pair, high, 8);
AT(lpc_event_pair, limit, 12);
AT(lpc_event_pair, in_use, 16);
AT(lpc_event_pair, reserved, 20);

SIZE(lpc_event, 24);
AT(lpc_event, flags, 0);
AT(lpc_event, set, 4);
AT(lpc_event, wait, 6);
AT(lpc_event, reset, 8);
AT(lpc_event, state, 10);
AT(lpc_event, reserved, 12);
AT(lpc_event, deadline, 16);

SIZE(lpc_quick_make, 64);
AT(lpc_quick_make, flags, 0);
AT(lpc_quick_make, fd, 4);
AT(lpc_quick_make, id, 8);
AT(lpc_quick_make, limit, 16);
AT(lpc_quick_make, in_use, 20);
AT(lpc_quick_make, own, 24);

SIZE(lpc_quick_open, 56);
AT(lpc_quick_open, flags, 0);
AT(lpc_quick_open, fd, 4);
AT(lpc_quick_open, id, 8);
AT(lpc_quick_open, theirs, 16);

SIZE(lpc_section_make, 32);
AT(lpc_section_make, flags, 0);
AT(lpc_section_make, fd, 4);
AT(lpc_section_make, size, 8);
AT(lpc_section_make, in_use, 16);
AT(lpc_section_make, limit, 24);
AT(lpc_section_make, reserved, 28);

SIZE(lpc_split, 168);
AT(lpc_split, msg, 0);
AT(lpc_split, buffers, 128);
AT(lpc_split, count, 136);
AT(lpc_split, form, 140);
AT(lpc_split, send, 144);
AT(lpc_split, receive, 152);
AT(lpc_split, context, 160);

SIZE(lpc_nt_message, 40);
AT(lpc_nt_message, data_length, 0);
AT(lpc_nt_message, total_length, 2);
AT(lpc_nt_message, type, 4);
AT(lpc_nt_message, data_info_offset, 6);
AT(lpc_nt_message, process, 8);
AT(lpc_nt_message, thread, 16);
AT(lpc_nt_message, message_id, 24);
AT(lpc_nt_message, reserved, 28);
AT(lpc_nt_message, callback, 32);

SIZE(lpc_nt_buffer, 16);
AT(lpc_nt_buffer, base, 0);
AT(lpc_nt_buffer, size, 8);
AT(lpc_nt_buffer, reserved, 12);

SIZE(lpc_nt_buffers, 8);
AT(lpc_nt_buffers, count, 0);
AT(lpc_nt_buffers, reserved, 4);

SIZE(lpc_copy, 24);
AT(lpc_copy, from, 0);
AT(lpc_copy, to, 8);
AT(lpc_copy, length, 16);
AT(lpc_copy, flags, 20);

SIZE(lpc_buffer, 24);
AT(lpc_buffer, base, 0);
AT(lpc_buffer, length, 8);
AT(lpc_buffer, access, 16);
AT(lpc_buffer, reserved, 20);

SIZE(lpc_call_data, 144);
AT(lpc_call_data, msg, 0);
AT(lpc_call_data, buffers, 128);
AT(lpc_call_data, count, 136);
AT(lpc_call_data, reserved, 140);

SIZE(lpc_data, 72);
AT(lpc_data, id, 0);
AT(lpc_data, index, 8);
AT(lpc_data, access, 12);
AT(lpc_data, offset, 16);
AT(lpc_data, address, 24);
AT(lpc_data, length, 32);
AT(lpc_data, deadline, 40);
AT(lpc_data, done, 48);
AT(lpc_data, size, 56);
AT(lpc_data, allowed, 64);
AT(lpc_data, reserved, 68);

VALUE(LPC_IOC_INFO, 0xc128bc00u);
VALUE(LPC_IOC_CREATE, 0xc050bc01u);
VALUE(LPC_IOC_CONNECT, 0xc0b8bc02u);
VALUE(LPC_IOC_LIST, 0xc030bc03u);
VALUE(LPC_IOC_SECTION, 0xc020bc04u);
VALUE(LPC_IOC_EVENT_PAIR, 0xc018bc05u);
VALUE(LPC_IOC_QUICK, 0xc040bc1bu);
VALUE(LPC_IOC_QUICK_OPEN, 0xc038bc1cu);
VALUE(LPC_IOC_EVENT, 0xc018bc30u);
VALUE(LPC_IOC_SEND, 0xc080bc10u);
VALUE(LPC_IOC_CALL, 0xc080bc11u);
VALUE(LPC_IOC_CALL_DATA, 0xc090bc11u);
VALUE(LPC_IOC_REPLY_RECV, 0xc080bc12u);
VALUE(LPC_IOC_REPLY_WAIT, 0xc080bc13u);
VALUE(LPC_IOC_COPY, 0xc018bc06u);
VALUE(LPC_IOC_SEND_SPLIT, 0xc0a8bc10u);
VALUE(LPC_IOC_CALL_SPLIT, 0xc0a8bc11u);
VALUE(LPC_IOC_REPLY_RECV_SPLIT, 0xc0a8bc12u);
VALUE(LPC_IOC_REPLY_WAIT_SPLIT, 0xc0a8bc13u);
VALUE(LPC_IOC_CANCEL, 0xc010bc14u);
VALUE(LPC_IOC_SHUTDOWN, 0xc008bc15u);
VALUE(LPC_IOC_QUERY, 0xc040bc16u);
VALUE(LPC_IOC_WATCH_THREAD, 0xc010bc17u);
VALUE(LPC_IOC_DATA, 0xc048bc19u);
VALUE(LPC_IOC_SECURITY, 0xc028bc18u);
VALUE(LPC_IOC_IMPERSONATE, 0xc030bc1au);
VALUE(LPC_IOC_ACCEPT, 0xc088bc20u);
VALUE(LPC_IOC_COMPLETE, 0xc008bc21u);

VALUE(LPC_ABI_VERSION, 1);
VALUE(LPC_INLINE_MAX, 303);
VALUE(LPC_CONNECT_MAX, 260);
VALUE(LPC_NAME_MAX, 255);
VALUE(LPC_FOREVER, 0);
VALUE(LPC_CODE_RESERVED, 0xffff0000u);

VALUE(LPC_REQUEST, 1);
VALUE(LPC_REPLY, 2);
VALUE(LPC_DATAGRAM, 3);
VALUE(LPC_PORT_CLOSED, 5);
VALUE(LPC_CLIENT_DIED, 6);
VALUE(LPC_CONNECTION_REQUEST, 10);
VALUE(LPC_CANCELED, 12);

VALUE(LPC_DONTWAIT, 0x01);
VALUE(LPC_CALL_ASYNC, 0x02);
VALUE(LPC_CALLBACK, 0x04);
VALUE(LPC_SPIN, 0x08);
VALUE(LPC_WITH_REPLY, 0x10);
VALUE(LPC_WITH_RECV, 0x20);
VALUE(LPC_RECV_ANYWAY, 0x40);
VALUE(LPC_LISTEN, 0x80);
VALUE(LPC_NO_IMPERSONATE, 0x100);
VALUE(LPC_IMPERSONATE_ME, 0x200);

VALUE(LPC_DID_REPLY, 0x01);
VALUE(LPC_WAS_TAKEN, 0x02);
VALUE(LPC_PENDING, 0x04);
VALUE(LPC_TRUNCATED, 0x08);
VALUE(LPC_PID_FOREIGN, 0x10);
VALUE(LPC_UID_UNMAPPED, 0x20);
VALUE(LPC_GID_UNMAPPED, 0x40);
VALUE(LPC_DETACHED, 0x80);

VALUE(LPC_LIMIT_PORTS, 1);
VALUE(LPC_LIMIT_CONNS, 2);
VALUE(LPC_LIMIT_PORT_CONNS, 3);
VALUE(LPC_LIMIT_PENDING, 4);
VALUE(LPC_LIMIT_USER_PENDING, 5);
VALUE(LPC_LIMIT_SHARE, 6);
VALUE(LPC_LIMIT_NAME_WAITERS, 7);
VALUE(LPC_LIMIT_DATAGRAMS, 8);
VALUE(LPC_LIMIT_CALLS, 9);
VALUE(LPC_LIMIT_CALLBACK_DEPTH, 10);
VALUE(LPC_LIMIT_WATCHES, 11);
VALUE(LPC_LIMIT_SECTION_BYTES, 12);
VALUE(LPC_LIMIT_SECTION, 13);
VALUE(LPC_LIMIT_EVENT_PAIRS, 14);
VALUE(LPC_LIMIT_QUICK, 15);
VALUE(LPC_LIMIT_MAX, 16);

VALUE(LPC_CONNECT_VIEW, 0x40);
VALUE(LPC_ACCEPT_VIEW, 0x04);
VALUE(LPC_ACCEPT_MAP_NOW, 0x08);
VALUE(LPC_VIEW_PEER_READONLY, 0x01);
VALUE(LPC_VIEW_TELL_BASE, 0x02);
VALUE(LPC_VIEW_SHARED, 0x04);
VALUE(LPC_SECTION_NONE, 0);
VALUE(LPC_SECTION_CLIENT, 1);
VALUE(LPC_SECTION_SERVER, 2);
VALUE(LPC_DATA_READ, 0x01);
VALUE(LPC_DATA_WRITE, 0x02);
VALUE(LPC_BUFFERS_MAX, 16);
VALUE(LPC_HAS_SECTIONS, 0x08);
VALUE(LPC_HAS_QUICK, 0x10);
VALUE(LPC_HAS_IMPERSONATE, 0x20);
VALUE(LPC_HAS_SECURITY, 0x40);
VALUE(LPC_HAS_CALLER, 0x80);
VALUE(LPC_WHAT_CALLER, 4);
VALUE(LPC_QUERY_CAPABLE, 2);
VALUE(LPC_CALLER_CAPABLE, 0x10000);
VALUE(LPC_ACL_DENY, 1);
VALUE(LPC_ACL_GROUP, 2);
VALUE(LPC_RIGHT_CONNECT, 2);
VALUE(LPC_RIGHT_QUERY, 4);
VALUE(LPC_ACL_MAX, 16);
VALUE(LPC_SECURITY_MODE, 1);
VALUE(LPC_SECURITY_OWNER, 2);
VALUE(LPC_SECURITY_GROUP, 4);
VALUE(LPC_SECURITY_ACL, 8);
VALUE(LPC_LEVEL_IDENTIFY, 0);
VALUE(LPC_LEVEL_ANONYMOUS, 1);
VALUE(LPC_LEVEL_IMPERSONATE, 2);
VALUE(LPC_LEVEL_DELEGATE, 3);
VALUE(LPC_TRACK_STATIC, 0);
VALUE(LPC_TRACK_DYNAMIC, 1);
VALUE(LPC_HAS_SPLIT, 1ull << 8);
VALUE(LPC_SPLIT_NONE, 0);
VALUE(LPC_SPLIT_BYTES, 1);
VALUE(LPC_SPLIT_NT, 2);
VALUE(LPC_NT_NO_IMPERSONATE, 0x4000);
VALUE(LPC_COPY_MOST, 4096);
VALUE(LPC_QUERY_WAIT_NAME, 1);
VALUE(LPC_QUERY_SHORT_ID, 4);

VALUE(LPC_EVENT_LOW, 1);
VALUE(LPC_EVENT_HIGH, 2);
VALUE(LPC_EVENT_IS_SET, 1);
VALUE(LPC_EVENT_ASLEEP, 2);
VALUE(LPC_EVENT_WAS_SET, 0x10000);
VALUE(LPC_EVENT_READ, 0x20000);
VALUE(LPC_CALL_HELD, 0x10000);

#undef SIZE
#undef GREW
#undef AT
#undef VALUE

#endif /* LPC_SELFTESTS_ABI_LAYOUT_H */

# SPDX-License-Identifier: GPL-2.0-only
#
# tables.awk: bench.json as tables for a terminal: a block for each size.

function row() {
	if (method == "turns") {
		if (place == "same")
			own[mech, bytes] = p50
		turns[++turns_rows] = sprintf("%-16s %8d %-8s %10d %10d %10d", mech, bytes, place, best, p50, worst)
		if ((mech, bytes) in own)
			turns[turns_rows] = turns[turns_rows] sprintf(" %6.2f", worst / own[mech, bytes])
		return
	}
	if (idle) {
		idles[++idle_rows] = sprintf("%-16s %8d %12d %6.2f %14d", mech, idle, value, ratio, idle_bytes)
		return
	}
	if (!(bytes in seen)) {
		seen[bytes] = 1
		sizes[++size_count] = bytes
	}
	if (!(mech in known)) {
		known[mech] = 1
		order[++mechs] = mech
	}
	v[bytes, mech, method, place] = value
	r[bytes, mech, method, place] = ratio
	w[bytes, mech, method, place] = worst
	if (method == "icount")
		acts[bytes, mech] = act(switches) " " act(wakes) " " act(calls)
}

function act(n) {
	return n == "null" ? "    -" : sprintf("%5.2f", n)
}

function cell(b, m, method, place,	 k) {
	k = b SUBSEP m SUBSEP method SUBSEP place
	if (!(k in v))
		return sprintf("%10s %5s", "-", "-")
	return sprintf(method == "icount" ? "%10d %5s" : "%10.1f %5s", \
		method == "icount" ? v[k] : v[k] / 1000, r[k] ? sprintf("%.2f", r[k]) : "-")
}

END {
	printf "kernel %s; each ratio is to unix seqpacket in the same boot\n", kernel
	for (i = 1; i <= size_count; i++) {
		b = sizes[i]
		printf "\n%s bytes each way\n", size_name(b)
		printf "%-16s %-16s %-18s %-16s %-16s %-22s\n", "", "    instructions", "switch wakes calls", "  same CPU, us", "   two CPUs, us", "   unpinned, us  worst"
		for (j = 1; j <= mechs; j++) {
			m = order[j]
			any = 0
			for (k in v)
				if (index(k, b SUBSEP m SUBSEP) == 1)
					any = 1
			if (!any)
				continue
			printf "%-16s %s %-18s %s %s %s", m, cell(b, m, "icount", "same"), acts[b, m], \
				cell(b, m, "tcg", "same"), cell(b, m, "tcg", "two"), cell(b, m, "tcg", "free")
			if ((b, m, "tcg", "free") in v)
				printf " %8.1f", w[b, m, "tcg", "free"] / 1000
			printf "\n"
		}
	}
	if (idle_rows)
		printf "\n%-16s %8s %12s %6s %14s\n", "", "idle", "instructions", "ratio", "bytes of each"
	for (i = 1; i <= idle_rows; i++)
		print idles[i]
	if (turns_rows)
		printf "\n%-16s %8s %-8s %10s %10s %10s %6s\n", "two CPUs, turns", "bytes", "place", "best p50", "median", "worst", "/same"
	for (i = 1; i <= turns_rows; i++)
		print turns[i]
	print "\nEmulated: the microseconds compare mechanisms within a column, no one is a speed."
}

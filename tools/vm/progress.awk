# SPDX-License-Identifier: GPL-2.0-only
# The results of the tests as they come in: a line for each program, more for
# what failed; with verbose=1 every line.

function flush() { fflush("/dev/stdout") }

/^lpc-vm: start / {
	name = $3; n = 0
	if (verbose) print "# " name
	else printf "  %-14s", name
	flush()
	next
}
/^lpc-vm: end / {
	split("", v)
	for (i = 4; i <= NF; i++) { split($i, kv, "="); v[kv[1]] = kv[2] }
	if (verbose || shown) printf "  %-14s", name
	printf "%4d passed", v["pass"]
	if (v["fail"]) printf ", %d FAILED%s", v["fail"], v["why"] ? " (" v["why"] ")" : ""
	if (v["skip"]) printf ", %d skipped", v["skip"]
	printf "%6d s\n", v["secs"]
	shown = 0
	flush()
	next
}
/^lpc-vm: / { next }
verbose { print "  " $0; flush(); next }
/^ok / {
	if ($0 ~ /# SKIP/) { if (!shown) print ""; shown = 1; print "    " $0; flush() }
	n = 0
	next
}
/^not ok / {
	if (!shown) print ""
	shown = 1
	for (i = n > 40 ? n - 40 : 0; i < n; i++) print "    " line[i]
	print "    " $0
	n = 0
	flush()
	next
}
{ line[n++] = $0 }

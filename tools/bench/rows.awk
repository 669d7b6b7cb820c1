# SPDX-License-Identifier: GPL-2.0-only
#
# rows.awk: reads bench.json for tables and charts, which follow as another -f:
# a row a line by way of sed, then row() is called for each that has a result.
# In it: method, kernel, mech, bytes, place, idle, value (mean under icount, else
# the p50 of the best pair), p50 (the median pair's), worst (the slowest pair's p50),
# ratio (0: none), switches, wakes, calls. Instructions of several CPUs that take
# turns: method is turns.

function field(key,	 s) {
	if (!match($0, "\"" key "\":[^,}]*"))
		return ""
	s = substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
	gsub(/"/, "", s)
	return s
}

function size_name(b) {
	if (b >= 1048576)
		return b / 1048576 " Mi"
	return b >= 1024 && b % 1024 == 0 ? b / 1024 " Ki" : b
}

/"method"/ {
	method = field("method")
	kernel = field("kernel")
	if (method == "icount" && field("cpus") + 0 > 1)
		method = "turns"
}

/"mechanism"/ && !/"error"/ {
	mech = field("mechanism")
	bytes = field("bytes") + 0
	place = field("placement")
	idle = field("idle") + 0
	ratio = field("ratio") + 0
	switches = field("switches")
	wakes = field("wakes")
	calls = field("calls")
	p50 = field("p50") + 0
	idle_bytes = field("idle_bytes") + 0
	# the last of pairs_p50, which ends the row
	worst = $0
	sub(/\].*/, "", worst)
	sub(/.*\[/, "", worst)
	best = worst
	sub(/,.*/, "", best)
	sub(/.*,/, "", worst)
	value = (method == "icount" ? field("mean") : best) + 0
	row()
}

# SPDX-License-Identifier: GPL-2.0-only
#
# charts.awk: bench.json as SVG: -v dir=DIRECTORY -v command=TEXT
#   trip.svg         instructions of a round trip of 64 bytes, by mechanism
#   size.svg         the same by size, logarithmic both ways
#   connections.svg  the same by connections that idle beside the one that works

function row() {
	if (method != "icount")
		return
	if (!(mech in known)) {
		known[mech] = 1
		order[++mechs] = mech
	}
	if (idle) {
		by_idle[mech, idle] = value
		if (!(idle in idle_seen)) {
			idle_seen[idle] = 1
			idles[++idle_count] = idle
		}
		return
	}
	by_size[mech, bytes] = value
	if (!(bytes in seen)) {
		seen[bytes] = 1
		sizes[++size_count] = bytes
	}
}

function colour(i) {
	return hue[(i - 1) % hues + 1]
}

function start(file, width, height, title) {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, height >file
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->" >file
	printf "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n<text x=\"10\" y=\"22\" font-size=\"15\">%s</text>\n", width, height, title >file
}

function finish(file, y) {
	printf "<text x=\"10\" y=\"%d\" fill=\"#555555\">%s; Linux %s, emulated: instructions of both processes and the kernel, no time</text>\n</svg>\n", y, command, kernel >file
	close(file)
}

# What takes many times the others would leave them no room: in words.
function trip(	 f, i, j, t, n, m, y, most, out) {
	for (i = 1; i <= mechs; i++) {
		m = order[i]
		if (!((m, 64) in by_size))
			continue
		if (("unix_seqpacket", 64) in by_size && by_size[m, 64] > 3 * by_size["unix_seqpacket", 64])
			out = out sprintf("%s %s %d", out == "" ? "Not drawn:" : ",", m, by_size[m, 64])
		else
			sorted[++n] = m
	}
	for (i = 1; i <= n; i++)
		for (j = i + 1; j <= n; j++)
			if (by_size[sorted[j], 64] < by_size[sorted[i], 64]) {
				t = sorted[i]
				sorted[i] = sorted[j]
				sorted[j] = t
			}
	if (!n)
		return
	most = by_size[sorted[n], 64]
	f = dir "/trip.svg"
	start(f, 760, 90 + 24 * n, "A round trip of 64 bytes on one CPU, instructions")
	for (i = 1; i <= n; i++) {
		m = sorted[i]
		y = 26 + 24 * i
		printf "<text x=\"130\" y=\"%d\" text-anchor=\"end\">%s</text>", y, m >f
		printf "<rect x=\"138\" y=\"%d\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>", y - 12, by_size[m, 64] / most * 520, m ~ /^(lpc|quick|event_)/ ? "#4477aa" : "#bbbbbb" >f
		printf "<text x=\"%.1f\" y=\"%d\">%d</text>\n", 144 + by_size[m, 64] / most * 520, y, by_size[m, 64] >f
	}
	printf "<text x=\"10\" y=\"%d\">%s</text>\n", 56 + 24 * n, out >f
	finish(f, 76 + 24 * n)
}

# axis: the values of x, by number; nx of them; at: what is there, by mech and x
function lines(f, title, axis, nx, at, log_y, of,	 i, j, x, y, low, high, points, n, k, last) {
	low = 1e300
	high = 0
	for (i = 1; i <= mechs; i++)
		for (j = 1; j <= nx; j++)
			if ((order[i], axis[j]) in at) {
				y = at[order[i], axis[j]]
				if (y < low)
					low = y
				if (y > high)
					high = y
			}
	if (!high)
		return
	if (!log_y)
		low = 0
	start(f, 860, 480, title)
	for (j = 1; j <= nx; j++)
		printf "<text x=\"%.1f\" y=\"430\" text-anchor=\"middle\">%s</text>\n", px(j, nx), size_name(axis[j]) >f
	printf "<text x=\"350\" y=\"448\" text-anchor=\"middle\">%s</text>\n", of >f
	for (i = 1; i <= mechs; i++) {
		points = ""
		last = 0
		for (j = 1; j <= nx; j++)
			if ((order[i], axis[j]) in at) {
				last = py(at[order[i], axis[j]], low, high, log_y)
				points = points sprintf("%.1f,%.1f ", px(j, nx), last)
			}
		if (points == "")
			continue
		k++
		printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d\"/>\n", points, colour(k), order[i] ~ /^(lpc|quick)/ ? 3 : 1 >f
		printf "<rect x=\"670\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"688\" y=\"%d\">%s</text>\n", 42 + 20 * k, colour(k), 52 + 20 * k, order[i] >f
	}
	printf "<text x=\"10\" y=\"415\">%d</text><text x=\"10\" y=\"45\">%d</text>\n", low, high >f
	finish(f, 470)
}

function px(j, nx) {
	return nx > 1 ? 70 + (j - 1) * 570 / (nx - 1) : 350
}

function py(v, low, high, log_y) {
	if (log_y && high > low)
		return 410 - 370 * (log(v) - log(low)) / (log(high) - log(low))
	return 410 - 370 * (v - low) / (high - low)
}

END {
	hues = split("#4477aa #ee6677 #228833 #ccbb44 #66ccee #aa3377 #ee8866 #44bb99 #bbcc33 #99ddff #ffaabb #777777 #000000 #885522", hue, " ")
	trip()
	lines(dir "/size.svg", "A round trip by size, instructions", sizes, size_count, by_size, 1, "bytes each way")
	lines(dir "/connections.svg", "A round trip of 64 bytes by connections, instructions", idles, idle_count, by_idle, 0, "connections that idle")
}

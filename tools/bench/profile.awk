# SPDX-License-Identifier: GPL-2.0-only
#
# profile.awk: makes functions of instructions. In: the groups file; then
# symbols and counts as one stream sorted by address, "ADDRESS A NAME MODULE"
# and "ADDRESS B COUNT", 16 hex digits each, so that no number here has 64 bits.
# Out, by tabs: group, function, calls and instructions a round trip.
# -v turns=N

FNR == NR {
	if ($1 !~ /^#/ && NF == 2) {
		group[++groups] = $1
		re[groups] = "^(" $2 ")$"
	}
	next
}

$2 == "A" {
	# of several names for one place the first that is no label of a section
	if ($1 == at && !count && name !~ /(^_s?text|_start|_end|_array)$/)
		next
	flush()
	at = $1
	name = $3
	module = $4
	count = 0
	calls = 0
	next
}

{
	count += $3
	if ($1 == at)
		calls = $3
}

function flush(	 g, i) {
	if (!count)
		return
	if (at < "8") {
		g = "user"
	} else if (module ~ /^\[(__builtin|bpf)/ || module == "") {
		g = "other"
		for (i = 1; i <= groups; i++)
			if (name ~ re[i]) {
				g = group[i]
				break
			}
	} else {
		g = substr(module, 2, length(module) - 2)
	}
	printf "%s\t%s\t%.4f\t%.2f\n", g, name, calls / turns, count / turns
}

END { flush() }

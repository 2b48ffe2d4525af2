/* SPDX-License-Identifier: MIT */
/* diff: what a second answer has that the first had not, line by line. Pure; no DOM. */

const CELLS_MAX = 4e6; /* of the table; beyond it all is told as changed */

/* [[op, line]], op: " " both, "-" first alone, "+" second alone. */
export function lines(a, b) {
	let start = 0,
		end = 0;
	while (start < a.length && start < b.length && a[start] === b[start]) start++;
	while (
		end < a.length - start &&
		end < b.length - start &&
		a[a.length - 1 - end] === b[b.length - 1 - end]
	)
		end++;
	const keep = (l) => [" ", l];
	return [
		...a.slice(0, start).map(keep),
		...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
		...a.slice(a.length - end).map(keep),
	];
}

/* By the longest common subsequence. */
function middle(a, b) {
	if (a.length * b.length > CELLS_MAX) return [...a.map((l) => ["-", l]), ...b.map((l) => ["+", l])];
	const w = b.length + 1;
	const best = new Uint16Array((a.length + 1) * w);
	for (let i = a.length - 1; i >= 0; i--)
		for (let j = b.length - 1; j >= 0; j--)
			best[i * w + j] =
				a[i] === b[j]
					? best[(i + 1) * w + j + 1] + 1
					: Math.max(best[(i + 1) * w + j], best[i * w + j + 1]);
	const out = [];
	let i = 0,
		j = 0;
	while (i < a.length || j < b.length) {
		if (i < a.length && j < b.length && a[i] === b[j]) {
			out.push([" ", a[i++]]);
			j++;
		} else if (i < a.length && (j === b.length || best[(i + 1) * w + j] >= best[i * w + j + 1])) {
			out.push(["-", a[i++]]);
		} else {
			out.push(["+", b[j++]]);
		}
	}
	return out;
}

/* Long runs of what both have become one ["…", number]. */
export function folded(all, around = 3) {
	const out = [];
	let run = [];
	const flush = (last) => {
		const head = out.length ? around : 0,
			tail = last ? 0 : around;
		if (run.length > head + tail + 1) {
			out.push(...run.slice(0, head), ["…", run.length - head - tail], ...run.slice(run.length - tail));
		} else {
			out.push(...run);
		}
		run = [];
	};
	for (const row of all) {
		if (row[0] === " ") {
			run.push(row);
			continue;
		}
		flush(false);
		out.push(row);
	}
	flush(true);
	return out;
}

/* Header fields as sorted lines, those that differ in every answer left out. */
export function header_lines(headers) {
	return headers
		.filter((f) => f.name.toLowerCase() !== "date")
		.map((f) => `${f.name.toLowerCase()}: ${f.value}`)
		.sort();
}

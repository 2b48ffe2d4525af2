/* SPDX-License-Identifier: MIT */
/* format: figures, times and captured text as people read them. Pure; no DOM. */

export function bytes(n) {
	if (n < 1000) return `${n} B`;
	const units = ["KiB", "MiB", "GiB", "TiB"];
	let u = -1;
	do {
		n /= 1024;
		u++;
	} while (n >= 1000 && u < units.length - 1);
	return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[u]}`;
}

export function duration(us) {
	if (us === null || us === undefined) return "–";
	if (us < 1000) return `${us} µs`;
	if (us < 1e6) return `${us < 1e4 ? (us / 1e3).toFixed(1) : Math.round(us / 1e3)} ms`;
	if (us < 6e7) return `${(us / 1e6).toFixed(2)} s`;
	return `${Math.floor(us / 6e7)} min ${Math.round((us % 6e7) / 1e6)} s`;
}

const two = (n) => String(n).padStart(2, "0");

export function clock(ms) {
	const d = new Date(ms);
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function clock_ms(ms) {
	return `${clock(ms)}.${String(ms % 1000).padStart(3, "0")}`;
}

export function stamp(ms) {
	const d = new Date(ms);
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock_ms(ms)}`;
}

export function since(ms) {
	const s = Math.max(0, Math.round((Date.now() - ms) / 1000));
	if (s < 60) return `${s} s`;
	if (s < 3600) return `${Math.floor(s / 60)} min`;
	if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
	return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export const plural = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/* Characters that show nothing, or change the order of what stands around them. */
const ODD =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

function named(c) {
	const code = c.codePointAt(0);
	if (code < 32) return String.fromCharCode(0x2400 + code);
	return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/* Text of several lines: what cannot be seen is named. */
export const shown = (text) => text.replace(/\r\n/g, "\n").replace(ODD, named);
/* The same in one line. */
export const line = (text) => text.replace(ODD, named).replace(/\n/g, "␊").replace(/\t/g, "␉");

export const clip = (text, n) => (text.length > n ? `${text.slice(0, n)}…` : text);

export function status_class(info) {
	if (info.state === "failed") return "failed";
	return info.status ? `s${Math.floor(info.status / 100)}` : "open";
}

export const REASONS = {
	100: "Continue",
	101: "Switching Protocols",
	200: "OK",
	201: "Created",
	202: "Accepted",
	204: "No Content",
	206: "Partial Content",
	301: "Moved Permanently",
	302: "Found",
	303: "See Other",
	304: "Not Modified",
	307: "Temporary Redirect",
	308: "Permanent Redirect",
	400: "Bad Request",
	401: "Unauthorized",
	403: "Forbidden",
	404: "Not Found",
	405: "Method Not Allowed",
	408: "Request Timeout",
	409: "Conflict",
	410: "Gone",
	413: "Content Too Large",
	415: "Unsupported Media Type",
	418: "I'm a teapot",
	422: "Unprocessable Content",
	429: "Too Many Requests",
	500: "Internal Server Error",
	501: "Not Implemented",
	502: "Bad Gateway",
	503: "Service Unavailable",
	504: "Gateway Timeout",
};

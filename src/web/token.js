/* SPDX-License-Identifier: MIT */
/*
 * token: what proves to the daemon that this page may see and act.
 *
 * It comes in the address's fragment, which no server sees, leaves the address bar at once, and
 * is kept for this origin, so that a reload or a restart of the daemon needs no new one.
 */

const KEY = "tunnelto.token";
const HEX = /^[0-9a-f]{16,128}$/i;
let held = null;

function kept() {
	try {
		return localStorage.getItem(KEY);
	} catch {
		return null;
	}
}

/* From an address (…#token=HEX) or bare; null where there is none in it. */
export function token_in(text) {
	const m = /#(?:.*&)?token=([0-9a-f]+)/i.exec(text) ?? /^\s*([0-9a-f]+)\s*$/i.exec(text);
	return m && HEX.test(m[1]) ? m[1].toLowerCase() : null;
}

export function keep_token(token) {
	held = token;
	try {
		localStorage.setItem(KEY, token);
	} catch {
		/* then for this page alone */
	}
}

/* The token this page has, or null. Takes one out of the address bar. */
export function page_token() {
	const fresh = location.hash.includes("token=") ? token_in(location.hash) : null;
	if (location.hash.includes("token=")) history.replaceState(null, "", location.pathname + location.search);
	if (fresh) keep_token(fresh);
	return fresh ?? held ?? kept();
}

/* SPDX-License-Identifier: MIT */
/*
 * store: the requests this page knows, at most LIMIT, the oldest going first; and those of them
 * that pass the filter. No DOM: whoever shows them asks for view() after a change.
 */

export const LIMIT = 5000;

export class Store {
	constructor() {
		this.clear();
		this.passes = () => true;
	}

	clear() {
		this.byId = new Map(); /* in the order of their ids */
		this.latest = 0;
		this.arrived = []; /* [time_ms, tunnel] of this minute, for the rates */
	}

	/* What one answer of Requests says. Those that began first may be told last. */
	apply({requests, gone}) {
		let behind = false;
		for (const info of requests ?? []) {
			if (!this.byId.has(info.id)) {
				behind ||= info.id < this.latest;
				this.latest = Math.max(this.latest, info.id);
				this.arrived.push([info.time_ms, info.tunnel]);
			}
			this.byId.set(info.id, info);
		}
		for (const id of gone ?? []) this.byId.delete(id);
		if (behind) this.byId = new Map([...this.byId].sort((a, b) => a[0] - b[0]));
		if (this.byId.size > LIMIT) this.shrink();
		if (this.arrived.length > 4 * LIMIT) this.arrived.splice(0, this.arrived.length - 2 * LIMIT);
	}

	shrink() {
		let over = this.byId.size - LIMIT;
		for (const id of this.byId.keys()) {
			if (over-- <= 0) return;
			this.byId.delete(id);
		}
	}

	get(id) {
		return this.byId.get(id);
	}

	get size() {
		return this.byId.size;
	}

	/* Those that pass, oldest first. */
	view() {
		const out = [];
		for (const info of this.byId.values()) if (this.passes(info)) out.push(info);
		return out;
	}

	/* How many came in each of @n spans of @span_ms, up to now; of one tunnel. */
	rates(tunnel, n, span_ms, now = Date.now()) {
		const out = new Array(n).fill(0);
		const from = now - n * span_ms;
		for (let i = this.arrived.length - 1; i >= 0; i--) {
			const [at, whose] = this.arrived[i];
			if (at < from - span_ms) break;
			if (at >= from && whose === tunnel) out[Math.min(n - 1, Math.floor((at - from) / span_ms))]++;
		}
		return out;
	}
}

const hay = (info) =>
	(info.hay ??=
		`#${info.id} ${info.method} ${info.target} ${info.status ?? ""} ${info.tunnel} ${info.visitor} ${info.media_type ?? ""} ${info.error ?? ""}`.toLowerCase());

const STATUS = {
	open: (i) => i.state === "open",
	failed: (i) => i.state === "failed",
	error: (i) => i.state === "failed" || i.status >= 400,
};

/* A predicate from {text, method, status, tunnel, kind, verified}; empty: not asked. */
export function filter_of({text, method, status, tunnel, kind, verified}) {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	const by_status = STATUS[status] ?? ((i) => Math.floor((i.status ?? 0) / 100) === Number(status[0]));
	const replayed = kind === "replay";
	return (i) =>
		(!method || i.method === method) &&
		(!status || by_status(i)) &&
		(!tunnel || i.tunnel === tunnel) &&
		(!kind || (replayed ? i.replay_of !== null && i.replay_of !== undefined : i.kind === kind)) &&
		(!verified || (i.verification?.result ?? "none") === verified) &&
		words.every((w) => hay(i).includes(w));
}

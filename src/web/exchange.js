/* SPDX-License-Identifier: MIT */
/*
 * exchange: one captured request, fetched from the daemon: its parts, its messages, its bodies
 * when somebody looks at them.
 */
import {from_base64, latin1, text_of} from "./body.js";

export const CHUNK = 256 * 1024; /* what one answer of Body holds at most */
const BODY_MAX = 16 * 1024 * 1024;

export class Exchange {
	constructor(daemon, id) {
		this.daemon = daemon;
		this.id = id;
		this.info = null;
		this.request = null;
		this.response = null;
		this.messages = [];
		this.bodies = new Map(); /* "response true": promise of {bytes, size, next} */
	}

	async load() {
		const r = await this.daemon.call("Request", {id: this.id});
		const sizes = (p) => `${p?.kept} ${p?.complete}`;
		for (const side of ["request", "response"])
			if (this[side] && sizes(this[side]) !== sizes(r[side])) this.forget(side);
		Object.assign(this, {
			info: r.info,
			request: r.request,
			response: r.response ?? null,
			messages: r.messages ?? [],
		});
		return this;
	}

	forget(side) {
		this.bodies.delete(`${side} true`);
		this.bodies.delete(`${side} false`);
	}

	/* Bytes of a body: the first @chunks answers' worth, or what there is. @decoded: without its content coding. */
	body(side, decoded = true, chunks = Math.ceil(BODY_MAX / CHUNK)) {
		const part = this[side];
		if (!part || !part.kept) return Promise.resolve({bytes: new Uint8Array(0), size: 0, more: false});
		const key = `${side} ${decoded}`;
		const had = this.bodies.get(key) ?? Promise.resolve({pieces: [], next: 0, size: 0});
		const now = had.then((b) => this.fetch(b, side, decoded, chunks));
		this.bodies.set(key, now);
		now.catch(() => this.bodies.get(key) === now && this.bodies.delete(key));
		return now.then((b) => ({bytes: joined(b.pieces), size: b.size, more: b.next !== null}));
	}

	/* The head as text. */
	async head(side) {
		const r = await this.daemon.call("Body", {id: this.id, side, head: true});
		const bytes = from_base64(r.base64);
		return text_of(bytes, null) ?? latin1(bytes);
	}

	async fetch(b, side, decoded, chunks) {
		while (b.next !== null && b.pieces.length < chunks) {
			const r = await this.daemon.call("Body", {id: this.id, side, offset: b.next, decoded});
			b.pieces.push(from_base64(r.base64));
			b.size = r.size;
			b.next = r.next ?? null;
		}
		return b;
	}
}

function joined(pieces) {
	if (pieces.length === 1) return pieces[0];
	const out = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
	let at = 0;
	for (const p of pieces) {
		out.set(p, at);
		at += p.length;
	}
	return out;
}

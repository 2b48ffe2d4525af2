/* SPDX-License-Identifier: MIT */
/*
 * daemon: Varlink over WebSockets, one JSON text a message.
 *
 * A Wire is one WebSocket; answers come in the order of the calls, so what takes long or goes on
 * has a wire of its own. The Daemon keeps one wire for short calls, and tells when it is up, lost,
 * or does not take the token; it tries again by itself.
 */

const INTERFACE = "io.tunnelto.Client.";
const PATH = "varlink";
const FIRST_MS = 250;
const LAST_MS = 5000;
const DEADLINE_MS = 20000;

export class CallError extends Error {
	constructor(name, parameters) {
		const short = name.split(".").pop();
		super(parameters?.why ?? parameters?.parameter ?? short);
		this.short = short;
		this.parameters = parameters;
	}
}

export class Lost extends Error {
	constructor() {
		super("The daemon is away.");
	}
}

class Wire {
	constructor(token, closed) {
		const url = new URL(PATH, location.href);
		url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
		url.hash = "";
		this.pending = [];
		this.closed = closed;
		this.socket = new WebSocket(url, ["tunnelto.dashboard", `token.${token}`]);
		this.opened = new Promise((resolve, reject) => {
			this.socket.onopen = resolve;
			this.failed = reject;
		});
		this.opened.catch(() => {});
		this.socket.onmessage = (ev) => this.answer(ev.data);
		this.socket.onclose = () => this.end();
	}

	end() {
		this.failed(new Lost());
		for (const p of this.pending.splice(0)) p.reject(new Lost());
		const closed = this.closed;
		this.closed = null;
		closed?.();
	}

	answer(text) {
		const reply = JSON.parse(text);
		const p = this.pending[0];
		if (!p) return;
		if (reply.continues) {
			p.each?.(reply.parameters ?? {});
			return;
		}
		this.pending.shift();
		if (reply.error) {
			p.reject(new CallError(reply.error, reply.parameters));
		} else {
			if (p.more) p.each?.(reply.parameters ?? {});
			p.resolve(reply.parameters ?? {});
		}
	}

	/* @each: called with each answer; asks for more. */
	async call(method, parameters = {}, each = null) {
		await this.opened;
		return new Promise((resolve, reject) => {
			this.pending.push({resolve, reject, each, more: each !== null});
			const call = {method: INTERFACE + method, parameters};
			if (each) call.more = true;
			this.socket.send(JSON.stringify(call));
		});
	}

	close() {
		this.closed = null;
		this.socket.close();
	}
}

export class Daemon {
	/* @on: {up(), lost(retry_ms), refused()} */
	constructor(on) {
		this.on = on;
		this.token = null;
		this.wire = null;
		this.streams = [];
		this.up = false;
		this.tries = 0;
		this.refusals = 0;
		this.timer = 0;
		document.addEventListener("visibilitychange", () => this.hurry());
		addEventListener("online", () => this.hurry());
	}

	start(token) {
		this.token = token;
		this.tries = 0;
		this.connect();
	}

	/* Try now what would be tried later: somebody looks. */
	hurry() {
		if (this.timer && document.visibilityState === "visible") this.connect();
	}

	connect() {
		clearTimeout(this.timer);
		this.timer = 0;
		this.drop();
		const wire = new Wire(this.token, () => this.went());
		this.wire = wire;
		wire.opened.then(
			() => {
				if (this.wire !== wire) return;
				this.refusals = 0;
				this.up = true;
				this.up_at = performance.now();
				this.on.up();
			},
			() => {},
		);
	}

	drop() {
		for (const w of [this.wire, ...this.streams]) w?.close();
		this.wire = null;
		this.streams = [];
	}

	/* A wire has closed, or did not open. Does the page's server answer, twice? Then it is the token; once, and
	 * the daemon may just have come up. */
	async went() {
		const was_up = this.up;
		/* one that goes again at once is no success: another page too many, say */
		if (was_up && performance.now() - this.up_at > LAST_MS) this.tries = 0;
		this.up = false;
		this.drop();
		const wait = Math.min(LAST_MS, FIRST_MS * 2 ** this.tries) * (0.75 + Math.random() / 2);
		this.tries++;
		this.timer = setTimeout(() => this.connect(), wait);
		this.on.lost(wait);
		if (was_up) return;
		try {
			await fetch("icon.svg", {cache: "no-store"});
		} catch {
			this.refusals = 0;
			return;
		}
		this.refusals++;
		if (!this.up && this.refusals > 1) this.on.refused();
	}

	/* A short call. */
	call(method, parameters) {
		return this.up ? this.wire.call(method, parameters) : Promise.reject(new Lost());
	}

	/* Answers until the daemon goes. Losing it loses all, and so does its saying no more. */
	follow(method, parameters, each) {
		const wire = new Wire(this.token, () => this.went());
		this.streams.push(wire);
		const over = () => this.streams.includes(wire) && this.went();
		wire.call(method, parameters, each).then(over, over);
	}

	/* One call with a wire of its own: it may take long. */
	async alone(method, parameters, each = null, deadline = DEADLINE_MS) {
		if (!this.up) throw new Lost();
		const wire = new Wire(this.token, null);
		const timer = setTimeout(() => wire.close(), deadline);
		try {
			return await wire.call(method, parameters, each);
		} finally {
			clearTimeout(timer);
			wire.close();
		}
	}
}

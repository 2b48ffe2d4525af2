/* SPDX-License-Identifier: MIT */
/* messages: what went over a WebSocket or came as server-sent events, live; the newest are kept. */
import {from_base64, hex_text} from "./body.js";
import {h, long} from "./dom.js";
import {bytes, clock_ms, plural} from "./format.js";

const ROWS = 500;
const WORDS = {text: "text", binary: "binary", ping: "ping", pong: "pong", close: "close", event: "event"};

export class Messages {
	constructor() {
		this.count = h("p", {class: "dim"});
		this.list = h("ol", {class: "messages", "aria-label": "Messages"});
		this.root = h("div", {}, this.count, this.list);
		this.rows = new Map(); /* number since the beginning: element */
	}

	/* The daemon keeps the last of them: each is known by its number since the beginning. */
	update(x) {
		const first = Math.max(0, x.info.messages - x.messages.length);
		const from = Math.max(0, x.messages.length - ROWS);
		const here = this.root.closest(".panel");
		const at_end = here ? here.scrollHeight - here.scrollTop - here.clientHeight < 40 : false;
		for (const [n, row] of this.rows)
			if (n < first + from) {
				row.remove();
				this.rows.delete(n);
			}
		for (let i = from; i < x.messages.length; i++)
			if (!this.rows.has(first + i)) {
				const row = message(x.messages[i]);
				this.rows.set(first + i, row);
				this.list.append(row);
			}
		const kept =
			x.messages.length < x.info.messages
				? `, the last ${x.messages.length.toLocaleString("en")} of them here`
				: "";
		this.count.textContent = `${plural(x.info.messages, "message")}${kept}${x.info.state === "open" ? ". More may come." : "."}`;
		if (at_end && this.rows.size) here.scrollTop = here.scrollHeight;
	}
}

function content(m) {
	if (m.text !== null && m.text !== undefined)
		return m.text === "" ? h("span", {class: "dim"}, "empty") : long(m.text, 2000);
	if (!m.base64) return h("span", {class: "dim"}, "empty");
	const all = from_base64(m.base64);
	return h("pre", {class: "hex", dir: "ltr"}, hex_text(all, 0, Math.min(all.length, 1024)));
}

function message(m) {
	return h(
		"li",
		{class: `message from-${m.from === "visitor" ? "visitor" : "origin"}`},
		h(
			"p",
			{class: "message-head"},
			h("span", {class: "arrow", "aria-hidden": "true"}, m.from === "visitor" ? "→" : "←"),
			h("span", {}, m.from === "visitor" ? "visitor" : "origin"),
			h("span", {class: "badge"}, WORDS[m.kind] ?? "other"),
			h("span", {class: "dim"}, clock_ms(m.time_ms)),
			h("span", {class: "dim"}, bytes(m.size), m.kept < m.size ? `, ${bytes(m.kept)} kept` : ""),
		),
		h("div", {class: "message-body"}, content(m)),
	);
}

/* SPDX-License-Identifier: MIT */
/* tunnels: the daemon, its server, and each tunnel with its state and its switch. */
import {copy, fill, h, link, say, svg} from "./dom.js";
import {bytes, line, plural, since} from "./format.js";

const SPANS = 30,
	SPAN_MS = 2000; /* of the little curve: a minute */

const WORDS = {
	off: "off",
	connecting: "connecting",
	up: "up",
	refused: "refused",
	waiting: "waiting",
	idle: "idle",
};

export class Tunnels {
	/* @acts: {up(name), down(name), rates(tunnel, n, span), filter(name)} */
	constructor(box, server_box, acts) {
		this.box = box;
		this.server_box = server_box;
		this.acts = acts;
		this.cards = new Map();
		this.before = new Map(); /* name: {at, in, out} of the last count that differs */
		this.title = h("h2", {}, "Tunnels");
		this.cards_box = h("div", {class: "cards"});
		this.none = h(
			"p",
			{class: "dim"},
			"No tunnel is defined. ",
			h("code", {}, "tunnelctl http 8000"),
			" opens one.",
		);
		fill(box, this.title, this.cards_box);
	}

	status(s) {
		this.server(s);
		const seen = new Set(s.tunnels.map((t) => t.name));
		for (const [name, card] of this.cards)
			if (!seen.has(name)) {
				card.root.remove();
				this.cards.delete(name);
			}
		for (const t of s.tunnels) {
			let card = this.cards.get(t.name);
			if (!card) {
				card = this.card(t.name);
				this.cards.set(t.name, card);
				this.cards_box.append(card.root);
			}
			this.update(card, t);
		}
		if (s.tunnels.length) this.none.remove();
		else this.cards_box.append(this.none);
		this.tick();
	}

	server(s) {
		const v = s.server;
		const parts = [
			h("span", {class: `dot ${v.state}`}),
			h("span", {class: "server-state"}, `Server ${WORDS[v.state] ?? v.state}`),
		];
		if (v.error && v.state !== "up") parts.push(h("span", {class: "dim"}, line(v.error)));
		else if (v.state === "up")
			parts.push(
				h(
					"span",
					{class: "dim"},
					[v.rtt_us ? `${(v.rtt_us / 1000).toFixed(1)} ms` : null, v.link]
						.filter(Boolean)
						.join(" · "),
				),
			);
		parts.push(h("span", {class: "dim server-url"}, line(v.url.replace(/^\w+:\/\//, ""))));
		fill(this.server_box, parts);
		this.server_box.title = `${line(v.url)} · tunneltod ${s.version}, pid ${s.pid}`;
	}

	card(name) {
		const c = {name};
		c.dot = h("span", {class: "dot"});
		c.state = h("span", {class: "state"});
		c.toggle = h(
			"button",
			{
				type: "button",
				role: "switch",
				class: "switch",
				"aria-label": `Tunnel ${name}`,
				on: {click: () => this.flip(c)},
			},
			h("span", {class: "knob"}),
		);
		c.url = h("p", {class: "where"});
		c.local = h("p", {class: "dim to"});
		c.error = h("p", {class: "error"});
		c.error.hidden = true;
		c.curve = svg("polyline", {fill: "none", points: ""});
		c.rate = h("span", {class: "dim"});
		c.visitors = h("span", {class: "dim"});
		c.root = h(
			"section",
			{class: "card", "aria-label": `Tunnel ${name}`},
			h("div", {class: "card-head"}, c.dot, h("h3", {}, line(name)), c.state, c.toggle),
			c.url,
			c.local,
			c.error,
			h(
				"div",
				{class: "curve"},
				svg(
					"svg",
					{viewBox: "0 0 120 24", preserveAspectRatio: "none", "aria-hidden": "true"},
					c.curve,
				),
			),
			h("p", {class: "card-foot"}, c.rate, c.visitors),
		);
		return c;
	}

	update(c, t) {
		c.info = t;
		c.dot.className = `dot ${t.state}`;
		c.state.textContent = WORDS[t.state] ?? t.state;
		c.state.title = `since ${since(t.since_ms)}`;
		c.toggle.setAttribute("aria-checked", String(t.state !== "off"));
		c.toggle.title =
			t.state === "off"
				? "Bring it up"
				: t.adhoc
					? "Take it down: it is forgotten then"
					: "Take it down";
		const key = t.url ?? t.state;
		if (c.shown !== key) {
			c.shown = key;
			fill(
				c.url,
				t.url
					? [
							link(t.url),
							h(
								"button",
								{
									type: "button",
									class: "plain small",
									"aria-label": `Copy the address of ${t.name}`,
									title: "Copy the address",
									on: {click: () => copy(t.url, "the address")},
								},
								"Copy",
							),
						]
					: h(
							"span",
							{class: "dim"},
							t.state === "off" ? "no address while it is off" : "no address yet",
						),
			);
		}
		c.local.textContent = `${t.proto} → ${line(t.local)}${t.adhoc ? " · ad hoc" : ""}`;
		c.error.hidden = !t.error;
		c.error.textContent = t.error ? line(t.error) : "";
		this.count(c, t);
	}

	count(c, t) {
		const now = performance.now();
		const old = this.before.get(t.name);
		let flow = "";
		if (old && now - old.at > 200) {
			const s = (now - old.at) / 1000;
			const rate = Math.round((t.bytes_in + t.bytes_out - old.bytes) / s);
			flow = rate > 0 ? ` · ${bytes(rate)}/s` : "";
		}
		if (!old || now - old.at > 200) this.before.set(t.name, {at: now, bytes: t.bytes_in + t.bytes_out});
		c.visitors.textContent = `${plural(t.streams, "visitor")}${flow}`;
		c.visitors.title = `${plural(t.streams_total, "connection")} in all, ${bytes(t.bytes_in)} in, ${bytes(t.bytes_out)} out`;
	}

	/* The curves move on. */
	tick() {
		for (const c of this.cards.values()) {
			const counts = this.acts.rates(c.name, SPANS, SPAN_MS);
			const most = Math.max(4, ...counts);
			const points = counts
				.map((n, i) => `${((i * 120) / (SPANS - 1)).toFixed(1)},${(23 - (n * 22) / most).toFixed(1)}`)
				.join(" ");
			if (points !== c.points) {
				c.points = points;
				c.curve.setAttribute("points", points);
			}
			const sum = counts.reduce((a, b) => a + b, 0);
			c.rate.textContent = `${sum.toLocaleString("en")} / min`;
		}
	}

	async flip(c) {
		const off = c.info.state === "off";
		c.toggle.disabled = true;
		try {
			await (off ? this.acts.up(c.name) : this.acts.down(c.name));
		} catch (e) {
			say(`${c.name}: ${e.message}`);
		}
		c.toggle.disabled = false;
	}
}

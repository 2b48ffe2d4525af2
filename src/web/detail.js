/* SPDX-License-Identifier: MIT */
/*
 * detail: the chosen request, in tabs. Follows it while it goes on; what is being edited for a
 * replay is never taken away by news.
 */
import {copy, fill, h, say} from "./dom.js";
import {curl_line} from "./curl.js";
import {CallError} from "./daemon.js";
import {Exchange} from "./exchange.js";
import {clip, line, REASONS, status_class} from "./format.js";
import {Messages} from "./messages.js";
import {overview, raw, side, signature} from "./panels.js";
import {Replay} from "./replay.js";

const AGAIN_MS = 250; /* news of one request are fetched this often at most */
const TABS = [
	["overview", "Overview"],
	["request", "Request"],
	["response", "Response"],
	["messages", "Messages"],
	["signature", "Signature"],
	["raw", "Raw"],
	["replay", "Replay"],
];

export class Detail {
	/* @acts: {daemon, open(id), close(), url_of(tunnel), tunnels(), har(ids)} */
	constructor(root, acts) {
		this.root = root;
		this.acts = acts;
		this.tab = "overview";
		this.x = null;
		this.wanted = null;
		this.loading = Promise.resolve();
		this.shown = null;
		this.timer = 0;
		this.empty();
	}

	empty() {
		this.x = null;
		this.wanted = null;
		fill(
			this.root,
			h(
				"div",
				{class: "blank"},
				h("p", {}, "Choose a request to look into it."),
				h(
					"p",
					{class: "dim"},
					h("kbd", {}, "j"),
					" ",
					h("kbd", {}, "k"),
					" go through the list, ",
					h("kbd", {}, "/"),
					" searches, ",
					h("kbd", {}, "?"),
					" tells all keys.",
				),
			),
		);
	}

	/* Promise: it is shown, or why it cannot be. */
	show(id) {
		this.wanted = id;
		clearTimeout(this.timer);
		this.timer = 0;
		this.loading = this.load(id);
		return this.loading;
	}

	async load(id) {
		try {
			const x = await new Exchange(this.acts.daemon, id).load();
			if (this.wanted === id) this.take(x);
		} catch (e) {
			if (this.wanted === id) this.cannot(id, e);
		}
	}

	cannot(id, e) {
		this.x = null;
		const why =
			e instanceof CallError && e.short === "NoSuchRequest"
				? `Request #${id} is not kept any more.`
				: `Request #${id}: ${line(e.message)}`;
		fill(
			this.root,
			h(
				"div",
				{class: "blank"},
				h("p", {}, why),
				h(
					"button",
					{type: "button", class: "back", on: {click: () => this.acts.close()}},
					"Back to the list",
				),
			),
		);
	}

	take(x) {
		const was = this.x;
		this.x = x;
		this.messages = new Messages();
		this.panels = new Map(); /* tab: promise of its elements */
		this.build();
		const ids = this.tabs.map((t) => t.dataset.tab);
		this.pick(ids.includes(this.tab) ? this.tab : "overview");
		if (was?.id !== x.id) this.panel.scrollTop = 0;
	}

	build() {
		const i = this.x.info;
		const act = (label, title, f) => h("button", {type: "button", title, on: {click: f}}, label);
		this.head = h("div", {class: "detail-title"});
		this.title();
		const some = TABS.filter(([t]) => t !== "messages" || i.kind !== "http" || i.messages > 0);
		this.tabs = some.map(([t, label]) =>
			h(
				"button",
				{
					type: "button",
					role: "tab",
					id: `tab-${t}`,
					"data-tab": t,
					"aria-controls": "panel",
					"aria-selected": "false",
					tabindex: "-1",
					on: {click: () => this.pick(t), keydown: (ev) => this.tab_key(ev)},
				},
				label,
			),
		);
		this.panel = h("div", {class: "panel", id: "panel", role: "tabpanel", tabindex: "0"});
		fill(
			this.root,
			h(
				"header",
				{class: "detail-head"},
				h(
					"div",
					{class: "detail-acts"},
					h(
						"button",
						{
							type: "button",
							class: "back plain",
							"aria-label": "Back to the list",
							on: {click: () => this.acts.close()},
						},
						"‹ List",
					),
					h("span", {class: "dim id"}, `#${i.id}`),
					h("span", {class: "spring"}),
					act("Replay", "Send it again, changed or not (r)", () => this.replay()),
					act("cURL", "Copy as a curl command (c)", () => this.curl()),
					act("HAR", "Download it as HAR", () => this.acts.har([i.id])),
					act("Link", "Copy a link to it", () =>
						copy(`${location.origin}${location.pathname}#${i.id}`, "the link"),
					),
				),
				this.head,
				h("div", {class: "tabs", role: "tablist", "aria-label": "Parts of the request"}, this.tabs),
			),
			this.panel,
		);
	}

	title() {
		const i = this.x.info;
		const status =
			i.state === "failed" ? "failed" : `${i.status ?? "waiting"} ${REASONS[i.status] ?? ""}`;
		fill(
			this.head,
			h(
				"h2",
				{dir: "ltr"},
				h("span", {class: "method"}, line(clip(i.method, 20))),
				" ",
				h("span", {class: "target"}, line(clip(i.target, 600))),
			),
			h("span", {class: `status ${status_class(i)}`}, status),
		);
	}

	tab_key(ev) {
		const step = {ArrowRight: 1, ArrowLeft: -1}[ev.key];
		const all = this.tabs,
			at = all.indexOf(ev.currentTarget);
		let to = step ? (at + step + all.length) % all.length : {Home: 0, End: all.length - 1}[ev.key];
		if (to === undefined) return;
		ev.preventDefault();
		ev.stopPropagation();
		all[to].focus();
		this.pick(all[to].dataset.tab);
	}

	nth(n) {
		const t = this.x && this.tabs[n];
		if (t) this.pick(t.dataset.tab);
	}

	async pick(tab, again = false) {
		this.tab = tab;
		for (const t of this.tabs) {
			const on = t.dataset.tab === tab;
			t.setAttribute("aria-selected", String(on));
			t.tabIndex = on ? 0 : -1;
		}
		this.panel.setAttribute("aria-labelledby", `tab-${tab}`);
		const x = this.x;
		let made = again ? null : this.panels.get(tab);
		if (!made) {
			made = this.make(tab, x).catch((e) => [h("p", {class: "warn"}, line(e.message))]);
			this.panels.set(tab, made);
		}
		const kids = await made;
		if (this.x === x && this.tab === tab && this.panels.get(tab) === made) this.put(kids);
	}

	put(kids) {
		if (this.shown === kids && this.panel.dataset.tab === this.tab) return;
		this.shown = kids;
		fill(this.panel, kids);
		this.panel.dataset.tab = this.tab;
	}

	async make(tab, x) {
		switch (tab) {
			case "overview":
				return overview(x, this.acts.open);
			case "request":
			case "response":
				return side(x, tab, () => this.whole(tab));
			case "messages":
				this.messages.update(x);
				return [this.messages.root];
			case "signature":
				return signature(x);
			case "raw":
				return raw(x);
			default:
				this.editor = new Replay(this.acts, x, await x.body("request", false, 1));
				return [this.editor.root];
		}
	}

	async whole(tab) {
		const x = this.x;
		const kids = await side(x, tab, null, true);
		if (this.x !== x) return;
		this.panels.set(tab, Promise.resolve(kids));
		if (this.tab === tab) this.put(kids);
	}

	/* The list has heard of a change of it. */
	changed(info) {
		if (this.x?.id !== info.id || this.timer) return;
		this.timer = setTimeout(() => this.refresh(), AGAIN_MS);
	}

	async refresh() {
		this.timer = 0;
		const x = this.x;
		if (!x) return;
		const before = JSON.stringify([x.info, x.request, x.response]);
		try {
			await x.load();
		} catch {
			return; /* it stays as it was seen last */
		}
		if (this.x !== x || before === JSON.stringify([x.info, x.request, x.response])) return;
		this.title();
		this.messages.update(x);
		if (x.info.kind !== "http" && !this.tabs.some((t) => t.dataset.tab === "messages"))
			return this.rebuild();
		for (const t of this.panels.keys())
			if (t !== "replay" && t !== "messages" && t !== this.tab) this.panels.delete(t);
		if (this.tab !== "replay" && this.tab !== "messages") await this.pick(this.tab, true);
	}

	/* It has become a WebSocket or a stream of events: one tab more. */
	rebuild() {
		const editor = this.panels.get("replay");
		this.build();
		this.panels.clear();
		if (editor) this.panels.set("replay", editor);
		return this.pick(this.tab);
	}

	replay() {
		if (!this.x) return;
		this.pick("replay").then(() => this.editor?.root.querySelector("input")?.focus());
	}

	submit() {
		if (this.tab === "replay" && this.x) this.editor?.submit();
	}

	async curl() {
		const x = this.x;
		if (!x) return;
		try {
			const {bytes, more} = await x.body("request", false);
			const base = this.acts.url_of(x.info.tunnel);
			const {text, omitted} = curl_line({
				method: x.info.method,
				url: new_url(base, x),
				headers: x.request.headers,
				body: bytes,
			});
			await copy(text, "a curl command");
			const less = more || x.request.kept < x.request.size;
			if (omitted.length || less)
				say(
					`Copied a curl command${omitted.length ? `, without ${omitted.join(", ")} (redacted)` : ""}${less ? ", with what was kept of the body" : ""}.`,
				);
		} catch (e) {
			say(`No curl command: ${e.message}`);
		}
	}
}

/* Where it is reached from outside: the tunnel's address, else the Host it came with. */
function new_url(base, x) {
	const host = x.request.headers.find((f) => f.name.toLowerCase() === "host")?.value ?? "localhost";
	const root = base ? base.replace(/\/+$/, "") : `${x.info.tls ? "https" : "http"}://${host}`;
	return root + (x.info.target.startsWith("/") ? x.info.target : `/${x.info.target}`);
}

/* SPDX-License-Identifier: MIT */
/*
 * app: puts the page together. Holds the daemon, the store of requests and the views; decides what
 * is fetched, when the page draws, and what it says when the daemon is away.
 *
 * News of requests are collected and drawn once a frame, however many come.
 */
import {Daemon} from "./daemon.js";
import {Detail} from "./detail.js";
import {by, copy, fill, h, link, save, say} from "./dom.js";
import {line, plural} from "./format.js";
import {show_gate} from "./gate.js";
import {help, listen} from "./keys.js";
import {List} from "./list.js";
import {filter_of, LIMIT, Store} from "./store.js";
import {page_token} from "./token.js";
import {Tunnels} from "./tunnels.js";

const LOOK_MS = 60; /* going through the list, a request is fetched when one stays on it */
const NARROW = matchMedia("(max-width: 859px)");

const store = new Store();
const daemon = new Daemon({up: came, lost, refused});
const tunnels = new Tunnels(by("tunnels"), by("server"), {
	up: (name) => daemon.call("Up", {names: [name], wait: false}),
	down: (name) => daemon.call("Down", {names: [name]}),
	rates: (...a) => store.rates(...a),
});
const list = new List(by("list"), by("rows"), chose);
const detail = new Detail(by("detail"), {
	daemon,
	open,
	close: close_detail,
	har,
	url_of: (name) => status?.tunnels.find((t) => t.name === name)?.url ?? null,
	tunnels: () => status?.tunnels.filter((t) => t.proto.startsWith("http")).map((t) => t.name) ?? [],
});

let status = null; /* the last answer of Status */
let pid = null; /* of the daemon that the list is of */
let life = 0; /* counts connections */
let drawing = false,
	changed = true;
let paused = false;
let newest_seen = 0,
	fresh = 0;
let look_timer = 0,
	retry_timer = 0;

/* --- the daemon comes and goes ------------------------------------------------------------------ */

function came() {
	const mine = ++life;
	let first = true;
	clearInterval(retry_timer);
	daemon.follow("Status", {}, (s) => {
		if (mine !== life) return;
		if (pid !== null && pid !== s.pid) start_afresh();
		pid = s.pid;
		take_status(s);
		if (first) {
			first = false;
			follow_requests(mine);
			settled();
		}
	});
}

/* What is known is of another run: its numbers mean nothing now. */
function start_afresh() {
	store.clear();
	newest_seen = 0;
	fresh = 0;
	list.selected = null;
	detail.empty();
	show_detail(false);
	history.replaceState(null, "", location.pathname + location.search);
	say("The daemon was started anew: the list begins again.");
	draw_soon();
}

function follow_requests(mine) {
	let first = true;
	daemon.follow("Requests", {tail: LIMIT, follow: true}, (r) => {
		if (mine !== life) return;
		if (first) store.clear();
		store.apply(r);
		if (first) {
			first = false;
			newest_seen = Math.max(newest_seen, store.latest);
			tunnels.tick();
			fragment();
			older(mine).catch(() => {}); /* the daemon went: all of this begins again */
		}
		for (const info of r.requests ?? []) if (info.id === list.selected) detail.changed(info);
		draw_soon();
	});
}

/* One answer holds so many: go back through those before it. */
async function older(mine) {
	for (;;) {
		const [before] = store.byId.keys();
		if (before === undefined || store.size >= LIMIT) return;
		const r = await daemon.call("Requests", {tail: LIMIT - store.size, before});
		if (mine !== life || !r.requests.length) return;
		store.apply(r);
		draw_soon();
	}
}

function settled() {
	delete document.body.dataset.stale;
	by("notice").hidden = true;
	by("gate").hidden = true;
	by("main").hidden = false;
}

function lost(wait) {
	life++;
	const until = Date.now() + wait;
	if (by("main").hidden) return;
	document.body.dataset.stale = "";
	const notice = by("notice");
	notice.hidden = false;
	const tell = () => {
		const s = Math.ceil((until - Date.now()) / 1000);
		notice.textContent = `Lost the daemon. What you see is the last it said; ${s > 1 ? `trying again in ${s} s` : "trying again"}.`;
	};
	clearInterval(retry_timer);
	retry_timer = setInterval(tell, 1000);
	tell();
}

function refused() {
	by("main").hidden = true;
	by("notice").hidden = true;
	show_gate(by("gate"), "refused", (token) => daemon.start(token));
}

function take_status(s) {
	status = s;
	tunnels.status(s);
	options(
		"f-tunnel",
		"Tunnel",
		s.tunnels.map((t) => [t.name, t.name]),
	);
	if (!store.size) nothing();
}

/* --- drawing ------------------------------------------------------------------------------------- */

function draw_soon() {
	changed = true;
	if (drawing) return;
	drawing = true;
	requestAnimationFrame(() => {
		drawing = false;
		if (changed) draw();
	});
}

function draw() {
	changed = false;
	if (paused) {
		let n = 0;
		for (const id of store.byId.keys()) n += id > newest_seen;
		by("count").textContent = `Held still. ${n ? `${plural(n, "new request")} since.` : ""}`;
		return;
	}
	const view = store.view();
	if (list.at_top()) {
		fresh = 0;
	} else {
		for (let i = view.length - 1; i >= 0 && view[i].id > newest_seen; i--) fresh++;
	}
	newest_seen = Math.max(newest_seen, store.latest);
	list.set(view);
	by("count").textContent =
		view.length === store.size
			? plural(store.size, "request")
			: `${view.length.toLocaleString("en")} of ${plural(store.size, "request")}`;
	by("fresh").hidden = !fresh;
	by("fresh").textContent = `↑ ${fresh.toLocaleString("en")} new`;
	by("nothing").hidden = view.length > 0;
	if (!view.length) nothing();
	methods();
}

function nothing() {
	const box = by("nothing");
	if (store.size) {
		fill(
			box,
			h("p", {}, "No request is like that."),
			h("button", {type: "button", on: {click: unfilter}}, "Show all"),
		);
		return;
	}
	const urls = status?.tunnels.filter((t) => t.url && t.state === "up" && t.proto.startsWith("http")) ?? [];
	const key = JSON.stringify(urls.map((t) => t.url));
	if (box.dataset.key === key && box.childElementCount) return;
	box.dataset.key = key;
	fill(
		box,
		h("p", {class: "big"}, "Nothing has come in yet."),
		urls.length
			? [
					h("p", {class: "dim"}, "Requests appear here as they come. Try one:"),
					urls.slice(0, 3).map((t) => {
						const command = `curl ${t.url}`;
						return h(
							"p",
							{class: "try"},
							h("code", {}, line(command)),
							h(
								"button",
								{
									type: "button",
									class: "plain small",
									on: {click: () => copy(command, "the command")},
								},
								"Copy",
							),
						);
					}),
				]
			: h("p", {class: "dim"}, "No HTTP tunnel is up."),
	);
}

/* --- filter --------------------------------------------------------------------------------------- */

const FILTERS = {
	text: "search",
	method: "f-method",
	status: "f-status",
	tunnel: "f-tunnel",
	kind: "f-kind",
	verified: "f-verified",
};

/* Fill a <select>, keeping what is chosen. */
function options(id, any, pairs) {
	const e = by(id);
	const key = JSON.stringify(pairs);
	if (e.dataset.key === key) return;
	e.dataset.key = key;
	const was = e.value;
	fill(
		e,
		h("option", {value: ""}, any),
		pairs.map(([v, text]) => h("option", {value: v}, line(text))),
	);
	e.value = pairs.some(([v]) => v === was) ? was : "";
}

const known_methods = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);

function methods() {
	for (const info of list.view)
		if (known_methods.size < 20 && info.method.length < 20) known_methods.add(info.method);
	options(
		"f-method",
		"Method",
		[...known_methods].filter(Boolean).map((m) => [m, m]),
	);
}

function refilter() {
	store.passes = filter_of(Object.fromEntries(Object.entries(FILTERS).map(([k, id]) => [k, by(id).value])));
	const tunnel = by("f-tunnel").value;
	by("clear").title = tunnel ? `Forget those of ${tunnel} that have ended` : "Forget all that have ended";
	if (paused) pause();
	by("list").scrollTop = 0;
	draw();
}

function unfilter() {
	for (const id of Object.values(FILTERS)) by(id).value = "";
	refilter();
}

function pause() {
	paused = !paused;
	by("pause").setAttribute("aria-pressed", String(paused));
	by("pause").textContent = paused ? "Go on" : "Pause";
	draw();
}

/* --- the chosen request --------------------------------------------------------------------------- */

function chose(id, how) {
	history.replaceState(null, "", `#${id}`);
	clearTimeout(look_timer);
	if (how === "open") {
		show_detail(true);
		detail.show(id);
	} else if (!NARROW.matches) {
		look_timer = setTimeout(() => detail.show(id), LOOK_MS);
	}
}

/* By its number, wherever it is; also one that the filter hides. */
function open(id) {
	const i = list.index_of(id);
	if (i >= 0) list.reveal(i);
	list.select(id, "open");
}

function show_detail(on) {
	if (on) document.body.dataset.view = "detail";
	else delete document.body.dataset.view;
}

function close_detail() {
	show_detail(false);
	by("list").focus({preventScroll: true});
}

function enter() {
	if (list.selected === null) list.move(1);
	with_chosen(() => {
		show_detail(true);
		detail.panel?.focus({preventScroll: true});
	});
}

/* What acts on the chosen one waits until it is the one that is shown. */
async function with_chosen(act) {
	if (list.selected === null) return;
	clearTimeout(look_timer);
	await (detail.wanted === list.selected ? detail.loading : detail.show(list.selected));
	act();
}

function fragment() {
	const m = /^#(\d{1,15})$/.exec(location.hash);
	if (m && Number(m[1]) !== list.selected) open(Number(m[1]));
}

/* --- acts ------------------------------------------------------------------------------------------ */

async function clear() {
	const tunnel = by("f-tunnel").value;
	const button = by("clear");
	if (!button.dataset.sure) {
		button.dataset.sure = "1";
		button.textContent = "Sure?";
		setTimeout(() => {
			delete button.dataset.sure;
			button.textContent = "Clear";
		}, 3000);
		return;
	}
	try {
		const r = await daemon.call("ClearRequests", tunnel ? {tunnel} : {});
		say(`Forgot ${plural(r.cleared, "request")}.`);
	} catch (e) {
		say(`Not cleared: ${e.message}`);
	}
}

/* @ids: of one, or null for what the list shows. */
async function har(ids = null) {
	const all = !ids && list.view.length === store.size;
	const entries = [];
	try {
		await daemon.alone(
			"Export",
			all ? {} : {ids: ids ?? list.view.map((i) => i.id)},
			(r) => r.entry && entries.push(r.entry),
			120000,
		);
	} catch (e) {
		say(`No HAR: ${e.message}`);
		return;
	}
	const log = {version: "1.2", creator: {name: "tunnelto", version: status?.version ?? ""}, entries};
	const name =
		ids?.length === 1
			? `request-${ids[0]}.har`
			: `requests-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.har`;
	save(name, [JSON.stringify({log}, null, 1)]);
	say(`${plural(entries.length, "request")} as HAR.`);
}

const THEMES = [null, "light", "dark"];
const THEME_WORDS = {null: "◐ Auto", light: "☀ Light", dark: "☾ Dark"};

function theme(next) {
	const root = document.documentElement;
	let now = root.dataset.theme ?? null;
	if (next) {
		now = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
		if (now) root.dataset.theme = now;
		else delete root.dataset.theme;
		try {
			localStorage.setItem("tunnelto.theme", now ?? "");
		} catch {
			/* then for this page alone */
		}
	}
	by("theme").textContent = THEME_WORDS[now];
}

function escape(ev) {
	if (ev.target === by("search") && by("search").value) {
		by("search").value = "";
		refilter();
	} else {
		close_detail();
	}
	ev.preventDefault();
}

function wire_up() {
	options("f-status", "Status", [
		["2", "2xx"],
		["3", "3xx"],
		["4", "4xx"],
		["5", "5xx"],
		["1", "1xx"],
		["error", "4xx, 5xx, failed"],
		["failed", "failed"],
		["open", "open"],
	]);
	options("f-kind", "Kind", [
		["http", "HTTP"],
		["websocket", "WebSocket"],
		["sse", "SSE"],
		["replay", "Replays"],
	]);
	options("f-verified", "Signature", [
		["verified", "verified"],
		["failed", "failed"],
		["none", "not asked"],
	]);
	options("f-tunnel", "Tunnel", []);
	methods();
	for (const id of Object.values(FILTERS)) by(id).addEventListener("input", refilter);
	by("pause").addEventListener("click", pause);
	by("clear").addEventListener("click", clear);
	by("har").addEventListener("click", () => har());
	by("theme").addEventListener("click", () => theme(true));
	by("help-button").addEventListener("click", () => by("help").showModal());
	by("fresh").addEventListener("click", () => {
		by("list").scrollTop = 0;
		draw();
	});
	by("list").addEventListener(
		"scroll",
		() => {
			if (fresh && list.at_top()) draw_soon();
		},
		{passive: true},
	);
	addEventListener("hashchange", () => (location.hash.includes("token=") ? enter_page() : fragment()));
	setInterval(() => document.visibilityState === "visible" && tunnels.tick(), 2000);
	help(by("help"));
	theme(false);
	listen({
		ready: () => !by("main").hidden,
		move: (n) => list.move(n),
		page: (n) => list.move(n * list.page()),
		enter,
		escape,
		pause,
		search: () => by("search").focus(),
		curl: () => with_chosen(() => detail.curl()),
		replay: () =>
			with_chosen(() => {
				show_detail(true);
				detail.replay();
			}),
		submit: () => detail.submit(),
		theme: () => theme(true),
		help: () => by("help").showModal(),
		tab: (n) => detail.nth(n),
	});
}

function enter_page() {
	const token = page_token();
	if (token) daemon.start(token);
	else show_gate(by("gate"), "missing", (t) => daemon.start(t));
}

wire_up();
enter_page();

/* SPDX-License-Identifier: MIT */
/* keys: what the keyboard does, and the window that tells it. */
import {fill, h} from "./dom.js";

const TOLD = [
	["j  k  ↓  ↑", "to the older, the newer request"],
	["Home  End", "to the newest, the oldest"],
	["Enter", "into the request"],
	["Esc", "back to the list; out of the search"],
	["/", "search"],
	["1 … 7", "tabs of the request"],
	["r", "replay; Ctrl+Enter sends"],
	["c", "copy as curl"],
	["p", "hold the list still, and let it go on"],
	["t", "colours: system, light, dark"],
	["?", "this"],
];

export function help(dialog) {
	fill(
		dialog,
		h("h2", {id: "help-title"}, "Keys"),
		h(
			"dl",
			{class: "keys"},
			TOLD.map(([k, what]) =>
				h(
					"div",
					{},
					h(
						"dt",
						{},
						k.split("  ").map((one) => h("kbd", {}, one)),
					),
					h("dd", {}, what),
				),
			),
		),
		h("form", {method: "dialog"}, h("button", {class: "primary"}, "Close")),
	);
}

const writing = (e) => e.matches?.("input:not([type=checkbox]), textarea, select");

/* @acts: functions by what they do. In fields only Esc and Ctrl+Enter mean something. */
export function listen(acts) {
	const plain = {
		j: () => acts.move(1),
		k: () => acts.move(-1),
		"/": acts.search,
		r: acts.replay,
		c: acts.curl,
		p: acts.pause,
		t: acts.theme,
		"?": acts.help,
	};
	const in_list = {
		ArrowDown: () => acts.move(1),
		ArrowUp: () => acts.move(-1),
		PageDown: () => acts.page(1),
		PageUp: () => acts.page(-1),
		Home: () => acts.move(-Infinity),
		End: () => acts.move(Infinity),
		Enter: acts.enter,
	};
	document.addEventListener("keydown", (ev) => {
		if (ev.defaultPrevented || !acts.ready() || document.querySelector("dialog[open]")) return;
		if (ev.key === "Escape") return acts.escape(ev);
		if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey)) return acts.submit();
		if (ev.ctrlKey || ev.metaKey || ev.altKey || writing(ev.target)) return;
		const at_list = ev.target === document.body || ev.target.id === "list";
		const f =
			plain[ev.key] ??
			(at_list ? in_list[ev.key] : null) ??
			(/^[1-9]$/.test(ev.key) ? () => acts.tab(Number(ev.key) - 1) : null);
		if (!f) return;
		ev.preventDefault();
		f();
	});
}

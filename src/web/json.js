/* SPDX-License-Identifier: MIT */
/*
 * json: a JSON text as a tree that folds. Numbers keep the digits they came with where the
 * browser tells them; children are made when they are first seen, so many bytes cost little.
 */
import {add, h, long} from "./dom.js";
import {clip, shown} from "./format.js";

const SLICE = 100; /* children at once */
const OPEN_DEPTH = 3;
const LONG = 2000;

class Exact {
	constructor(text) {
		this.text = text;
	}
}

/* undefined: it is no JSON. */
export function parse(text) {
	try {
		return JSON.parse(text, (_key, value, context) =>
			typeof value === "number" && context?.source && String(value) !== context.source
				? new Exact(context.source)
				: value,
		);
	} catch {
		return undefined;
	}
}

export function tree(value) {
	return h("div", {class: "json", dir: "ltr"}, node(null, value, 0, ""));
}

function leaf(value) {
	if (value instanceof Exact) return h("span", {class: "j-number"}, value.text);
	if (typeof value === "string") return long(JSON.stringify(value), LONG, "j-string");
	return h("span", {class: `j-${value === null ? "null" : typeof value}`}, String(value));
}

const label = (key) =>
	key === null ? null : [h("span", {class: "j-key"}, shown(clip(JSON.stringify(key), LONG))), ": "];

function node(key, value, depth, comma) {
	if (value === null || typeof value !== "object" || value instanceof Exact)
		return h("div", {class: "j-line"}, label(key), leaf(value), comma);
	const array = Array.isArray(value);
	const keys = array ? null : Object.keys(value);
	const n = array ? value.length : keys.length;
	const [a, b] = array ? ["[", "]"] : ["{", "}"];
	if (!n) return h("div", {class: "j-line"}, label(key), a + b + comma);
	const inside = h("div", {class: "j-inside"});
	let made = 0;
	const more = () => {
		const end = Math.min(n, made + SLICE);
		for (; made < end; made++) {
			const k = array ? made : keys[made];
			add(inside, [node(array ? null : k, value[k], depth + 1, made < n - 1 ? "," : "")]);
		}
		if (made < n) {
			const button = h(
				"button",
				{
					type: "button",
					class: "plain small",
					on: {
						click: () => {
							button.remove();
							more();
						},
					},
				},
				`${(n - made).toLocaleString("en")} more`,
			);
			inside.append(button);
		}
	};
	const open = depth < OPEN_DEPTH;
	const fold = h(
		"details",
		{class: "j-fold", open, on: {toggle: () => fold.open && !made && more()}},
		h(
			"summary",
			{},
			label(key),
			a,
			h("span", {class: "j-hint"}, ` ${n} ${array ? "…" : n === 1 ? "key" : "keys"} ${b}${comma}`),
		),
		inside,
		h("div", {class: "j-line"}, b + comma),
	);
	if (open) more();
	return fold;
}

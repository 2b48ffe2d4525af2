/* SPDX-License-Identifier: MIT */
/*
 * dom: elements without markup.
 *
 * Everything a peer sent reaches the page through here, and only as text: no string is ever
 * parsed as HTML, no attribute that loads or runs something takes a captured string.
 */

import {clip, shown} from "./format.js";

/* h("button", {class: "x", on: {click: f}}, "text", element): attributes, and children in order.
 * null and false leave an attribute or a child out. */
export function h(tag, attrs, ...kids) {
	const e = document.createElement(tag);
	for (const [k, v] of Object.entries(attrs ?? {})) {
		if (v === null || v === undefined || v === false) continue;
		if (k === "on") for (const [what, f] of Object.entries(v)) e.addEventListener(what, f);
		else if (k === "value" || k === "checked" || k === "disabled" || k === "open") e[k] = v;
		else e.setAttribute(k, v === true ? "" : v);
	}
	add(e, kids);
	return e;
}

export function add(e, kids) {
	for (const kid of kids.flat(Infinity))
		if (kid !== null && kid !== undefined && kid !== false) e.append(kid);
}

export function fill(e, ...kids) {
	e.replaceChildren();
	add(e, kids);
}

/* Long values are cut until somebody wants them. */
export function long(value, most = 2000, kind = "value") {
	const e = h("span", {class: kind, dir: "ltr"}, shown(clip(value, most)));
	if (value.length <= most) return e;
	const more = h(
		"button",
		{
			type: "button",
			class: "plain small",
			on: {
				click: () => {
					e.textContent = shown(value);
					more.remove();
				},
			},
		},
		`all ${value.length.toLocaleString("en")} characters`,
	);
	return [e, " ", more];
}

export function svg(tag, attrs, ...kids) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [k, v] of Object.entries(attrs ?? {})) e.setAttribute(k, v);
	e.append(...kids);
	return e;
}

export const by = (id) => document.getElementById(id);

/* A link to a page of the web; anything but http and https stays text. */
export function link(url) {
	let parsed = null;
	try {
		parsed = new URL(url);
	} catch {
		/* not a URL */
	}
	if (!parsed || (parsed.protocol !== "http:" && parsed.protocol !== "https:"))
		return h("span", {class: "url"}, url);
	return h("a", {class: "url", href: parsed.href, target: "_blank", rel: "noopener noreferrer"}, url);
}

let toast_timer = 0;

/* A word at the bottom that goes by itself; readers of screens hear it. */
export function say(text) {
	const t = by("toast");
	t.textContent = text;
	t.classList.add("seen");
	clearTimeout(toast_timer);
	toast_timer = setTimeout(() => t.classList.remove("seen"), 4000);
}

/* Into the clipboard, also where the page is not a secure context. */
export async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		if (!copy_by_selection(text)) {
			say(`Could not copy ${what}: the browser did not let me.`);
			return;
		}
	}
	say(`Copied ${what}.`);
}

function copy_by_selection(text) {
	const had = document.activeElement;
	const area = h("textarea", {class: "offscreen", "aria-hidden": "true"});
	area.value = text;
	document.body.append(area);
	area.select();
	let done = false;
	try {
		done = document.execCommand("copy");
	} catch {
		/* done stays false */
	}
	area.remove();
	had?.focus?.({preventScroll: true});
	return done;
}

/* Give the browser a file to save. Always as bytes, whatever is in it: it must not be shown from
 * this origin. */
export function save(name, parts) {
	const url = URL.createObjectURL(new Blob(parts, {type: "application/octet-stream"}));
	const a = h("a", {href: url, download: name});
	document.body.append(a);
	a.click();
	a.remove();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
}

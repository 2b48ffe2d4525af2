/* SPDX-License-Identifier: MIT */
/*
 * body: the bytes of a body as what they are: JSON, a form, a picture, text, or plain bytes.
 *
 * What a peer says about its bytes only chooses how they are shown. Nothing of them is ever
 * a document here: pictures are of raster types alone, in <img>, which runs nothing; HTML and SVG
 * are text.
 */
import {copy, fill, h, long, save} from "./dom.js";
import {bytes as size_words, clip, line, shown} from "./format.js";
import {parse, tree} from "./json.js";

const RASTER = new Set([
	"image/png",
	"image/jpeg",
	"image/gif",
	"image/webp",
	"image/avif",
	"image/bmp",
	"image/x-icon",
	"image/vnd.microsoft.icon",
]);
const TEXT_MAX = 512 * 1024; /* characters put into the page at once */
const HEX_MAX = 16 * 1024;

export function from_base64(text) {
	const raw = atob(text);
	const out = new Uint8Array(raw.length);
	for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
	return out;
}

export function to_base64(bytes) {
	let raw = "";
	for (let i = 0; i < bytes.length; i += 8192) raw += String.fromCharCode(...bytes.subarray(i, i + 8192));
	return btoa(raw);
}

/* The text that the bytes are in the charset they claim, or in UTF-8; null: they are none. @cut: the end may be missing. */
export function text_of(bytes, charset, cut = false) {
	for (const label of [charset, "utf-8"]) {
		if (!label) continue;
		try {
			const text = new TextDecoder(label, {fatal: true, ignoreBOM: true}).decode(bytes, {stream: cut});
			return binary_looking(text) ? null : text;
		} catch {
			/* an unknown charset, or bytes that are not in it */
		}
	}
	return null;
}

/* NUL is not written by people, and its like rarely. */
function binary_looking(text) {
	const head = text.slice(0, 4096);
	const odd = head.match(/[\u0001-\u0008\u000e-\u001a\u001c-\u001f]/g)?.length ?? 0;
	return head.includes("\0") || odd > head.length / 10;
}

export function charset_of(headers) {
	const type = headers.find((f) => f.name.toLowerCase() === "content-type")?.value ?? "";
	return /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1] ?? null;
}

function boundary_of(headers) {
	const type = headers.find((f) => f.name.toLowerCase() === "content-type")?.value ?? "";
	const m = /^\s*multipart\/form-data\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(type);
	return m ? (m[1] ?? m[2]) : null;
}

/* The ways to look at it, the best first: [[name, make()]]. */
function ways({bytes, media_type, headers, cut}) {
	const type = media_type ?? "";
	const out = [];
	const text = text_of(bytes, charset_of(headers), cut);
	if (RASTER.has(type)) out.push(["Picture", () => picture(bytes, type)]);
	if (text !== null) {
		const value =
			/json$/.test(type) || /^\s*[[{]/.test(text) ? parse(text.replace(/^\ufeff/, "")) : undefined;
		if (value !== undefined) out.push(["JSON", () => tree(value)]);
		if (type === "application/x-www-form-urlencoded") out.push(["Form", () => form(text)]);
	}
	const boundary = boundary_of(headers);
	if (boundary) out.push(["Form", () => multipart(bytes, boundary)]);
	if (text !== null) out.push(["Text", () => plain(text)]);
	out.push(["Hex", () => hex(bytes)]);
	return out;
}

/* @b: {bytes, media_type, headers, cut, name}. Element with a switch between the ways. */
export function body_view(b) {
	const all = ways(b);
	const place = h("div", {class: "body-place"});
	const buttons = all.map(([name, make]) =>
		h("button", {type: "button", "aria-pressed": "false", on: {click: () => pick(name, make)}}, name),
	);
	const pick = (name, make) => {
		for (const e of buttons) e.setAttribute("aria-pressed", String(e.textContent === name));
		fill(place, make());
	};
	const text = text_of(b.bytes, charset_of(b.headers), b.cut);
	const tools = h(
		"div",
		{class: "body-tools"},
		h("div", {class: "segments", role: "group", "aria-label": "Show the body as"}, buttons),
		h("span", {class: "spring"}),
		text !== null
			? h(
					"button",
					{type: "button", class: "plain small", on: {click: () => copy(text, "the body")}},
					"Copy",
				)
			: null,
		h(
			"button",
			{type: "button", class: "plain small", on: {click: () => save(b.name, [b.bytes])}},
			"Save",
		),
	);
	pick(...all[0]);
	return h("div", {class: "body"}, tools, place);
}

function picture(bytes, type) {
	const url = URL.createObjectURL(new Blob([bytes], {type}));
	const box = h("div", {class: "picture"});
	const img = h("img", {
		alt: `The picture of the body, ${type}`,
		on: {
			load: () => {
				URL.revokeObjectURL(url);
				box.append(
					h(
						"p",
						{class: "dim"},
						`${img.naturalWidth} × ${img.naturalHeight}, ${type}, ${size_words(bytes.length)}`,
					),
				);
			},
			error: () => {
				URL.revokeObjectURL(url);
				const text = text_of(bytes, null);
				fill(
					box,
					h(
						"p",
						{class: "warn"},
						`It says ${type}, but it is no such picture. Here is what it is:`,
					),
					text === null ? hex(bytes) : plain(text),
				);
			},
		},
	});
	img.src = url;
	box.append(img);
	return box;
}

function plain(text) {
	const pre = h("pre", {class: "text", dir: "ltr", tabindex: "0"}, shown(text.slice(0, TEXT_MAX)));
	if (text.length <= TEXT_MAX) return pre;
	return [
		pre,
		h(
			"p",
			{class: "dim"},
			`The first ${TEXT_MAX.toLocaleString("en")} of ${text.length.toLocaleString("en")} characters; Save has all.`,
		),
	];
}

function table(head, rows) {
	return h(
		"table",
		{class: "fields"},
		h(
			"thead",
			{},
			h(
				"tr",
				{},
				head.map((t) => h("th", {scope: "col"}, t)),
			),
		),
		h(
			"tbody",
			{},
			rows.map((cells) =>
				h(
					"tr",
					{},
					cells.map((c, i) => h(i ? "td" : "th", i ? {} : {scope: "row"}, c)),
				),
			),
		),
	);
}

const FORM_MAX = 1000;

function form(text) {
	const pairs = [...new URLSearchParams(text.trim())];
	const rows = pairs.slice(0, FORM_MAX).map(([k, v]) => [shown(clip(k, 2000)), long(v)]);
	return [
		table(["Name", "Value"], rows),
		pairs.length > FORM_MAX ? h("p", {class: "dim"}, `and ${pairs.length - FORM_MAX} more`) : null,
	];
}

export function query_table(target) {
	const at = target.indexOf("?");
	return at < 0 || at === target.length - 1 ? null : form(target.slice(at + 1));
}

/* multipart/form-data: its parts, values that are text shown, files told. */
function multipart(bytes, boundary) {
	const raw = latin1(bytes);
	const rows = [];
	for (const piece of raw.split(`--${boundary}`).slice(1, FORM_MAX)) {
		if (piece.startsWith("--")) break;
		const gap = piece.indexOf("\r\n\r\n");
		if (gap < 0) continue;
		const head = text_of(raw_bytes(piece.slice(0, gap)), null) ?? "";
		const content = raw_bytes(piece.slice(gap + 4).replace(/\r\n$/, ""));
		const name = /\bname="([^"]*)"/i.exec(head)?.[1] ?? "";
		const file = /filename="([^"]*)"/i.exec(head)?.[1];
		const text = text_of(content, null);
		rows.push([
			line(name),
			file !== undefined || text === null
				? h(
						"span",
						{class: "dim"},
						line(`${file ?? "bytes"}, ${size_words(content.length)}`),
						text === null ? null : h("span", {}, h("br"), clip(shown(text), 500)),
					)
				: long(text),
		]);
	}
	return table(["Name", "Value"], rows);
}

export function latin1(bytes) {
	let out = "";
	for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192));
	return out;
}

const raw_bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/* Offset, sixteen bytes, and what of them can be read. */
export function hex_text(bytes, from, to) {
	const lines = [];
	for (let at = from; at < to; at += 16) {
		const row = bytes.subarray(at, Math.min(at + 16, to));
		let left = "",
			right = "";
		for (let i = 0; i < 16; i++) {
			left +=
				(i === 8 ? " " : "") + (i < row.length ? ` ${row[i].toString(16).padStart(2, "0")}` : "   ");
			if (i < row.length) right += row[i] >= 0x20 && row[i] < 0x7f ? String.fromCharCode(row[i]) : "·";
		}
		lines.push(`${at.toString(16).padStart(8, "0")} ${left}  ${right}`);
	}
	return lines.join("\n");
}

function hex(bytes) {
	let shown_to = Math.min(bytes.length, HEX_MAX);
	const pre = h("pre", {class: "hex", dir: "ltr", tabindex: "0"}, hex_text(bytes, 0, shown_to));
	if (shown_to === bytes.length) return pre;
	const more = h(
		"button",
		{
			type: "button",
			class: "plain small",
			on: {
				click: () => {
					const to = Math.min(bytes.length, shown_to + 4 * HEX_MAX);
					pre.append(`\n${hex_text(bytes, shown_to, to)}`);
					shown_to = to;
					if (to === bytes.length) more.remove();
				},
			},
		},
		"more bytes",
	);
	return [pre, more];
}

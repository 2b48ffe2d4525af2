/* SPDX-License-Identifier: MIT */
/*
 * replay: an editor for a captured request, the answer when it is sent again, and how that
 * differs from the first answer.
 *
 * What is left as it is is not sent from here: the daemon has it, also the bytes of a body that
 * is no text. Only what was changed goes with the call.
 */
import {text_of, to_base64} from "./body.js";
import {fill, h} from "./dom.js";
import {folded, header_lines, lines} from "./diff.js";
import {REDACTED} from "./curl.js";
import {Exchange} from "./exchange.js";
import {bytes, duration, line, shown} from "./format.js";

const TIMEOUT_MS = 30000;
const BODY_EDIT_MAX = 256 * 1024;
const DIFF_LINES = 4000;
const NOT_SENT = new Set(["content-length", "transfer-encoding"]);

/* "Name: value" a line. Throws words for the one who wrote it. */
export function parse_headers(text) {
	return text
		.split("\n")
		.filter((l) => l.trim())
		.map((l) => {
			const at = l.indexOf(":");
			if (at < 1 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(l.slice(0, at)))
				throw new Error(`“${l.slice(0, 60)}” is no header: write Name: value.`);
			return {name: l.slice(0, at), value: l.slice(at + 1).trim()};
		});
}

/* What Replay is to be told: fields of a changed name, all of them; an empty one for a name that went. */
export function header_changes(before, after) {
	const group = (all) => {
		const m = new Map();
		for (const {name, value} of all) {
			const k = name.toLowerCase();
			m.set(k, [...(m.get(k) ?? []), {name, value}]);
		}
		return m;
	};
	const was = group(before),
		is = group(after),
		out = [];
	for (const [k, fields] of is)
		if (JSON.stringify(was.get(k)?.map((f) => f.value)) !== JSON.stringify(fields.map((f) => f.value)))
			out.push(...fields);
	for (const [k, [first]] of was) if (!is.has(k)) out.push({name: first.name, value: ""});
	return out;
}

export class Replay {
	/* @acts: {daemon, tunnels(): names, open(id)} */
	constructor(acts, x, body) {
		this.acts = acts;
		this.x = x;
		this.text =
			body.more || x.request.kept < x.request.size || body.bytes.length > BODY_EDIT_MAX
				? null
				: text_of(body.bytes, null);
		this.headers = x.request.headers.filter((f) => !NOT_SENT.has(f.name.toLowerCase()));
		this.root = h(
			"div",
			{class: "replay"},
			this.form(body.bytes.length),
			(this.result = h("div", {class: "result", "aria-live": "polite"})),
		);
	}

	form(body_len) {
		const {info} = this.x;
		const field = (label, e) => h("label", {class: "field"}, h("span", {}, label), e);
		this.method = h("input", {
			value: info.method,
			class: "mono",
			autocomplete: "off",
			spellcheck: "false",
			"aria-label": "Method",
		});
		this.target = h("input", {
			value: info.target,
			class: "mono",
			autocomplete: "off",
			spellcheck: "false",
			"aria-label": "Target",
			dir: "ltr",
		});
		this.to = h(
			"select",
			{"aria-label": "To the origin of"},
			this.acts.tunnels().map((n) => h("option", {value: n}, line(n))),
		);
		this.to.value = info.tunnel;
		this.head = h("textarea", {
			class: "mono",
			rows: Math.min(12, this.headers.length + 2),
			spellcheck: "false",
			dir: "ltr",
			wrap: "off",
		});
		this.head.value = this.headers.map((f) => `${f.name}: ${f.value}`).join("\n");
		this.head_before = this.head.value;
		this.body = h("textarea", {class: "mono", rows: 8, spellcheck: "false", dir: "ltr"});
		this.body.value = this.text ?? "";
		this.body_before = this.body.value; /* as the field has it: its line ends are its own */
		this.resign = h("input", {type: "checkbox", checked: true});
		this.send = h("button", {type: "submit", class: "primary"}, "Send again");
		const signed = info.verification?.provider;
		return h(
			"form",
			{class: "editor", on: {submit: (ev) => this.submit(ev)}},
			h(
				"div",
				{class: "line-fields"},
				field("Method", this.method),
				field("Target", this.target),
				field("To", this.to),
			),
			field("Headers", this.head),
			field(
				this.text === null
					? `Body: ${bytes(body_len)} that are sent as they are, unless you write another`
					: "Body",
				this.body,
			),
			signed
				? h(
						"label",
						{class: "check"},
						this.resign,
						` Sign anew for ${line(signed)}, with a fresh time stamp`,
					)
				: null,
			h(
				"div",
				{class: "send-line"},
				this.send,
				h("button", {type: "reset", on: {click: (ev) => this.reset(ev)}}, "Undo the changes"),
				/^\s*[[{]/.test(this.text ?? "")
					? h("button", {type: "button", on: {click: () => this.indent()}}, "Indent the JSON")
					: null,
				h("kbd", {class: "dim"}, "Ctrl+Enter"),
			),
		);
	}

	indent() {
		this.body.value = pretty(this.body.value);
	}

	reset(ev) {
		ev.preventDefault();
		this.method.value = this.x.info.method;
		this.target.value = this.x.info.target;
		this.to.value = this.x.info.tunnel;
		this.head.value = this.head_before;
		this.body.value = this.body_before;
	}

	/* The parameters of the call. */
	changes() {
		const {info} = this.x;
		const out = {id: this.x.id, timeout_ms: TIMEOUT_MS};
		if (this.to.value && this.to.value !== info.tunnel) out.to = this.to.value;
		if (this.method.value !== info.method) out.method = this.method.value.trim();
		if (this.target.value !== info.target) out.target = this.target.value.trim();
		if (this.head.value !== this.head_before) {
			const changed = header_changes(this.headers, parse_headers(this.head.value));
			if (changed.length) out.headers = changed;
		}
		if (this.body.value !== this.body_before)
			out.body = to_base64(new TextEncoder().encode(this.body.value));
		if (info.verification?.provider) out.resign = this.resign.checked;
		return out;
	}

	async submit(ev) {
		ev?.preventDefault();
		if (this.send.disabled) return;
		this.send.disabled = true;
		fill(this.result, h("p", {class: "dim"}, "Sent; waiting for the answer…"));
		try {
			const r = await this.acts.daemon.alone("Replay", this.changes(), null, TIMEOUT_MS + 5000);
			await this.answer(r);
		} catch (e) {
			fill(this.result, h("p", {class: "warn"}, `Not replayed: ${line(e.message)}`));
		}
		this.send.disabled = false;
	}

	async answer({info, omitted}) {
		const second = await new Exchange(this.acts.daemon, info.id).load();
		fill(
			this.result,
			h("h3", {}, "The answer now"),
			h(
				"p",
				{class: "answer-line"},
				h("span", {class: "mono"}, line(second.response?.line ?? info.error ?? "none")),
				h("span", {class: "dim"}, duration(info.total_us)),
				h(
					"button",
					{type: "button", class: "plain small", on: {click: () => this.acts.open(info.id)}},
					`Open #${info.id}`,
				),
			),
			omitted?.length
				? h(
						"p",
						{class: "warn"},
						`Not sent, for they were redacted when captured: ${line(omitted.join(", "))}. Write them above to send them (instead of ${REDACTED}).`,
					)
				: null,
			h("h3", {}, "Beside the first"),
			await compare(this.x, second),
		);
	}
}

async function text_lines(x) {
	if (!x.response) return [];
	const {bytes: all} = await x.body("response", x.response.decoded, 2);
	const text = text_of(all, null, true);
	if (text === null) return [`${bytes(all.length)} that are no text, SHA-256 ${await digest(all)}`];
	return pretty(text).split("\n").slice(0, DIFF_LINES);
}

/* JSON by lines, so that a difference is one of a line; as it is where its numbers would lose digits. */
function pretty(text) {
	if (!/^\s*[[{]/.test(text) || /\d{16}/.test(text)) return text.replace(/\r\n/g, "\n").replace(/\n$/, "");
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text;
	}
}

async function digest(all) {
	if (!crypto.subtle) return "unknown";
	const d = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
	return [...d.slice(0, 8)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

async function compare(first, second) {
	const parts = [
		["Status", [first.response?.line ?? "no answer"], [second.response?.line ?? "no answer"]],
		[
			"Headers",
			header_lines(first.response?.headers ?? []),
			header_lines(second.response?.headers ?? []),
		],
		["Body", await text_lines(first), await text_lines(second)],
	];
	return parts.map(([name, a, b]) => {
		const rows = lines(a, b);
		const same = rows.every(([op]) => op === " ");
		return h(
			"section",
			{class: "diff-part"},
			h("h4", {}, name, h("span", {class: same ? "dim" : "differs"}, same ? " the same" : " differs")),
			same ? null : h("div", {class: "diff", dir: "ltr", role: "list"}, folded(rows).map(diff_row)),
		);
	});
}

const OPS = {"-": ["gone", "− "], "+": ["new", "+ "], " ": ["both", "  "]};

function diff_row([op, text]) {
	if (op === "…") return h("div", {class: "d-fold", role: "listitem"}, `${text} lines that are the same`);
	return h("div", {class: `d-${OPS[op][0]}`, role: "listitem"}, OPS[op][1], shown(text.slice(0, 2000)));
}

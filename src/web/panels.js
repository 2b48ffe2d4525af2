/* SPDX-License-Identifier: MIT */
/* panels: what the tabs of a request show, but for replaying. Each makes elements from an Exchange. */
import {body_view, hex_text, query_table, text_of} from "./body.js";
import {copy, h, long} from "./dom.js";
import {bytes, duration, line, plural, REASONS, shown, stamp} from "./format.js";
import {CHUNK} from "./exchange.js";

const facts = (rows) =>
	h(
		"dl",
		{class: "facts"},
		rows
			.filter((r) => r && r[1] !== null && r[1] !== undefined)
			.map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {dir: "ltr"}, v))),
	);

const section = (title, ...kids) => h("section", {class: "part"}, h("h3", {}, title), kids);

export const signature_words = (v) =>
	({none: "not asked for", verified: "verified", failed: "failed"})[v?.result ?? "none"] ?? v.result;

function time_bar(i) {
	if (i.first_byte_us === null || i.first_byte_us === undefined)
		return h(
			"p",
			{class: "dim"},
			i.state === "open" ? "Waiting for the first byte of the answer." : "No byte of an answer came.",
		);
	const total = Math.max(1, i.total_us ?? i.first_byte_us);
	const wait = h("span", {class: "bar-wait"}),
		rest = h("span", {class: "bar-rest"});
	wait.style.flexGrow = String(Math.max(0.01, i.first_byte_us / total));
	rest.style.flexGrow = String(Math.max(0.01, 1 - i.first_byte_us / total));
	return h(
		"div",
		{class: "timing"},
		h("div", {class: "time-bar", "aria-hidden": "true"}, wait, rest),
		h(
			"p",
			{class: "time-words"},
			h("span", {class: "key-wait"}, `first byte ${duration(i.first_byte_us)}`),
			i.state === "open"
				? h("span", {class: "dim"}, "still going on")
				: h(
						"span",
						{class: "key-rest"},
						`the rest ${duration(Math.max(0, (i.total_us ?? 0) - i.first_byte_us))}`,
					),
			i.total_us === null || i.total_us === undefined
				? null
				: h("strong", {}, `total ${duration(i.total_us)}`),
		),
	);
}

export function overview(x, to) {
	const i = x.info;
	const query = query_table(i.target);
	return [
		i.error ? h("p", {class: "warn", role: "note"}, line(i.error)) : null,
		section("Timing", time_bar(i)),
		section(
			"Details",
			facts([
				["Target", long(i.target)],
				[
					"Answer",
					i.status
						? `${i.status} ${REASONS[i.status] ?? ""}`
						: i.state === "open"
							? "none yet"
							: "none",
				],
				["Type", i.media_type ? line(i.media_type) : null],
				["Visitor", `${line(i.visitor)}, ${i.tls ? "by TLS" : "in the clear"}`],
				["Tunnel", line(i.tunnel)],
				["Came", stamp(i.time_ms)],
				[
					"Kind",
					{http: "request and answer", websocket: "WebSocket", sse: "server-sent events"}[i.kind] ??
						i.kind,
				],
				["Bodies", `${bytes(i.request_bytes)} in, ${bytes(i.response_bytes)} out`],
				[
					"Signature",
					i.verification?.result && i.verification.result !== "none"
						? h(
								"span",
								{class: `sign ${i.verification.result}`},
								`${signature_words(i.verification)} (${line(i.verification.provider ?? "")})`,
							)
						: "not asked for",
				],
				[
					"Replay of",
					i.replay_of
						? h(
								"button",
								{type: "button", class: "plain small", on: {click: () => to(i.replay_of)}},
								`#${i.replay_of}`,
							)
						: null,
				],
			]),
		),
		query ? section("Query", query) : null,
	];
}

function header_table(headers) {
	return h(
		"table",
		{class: "fields"},
		h(
			"tbody",
			{},
			headers.map((f) =>
				h(
					"tr",
					{},
					h("th", {scope: "row", dir: "ltr"}, long(f.name, 200)),
					h("td", {}, long(f.value, 1000)),
				),
			),
		),
	);
}

/* How much of a body is here, where that is not all. */
function kept_words(part, fetched) {
	const out = [];
	if (part.kept < part.size)
		out.push(`Only the first ${bytes(part.kept)} of ${bytes(part.size)} were kept.`);
	else if (!part.complete) out.push("It has not come to its end.");
	if (part.coding && part.coding !== "identity")
		out.push(
			part.decoded
				? `Sent as ${line(part.coding)}, shown without it.`
				: `Sent as ${line(part.coding)}, which cannot be undone here.`,
		);
	if (fetched?.more) out.push(`${bytes(fetched.bytes.length)} of ${bytes(fetched.size)} are shown.`);
	return out.length ? h("p", {class: "dim kept"}, out.join(" ")) : null;
}

const NAMES = {
	"application/json": "json",
	"text/html": "html.txt",
	"text/plain": "txt",
	"image/png": "png",
	"image/jpeg": "jpg",
	"image/gif": "gif",
	"image/webp": "webp",
};

/* Promise of the elements of one side. @whole: more than one answer's worth of the body. */
export async function side(x, which, again, whole = false) {
	const part = x[which];
	if (!part)
		return [h("p", {class: "dim"}, x.info.state === "open" ? "No answer yet." : "There was no answer.")];
	const picture = part.media_type?.startsWith("image/");
	const got = await x.body(which, part.decoded, whole || picture ? undefined : 1);
	const cut = got.more || part.kept < part.size || !part.complete;
	return [
		h("p", {class: "start-line", dir: "ltr"}, long(part.line)),
		h(
			"details",
			{class: "head", open: true},
			h("summary", {}, plural(part.headers.length, "header")),
			header_table(part.headers),
		),
		section(
			"Body",
			kept_words(part, got),
			part.size === 0
				? h("p", {class: "dim"}, "None.")
				: got.bytes.length === 0
					? h("p", {class: "dim"}, `${bytes(part.size)}, of which nothing was kept.`)
					: body_view({
							bytes: got.bytes,
							media_type: part.media_type,
							headers: part.headers,
							cut,
							name: `${which}-${x.id}.${NAMES[part.media_type] ?? "bin"}`,
						}),
			got.more
				? h("button", {type: "button", on: {click: again}}, `Show all ${bytes(got.size)}`)
				: null,
		),
	];
}

export function signature(x) {
	const v = x.info.verification ?? {result: "none"};
	if (v.result === "none")
		return [
			h("p", {}, "Nobody asked for a signature here."),
			h(
				"p",
				{class: "dim"},
				"With ",
				h("code", {}, "verify: {provider: …, secret: …}"),
				" in the tunnel's configuration, webhooks are checked before they reach your service.",
			),
		];
	return [
		h(
			"p",
			{class: `verdict ${v.result}`},
			v.result === "verified" ? "✓ The signature is right." : "✗ The signature is not right.",
		),
		facts([
			["Provider", v.provider ? line(v.provider) : null],
			["Result", signature_words(v)],
			["Why", v.why ? line(v.why) : null],
		]),
	];
}

/* Byte for byte as it is kept: what passed, but for chunks and what was redacted. */
export async function raw(x) {
	const out = [];
	for (const which of ["request", "response"]) {
		const part = x[which];
		if (!part) continue;
		const {bytes: body, more} = await x.body(which, false, 1);
		const text = body.length ? text_of(body, null, true) : "";
		const head = await x.head(which);
		const all = head + (text ?? hex_text(body, 0, Math.min(body.length, 8192)));
		out.push(
			section(
				which === "request" ? "Request" : "Response",
				h(
					"div",
					{class: "body-tools"},
					h("span", {class: "spring"}),
					h(
						"button",
						{
							type: "button",
							class: "plain small",
							on: {click: () => copy(all, `the raw ${which}`)},
						},
						"Copy",
					),
				),
				h("pre", {class: "text", dir: "ltr", tabindex: "0"}, shown(all.slice(0, 2 * CHUNK))),
				more || part.kept < part.size ? h("p", {class: "dim"}, "The body goes on.") : null,
			),
		);
	}
	return out;
}

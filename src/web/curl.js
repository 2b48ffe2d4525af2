/* SPDX-License-Identifier: MIT */
/*
 * curl: a captured request as a command line for a POSIX shell.
 *
 * Whatever was captured stays one quoted word, and no word of it can mean a file or an option to
 * curl: the body goes by --data-raw, or decoded from base64 where it is not text.
 */
import {text_of, to_base64} from "./body.js";

/* Of the connection, of the way here, or made by curl itself. */
const LEFT_OUT = new Set([
	"host",
	"content-length",
	"transfer-encoding",
	"connection",
	"keep-alive",
	"te",
	"trailer",
	"upgrade",
	"proxy-connection",
	"expect",
	"x-forwarded-for",
	"x-forwarded-proto",
	"x-forwarded-host",
	"accept-encoding",
]);
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
export const REDACTED = "[redacted]";

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/* @request: {method, url, headers, body (bytes)}. {text, omitted}: names of fields that were redacted. */
export function curl_line({method, url, headers, body}) {
	const words = ["curl", "--globoff", "--path-as-is", quote(url)];
	const omitted = [];
	let pipe = "";
	if (method === "HEAD") words.push("--head");
	else if (!(method === "GET" && !body.length) && !(method === "POST" && body.length))
		words.push("-X", quote(method));
	for (const {name, value} of headers) {
		if (LEFT_OUT.has(name.toLowerCase())) continue;
		if (value.includes(REDACTED)) omitted.push(name);
		else words.push("-H", quote(value === "" ? `${name};` : `${name}: ${value}`));
	}
	if (body.length) {
		const text = text_of(body, null);
		if (!headers.some((f) => f.name.toLowerCase() === "content-type"))
			words.push("-H", quote("Content-Type:"));
		/* controls could be more than text to the terminal that it is pasted into */
		if (text === null || CONTROLS.test(text)) {
			pipe = `echo ${to_base64(body)} | base64 -d | `;
			words.push("--data-binary", "@-");
		} else {
			words.push("--data-raw", quote(text));
		}
	}
	if (headers.some((f) => f.name.toLowerCase() === "accept-encoding")) words.push("--compressed");
	return {text: pipe + words.join(" "), omitted};
}

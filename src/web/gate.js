/* SPDX-License-Identifier: MIT */
/* gate: what stands here while the page has no token that the daemon takes. */
import {fill, h} from "./dom.js";
import {keep_token, token_in} from "./token.js";

const WHY = {
	missing: "This page shows what comes in through your tunnels, so it opens with a token only.",
	refused:
		"The daemon does not take the token that this page has. It may be of another daemon, or of an earlier run of a one-shot tunnelto; or there are too many of these pages open.",
};

/* @why: missing, refused. @enter(token): somebody gave one. */
export function show_gate(box, why, enter) {
	if (!box.hidden && box.dataset.why === why) return;
	box.dataset.why = why;
	box.hidden = false;
	const input = h("input", {
		id: "gate-input",
		class: "mono",
		autocomplete: "off",
		spellcheck: "false",
		placeholder: "http://127.0.0.1:4040/#token=…",
	});
	const wrong = h("p", {class: "warn", role: "alert"});
	fill(
		box,
		h("h2", {id: "gate-title"}, "A token is needed"),
		h("p", {}, WHY[why]),
		h("p", {}, "On the machine where the daemon runs, say"),
		h("pre", {class: "command"}, "tunnelctl dashboard"),
		h("p", {}, "and open the address that it prints, or put it in here:"),
		h(
			"form",
			{
				on: {
					submit: (ev) => {
						ev.preventDefault();
						const token = token_in(input.value);
						wrong.textContent = token
							? ""
							: "There is no token in that: it ends in #token= and hexadecimal digits.";
						if (!token) return;
						keep_token(token);
						box.dataset.why = "";
						enter(token);
					},
				},
			},
			h("label", {for: "gate-input"}, "Address or token"),
			h("div", {class: "gate-line"}, input, h("button", {class: "primary"}, "Open")),
		),
		wrong,
	);
	input.focus();
}

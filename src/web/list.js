/* SPDX-License-Identifier: MIT */
/*
 * list: the requests as rows, newest first, and only those in the DOM that can be seen.
 *
 * All rows are of one height, so a row's place is its index. What is looked at stays where it is
 * while others arrive above it, unless the top is looked at: then the newest come in there.
 */
import {fill, h} from "./dom.js";
import {bytes, clip, clock, duration, line, status_class} from "./format.js";

export const ROW = 54;
const BEYOND = 8; /* rows kept ready above and below */
const LONGEST = 400; /* characters of a target in a row */

export class List {
	/* @chose(id, how): "move" while going through the list, "open" when meant. */
	constructor(box, rows, chose) {
		this.box = box;
		this.rows = rows;
		this.chose = chose;
		this.view = [];
		this.shown = new Map(); /* id: element */
		this.selected = null;
		this.asked = false;
		box.addEventListener("scroll", () => this.soon(), {passive: true});
		new ResizeObserver(() => this.soon()).observe(box);
		rows.addEventListener("click", (ev) => {
			const row = ev.target.closest(".row");
			if (row) this.select(Number(row.dataset.id), "open");
		});
	}

	soon() {
		if (this.asked) return;
		this.asked = true;
		requestAnimationFrame(() => {
			this.asked = false;
			this.draw();
		});
	}

	at_top() {
		return this.box.scrollTop < ROW / 2;
	}

	/* The index in the view; from the top. */
	index_of(id) {
		let lo = 0,
			hi = this.view.length - 1;
		while (lo <= hi) {
			const mid = (lo + hi) >> 1;
			if (this.view[mid].id === id) return this.view.length - 1 - mid;
			if (this.view[mid].id < id) lo = mid + 1;
			else hi = mid - 1;
		}
		/* not there: where it would be */
		return -1 - (this.view.length - lo);
	}

	at(index) {
		return this.view[this.view.length - 1 - index];
	}

	/* New view, oldest first. */
	set(view) {
		const top = this.box.scrollTop;
		const anchor = this.at_top() ? null : this.at(Math.floor(top / ROW));
		this.view = view;
		this.rows.style.height = `${view.length * ROW}px`;
		if (anchor) {
			const now = this.index_of(anchor.id);
			this.box.scrollTop = (now < 0 ? -1 - now : now) * ROW + (top % ROW);
		}
		this.draw();
	}

	draw() {
		const n = this.view.length;
		const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - BEYOND);
		const last = Math.min(n, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + BEYOND);
		const keep = new Set();
		for (let i = first; i < last; i++) {
			const info = this.at(i);
			keep.add(info.id);
			this.place(info, i);
		}
		for (const [id, row] of this.shown)
			if (!keep.has(id)) {
				row.remove();
				this.shown.delete(id);
			}
		const at = this.selected !== null && keep.has(this.selected);
		if (at) this.box.setAttribute("aria-activedescendant", `row-${this.selected}`);
		else this.box.removeAttribute("aria-activedescendant");
	}

	place(info, i) {
		let row = this.shown.get(info.id);
		if (!row) {
			row = h("div", {class: "row", role: "option", id: `row-${info.id}`, "data-id": info.id});
			this.shown.set(info.id, row);
			this.rows.append(row);
		}
		if (row.info !== info) {
			row.info = info;
			fill(row, cells(info));
		}
		row.style.transform = `translateY(${i * ROW}px)`;
		row.setAttribute("aria-selected", String(info.id === this.selected));
		row.setAttribute("aria-posinset", i + 1);
		row.setAttribute("aria-setsize", this.view.length);
	}

	select(id, how) {
		this.selected = id;
		this.draw();
		this.chose(id, how);
	}

	/* By @step from the selected one, or to the end (Infinity). */
	move(step) {
		const n = this.view.length;
		if (!n) return;
		let i = this.selected === null ? 0 : this.index_of(this.selected);
		if (!Number.isFinite(step)) i = step;
		else if (i < 0) /* it has gone: to the one that was next to it */ i = step > 0 ? -1 - i : -2 - i;
		else if (this.selected !== null) i += step;
		i = Math.max(0, Math.min(n - 1, i));
		this.reveal(i);
		this.select(this.at(i).id, "move");
	}

	reveal(i) {
		const y = i * ROW;
		if (y < this.box.scrollTop) this.box.scrollTop = y;
		else if (y + ROW > this.box.scrollTop + this.box.clientHeight)
			this.box.scrollTop = y + ROW - this.box.clientHeight;
	}

	page() {
		return Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
	}
}

const SIGN = {verified: ["✓", "signature verified"], failed: ["✗", "signature failed"]};

function cells(i) {
	const cls = status_class(i);
	const sign = SIGN[i.verification?.result];
	const status = i.state === "failed" ? "failed" : String(i.status ?? "…");
	return [
		h(
			"div",
			{class: "row-1"},
			h("span", {class: "method"}, line(clip(i.method, 12))),
			h("span", {class: "target", dir: "ltr"}, line(clip(i.target, LONGEST))),
			h(
				"span",
				{class: `status ${cls}`},
				status,
				i.state === "failed" && i.status ? ` ${i.status}` : null,
			),
		),
		h(
			"div",
			{class: "row-2"},
			h("span", {class: "when"}, clock(i.time_ms)),
			h("span", {class: "whose"}, line(i.tunnel)),
			i.kind !== "http"
				? h("span", {class: "badge"}, i.kind === "sse" ? "SSE" : "WebSocket", ` ${i.messages}`)
				: null,
			i.replay_of ? h("span", {class: "badge"}, `replay of #${i.replay_of}`) : null,
			sign
				? h(
						"span",
						{class: `sign ${i.verification.result}`},
						sign[0],
						h("span", {class: "unseen"}, sign[1]),
					)
				: null,
			h("span", {class: "sizes"}, sizes(i)),
			h(
				"span",
				{class: `took${i.state === "open" ? " going" : ""}`},
				i.state === "open" ? "open" : duration(i.total_us),
			),
		),
	];
}

function sizes(i) {
	const out = [];
	if (i.request_bytes) out.push(`↑ ${bytes(i.request_bytes)}`);
	if (i.response_bytes) out.push(`↓ ${bytes(i.response_bytes)}`);
	return out.join("  ");
}

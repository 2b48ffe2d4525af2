/* SPDX-License-Identifier: MIT */
/* What of the text that can be seen has too little contrast with what is behind it (WCAG 2.2, AA): a list of words. */
() => {
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
	const rgba = (color) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = ([r, g, b, a], [R, G, B]) => [
		r * a + R * (1 - a),
		g * a + G * (1 - a),
		b * a + B * (1 - a),
		1,
	];
	const behind = (e) => {
		const layers = [];
		for (let at = e; at; at = at.parentElement) {
			const c = rgba(getComputedStyle(at).backgroundColor);
			layers.push(c);
			if (c[3] === 1) break;
		}
		return layers.reverse().reduce((below, c) => over(c, below), [255, 255, 255, 1]);
	};
	const light = ([r, g, b]) => {
		const [x, y, z] = [r, g, b].map((v) =>
			(v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4,
		);
		return 0.2126 * x + 0.7152 * y + 0.0722 * z;
	};
	const ratio = (a, b) => {
		const [hi, lo] = [light(a), light(b)].sort((x, y) => y - x);
		return (hi + 0.05) / (lo + 0.05);
	};
	const seen = (e) =>
		e.checkVisibility({visibilityProperty: true, opacityProperty: true}) &&
		e.getBoundingClientRect().width > 1;
	const bad = [];
	let looked = 0;
	const check = (e, what, front, back, least) => {
		looked++;
		const r = ratio(over(rgba(front), back), back);
		if (r < least)
			bad.push(
				`${r.toFixed(2)} < ${least}: ${what} of ${e.tagName}.${e.className} “${(e.textContent || e.value || "").slice(0, 30)}”`,
			);
	};
	for (const e of document.querySelectorAll("body *")) {
		if (!seen(e) || e.closest("noscript, svg, option")) continue;
		const style = getComputedStyle(e);
		const field = e.matches("input:not([type=checkbox]), select, textarea");
		if (field || [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim())) {
			const large = parseFloat(style.fontSize) >= 24;
			check(e, "text", style.color, behind(e), large ? 3 : 4.5);
		}
		if (field && e.placeholder)
			check(e, "placeholder", getComputedStyle(e, "::placeholder").color, behind(e), 4.5);
		if (field) check(e, "border", style.borderTopColor, behind(e.parentElement), 3);
		if (e.matches(".dot, .switch .knob, .switch, .bar-wait, .bar-rest"))
			check(
				e,
				"shape",
				e.matches(".switch") ? style.borderTopColor : style.backgroundColor,
				behind(e.parentElement),
				3,
			);
	}
	const probe = document.createElement("i");
	probe.style.color = "var(--accent)";
	document.body.append(probe);
	for (const where of [".bar", "body"])
		check(
			probe,
			`focus ring on ${where}`,
			getComputedStyle(probe).color,
			behind(document.querySelector(where)),
			3,
		);
	probe.remove();
	return {bad, looked};
};

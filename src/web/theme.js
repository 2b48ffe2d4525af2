/* SPDX-License-Identifier: MIT */
/* The colours that were chosen, before anything is painted: the only script that is no module. */
(() => {
	let chosen = null;
	try {
		chosen = localStorage.getItem("tunnelto.theme");
	} catch {
		/* no storage: as the system has them */
	}
	if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();

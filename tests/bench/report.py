# SPDX-License-Identifier: MIT
"""What was measured, as figures for people and machines: medians and spreads, tables, bars, JSON. Measures nothing.

Samples are kept by path and column, one per round: samples[path][column] = [figure or None, …]. A ratio of two paths
is the median of the ratios within each round, so that what changes between rounds does not count.
"""
import statistics

# column -> (heading, unit's factor, format)
COLUMNS = {
    "rps_1": ("req/s, 1 conn.", 1, "{:,.0f}"), "p50_1": ("p50 ms", 1, "{:.2f}"), "p99_1": ("p99 ms", 1, "{:.2f}"),
    "rps_64": ("req/s, 64", 1, "{:,.0f}"), "p50_64": ("p50 ms", 1, "{:.2f}"), "p99_64": ("p99 ms", 1, "{:.2f}"),
    "rps_256": ("req/s, 256", 1, "{:,.0f}"), "p50_256": ("p50 ms", 1, "{:.2f}"), "p99_256": ("p99 ms", 1, "{:.2f}"),
    "rps_close": ("req/s, 64, no keep-alive", 1, "{:,.0f}"),
    "down_1": ("down, 1 stream, MB/s", 1e-6, "{:,.0f}"), "down_8": ("down, 8", 1e-6, "{:,.0f}"),
    "up_1": ("up, 1 stream, MB/s", 1e-6, "{:,.0f}"), "up_8": ("up, 8", 1e-6, "{:,.0f}"),
    "cpu_gb_server": ("CPU s/GB, server", 1, "{:.2f}"), "cpu_gb_client": ("client", 1, "{:.2f}"),
    "cpu_req_server": ("CPU s/100k req., server", 1, "{:.2f}"), "cpu_req_client": ("client", 1, "{:.2f}"),
    "setup_ms": ("set-up, ms", 1, "{:,.0f}"), "cut_ms": ("served after a cut, ms", 1, "{:,.0f}"),
    "cut_failed": ("failed meanwhile", 1, "{:.0f}"),
}
TABLES = [("Requests, 1 KiB", [c for c in COLUMNS if c.split("_")[0] in ("rps", "p50", "p99")]),
          ("Bulk and CPU", [c for c in COLUMNS if c.split("_")[0] in ("down", "up", "cpu")]),
          ("Coming up, coming back", ["setup_ms", "cut_ms", "cut_failed"])]
FASTER = ("rps_1", "rps_64", "rps_256", "rps_close", "down_1", "down_8", "up_1", "up_8")


def median(values):
    """The median of those that are there, or None."""
    values = [v for v in values or () if v is not None]
    return statistics.median(values) if values else None


def spread(values):
    """Half of what lies between the largest and the smallest, against the median; None below two samples."""
    values = [v for v in values or () if v is not None]
    mid = median(values)
    return (max(values) - min(values)) / 2 / mid if len(values) > 1 and mid else None


def ratio(ours, theirs):
    """The median of the ratios round by round, or None."""
    return median([a / b for a, b in zip(ours or (), theirs or ()) if a is not None and b])


def cell(column, values):
    """A figure with its spread: `41,200 ±3%`."""
    _, factor, form = COLUMNS[column]
    mid, wide = median(values), spread(values)
    if mid is None:
        return "–"
    return form.format(mid * factor) + (f" ±{100 * wide:.0f}%" if wide is not None and column in FASTER else "")


def grid(head, rows, markdown=False):
    """A table as text: aligned for a terminal, or Markdown."""
    rows = [[str(c) for c in r] for r in [head, *rows]]
    if markdown:
        lines = ["| " + " | ".join(c.replace("|", "\\|") for c in r) + " |" for r in rows]
        return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])
    wide = [max(len(r[i]) for r in rows) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, wide))).rstrip()
                     for r in rows)


def bar(what, value, least, goal, unit="x", at_most=False):
    """One bar: met when the value reaches it (or, with @at_most, stays below it)."""
    met = None if value is None else (value <= least if at_most else value >= least)
    best = None if value is None else (value <= goal if at_most else value >= goal)
    return {"what": what, "value": value, "bar": least, "goal": goal, "unit": unit, "met": met, "goal_met": best}


def pair(samples, path, column, base):
    return ratio(samples.get(path, {}).get(column), samples.get(base, {}).get(column))


def speed_bars(samples):
    against = lambda ours, column, base: pair(samples, f"ours-{ours}", column, base)
    return [
        bar("requests/s, TLS link, 64 connections, against nginx → nginx", against("tls", "rps_64", "nginx"), 1.0, 1.4),
        bar("the same against direct", against("tls", "rps_64", "direct"), 0.6, 0.75),
        bar("bulk down, one stream, plain link, against nginx → nginx", against("plain", "down_1", "nginx"), 1.0, 1.4),
        bar("bulk down, one stream, TLS link, against nginx –TLS→ nginx", against("tls", "down_1", "nginx-tls"), 1.0, 1.2),
    ]


CAPTURED = {"rps_64": "requests/s, 64 connections", "down_1": "bulk down, one stream, MB/s", "up_1": "bulk up, one stream, MB/s"}


def capture_bars(captured):
    each = lambda column, mode: (captured or {}).get(column, {}).get(mode)
    return [bar(f"{words.removesuffix(', MB/s')}, inspect: full against false", ratio(each(c, "full"), each(c, "false")), 0.9, 0.95)
            for c, words in CAPTURED.items()]


def capture_rows(captured):
    """Medians, the median of the pairs' ratios, and the daemon's CPU seconds for 100,000 requests or 1 GB."""
    show = lambda column, values: cell(column, values).split(" ")[0]
    return [[CAPTURED[c], show(c, by["false"]), show(c, by["full"]), _x(ratio(by["full"], by["false"])),
             f"{median(by['cpu_false']):.2f}", f"{median(by['cpu_full']):.2f}"]
            for c, by in (captured or {}).items() if median(by["false"])]


def peer_bars(samples, info):
    """Ours against each peer, column by column, a link in the clear against one, an encrypted against an encrypted."""
    out = []
    for path in samples:
        if path.startswith(("direct", "nginx", "ours")):
            continue
        ours = "ours-tls" if info[path]["encrypted"] else "ours-plain"
        each = {c: pair(samples, ours, c, path) for c in FASTER}
        each = {c: r for c, r in each.items() if r is not None}
        if each:
            worst = min(each, key=each.get)
            what = f"{info[ours]['title']}, against {info[path]['title']}, worst column ({worst})"
            out.append(bar(what, each[worst], 1.0, 1.5))
    return out


def wan_bars(wan):
    for where, rows in (wan or {}).items():
        if where == "100 ms, 0 %":
            value = ratio(rows.get("ours-tls", {}).get("bulk"), rows.get("direct", {}).get("bulk"))
            return [bar("bulk, 100 ms RTT, no loss, one stream, against direct TCP", value, 0.85, 0.95)]
    return []


def beside_flood(pairs):
    """How many times longer the other tunnel's p99 is beside the flood, round by round."""
    return [busy / alone for alone, busy in pairs or () if alone and busy]


def flood_bars(flood):
    value = median(beside_flood((flood or {}).get("tunnel")))
    return [bar("a tunnel's p99 while another is flooded, against alone", value, 3.0, 2.0, at_most=True)]


def memory_bars(memory):
    kib = lambda key: None if (memory or {}).get(key) is None else memory[key] / 1024
    return [
        bar("server RSS per idle tunnel, TLS", kib("tunnel_server"), 80, 40, "KiB", at_most=True),
        bar("server RSS per idle visitor connection", kib("visitor_server"), 12, 6, "KiB", at_most=True),
        bar("daemon RSS per idle visitor connection", kib("visitor_client"), 12, 6, "KiB", at_most=True),
    ]


def bars(result):
    samples, info = result["samples"], result["paths"]
    return [*speed_bars(samples), *capture_bars(result.get("capture")), *peer_bars(samples, info), *flood_bars(result.get("flood")), *wan_bars(result.get("wan")),
            *memory_bars(result.get("memory"))]


FLOODS = [("tunnel", "two tunnels of one server, TLS link"), ("direct", "two nginx, no tunnel")]
MEMORY = [("tunnel_server", "server RSS per idle tunnel"), ("tunnel_client_rss", "tunneltod with one idle tunnel: RSS"),
          ("tunnel_client_pss", "the same: PSS (shared pages divided)"),
          ("tunnel_client_private", "the same: private pages"),
          ("visitor_server", "server RSS per idle visitor"), ("visitor_client", "daemon RSS per idle visitor"),
          ("visitor_tls_server", "server RSS per idle visitor, visitor's TLS, too"),
          ("visitor_tls_client", "daemon RSS, the same")]


def tables(result, markdown=False):
    """All tables as one text."""
    samples, info, out = result["samples"], result["paths"], []
    def put(title, head, rows):
        out.append((f"**{title}**\n\n" if markdown else f"{title}\n") + grid(head, rows, markdown))
    for title, columns in TABLES:
        used = [c for c in columns if any(median(samples[p].get(c)) is not None for p in samples)]
        if used:
            rows = [[info[p]["title"], *(cell(c, samples[p].get(c)) for c in used)] for p in samples]
            put(title, ["path", *(COLUMNS[c][0] for c in used)], rows)
    against = [p for p in ("direct", "nginx", "nginx-tls", "ssh") if p in samples]
    rows = [[f"{info[p]['title']} : {info[b]['title']}", *(_x(pair(samples, p, c, b)) for c in FASTER)]
            for p in samples if p.startswith("ours") for b in against if any(samples[p].get(c) for c in FASTER)]
    if rows:
        put("Ratios, round by round", ["", *(COLUMNS[c][0].replace(", MB/s", "") for c in FASTER)], rows)
    if rows := capture_rows(result.get("capture")):
        put(f"What keeping requests costs ({len(result['capture']['rps_64']['full'])} pairs; CPU: seconds of tunneltod for 100k requests, 1 GB)",
            ["", "inspect: false", "full", "", "CPU, false", "full"], rows)
    rows = [[words, _ms2([a for a, _ in pairs]), _ms2([b for _, b in pairs]), _x(median(beside_flood(pairs)))]
            for key, words in FLOODS if (pairs := (result.get("flood") or {}).get(key))]
    if rows:
        put("A flood of 64 connections on one tunnel, 2 on another (p99 of these)", ["", "alone, ms", "beside it, ms", ""], rows)
    memory = result.get("memory") or {}
    rows = [[words, f"{memory[k] / 1024:,.1f}"] for k, words in MEMORY if memory.get(k) is not None]
    if rows:
        put(f"Memory ({memory['tunnels']:,} daemons, {memory['visitors']:,} WebSockets, TLS link)", ["", "KiB"], rows)
    rows = [[where, info[p]["title"], _mbit(r.get("bulk")), _x(ratio(r.get("bulk"), by["direct"].get("bulk"))),
             _ms(r.get("p99_idle")), _ms(r.get("p99_busy"))]
            for where, by in (result.get("wan") or {}).items() for p, r in by.items()]
    if rows:
        put(f"Emulated WAN (round trip, loss each way; {result['wan_setting']})",
            ["", "path", "bulk down, Mbit/s", ": direct", "p99 ms", "p99 ms beside bulk"], rows)
    failed = {info[p]["title"]: sum(samples[p].get("errors", ())) for p in samples}
    if any(failed.values()):
        out.append("Requests that failed: " + "; ".join(f"{p}: {n}" for p, n in failed.items() if n) + ".")
    put("Bars", ["", "measured", "bar", "goal", ""], [bar_row(b) for b in result["bars"]])
    if result["skipped"]:
        out.append("Left out:\n" + "\n".join(f"* {what}: {why}" for what, why in sorted(result["skipped"].items())))
    if not info:
        return "\n\n".join([*out, describe(result["machine"])])
    links = "; ".join(f"{i['title']}: {'encrypted' if i['encrypted'] else 'in the clear'}" for i in info.values()
                      if i["encrypted"] is not None)
    return "\n\n".join([*out, f"Links: {links}.", describe(result["machine"])])


def bar_row(b):
    show = lambda v: "–" if v is None else f"{v:.2f}x" if b["unit"] == "x" else f"{v:.1f} {b['unit']}"
    word = "not measured" if b["met"] is None else "goal met" if b["goal_met"] else "met" if b["met"] else "NOT MET"
    return [b["what"], show(b["value"]), show(b["bar"]), show(b["goal"]), word]


def describe(machine):
    return (f"{machine['date']}, {machine['cpus']} CPUs ({machine['cpu']}), {machine['system']}, {machine['kernel']}, "
            f"TCP {machine['tcp']}, {machine['rounds']} round(s), load {machine['load']} at the start; "
            f"{machine['took_s']:.0f} s.")


def _x(value):
    return "–" if value is None else f"{value:.2f}x"


def _mbit(values):
    mid = median(values)
    return "–" if mid is None else f"{mid * 8e-6:,.1f}"


def _ms2(values):
    mid = median(values)
    return "–" if mid is None else f"{mid:,.2f}"


def _ms(values):
    mid = median(values)
    return "–" if mid is None else f"{mid:,.0f}"

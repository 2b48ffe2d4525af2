# SPDX-License-Identifier: MIT
"""A plot of the report as one SVG, drawn here: a panel per column, a bar per path, a line for the spread."""
from xml.sax.saxutils import escape

import report

PANELS = (("rps_64", "requests/s, 64 connections"), ("rps_close", "requests/s, no keep-alive"),
          ("down_1", "down, one stream, MB/s"), ("up_1", "up, one stream, MB/s"))
LABEL, WIDE, ROW, HEAD = 190, 300, 20, 34  # pixels
COLOURS = {"ours": "#2a6f97", "other": "#b8bec4"}


def panel(samples, info, column, title, y):
    """The SVG of one panel, and its height."""
    rows = [(p, report.median(samples[p].get(column)), samples[p].get(column) or []) for p in samples]
    rows = [(p, mid, [v for v in all_ if v is not None]) for p, mid, all_ in rows if mid is not None]
    if not rows:
        return "", 0
    most = max(max(values) for _, _, values in rows)
    out = [f'<text x="0" y="{y + 18}" class="t">{escape(title)}</text>']
    for n, (path, mid, values) in enumerate(rows):
        top, colour = y + HEAD + n * ROW, COLOURS["ours" if path.startswith("ours") else "other"]
        at = lambda v: LABEL + WIDE * v / most
        figure = report.COLUMNS[column][2].format(mid * report.COLUMNS[column][1])
        out.append(f'<text x="{LABEL - 8}" y="{top + 11}" class="l">{escape(info[path]["title"])}</text>'
                   f'<rect x="{LABEL}" y="{top}" width="{WIDE * mid / most:.1f}" height="{ROW - 6}" fill="{colour}"/>'
                   f'<line x1="{at(min(values)):.1f}" x2="{at(max(values)):.1f}" y1="{top + 7}" y2="{top + 7}"/>'
                   f'<text x="{at(max(values)) + 6:.1f}" y="{top + 11}">{figure}</text>')
    return "\n".join(out), HEAD + len(rows) * ROW + 12


def svg(result):
    y, body = 8, []
    for column, title in PANELS:
        text, height = panel(result["samples"], result["paths"], column, title, y)
        body.append(text)
        y += height
    first, _, rest = report.describe(result["machine"]).partition("TCP ")
    width = LABEL + WIDE + 90
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 {width} {y + 32}" width="{width}" height="{y + 32}">\n'
            '<style>text{font:12px sans-serif;fill:#222}.t{font-weight:bold;font-size:14px}.l{text-anchor:end}'
            '.n{font-size:9px;fill:#666}line{stroke:#222;stroke-width:1.5}</style>\n'
            f'<rect x="-8" width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) +
            f'\n<text x="0" y="{y + 10}" class="n">{escape(first)}</text>\n'
            f'<text x="0" y="{y + 23}" class="n">{escape("TCP " + rest)}</text>\n</svg>\n')

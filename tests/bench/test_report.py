#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The parts of the bench that only compute: medians, ratios, tables, bars, wrk's report, the plot."""
import pathlib
import sys
import unittest
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import load  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402

WRK = """Running 1s test @ http://127.0.0.1:1/1k
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.10ms    1.00ms  20.00ms   90.00%
    Req/Sec    30.00k     1.00k   31.00k    70.00%
  Latency Distribution
     50%  500.00us
     75%    2.00ms
     90%    3.00ms
     99%    1.20s
  30100 requests in 1.00s, 37.00MB read
{more}Requests/sec:  30050.25
Transfer/sec:     37.00MB
"""
MACHINE = {"date": "2026-01-01", "cpus": 2, "cpu": "a < b & c", "system": "Debian", "kernel": "6", "tcp": "cubic",
           "load": 0.1, "rounds": 3, "took_s": 5.0}


def result():
    samples = {"direct": {"rps_64": [100, 200, 300], "down_1": [4e9, 4e9, 4e9]},
               "nginx": {"rps_64": [50, 100, 150], "down_1": [1e9, 1e9, 1e9]},
               "ssh": {"rps_64": [10, 10, 10], "up_1": [1e9, 1e9, None]},
               "ours-tls": {"rps_64": [60, 120, 210], "down_1": [1e9, 2e9, 3e9], "up_1": [5e8, 5e8, 5e8]}}
    paths = {"direct": {"title": "direct", "encrypted": None}, "nginx": {"title": "nginx | two", "encrypted": False},
             "ssh": {"title": "ssh -R", "encrypted": True}, "ours-tls": {"title": "ours & TLS", "encrypted": True}}
    out = {"samples": samples, "paths": paths, "skipped": {}, "machine": MACHINE}
    out["bars"] = report.bars(out)
    return out


class Figures(unittest.TestCase):
    def test_median_and_spread(self):
        self.assertEqual(report.median([3, None, 1, 2]), 2)
        self.assertIsNone(report.median([None]))
        self.assertIsNone(report.median(None))
        self.assertAlmostEqual(report.spread([90, 100, 110]), 0.1)
        self.assertIsNone(report.spread([5]))

    def test_ratio_is_of_rounds(self):
        """Each round against its own: drift between rounds does not count."""
        self.assertAlmostEqual(report.ratio([60, 120, 210], [100, 200, 300]), 0.6)
        self.assertAlmostEqual(report.ratio([1, None, 4], [2, 5, 4]), 0.75)
        self.assertIsNone(report.ratio([1], [0]))
        self.assertIsNone(report.ratio(None, [1]))

    def test_cells(self):
        self.assertEqual(report.cell("rps_64", [90, 100, 110]), "100 ±10%")
        self.assertEqual(report.cell("down_1", [2e9]), "2,000")
        self.assertEqual(report.cell("p99_1", None), "–")

    def test_grid(self):
        self.assertEqual(report.grid(["a", "b"], [["x", 10]]), "a   b\nx  10")
        self.assertEqual(report.grid(["a", "b"], [["x", 10]], markdown=True), "| a | b |\n|---|---|\n| x | 10 |")


class Bars(unittest.TestCase):
    def test_capture(self):
        """Judged by pairs: the machine was twice as fast in the second."""
        captured = {"rps_64": {"false": [100, 200], "full": [95, 182], "cpu_false": [1, 1.5], "cpu_full": [2, 2]}}
        bars = report.capture_bars(captured)
        self.assertAlmostEqual(bars[0]["value"], 0.93)
        self.assertTrue(bars[0]["met"])
        self.assertIsNone(bars[1]["met"])
        self.assertEqual(report.capture_rows(captured), [["requests/s, 64 connections", "150", "138", "0.93x", "1.25", "2.00"]])
        self.assertEqual(report.capture_rows(None), [])

    def test_flood(self):
        """Each round against its own; a round without a figure is none."""
        self.assertEqual(report.beside_flood([(1, 2), (2, 3), (0, 5), (None, 1)]), [2, 1.5])
        self.assertTrue(report.flood_bars({"tunnel": [(1, 2.5), (1, 3), (1, 9)]})[0]["met"])
        self.assertFalse(report.flood_bars({"tunnel": [(1, 3.5)]})[0]["met"])
        self.assertIsNone(report.flood_bars(None)[0]["met"])

    def test_met(self):
        self.assertTrue(report.bar("", 1.0, 1.0, 1.4)["met"])
        self.assertFalse(report.bar("", 0.99, 1.0, 1.4)["met"])
        self.assertTrue(report.bar("", 1.4, 1.0, 1.4)["goal_met"])
        self.assertTrue(report.bar("", 39, 80, 40, "KiB", at_most=True)["goal_met"])
        self.assertFalse(report.bar("", 81, 80, 40, "KiB", at_most=True)["met"])
        self.assertIsNone(report.bar("", None, 1, 1)["met"])
        self.assertEqual([report.bar_row(report.bar("", v, 1.0, 1.4))[-1] for v in (None, 0.5, 1.1, 1.5)],
                         ["not measured", "NOT MET", "met", "goal met"])

    def test_of_a_result(self):
        bars = {b["what"]: b for b in result()["bars"]}
        self.assertAlmostEqual(bars["requests/s, TLS link, 64 connections, against nginx → nginx"]["value"], 1.2)
        self.assertAlmostEqual(bars["the same against direct"]["value"], 0.6)
        worst = bars["ours & TLS, against ssh -R, worst column (up_1)"]
        self.assertAlmostEqual(worst["value"], 0.5)
        self.assertFalse(worst["met"])

    def test_wan(self):
        rows = {"100 ms, 0 %": {"direct": {"bulk": [10, 20]}, "ours-tls": {"bulk": [9, 18]}}, "50 ms, 0 %": {}}
        self.assertAlmostEqual(report.wan_bars(rows)[0]["value"], 0.9)
        self.assertEqual(report.wan_bars(None), [])


class Texts(unittest.TestCase):
    def test_tables(self):
        text = report.tables(result(), markdown=True)
        self.assertIn("| ssh -R | 10 ±0% |", text)
        self.assertIn("| ours & TLS : direct |", text)
        self.assertIn("nginx \\| two", text)
        self.assertIn("ssh -R: encrypted", text)

    def test_wrk(self):
        got = load.parse_wrk(WRK.format(more=""))
        self.assertEqual(got, {"rps": 30050.25, "count": 30100, "p50": 0.5, "p99": 1200.0, "errors": 0})
        more = "  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 4\n"
        self.assertEqual(load.parse_wrk(WRK.format(more=more))["errors"], 10)
        with self.assertRaises(load.Broken):
            load.parse_wrk("unable to connect")

    def test_plot(self):
        drawn = xml.dom.minidom.parseString(plot.svg(result()))
        self.assertEqual(len(drawn.getElementsByTagName("rect")), 1 + 4 + 3 + 2)


if __name__ == "__main__":
    unittest.main()

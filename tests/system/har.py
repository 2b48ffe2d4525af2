# SPDX-License-Identifier: MIT
"""The rules of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), as far as a reader may rely on them."""
import base64
import datetime
import urllib.parse

STR, NUM, INT, LIST, OBJ = str, (int, float), int, list, dict
PAIR = {"name": STR, "value": STR}
REQUIRED = {
    "entry": {"startedDateTime": STR, "time": NUM, "request": OBJ, "response": OBJ, "cache": OBJ, "timings": OBJ},
    "request": {"method": STR, "url": STR, "httpVersion": STR, "cookies": LIST, "headers": LIST, "queryString": LIST,
                "headersSize": INT, "bodySize": INT},
    "response": {"status": INT, "statusText": STR, "httpVersion": STR, "cookies": LIST, "headers": LIST, "content": OBJ,
                 "redirectURL": STR, "headersSize": INT, "bodySize": INT},
    "content": {"size": INT, "mimeType": STR},
    "postData": {"mimeType": STR, "params": LIST, "text": STR},
    "timings": {"send": NUM, "wait": NUM, "receive": NUM},
}
OPTIONAL = {
    "entry": {"pageref": STR, "serverIPAddress": STR, "connection": STR, "comment": STR},
    "request": {"postData": OBJ, "comment": STR},
    "response": {"comment": STR},
    "content": {"compression": INT, "text": STR, "encoding": STR, "comment": STR},
    "postData": {"comment": STR},
    "timings": {"blocked": NUM, "dns": NUM, "connect": NUM, "ssl": NUM, "comment": STR},
}


def check_object(value, kind):
    for name, wanted in REQUIRED[kind].items():
        assert name in value, f"{kind}: no {name}"
    for name, member in value.items():
        wanted = REQUIRED[kind].get(name) or OPTIONAL[kind].get(name)
        assert wanted or name.startswith("_"), f"{kind}: {name} is no name of HAR 1.2"
        assert not wanted or (isinstance(member, wanted) and not isinstance(member, bool)), f"{kind}: {name} is {member!r}"


def check_pairs(values):
    for v in values:
        assert {k: type(x) for k, x in v.items()} == PAIR, v


def check_entry(entry):
    check_object(entry, "entry")
    request, response, timings = entry["request"], entry["response"], entry["timings"]
    check_object(request, "request")
    check_object(response, "response")
    check_object(response["content"], "content")
    check_object(timings, "timings")
    datetime.datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00"))
    assert urllib.parse.urlsplit(request["url"]).scheme in ("http", "https") and urllib.parse.urlsplit(request["url"]).netloc
    for pairs in (request["headers"], request["queryString"], request["cookies"], response["headers"], response["cookies"]):
        check_pairs(pairs)
    if "postData" in request:
        check_object(request["postData"], "postData")
        check_pairs(request["postData"]["params"])
    assert all(timings[t] >= 0 for t in ("send", "wait", "receive")) and all(t >= -1 for t in timings.values() if not isinstance(t, str))
    assert abs(entry["time"] - sum(t for t in timings.values() if not isinstance(t, str) and t > 0)) < 0.01
    if response["content"].get("encoding"):
        assert response["content"]["encoding"] == "base64"
        base64.b64decode(response["content"]["text"], validate=True)


def check(archive):
    """The entries of a sound archive."""
    assert list(archive) == ["log"]
    log = archive["log"]
    assert log["version"] == "1.2" and set(log) <= {"version", "creator", "browser", "pages", "entries", "comment"}
    assert isinstance(log["creator"]["name"], str) and isinstance(log["creator"]["version"], str)
    for entry in log["entries"]:
        check_entry(entry)
    starts = [e["startedDateTime"] for e in log["entries"]]
    assert starts == sorted(starts)
    return log["entries"]

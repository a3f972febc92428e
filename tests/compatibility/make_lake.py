"""Make the fixture that later versions of raglake are held against: a small lake with a past, and what it answers.

Run it once for each minor version, with that version's code, and commit what it writes beside this file:

    python -m tests.compatibility.make_lake

``lake-VERSION.tar.gz`` holds ``lake`` (the lake itself), ``source`` (the documents that live holds) and ``next`` (those
of the night to come); ``lake-VERSION.json`` holds what the lake must answer. ``test_lakes.py`` finds both by their
names. A fixture that is there is not written over without ``--force``, since it can be made with its own version's
code alone.

The lake is made on the command line and over HTTP, as an operator and a user would; nothing here names a module of
raglake. Its past has all that leaves another kind of file or entry of the log behind: added, changed, renamed and
removed documents, one in quarantine, sidecars and rights that change, questions, scores and answers, feedback, a gate
that blocks, a rollback, a pin, names, an erasure, a prune and a checkpoint.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.compatibility import observing
from tests.compatibility.observing import REFUSED, run, sources

FOLDER = Path(__file__).parent
#: Small, so that a document has several chunks; and not the defaults, so that the lake's own recipe must be kept.
RECIPE = ("--embedder", "hash", "--parent-tokens", 120, "--child-tokens", 40, "--overlap-tokens", 8)
NAMED = "opening"
#: When documents were last changed: so many days after this.
EPOCH = datetime(2026, 1, 1, 8, tzinfo=UTC)
#: In the log this stands for whoever makes the fixture.
OPERATOR = "operator"

#: What is asked of each release, in each mode.
ASKED = (
    "How much oil does the main pump need?",
    "when is the sluice gate greased",
    "chlorine dose in summer",
    "Who may open the spillway?",
    "turbidity of the river after rain",
    "key of the chlorine store",
    "pay of the night shift",
    "filter backwash interval",
)
MODES = ("text", "vector", "hybrid")
FILTERED = ("tags=river", "metadata.project=wages", "author=Omar Lind", "uri~manuals/**", "media_type=text/csv")
PRINCIPALS = ("", "office", "board", "staff", observing.EVERYBODY)

PUMP = """\
---
title: Main pump
author: Ines Ferro
tags: [pumps, oil]
---
# Main pump

The main pump lifts water from the river well to the settling basin, 40 metres above. It runs at night, when power is
cheap, and stands still from six in the morning.

## Oil

The main pump needs 4 litres of oil of the grade ISO VG 46. The oil is changed every May, and whenever it looks like
milk: then water came in through the shaft seal.

## Reset

After a power cut the pump does not start by itself. Press the red button on the left side of the cabinet, wait until
the pressure stands at 3 bar, and press the green one. Somebody has to stand beside it for the first ten minutes.
"""

SLUICE = """\
# Sluice gate

The sluice gate keeps the river out of the well. Its spindle is greased in March and October, with the grease in the
yellow tin. Turn the wheel forty times to close it, and never with a lever.

## Ice

In hard winters ice sticks to the gate. Pour warm water over the guides, from above, until it comes loose.
"""

SPILLWAY = """\
Spillway
========

Only the shift leader may open the spillway, after a call to the village below. The siren sounds for two minutes, then
the flap is lowered by hand's breadths.

Closing
-------

It is closed when the basin stands at 3.2 metres. Each opening is written into the yellow book with time and name.
"""

CHLORINE = """\
<html><head><title>Chlorine</title><meta name="author" content="Omar Lind"></head><body>
<h1>Chlorine</h1>
<p>The chlorine dose is 0.3 milligrams a litre in winter and 0.5 in summer, when the mains are warm.</p>
<h2>Store</h2>
<p>The key of the chlorine store hangs in the office of the shift leader. Two people go in, never one, and both wear
masks. The fan runs for five minutes before the door is opened.</p>
<table><tr><th>Month</th><th>Dose</th></tr><tr><td>January</td><td>0.3</td></tr><tr><td>July</td><td>0.5</td></tr></table>
</body></html>
"""

PAY = """\
# Pay

The night shift is paid a quarter on top, and a half on Sundays. Whoever is called from home gets two hours at least.

Severance pay is one month for each two years.
"""

FILTERS = """\
* Sand filters
There are six filters, two metres of sand each.
** Backwash
The interval between two backwashes of a filter is 48 hours, and 24 when the river is brown. Air first, for three
minutes, then water for eight.
** Sand
Sand that is lost is filled up in autumn, to the red mark.
"""

TURBIDITY = """\
day,river_ntu,basin_ntu,remark
2025-11-01,4,0.4,clear
2025-11-02,61,0.9,river brown after rain
2025-11-03,35,0.7,falling
"""

ALARMS = {
    "alarms": [
        {"code": "A7", "means": "the pressure behind the main pump is below 2 bar", "do": "look for a burst main"},
        {"code": "A9", "means": "turbidity of the river above 50 after rain", "do": "backwash each filter every day"},
    ]
}

DOSE = '''\
"""The dose of chlorine, as the controller computes it."""


def dose(flow: float, temperature: float) -> float:
    """Milligrams a second: 0.3 a litre, and 0.5 where the water is warmer than 15 degrees."""
    return flow * (0.5 if temperature > 15 else 0.3)


def alarm(dose: float) -> bool:
    """Whether somebody has to look at it."""
    return dose <= 0 or dose > 100
'''

LETTER = """\
From: Ines Ferro <ines@waterworks.example>
To: Omar Lind <omar@waterworks.example>
Subject: Shaft seal of the main pump
Date: Thu, 04 Dec 2025 09:30:00 +0000
Content-Type: text/plain; charset=utf-8

The new shaft seal of the main pump came today. It goes in when the oil is changed in May; until then look at the oil
each week.
"""

VISITORS = """\
Visitors of the year 2025

In June a school came to see the filters, with Mrs Adelheid Quint, telephone 555 0134. They asked whether fish get
into the pump.
"""

METADATA = """\
path,tags,acl,area
spillway.rst,river|danger,,dam
turbidity.csv,river,,river
"""

BROKEN_PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"

#: Each with what answers it; asked by the gate and by ``raglake evaluate``.
QUESTIONS = (
    ("How much oil does the main pump need?", "4 litres", "manuals/pump.md", "The main pump needs 4 litres of oil"),
    ("When is the sluice gate greased?", "in March and October", "manuals/sluice.md", "greased in March and October"),
    ("Where is the key of the chlorine store?", "in the office", "chlorine.html", "hangs in the office"),
    ("How often is a filter washed back?", "every 48 hours", "filters.org", "is 48 hours"),
    ("Who may open the spillway?", "the shift leader", "spillway.rst", None),
    ("What is the night shift paid?", "a quarter on top", "office/pay.md", "paid a quarter on top"),
    # A word of this one stands in visitors.txt alone, so it goes when that is erased.
    ("What keeps fish out of the pump?", "nobody knows", "alarms.json", None),
)


class Documents:
    """A folder of documents and sidecars; a file bears the day on which it was last written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.day = 0

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        moment = (EPOCH + timedelta(days=self.day)).timestamp()
        os.utime(path, (moment, moment))

    def state(self, name: str, **stated: object) -> None:
        """Write the sidecar beside a document."""
        self.write(f"{name}.meta.json", json.dumps(stated))

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def rename(self, old: str, new: str) -> None:
        (self.folder / old).rename(self.folder / new)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()


def first_documents(documents: Documents) -> None:
    documents.write("manuals/pump.md", PUMP)
    documents.write("manuals/sluice.md", SLUICE)
    documents.write("spillway.rst", SPILLWAY)
    documents.write("chlorine.html", CHLORINE)
    documents.write("office/pay.md", PAY)
    documents.state("office/pay.md", acl=["office"], tags=["pay"], project="wages")
    documents.write("filters.org", FILTERS)
    documents.write("turbidity.csv", TURBIDITY)
    documents.write("alarms.json", json.dumps(ALARMS, indent=1))
    documents.write("controller/dose.py", DOSE)
    documents.write("letters/seal.eml", LETTER)
    documents.write("visitors.txt", VISITORS)
    documents.write("plan.pdf", BROKEN_PDF)
    documents.write("_metadata.csv", METADATA)


def make(work: Path) -> dict[str, Any]:
    """Make lake, source and next below ``work``; what is known of them that the lake itself does not say."""
    documents, lake = Documents(work / "source"), work / "lake"
    known = _past(documents, lake, work)
    # The night to come: a document of each kind of change, and words that are new in two of them.
    shutil.copytree(documents.folder, work / "next")
    upcoming = Documents(work / "next")
    upcoming.day = documents.day + 1
    upcoming.change("manuals/pump.md", "4 litres", "5 litres")
    upcoming.write("valves.md", "# Valves\n\nValve 12 leaks since the frost; its gasket is ordered.\n")
    upcoming.rename("filters.org", "sand-filters.org")
    upcoming.remove("letters/seal.eml")
    return known


def _past(documents: Documents, lake: Path, work: Path) -> dict[str, Any]:
    place = ("--lake", lake)

    def ingest(status: int = 0, *words: object) -> dict[str, Any]:
        documents.day += 1
        told: dict[str, Any] = run("ingest", sources(documents.folder), *place, *words, status=status)
        return told

    first_documents(documents)
    opening = ingest(0, *RECIPE)["release"]
    run("name", opening, NAMED, *place, "--why", "the first day")
    run("name", opening, "mistaken", *place)
    run("unname", "mistaken", *place)

    _import_questions(work, lake, QUESTIONS[:3])
    _import_questions(work, lake, QUESTIONS)
    run("evaluate", *place)
    run("config", "set", "search.alpha", "0.4", *place)
    run("config", "set", "search.k", "5", *place)
    run("config", "unset", "search.k", *place)

    # Changes of every kind, judged by the gate and by readers.
    documents.change("manuals/sluice.md", "in the\nyellow tin", "in the\ngreen tin")
    documents.write("manuals/siren.txt", "The siren is tried on the first Saturday of each month, at noon.\n")
    documents.rename("letters/seal.eml", "letters/shaft-seal.eml")
    ingest()
    _judge(lake, "when is the siren tried", useful=True)
    documents.change("turbidity.csv", "falling", "falling, basin clear")
    documents.rename("letters/shaft-seal.eml", "letters/seal.eml")
    third = ingest()["release"]

    # A bad night, taken back.
    documents.write("manuals/pump.md", "# Main pump\n\nTODO\n")
    documents.write("chlorine.html", "<html><body><p>Under construction</p></body></html>")
    ingest()
    run("rollback", third, *place, "--why", "an export tool emptied two manuals")
    ingest(REFUSED)
    documents.write("manuals/pump.md", PUMP)
    documents.write("chlorine.html", CHLORINE)

    # A release that a pin held back and a person published.
    run("pin", *place, "--why", "inspection week")
    documents.remove("manuals/siren.txt")
    documents.change("alarms.json", "a burst main", "a burst main, then for an open hydrant")
    pinned = ingest(REFUSED)["release"]
    run("unpin", *place)
    run("publish", pinned, *place, "--why", "the inspection is over")

    # Rights change, and nothing else does.
    documents.state("office/pay.md", acl=["board", "office"], tags=["pay"], project="wages")
    documents.change("_metadata.csv", "river|danger,,dam", "river|danger,staff,dam")
    ingest()
    _judge(lake, "key of the chlorine store", useful=True)
    _judge(lake, "key of the chlorine store", useful=False)
    run("questions", "from-feedback", *place)

    documents.remove("visitors.txt")
    run("forget", "visitors.txt", *place, "--why", "request 17")
    pruned = run("prune", *place, "--keep-last", 3, "--keep-daily", 0, "--keep-monthly", 0, "--grace-hours", 0,
                 "--keep-vectors-days", 0)  # fmt: skip

    # After the checkpoint: what is live, and a candidate that its gate blocks.
    documents.change("filters.org", "six filters", "seven filters")
    newest = ingest()["release"]
    with _chat_model() as model:
        run("evaluate", *place, "--at", newest)
        run("evaluate", *place, "--at", newest, "--set", "waterworks", "--answers", "--model", model)
    shutil.copytree(documents.folder, work / "kept")
    run("config", "set", "gate.least", "3", *place)
    run("config", "set", "gate.how.mode", "vector", *place)
    run("config", "set", "gate.floors.document nDCG@10", "1", *place)
    documents.change("manuals/sluice.md", "with the grease", "with whatever grease")
    ingest(REFUSED)
    run("config", "unset", "gate.floors", *place)
    run("config", "unset", "gate.how", *place)
    shutil.rmtree(documents.folder)
    (work / "kept").rename(documents.folder)
    return {
        "named": NAMED,
        "erased": {"uri": "visitors.txt", "words": "Adelheid Quint"},
        "pruned": pruned["dropped"],
    }


def _import_questions(work: Path, lake: Path, questions: tuple[tuple[str, str, str, str | None], ...]) -> None:
    file = work / "waterworks.jsonl"
    rows = [
        {"question": text, "answers": [answer], "evidence": [{"uri": uri} | ({"quote": quote} if quote else {})]}
        for text, answer, uri, quote in questions
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run("questions", "import", "jsonl", file, "--lake", lake)
    file.unlink()


def _judge(lake: Path, text: str, *, useful: bool) -> None:
    """Say over HTTP, the only way that is no Python, whether the best passage was useful."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    module, function = observing.project()["scripts"]["raglake"].split(":")
    code = f"from {module} import {function}; {function}()"
    command = [sys.executable, "-c", code, "serve", "--lake", str(lake), "--port", str(port)]
    service = subprocess.Popen(command, cwd=observing.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        found = _post(port, "query", {"text": text, "k": 1, "expand": "none"})
        hit = found["hits"][0]
        _post(port, "feedback", {"query_id": found["query_id"], "chunk_id": hit["chunk_id"], "useful": useful})
    finally:
        service.terminate()
        service.wait()


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the service did not start")


def _post(port: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        found: dict[str, Any] = json.load(reply)
    return found


class _Stub(BaseHTTPRequestHandler):
    """A chat model that says the same to everybody."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": "The oil is changed every May [1]."}
        reply = {
            "id": "stub",
            "object": "chat.completion",
            "created": 0,
            "model": "stub",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 8, "total_tokens": 108},
        }
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _chat_model() -> Iterator[str]:
    """What ``--model`` takes for the stub, while it listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = dict(os.environ)
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    os.environ |= {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none", "RAGLAKE_CHAT_PRICE": "1/1"}
    try:
        yield "openai:stub"
    finally:
        os.environ.clear()
        os.environ |= before
        server.shutdown()
        server.server_close()


def expected(work: Path, known: dict[str, Any]) -> dict[str, Any]:
    """What the lake must answer; reads it, and ingests into a copy what comes next."""
    lake = work / "lake"
    releases = observing.releases(lake)
    names = [release["release"] for release in releases]
    live = observing.live(lake)
    return {
        "version": observing.project()["version"],
        "live": live,
        "named": known["named"],
        "pruned": known["pruned"],
        "erased": known["erased"],
        "recipe": observing.recipe(lake),
        "releases": releases,
        "history": {name: observing.history(lake, name) for name in names},
        "documents": {name: observing.documents(lake, name) for name in names},
        "visible": {at: {who: observing.visible(lake, at, who) for who in PRINCIPALS} for at in (NAMED, "live")},
        "filtered": {at: {only: observing.visible(lake, at, only=only) for only in FILTERED} for at in (NAMED, "live")},
        "difference": observing.difference(lake, NAMED, "live"),
        "hits": [
            {"text": text, "at": at, "mode": mode, "hits": observing.first_hits(lake, text, at, mode)}
            for text in ASKED
            for at in (NAMED, "live")
            for mode in MODES
        ],
        "quarantine": observing.quarantine(lake),
        "configuration": observing.configuration(lake),
        "questions": observing.questions(lake),
        "scores": {name: found for name in names if (found := observing.scores(lake, name))},
        "feedback": observing.feedback(lake),
        "next": _next(work),
    }


def _next(work: Path) -> dict[str, Any]:
    lake = work / "tried"
    shutil.copytree(work / "lake", lake)
    told = run("ingest", sources(work / "next"), "--lake", lake)
    return {"outcome": observing.outcome(told), "documents": observing.visible(lake)}


def pack(work: Path, archive: Path) -> None:
    """Write an archive whose bytes depend on the files' names, contents and times alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for top in ("lake", "next", "source"):
            for path in sorted((work / top).rglob("*")):
                tar.add(path, path.relative_to(work).as_posix(), recursive=False, filter=_plain)
    archive.write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    member.mtime = int(member.mtime)
    return member


def blot_out_the_machine(lake: Path) -> None:
    """Take the machine's name out of the leases, which were given back."""
    for path in (lake / "lease").glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"host": "host", "machine": "machine", "pid": 1}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--force", action="store_true", help="write over the fixture of this version")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder to write into")
    words = parser.parse_args()
    name = f"lake-{observing.project()['version']}"
    archive, answers = words.out / f"{name}.tar.gz", words.out / f"{name}.json"
    if archive.exists() and not words.force:
        parser.error(f"{archive.name} is there already; --force writes over it")
    os.environ["LOGNAME"] = OPERATOR
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        known = make(work)
        blot_out_the_machine(work / "lake")
        pack(work, archive)
        text = json.dumps(expected(work, known), ensure_ascii=False, indent=1, sort_keys=True)
        answers.write_text(f"{text}\n", encoding="utf-8")
    print(f"{archive}: {archive.stat().st_size:,} bytes\n{answers}: {answers.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

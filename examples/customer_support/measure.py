"""Measure the example: python examples/customer_support/measure.py [--folder support] [--plots docs]

Writes documents and questions, indexes them with minilm, measures search, refusals and answers, and puts a thousand
people in front of the service. All of it stays on this machine; the chat model is a stub (stub_chat.py). About ten
minutes on two cores. FOLDER/measured.json holds the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import load
import make_corpus
import plots

import raglake
from expectations.answers import evaluate_answers
from raglake import AnswerOptions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODEL = "openai:gpt-4.1-mini"
TARGETS = {"R@10": 0.85, "RR": 0.7, "nDCG@10": 0.8}
#: Maximum share of the answerable questions, of the half that the threshold is chosen by, that it may decline.
_DECLINED = 0.07
_SHOWN = ("nDCG@10", "R@10", "RR", "P@5", "Success@1", "Success@5")


def raglake_command(*words: str) -> str:
    """What a command prints on stdout."""
    command = [sys.executable, "-m", "flows", *words]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"raglake {' '.join(words)} ended with {done.returncode}")
    return done.stdout


def indexed(folder: Path) -> raglake.Index:
    make_corpus.write(folder)
    lake = str(folder / "index")
    raglake_command("ingest", f"docs={folder / 'documents'}", "--lake", lake, "--embedder", "minilm")
    raglake_command("questions", "import", "jsonl", str(folder / "questions.jsonl"), "--set", "support", "--lake", lake)
    return raglake.open_lake(lake)


def search_quality(index: raglake.Index, lake: str) -> dict[str, Any]:
    """Means of ``raglake evaluate``, and of each kind of question."""
    said = json.loads(raglake_command("evaluate", "--lake", lake, "--modes", "hybrid", "--all", "--json"))
    [evaluation] = said["evaluations"]
    means = {
        one["measure"]: {name: round(one[name], 3) for name in ("mean", "low", "high")}
        for one in evaluation["measures"]
        if one["level"] == "document" and one["measure"] in _SHOWN
    }
    kinds = {question.question_id: question.tags[0] for question in index.questions("support")}
    values: dict[str, dict[str, list[float]]] = {}
    for row in index.scores("live").to_pylist():
        if row["level"] == "document" and row["measure"] in _SHOWN and row["value"] is not None:
            values.setdefault(kinds[row["question_id"]], {}).setdefault(row["measure"], []).append(row["value"])
    by_kind = {kind: {name: round(sum(of) / len(of), 3) for name, of in rows.items()} for kind, rows in values.items()}
    best = [min(5, len({piece.uri for piece in question.evidence})) / 5 for question in index.questions("support")]
    return {"means": means, "by_kind": by_kind, "highest_possible_P@5": round(sum(best) / len(best), 3)}


def roles_of(index: raglake.Index) -> Callable[[Sequence[str]], list[str]]:
    """The principals that may see documents: a question is asked by somebody who may read its answer."""
    rows = index.dataset("documents").to_table(columns=["uri", "acl"]).to_pylist()
    allowed = {row["uri"]: row["acl"] or [] for row in rows}
    return lambda uris: sorted({one for uri in uris for one in allowed[uri] if not one.startswith("customer-")})


def refusals(index: raglake.Index, folder: Path) -> dict[str, Any]:
    """What raglake declines before any model is called, by a threshold that every second question chooses."""
    roles, found = roles_of(index), []
    for name in ("questions", "unanswerable"):
        for number, line in enumerate((folder / f"{name}.jsonl").read_text().splitlines()):
            row = json.loads(line)
            principals = roles([piece["uri"] for piece in row.get("evidence", ())])
            answer = index.answer(row["question"], principals=principals, chat=None)
            found.append((answer.evidence, name == "questions", number % 2 == 0))
    chosen_by = sorted(evidence for evidence, known, chooses in found if known and chooses)
    threshold = round(chosen_by[int(_DECLINED * len(chosen_by))], 3)

    def share(known: bool, least: float) -> float:
        held_out = [evidence for evidence, is_known, chooses in found if is_known == known and not chooses]
        return round(sum(evidence < least for evidence in held_out) / len(held_out), 3)

    def at(least: float) -> dict[str, float]:
        return {"coverage": round(1 - share(True, least), 3), "declined_unanswerable": share(False, least)}

    curve = [[step / 100, share(True, step / 100), share(False, step / 100)] for step in range(61)]
    return {"threshold": threshold, "held_out": {str(least): at(least) for least in (0.03, threshold)}, "curve": curve}


@contextmanager
def running(*command: str, port: int, **variables: str) -> Iterator[None]:
    """A server of ours on a port of this machine, until the end of the block."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def endpoint(port: int) -> dict[str, str]:
    return {"RAGLAKE_CHAT_URL": f"http://127.0.0.1:{port}/v1", "RAGLAKE_CHAT_KEY": "none"}


def answers(index: raglake.Index, threshold: float) -> dict[str, Any]:
    """Measures of answers that depend on what raglake found and packed, and what they cost."""
    port = free_port()
    os.environ |= endpoint(port)
    options = AnswerOptions(min_evidence=threshold, prompts=str(HERE / "prompts"))
    with running(str(HERE / "stub_chat.py"), str(port), "0", port=port):
        done = evaluate_answers(index, index.questions("support"), chat=MODEL, options=options, again=True)
    said, told = done.to_json(), [answer for answer in done.told.values() if answer.usage and answer.usage.n_output]
    means = {one["measure"]: round(one["mean"], 3) for one in said["measures"] if one["level"] == "answer"}
    used = [(answer.usage.n_input, answer.usage.n_output, answer.cost_usd) for answer in told if answer.usage]
    input_tokens, output_tokens, usd = (sum(column) / len(told) for column in zip(*used, strict=True))
    each = {"input_tokens": round(input_tokens), "output_tokens": round(output_tokens), "usd": round(usd, 6)}
    return {"means": means, "failures": len(done.failures), "each": each}


def under_load(folder: Path, threshold: float, words: argparse.Namespace, cache_mb: int) -> dict[str, Any]:
    """Figures of ``raglake serve`` with the stub behind it, for people who visit the website."""
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    rows += [json.loads(line) for line in (folder / "unanswerable.jsonl").read_text().splitlines()]
    stub, port = free_port(), free_port()
    key = next(one["key"] for one in json.loads((HERE / "keys.json").read_text()) if one["name"] == "website")
    serve = ["-m", "flows", "serve", "--lake", str(folder / "index"), "--port", str(port), "--model", MODEL]
    serve += ["--keys", str(HERE / "keys.json"), "--prompts", str(HERE / "prompts")]
    serve += ["--min-evidence", str(threshold), "--cache-mb", str(cache_mb), "--processes", "2"]
    crowd = load.Crowd(
        f"http://127.0.0.1:{port}", key, [row["question"] for row in rows], words.users, words.think, words.seconds
    )
    with (
        running(str(HERE / "stub_chat.py"), str(stub), str(words.delay), port=stub),
        running(*serve, port=port, **endpoint(stub)),
    ):
        return load.measured(crowd)


def met(measured: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Each target with what was measured, and whether it is met."""
    means, held_out = measured["search"]["means"], measured["refusals"]["held_out"]
    of_threshold = held_out[str(measured["refusals"]["threshold"])]
    lines = [
        (f"{name} > {least}", str(means[name]["mean"]), means[name]["mean"] > least) for name, least in TARGETS.items()
    ]
    lines.append(("coverage > 0.9", str(of_threshold["coverage"]), of_threshold["coverage"] > 0.9))
    for name, run in measured.get("load", {}).items():
        lines.append((f"p95 < 2 s, {name}", f"{run['p95']} s", run["p95"] < 2 and set(run["statuses"]) == {"200"}))
        lines.append((f"USD a question < 0.01, {name}", str(run["usd_each"]), run["usd_each"] < 0.01))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("support"), help="Where everything is written. [support]")
    parser.add_argument("--users", type=int, default=1000, help="People in front of the service; 0: no load. [1000]")
    parser.add_argument("--think", type=float, default=120, help="Mean seconds between two questions of one. [120]")
    parser.add_argument("--seconds", type=float, default=90, help="How long each load is measured. [90]")
    parser.add_argument("--delay", type=float, default=0.8, help="Median seconds of the stub chat model. [0.8]")
    parser.add_argument("--plots", type=Path, help="Draw the plots into this folder.")
    words = parser.parse_args()
    folder, begun, measured = words.folder.resolve(), time.monotonic(), dict[str, Any]()

    def step(name: str) -> None:
        print(f"{time.monotonic() - begun:5.0f} s  {name}", flush=True)

    step("write the documents, index them, import the questions")
    index = indexed(folder)
    step("search for 200 questions")
    measured["search"] = search_quality(index, str(folder / "index"))
    step("decide which of 240 questions to decline")
    measured["refusals"] = refusals(index, folder)
    threshold = measured["refusals"]["threshold"]
    step("answer 200 questions by the stub, without a delay")
    measured["answers"] = answers(index, threshold)
    for name, cache_mb in (("with caches", 64), ("without caches", 0)) if words.users else ():
        step(f"{words.users:,} people for {words.think + words.seconds:.0f} s, {name}")
        measured.setdefault("load", {})[name] = under_load(folder, threshold, words, cache_mb)
    step("done")
    if words.plots:
        plots.draw(measured, words.plots)
    for run in measured.get("load", {}).values():
        run.pop("seconds")
    (folder / "measured.json").write_text(json.dumps(measured, indent=1) + "\n")
    for target, figure, is_met in met(measured):
        print(f"{'met' if is_met else 'MISSED':7}{target:40}{figure}")


if __name__ == "__main__":
    main()

"""Compares numpy, OpenVINO, onnxruntime and torch at embedding one question with ``minilm`` in float32.

    python benchmarks/question_vector.py --texts FOLDER --questions FILE [--work FOLDER] [--chunks 2000] [--n 200]
                                         [--rounds 7] [--times 5] [--markdown FILE]

FILE has one question a line, or JSON lines with ``text``. In each round every contender replaces numpy in two fresh
processes. The first embeds questions. The second answers them from a lake of about ``--chunks`` chunks by hybrid
search, which looks up words while the question is embedded. Cold starts are the best of the rounds, in wall and CPU
time. For warm times the best of all repetitions is taken for each question, then the median over the questions. The
ratio to numpy in brackets is the median over the rounds. torch runs in one round only, as the reference. onnxruntime
is included if it and onnx are installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from question_contenders import Given, contenders, keep

import lake
from lake.embed import query_encoder
from lake.embed.backends import Backend
from lake.embed.local_models import local_model

#: The reference for times, and the one for vectors and answers.
_FIRST, _EXACT = "numpy", "torch"
_K = 10
_FIGURES = {
    "cold_vector": "s to the first vector",
    "cold_vector_cpu": "CPU",
    "cold_answer": "s to the first answer",
    "cold_answer_cpu": "CPU",
    "vector": "ms a vector, p50",
    "vector_cpu": "CPU",
    "answer": "ms a hybrid answer, p50",
    "answer_cpu": "CPU",
    "peak": "MB peak RSS",
    "own": "MB private",
}

#: Figures of each contender, by round.
Found = dict[str, list[dict[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-question-vector"))
    parser.add_argument("--chunks", type=int, default=2000)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    questions = some_questions(options.questions, options.n)
    if options.one:
        what, _, name = options.one.partition(":")
        print(json.dumps(_WHAT[what](name, questions, options)))
        return
    report = "\n".join(measured(options, questions))
    print(report)
    if options.markdown:
        options.markdown.write_text(report + "\n", encoding="utf-8")


def some_questions(file: Path, n: int) -> list[str]:
    """Evenly from the whole file."""
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    chosen = lines[:: max(len(lines) // n, 1)][:n]
    return [json.loads(line)["text"] if line.startswith("{") else line for line in chosen]


def measured(options: argparse.Namespace, questions: list[str]) -> Iterator[str]:
    from latency_lakes import Texts, built

    options.work.mkdir(parents=True, exist_ok=True)
    built(Texts(options.texts, options.work / "texts.npy"), options.chunks, options.work)
    keep(_given(), options.work)
    names = ["nothing", *contenders()]
    tens = {
        name: _in_fresh_process(f"tens:{name}", options) for name in names[1:]
    }  # also reads all files into the page cache
    found: Found = {name: [] for name in names}
    for turn in range(options.rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if turn and name == _EXACT:
                continue
            figures = _in_fresh_process(f"vectors:{name}", options)
            figures |= _in_fresh_process(f"answers:{name}", options) if name != "nothing" else {}
            found[name].append(figures)
    yield from table(found, tens, questions, options)


def _in_fresh_process(what: str, options: argparse.Namespace) -> dict[str, Any]:
    given = ("questions", "work", "chunks", "n", "times")
    said = [text for name in given for text in (f"--{name}", str(getattr(options, name)))]
    command = [sys.executable, __file__, *said, "--one", what, "--began", str(perf_counter())]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(printed.splitlines()[-1]))


def _given() -> Given:
    model = local_model("minilm")
    assert model.bert is not None
    return Given(model.identity(Backend("numpy", "float32")), model.bert, model.facts.max_sequence)


def _take_part(name: str, kept: Path) -> None:
    """Let this contender embed the questions of this process."""
    make = contenders()[name]

    class InItsPlace:
        def __new__(cls, *given: Any) -> Any:
            return make(Given(*given), kept)

    setattr(query_encoder, "NumpyBert", InItsPlace)  # noqa: B010


def vectors(name: str, questions: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """``nothing`` measures a process that only imports what all contenders need."""
    if name == "nothing":
        return _cold("vector", options) | _memory()
    _take_part(name, options.work)
    encoder = query_encoder.load_query_encoder("minilm", _given().identity)
    encoder.embed_query(questions[0])
    cold = _cold("vector", options)
    return cold | _warm("vector", encoder.embed_query, questions, options.times) | _memory()


def answers(name: str, questions: list[str], options: argparse.Namespace) -> dict[str, Any]:
    index = _index(name, options)
    index.search(questions[0], _K)
    cold = _cold("answer", options)
    return cold | _warm("answer", lambda question: index.search(question, _K), questions, options.times)


def tens(name: str, questions: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """The first answers to each question, and their vectors in a file."""
    index = _index(name, options)
    encoder = query_encoder.load_query_encoder("minilm", _given().identity)
    np.save(_vectors_file(name, options), np.stack([encoder.embed_query(question) for question in questions]))

    def ten(question: str, mode: str) -> Any:
        return index.search(question, _K, mode=mode, expand="none")["chunk_id"].to_pylist()

    return {mode: [ten(question, mode) for question in questions] for mode in ("vector", "hybrid")}


_WHAT = {"vectors": vectors, "answers": answers, "tens": tens}


def _index(name: str, options: argparse.Namespace) -> Any:
    _take_part(name, options.work)
    return lake.open_lake(str(options.work / f"{options.chunks}" / "lake"))


def _cold(what: str, options: argparse.Namespace) -> dict[str, float]:
    return {f"cold_{what}": perf_counter() - options.began, f"cold_{what}_cpu": process_time()}


def _warm(what: str, ask: Callable[[str], Any], questions: Sequence[str], n_times: int) -> dict[str, list[float]]:
    """Milliseconds of each question, the best of ``n_times``; before, each one is asked once."""
    wall, cpu = np.empty((n_times + 1, len(questions))), np.empty((n_times + 1, len(questions)))
    for turn in range(n_times + 1):
        for number, question in enumerate(questions):
            started, used = perf_counter(), process_time()
            ask(question)
            cpu[turn, number], wall[turn, number] = process_time() - used, perf_counter() - started
    best = {what: wall, f"{what}_cpu": cpu}
    return {name: (1000 * spent[1:].min(axis=0)).tolist() for name, spent in best.items()}


def _memory() -> dict[str, float]:
    """Resident megabytes: the peak with mapped files, and the current figure without them."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    peak, own = (int(lines[name].split()[0]) / 1024 for name in ("VmHWM", "RssAnon"))
    return {"peak": peak, "own": own}


def _vectors_file(name: str, options: argparse.Namespace) -> Path:
    return Path(options.work / f"{name.replace(' ', '-')}.npy")


def table(found: Found, tens: dict[str, Any], questions: list[str], options: argparse.Namespace) -> Iterator[str]:
    yield f"{len(questions)} questions, {options.rounds} rounds. Memory is that added to imports alone.\n"
    compared = "largest difference from torch | from numpy | same ten as torch: vector, hybrid"
    yield f"| | {' | '.join(_FIGURES.values())} | {compared} |"
    yield f"|---|{'---|' * (len(_FIGURES) + 3)}"
    nothing = [f"{_best(found['nothing'], figure):.2f}" for figure in ("cold_vector", "cold_vector_cpu")]
    yield f"| imports only | {' | '.join(nothing)} |{' |' * (len(_FIGURES) + 1)}"
    for name in contenders():
        cells = [_cell(found, name, figure) for figure in _FIGURES]
        others = [f"{_off(name, other, options):.0e}" for other in (_EXACT, _FIRST)]
        yield f"| {name} | {' | '.join([*cells, *others, _alike(tens[name], tens[_EXACT])])} |"


def _best(rounds: list[dict[str, Any]], figure: str) -> float:
    """The best of the rounds; for several questions, the median of each question's best."""
    return float(np.median(np.min([figures[figure] for figures in rounds], axis=0)))


def _cell(found: Found, name: str, figure: str) -> str:
    best = _best(found[name], figure)
    if figure in ("peak", "own"):
        return f"{best - _best(found['nothing'], figure):.0f}"
    pairs = zip(found[name], found[_FIRST], strict=False)
    ratio = median(np.median(figures[figure]) / np.median(first[figure]) for figures, first in pairs)
    return f"{best:.2f} ({ratio:.2f})"


def _off(name: str, other: str, options: argparse.Namespace) -> float:
    """The largest absolute difference of a coordinate."""
    one, two = (np.load(_vectors_file(which, options)) for which in (name, other))
    return float(np.abs(one - two).max())


def _alike(tens: dict[str, Any], exact: dict[str, Any]) -> str:
    return ", ".join(str(sum(one == two for one, two in zip(tens[mode], exact[mode], strict=True))) for mode in tens)


if __name__ == "__main__":
    main()

"""How well encodings are detected: texts of 33 languages in 40 encodings, short and long, alone and among English.

python benchmarks/detected_encodings.py [--each]

``--each`` also prints every file that was not read right. Detectors that are installed are tried beside raglake.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib import import_module
from time import process_time

from benchmarks.encoding_texts import Sample, samples
from lake.errors import InputError
from lake.parse.canonical import clean
from lake.parse.text import decode

_FORMS = ("short", "long", "mixed", "code", "table")


def outcome(sample: Sample) -> str:
    """What became of a file: right or wrong, each with or without a remark, or refused."""
    try:
        text, _, omitted = decode(sample.data)
    except InputError:
        return "refused"
    return ("right" if text == clean(sample.text) else "wrong") + (", remarked" if omitted else "")


def _other(name: str) -> Callable[[bytes], str | None]:
    module = import_module(name)
    if name == "charset_normalizer":
        return lambda data: getattr(module.from_bytes(data).best(), "encoding", None)
    return lambda data: module.detect(data)["encoding"]


def _reads(detect: Callable[[bytes], str | None], sample: Sample) -> bool:
    try:
        return sample.data.decode(detect(sample.data) or "ascii").lstrip("\ufeff") == sample.text
    except (UnicodeDecodeError, LookupError):
        return False


def main() -> None:
    every = list(samples())
    found: dict[str, Counter[str]] = defaultdict(Counter)
    began = process_time()
    for sample in every:
        result = outcome(sample)
        found[sample.form][result] += 1
        if "--each" in sys.argv and not result.startswith("right"):
            print(sample.language, sample.encoding, sample.form, result)
    print(f"raglake: {len(every)} files, {1000 * (process_time() - began) / len(every):.1f} ms each")
    for form in _FORMS:
        print(f"  {form}: {dict(found[form])}")
    for name in ("chardet", "charset_normalizer", "cchardet"):
        try:
            detect = _other(name)
        except ImportError:
            continue
        began = process_time()
        n_right = Counter(sample.form for sample in every if _reads(detect, sample))
        each = 1000 * (process_time() - began) / len(every)
        print(f"{name}: {n_right.total()} right, {each:.1f} ms each, {dict(n_right)}")


if __name__ == "__main__":
    main()

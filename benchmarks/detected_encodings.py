"""How well encodings are detected: texts of 33 languages in 40 encodings, short and long, alone and among English.

python benchmarks/detected_encodings.py [--each]

``--each`` also prints every file that was not read right. Detectors that are installed are tried beside raglake.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from time import process_time

from benchmarks.encoding_texts import Sample, samples
from lake.errors import InputError
from lake.parse.canonical import clean
from lake.parse.text import decode

_FORMS = ("short", "long", "mixed", "code", "table")


#: Encodings of related letters, in which a wrong declaration still gives words.
_RELATED = [
    "cp1252 iso8859-1 iso8859-15 cp1250 iso8859-2 iso8859-9 iso8859-13 cp1254 cp1257 cp850 cp852 mac-roman iso8859-16",
    "cp1251 koi8-r koi8-u iso8859-5 mac-cyrillic cp866",
    "gb18030 cp932 cp949 big5hkscs euc_jp",
]
_UNRELATED = "cp1252 cp1250 cp1251 koi8-r cp1253 cp1255 cp1256 cp874 cp932 utf-8"


def outcome(sample: Sample, charset: str | None = None) -> str:
    """What became of a file: right or wrong, each with or without a remark, or refused."""
    try:
        text, _, omitted = decode(sample.data, charset=charset)
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


def wrong_charsets(sample: Sample) -> Iterator[str]:
    """Charsets that a file may declare wrongly and that give another text, the related ones first."""
    related = next((group.split() for group in _RELATED if sample.encoding in group.split()), [])
    for charset in dict.fromkeys([*related, *_UNRELATED.split()]):
        try:
            differs = clean(sample.data.decode(charset)) != clean(sample.text)
        except UnicodeDecodeError:
            differs = True
        if differs and charset != sample.encoding:
            yield charset


def declared(every: list[Sample]) -> None:
    """Print what becomes of right and of planted wrong declarations."""
    rng, found = random.Random(7), Counter[str]()
    for sample in every:
        if sample.data.isascii():
            continue
        found[f"right: {outcome(sample, sample.encoding)}"] += 1
        planted = list(wrong_charsets(sample))
        for charset in rng.sample(planted, min(3, len(planted))):
            result = outcome(sample, charset)
            found[f"wrong: {result}"] += 1
            if "--each" in sys.argv and result == "wrong":
                print(sample.language, sample.encoding, sample.form, "declared as", charset)
    for kind in ("right", "wrong"):
        mine = {name: n for name, n in found.items() if name.startswith(kind)}
        print(f"declared {kind}", {name: f"{n} ({n / sum(mine.values()):.1%})" for name, n in sorted(mine.items())})


def main() -> None:
    every = list(samples())
    declared(every)
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

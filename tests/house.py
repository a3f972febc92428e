"""Figures of the code's structure and English, read from its sources: ``python -m tests.house``."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
#: The packages of the product; each imports only those that stand to its right.
TOPS = ("raglake", "flows", "tasks", "expectations", "lake")

#: Module -> modules of ours that it imports anywhere in its file.
Graph = Mapping[str, set[str]]


class OwnImport(NamedTuple):
    """A statement in a module that imports other modules of ours."""

    module: str
    line: int
    targets: tuple[str, ...]
    in_function: bool


def modules() -> dict[str, Path]:
    """Path of each module of the product, by its full name."""
    found = {}
    for path in sorted(path for top in TOPS for path in (ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module; several figures read it, and parsing all modules takes a second."""
    return ast.parse(path.read_text())


def own_imports() -> Iterator[OwnImport]:
    """Every import of a module of ours, also those in functions and those for type checkers alone."""
    known = modules()
    for name, path in known.items():
        for node, in_function, _ in imports(parsed(path)):
            targets = tuple(sorted({_module_of(full, known) for full in _imported(node)} - {"", name}))
            if targets:
                yield OwnImport(name, node.lineno, targets, in_function)


def imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """The imports of a module in the order of its text: whether each is in a function, and whether for types alone."""
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while waiting:
        node, in_function, for_types = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, in_function, for_types
        in_function |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for_types |= _is_for_types(node)
        waiting += [(child, in_function, for_types) for child in reversed(_statements(node))]


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _statements(node: ast.AST) -> list[ast.AST]:
    """The statements right below; expressions hold none."""
    kinds = (ast.stmt, ast.excepthandler, ast.match_case)
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, kinds)]


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_of(full: str, known: Mapping[str, Path]) -> str:
    while full and full not in known:
        full = full.rpartition(".")[0]
    return full


def libraries() -> dict[str, set[str]]:
    """The libraries of others that importing each module imports, its own imports included."""
    known = modules()
    direct: dict[str, set[str]] = {name: set() for name in known}
    below: dict[str, set[str]] = {name: {name.rpartition(".")[0]} - {""} for name in known}
    for name, path in known.items():
        for node in _at_the_top(parsed(path)):
            for full in _imported(node):
                ours = _module_of(full, known)
                (below if ours else direct)[name].add(ours or full.split(".")[0])
    return {name: set().union(*(direct[one] for one in _reached(below, name)), direct[name]) for name in known}


def _at_the_top(tree: ast.Module) -> Iterator[ast.AST]:
    """Statements that run with the module, those in ``try`` and ``if`` included."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_for_types(node):
            waiting += _statements(node)


def import_graph() -> Graph:
    graph: dict[str, set[str]] = defaultdict(set)
    for one in own_imports():
        graph[one.module].update(one.targets)
    return graph


def circles(graph: Graph) -> list[str]:
    """Modules from which imports lead back to themselves."""
    return sorted(name for name in graph if name in _reached(graph, name))


def _reached(graph: Graph, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def rooms(graph: Graph) -> dict[str, set[str]]:
    """The graph of packages, in which each module and each folder of ``lake`` stands for itself."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, targets in graph.items():
        found[room(module)].update({room(target) for target in targets} - {room(module)})
    return found


def room(module: str) -> str:
    """
    >>> room("flows.cli.app"), room("lake.search.fusion"), room("lake.errors")
    ('flows', 'lake.search', 'lake.errors')
    """
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "lake" else 1])


def floors(graph: Graph) -> int:
    """The length of the longest way down."""
    heights: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        heights[name] = 1 + max((heights[below] for below in graph.get(name, ())), default=0)
    return max(heights.values())


def classes() -> Counter[str]:
    """How often each name of a class is used."""
    return Counter(
        node.name for path in modules().values() for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)
    )


def docstring_words() -> list[str]:
    """Every word of every docstring, in lower case."""
    defining = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        word
        for path in modules().values()
        for node in ast.walk(parsed(path))
        if isinstance(node, defining)
        for word in re.findall(r"[a-z]+", (ast.get_docstring(node) or "").lower())
    ]


def figures() -> dict[str, float]:
    """The counts that this project holds itself to."""
    found, graph, words = modules(), import_graph(), docstring_words()
    marks = Counter(words)
    talk = ("say", "says", "said", "tell", "tells", "told", "ask", "asks", "asked")
    return {
        "lines of code": sum(len(path.read_text().splitlines()) for path in found.values()),
        "modules": len(found),
        "modules that lie flat in lake": len([path for path in (ROOT / "lake").glob("[!_]*.py")]),
        "rooms": len({room(module) for module in found}),
        "floors of rooms": float("nan") if circles(rooms(graph)) else floors(rooms(graph)),
        "modules in a circle": len(circles(graph)),
        "own imports inside functions": sum(one.in_function for one in own_imports()),
        "class names used twice": sum(n > 1 for n in classes().values()),
        "'where' per 1,000 docstring words": marks["where"] / len(words) * 1000,
        "'say, tell, ask' per 1,000 docstring words": sum(marks[word] for word in talk) / len(words) * 1000,
    }


if __name__ == "__main__":
    for name, value in figures().items():
        print(f"{value:10,.4g}  {name}" if value % 1 else f"{value:10,.0f}  {name}")

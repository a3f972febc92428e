"""Index a folder, search it, and print the best passage."""

import sys

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import open_lake


def main(folder: str, lake: str, question: str) -> None:
    with PlainSteps() as steps:
        outcome = reindex(Job(sources=(folder,), lake=lake), steps)
    print(f"release {outcome.release}: {outcome.added} documents added")
    [best] = open_lake(lake).search(question, k=1).to_pylist()
    print(f"{best['uri']}, {best['score']:.2f}\n\n{best['text']}")


if __name__ == "__main__":
    main(*sys.argv[1:])

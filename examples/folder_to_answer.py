"""Index a folder, search it, and print the best passage."""

import sys

import raglake


def main(folder: str, lake: str, question: str) -> None:
    outcome = raglake.ingest(folder, lake)
    print(f"release {outcome.release}: {outcome.added} documents added")
    [best] = raglake.open_lake(lake).search(question, k=1)
    print(f"{best['uri']}, {best['score']:.2f}\n\n{best['text']}")


if __name__ == "__main__":
    main(*sys.argv[1:])

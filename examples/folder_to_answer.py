"""Index a folder, search it, and print the best passage: folder_to_answer.py FOLDER LAKE QUESTION."""

import sys

import raglake


def main(folder: str, lake: str, question: str) -> None:
    outcome = raglake.ingest(folder, lake)
    print(f"release {outcome.release}: {outcome.added} documents added")
    [best] = raglake.open_lake(lake).search(question, k=1)
    print(f"{best['uri']}, {best['score']:.2f}\n\n{best['text']}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""Measures `callmux search-quality` on outside sets and holds it to what it had.

    measure.py CALLMUX SETS
"""

import json
import pathlib
import subprocess
import sys

import plain

HERE = pathlib.Path(__file__).parent
# What is found among the first one and the first five, at the least; and the tokens of the median answer, at
# the most.
SETS = {
    "golden": (0.60, 0.92, 150),
    "single": (0.64, 0.86, 240),
    "turns": (0.39, 0.69, 240),
    "tasks": (0.15, 0.50, 240),
}


def files(sets, name):
    if name == "golden":
        data = HERE.parent / "data/search"
        return data / "tools.json", data / "queries.json"
    return sets / f"{name}-tools.json", sets / f"{name}.json"


def main():
    program, sets, wrong = sys.argv[1], pathlib.Path(sys.argv[2]), 0
    print(f"{'set':8}{'tools':>7}{'queries':>9}{'R@1':>7}{'R@5':>7}{'BM25 R@5':>10}{'tokens':>8}")
    for name, (first, five, tokens) in SETS.items():
        tools, queries = files(sets, name)
        said = subprocess.run(
            [program, "search-quality", "--tools", tools, "--queries", queries, "--json"],
            check=True, capture_output=True,
        ).stdout
        report = json.loads(said)
        listed = json.loads(tools.read_text())["tools"]
        asked = json.loads(queries.read_text())["queries"]
        got = report["recall"]["1"], report["recall"]["5"], report["answer_tokens_median"]
        bare = plain.recall(listed, asked, 5)
        is_right = got[0] >= first and got[1] >= five and got[2] <= tokens and got[1] > bare
        wrong += not is_right
        mark = "" if is_right else f"  WRONG: at least {first} and {five}, at most {tokens}"
        print(f"{name:8}{len(listed):7}{len(asked):9}{got[0]:7.3f}{got[1]:7.3f}{bare:10.3f}{got[2]:8}{mark}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

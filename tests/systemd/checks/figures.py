"""What a check measured: shown in its line, and kept for the table at the end of the run."""

import pathlib

from lib import Failed

FILE = pathlib.Path("/share/figures.tsv")


class Figures:
    """The figures of one check.

    One that is outside of its bounds fails the check, but only at the end: all of them shall be
    seen, and those of the other requirements most of all when one has failed.
    """

    # Of the check that runs now.
    rows = []

    def __init__(self):
        self.said, self.wrong = [], []

    def see(self, name, value, unit="", most=None, least=None):
        """Notes a figure. With `most` or `least` it is required."""
        written = round(value, 1) if isinstance(value, float) and value < 10 else round(value)
        shown = f"{name} {written} {unit}" if unit else f"{written} {name}"
        self.said.append(shown)
        required = []
        if most is not None:
            required.append(f"<= {most}")
        if least is not None:
            required.append(f">= {least}")
        required = f"= {most}" if most is not None and most == least else " and ".join(required)
        self.rows.append((name, written, unit, required))
        if (most is not None and value > most) or (least is not None and value < least):
            self.wrong.append(f"{shown}, required is {required}")

    def same(self, name, value, expected, unit=""):
        self.see(name, value, unit, most=expected, least=expected)

    def none(self, name, value):
        """Something that must not be; `value` is how many, or all of them."""
        count = value if isinstance(value, int) else len(value)
        self.same(name, count, 0)
        if count and not isinstance(value, int):
            self.wrong[-1] += f": {shortened(value)}"

    def end(self):
        """The line of a check that succeeded; raises for one that did not."""
        said = ", ".join(self.said)
        if self.wrong:
            raise Failed(f"{'; '.join(self.wrong)}\n     | all figures: {said}")
        return said


def shortened(things, limit=3):
    text = ", ".join(str(thing) for thing in list(things)[:limit])
    return f"{text[:400]} …" if len(things) > limit or len(text) > 400 else text


def write(check, verdict):
    """Adds the rows of `check` to the file: check, figure, value, unit, what is required."""
    rows, Figures.rows = Figures.rows, []
    if rows:
        with FILE.open("a") as file:
            for row in [("verdict", verdict, "", ""), *rows]:
                file.write("\t".join(str(cell) for cell in (check, *row)) + "\n")

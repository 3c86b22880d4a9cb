"""What a name means by the table alone, and what it may mean where it is ambiguous or unknown."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache

from rtcontour.structures.laterality import BOTH, LEFT, side_by_word, sides_by_letters
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.structure import Structure
from rtcontour.structures.table import structure_index


def structure_meant(name: str) -> Structure | None:
    """The structure that `name` means by the table; None for what is unknown or ambiguous."""
    index = structure_index()
    if name in index.by_name:
        return index.by_name[name]
    by_word = side_by_word(name)
    return (
        (by_word and _of_side(*by_word))
        or index.by_form.get(normal_form(name))
        or next(filter(None, (_of_side(*reading) for reading in sides_by_letters(name))), None)
    )


def why_not(name: str) -> str:
    """What to say of a name without one meaning: that it is ambiguous, or not known, and what it may mean."""
    index = structure_index()
    pair = index.pairs.get(normal_form(name))
    if pair is not None:
        left, right = pair
        both = f" ({left.both} for both)" if left.both else ""
        return f"is ambiguous: a paired organ without a side; write {left.name} or {right.name}{both}"
    candidates = dict.fromkeys(structure.name for structure in _candidates(name))
    if candidates:
        *others, last = candidates
        return f"is ambiguous: it may mean {', '.join(others)} or {last}; write the one that is meant"
    return f"is not known; nearest are {', '.join(nearest_structures(name))}; write one of these"


def nearest_structures(name: str) -> dict[str, float]:
    """The three TG-263 names whose name or alias is spelled most like a name, nearest first; how alike, 0 to 1."""
    return dict(_nearest(normal_form(name)))


def _of_side(side: str, stem: str) -> Structure | None:
    """The structure of a pair on one side, or of both ("both lung", "both lungs"); None where there is no such pair."""
    index = structure_index()
    if stem not in index.pairs:
        together = index.by_form.get(stem)
        return together if side == BOTH and together is not None and together.name in _of_both_sides() else None
    left, right = index.pairs[stem]
    if side == BOTH:
        return index.by_name.get(left.both or "")
    return left if side == LEFT else right


@cache
def _of_both_sides() -> frozenset[str | None]:
    """The names of structures that are two sides together."""
    return frozenset(left.both for left, _ in structure_index().pairs.values())


def _candidates(name: str) -> Iterator[Structure]:
    """What an ambiguous name may mean: with a side in it, the structures of this side and those that have none."""
    index = structure_index()
    yield from index.ambiguous.get(normal_form(name), ())
    for side, stem in filter(None, (side_by_word(name), *sides_by_letters(name))):
        if side == BOTH:  # of a pair for which TG-263 has no name for both
            yield from index.pairs.get(stem, ())
        yield from (s for s in index.ambiguous.get(stem, ()) if side == BOTH or s.side in ("", side))


@cache
def _nearest(form: str) -> tuple[tuple[str, float], ...]:
    """The three TG-263 names most like `form`; of equals, the first of the table."""
    index = structure_index()
    spellings = [(spelling, structure.name) for spelling, structure in index.by_form.items()]
    spellings += [(spelling, structure.name) for spelling, pair in index.pairs.items() for structure in pair]
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(form)
    likeness: dict[str, float] = {}
    for spelling, name in spellings:
        matcher.set_seq1(spelling)
        likeness[name] = max(likeness.get(name, 0.0), matcher.ratio())
    return tuple(sorted(likeness.items(), key=lambda entry: -entry[1])[:3])

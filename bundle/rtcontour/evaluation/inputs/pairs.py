"""pair_cases and share_images: which predicted case belongs to which true one, and the CT of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rtcontour.errors import Finding
from rtcontour.evaluation.inputs.case import CaseFiles

Pair = tuple[CaseFiles, CaseFiles]  # predicted, true


def pair_cases(
    predicted: Mapping[str, CaseFiles],
    truth: Mapping[str, CaseFiles],
    *,
    left_out: frozenset[str] = frozenset(),
    method: str = "",
) -> tuple[dict[str, Pair], list[Finding]]:
    """Pair cases by name, or, where there is one on each side, as they are, under the true one's name.

    A side whose image is not known takes that of the other.

    Args:
        predicted: from `list_cases`.
        truth: the same; {} pairs nothing.
        left_out: true cases that were left out on purpose, such as those of another split; no finding.
        method: what predicted them, for messages where there are several.

    Returns:
        Case -> its predicted and its true files, in the order of the truth; and a finding for each case that is on one
        side only.
    """
    if len(predicted) == len(truth) == 1 and not left_out.intersection(predicted):
        (one,), (other,) = predicted.values(), truth.values()
        return {other.name: _share_image(one, other)}, []
    by = f" of {method}" if method else ""
    findings = []
    for case in sorted(truth.keys() - predicted.keys()):
        findings.append(Finding("case-not-predicted", f"has a truth and no prediction{by}; not scored", "note", case))
    for case in sorted(predicted.keys() - truth.keys() - left_out):
        findings.append(Finding("case-without-truth", f"has a prediction{by} and no truth; not scored", subject=case))
    return {case: _share_image(predicted[case], truth[case]) for case in truth if case in predicted}, findings


def share_images(pairs: Mapping[str, Mapping[str, Pair]]) -> dict[str, dict[str, Pair]]:
    """The same pairs of all methods, with one image for the truth of each case, whatever the order of the methods.

    It is its own one, or else that of a prediction, and of those of several methods the one whose path comes first.

    Args:
        pairs: method -> case -> its predicted and its true files, from `pair_cases`.
    """
    images: dict[str, Path] = {}
    for cases in pairs.values():
        for case, (_, truth) in cases.items():
            if truth.image:
                images[case] = min(truth.image, images.get(case, truth.image))
    return {
        method: {
            case: _share_image(predicted, replace(truth, image=images.get(case)))
            for case, (predicted, truth) in cases.items()
        }
        for method, cases in pairs.items()
    }


def _share_image(predicted: CaseFiles, truth: CaseFiles) -> Pair:
    image = truth.image or predicted.image
    return replace(predicted, image=predicted.image or image), replace(truth, image=image)

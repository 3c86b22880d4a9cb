"""Splits by patient: seeded, alike in every stratum, and never changed for a patient once dealt."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Group = TypeVar("Group", bound=Hashable)


def deal_patients(
    strata: Mapping[str, Hashable],
    shares: Mapping[Group, float],
    *,
    seed: int,
    before: Mapping[str, Group] | None = None,
) -> dict[str, Group]:
    """Deal patients to groups so that these have their shares of all patients and, as far as it goes, of each stratum.

    One patient after the other, in an order drawn from the seed, goes to the group that lacks most: in the stratum and
    in the whole. Patients dealt before keep their group, and count.

    Args:
        strata: patient -> what the groups should have alike, such as (contrast, scanner, sex).
        shares: group -> share of the patients, of any sum; a group without a share gets nobody.
        seed: draws the order.
        before: the groups of patients of an earlier call, who may be others than those of `strata`.

    Returns:
        Patient -> group, for those of `strata` and of `before`.
    """
    dealt: dict[str, Group] = dict(before or {})
    total = sum(shares.values())
    wanted = {group: share / total for group, share in shares.items() if share > 0}
    in_all = Counter(dealt.values())
    in_stratum = Counter((strata[patient], group) for patient, group in dealt.items() if patient in strata)
    for patient in sorted(set(strata) - set(dealt), key=lambda patient: _drawn(patient, seed)):
        stratum = strata[patient]
        there = 1 + sum(in_stratum[stratum, group] for group in wanted)
        everywhere = 1 + sum(in_all[group] for group in wanted)
        group = max(
            wanted,
            key=lambda group: (
                wanted[group] * (there + everywhere) - in_stratum[stratum, group] - in_all[group],
                wanted[group],
            ),
        )
        dealt[patient] = group
        in_all[group] += 1
        in_stratum[stratum, group] += 1
    return dict(sorted(dealt.items()))


def _drawn(patient: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{patient}".encode()).digest()

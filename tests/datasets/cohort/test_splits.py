from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rtcontour.datasets.cohort.splits import deal_patients

SHARES = {"training": 0.7, "validation": 0.15, "test": 0.15}
PATIENTS = st.dictionaries(st.integers(0, 999).map(str), st.sampled_from("abc"), max_size=150)


@given(PATIENTS, st.integers(0, 3))
def test_every_patient_is_dealt_and_groups_have_their_shares(strata, seed):
    dealt = deal_patients(strata, SHARES, seed=seed)
    assert dealt.keys() == strata.keys()
    counts = Counter(dealt.values())
    assert all(abs(counts[group] - share * len(strata)) <= 2 for group, share in SHARES.items())


@given(st.lists(st.integers(10, 60), min_size=2, max_size=3), st.integers(0, 3))
def test_strata_of_some_size_are_alike_in_all_groups(sizes, seed):
    strata = {f"{stratum}_{n}": stratum for stratum, size in enumerate(sizes) for n in range(size)}
    dealt = deal_patients(strata, SHARES, seed=seed)
    for stratum, size in enumerate(sizes):
        counts = Counter(group for patient, group in dealt.items() if strata[patient] == stratum)
        assert all(abs(counts[group] - share * size) <= 2.5 for group, share in SHARES.items())


@given(PATIENTS, PATIENTS, st.integers(0, 3))
def test_nobody_moves_when_others_come(first, second, seed):
    before = deal_patients(first, SHARES, seed=seed)
    after = deal_patients({**second, **first}, SHARES, seed=seed, before=before)
    assert {patient: after[patient] for patient in before} == before
    counts = Counter(after.values())
    assert all(abs(counts[group] - share * len(after)) <= 3 for group, share in SHARES.items())


@given(PATIENTS)
def test_the_order_in_which_patients_come_does_not_matter(strata):
    turned = dict(reversed(strata.items()))
    assert deal_patients(strata, SHARES, seed=1) == deal_patients(turned, SHARES, seed=1)


def test_another_seed_deals_otherwise():
    strata = dict.fromkeys(map(str, range(40)), "a")
    assert deal_patients(strata, SHARES, seed=0) != deal_patients(strata, SHARES, seed=1)


def test_a_group_without_a_share_gets_nobody():
    dealt = deal_patients(dict.fromkeys(map(str, range(9)), "a"), {"training": 1, "test": 0}, seed=0)
    assert set(dealt.values()) == {"training"}


def test_strata_of_one_patient_each_still_fill_all_groups():
    dealt = deal_patients({str(n): n for n in range(100)}, SHARES, seed=0)
    assert Counter(dealt.values()) == {"training": 70, "validation": 15, "test": 15}

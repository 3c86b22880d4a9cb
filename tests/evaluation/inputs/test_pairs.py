from pathlib import Path

from rtcontour.evaluation.inputs import CaseFiles, pair_cases, share_images

CT = Path("ct")


def cases(*names, image=None):
    return {name: CaseFiles(name, Path(f"{name}.nii.gz"), image=image) for name in names}


def codes(findings):
    return [(finding.code, finding.subject) for finding in findings]


def test_cases_are_paired_by_name_in_the_order_of_the_truth():
    pairs, findings = pair_cases(cases("c3", "c1", "c2"), cases("c2", "c1", "c4"))
    assert [(case, one.name, other.name) for case, (one, other) in pairs.items()] == [
        ("c2", "c2", "c2"),
        ("c1", "c1", "c1"),
    ]
    assert codes(findings) == [("case-not-predicted", "c4"), ("case-without-truth", "c3")]


def test_one_case_on_each_side_is_a_pair_under_the_name_of_the_true_one():
    pairs, findings = pair_cases(cases("network"), cases("plan"))
    assert [(case, one.name) for case, (one, _) in pairs.items()] == [("plan", "network")] and findings == []


def test_what_was_left_out_on_purpose_is_neither_paired_nor_a_finding():
    left_out = frozenset({"c2"})
    assert pair_cases(cases("c2"), cases("c1"), left_out=left_out)[0] == {}
    assert codes(pair_cases(cases("c1", "c2"), cases("c1"), left_out=left_out)[1]) == []


def test_no_truth_pairs_nothing():
    pairs, findings = pair_cases(cases("c1"), {})
    assert pairs == {} and codes(findings) == [("case-without-truth", "c1")]


def test_a_side_without_an_image_takes_that_of_the_other():
    for one, other in ((CT, None), (None, CT)):
        pairs, _ = pair_cases(cases("c1", image=one), cases("c1", image=other))
        assert [files.image for files in pairs["c1"]] == [CT, CT]
    pairs, _ = pair_cases(cases("c1", image=Path("own")), cases("c1", image=CT))
    assert [files.image for files in pairs["c1"]] == [Path("own"), CT]


def test_the_truth_has_one_image_whatever_the_order_of_the_methods():
    pairs = {
        name: pair_cases(cases("c1", image=image), cases("c1"))[0]
        for name, image in {"none": None, "later": Path("z"), "first": Path("a")}.items()
    }
    for methods in (pairs, dict(reversed(pairs.items()))):
        shared = share_images(methods)
        assert list(shared) == list(methods)
        assert {cases["c1"][1].image for cases in shared.values()} == {Path("a")}
        assert {name: cases["c1"][0].image for name, cases in shared.items()} == {
            "none": Path("a"),
            "later": Path("z"),
            "first": Path("a"),
        }

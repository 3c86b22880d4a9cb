import logging

import pytest

from rtcontour import Finding, RtContourError
from rtcontour.errors import GeometryError, InputFileError, deliver, summarize_findings


def test_an_error_is_one_line_whatever_it_was_given():
    assert str(GeometryError("slice 3:\n   found 2 mm,\texpected 3 mm")) == "slice 3: found 2 mm, expected 3 mm"


def test_every_leaf_is_caught_as_the_root():
    leaves = RtContourError.__subclasses__()
    assert {GeometryError, InputFileError} <= set(leaves)
    for leaf in leaves:
        with pytest.raises(RtContourError, match="found"):
            raise leaf("found")


def test_a_finding_has_a_known_severity():
    assert Finding("slice-missing", "one slice is missing").severity == "warning"
    with pytest.raises(ValueError, match="fatal"):
        Finding("slice-missing", "one slice is missing", severity="fatal")


def test_a_finding_says_what_it_is_about():
    assert str(Finding("roi-empty", "has no contours", subject="Bladder")) == "Bladder: has no contours"
    assert str(Finding("roi-empty", "has no contours")) == "has no contours"


def test_findings_go_to_the_list_of_the_caller_and_not_to_the_log(caplog):
    findings = [Finding("roi-empty", "has no contours")]
    received = []
    with caplog.at_level(logging.DEBUG, logger="rtcontour"):
        deliver(findings, received)
    assert received == findings
    assert not caplog.records


def test_findings_without_a_list_are_logged_by_severity(caplog):
    findings = [Finding(f"code-{severity}", "odd", severity) for severity in ("note", "warning", "error")]
    with caplog.at_level(logging.DEBUG, logger="rtcontour"):
        deliver(findings, None)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "odd [code-note]"),
        ("WARNING", "odd [code-warning]"),
        ("ERROR", "odd [code-error]"),
    ]


def test_a_summary_has_one_line_a_code_and_the_worst_first():
    findings = [
        Finding("hu-rounded", "rounded", "note"),
        Finding("slice-tie", "first tie", subject="Bladder"),
        Finding("slice-tie", "second tie", subject="Rectum"),
        Finding("dose-unknown", "no dose", "error"),
    ]
    assert summarize_findings(iter(findings)) == [
        "error dose-unknown (1): no dose",
        "warning slice-tie (2): Bladder: first tie",
        "note hu-rounded (1): rounded",
    ]
    assert summarize_findings([]) == []


def test_a_summary_shows_the_worst_of_a_code():
    note, warning = Finding("reference-missing", "some", "note"), Finding("reference-missing", "all")
    assert summarize_findings([note, warning, note]) == ["warning reference-missing (3): all"]

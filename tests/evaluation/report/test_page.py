import re
from html.parser import HTMLParser

import pytest

from rtcontour.errors import Finding, InputFileError, OutputError
from rtcontour.evaluation import NOT_FOR_CLINICAL_USE, write_report
from rtcontour.metrics import StructureScores

SCORES = {
    "c1": {"Bladder": StructureScores("compared", 12.0, 10.0, dice=0.875, msd_mm=1.25, hd95_mm=4.0)},
    "c2": {"Bladder": StructureScores("missed", 0.0, 10.0, dice=0.0), "<b>&": StructureScores("not contoured", 3.0)},
}


class Page(HTMLParser):
    """Tags in order, and every address that the page would load."""

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for key, value in attributes if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_is_one_whole_page_that_loads_nothing(tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    text = write_report(tmp_path / "r.html", title="T", scores=SCORES, pictures={"c1": picture}).read_text()
    page = Page(text)
    assert page.open == []
    assert [address.split(",")[0] for address in page.addresses] == ["data:image/png;base64"]
    assert "url(" not in text and "@import" not in text and "<script" not in text


def test_scores_findings_facts_and_notice_are_shown(tmp_path):
    findings = [Finding("hu-rounded", "rounded", "note"), *[Finding("roi-empty", "has none", "warning", "CTVn")] * 2]
    text = write_report(
        tmp_path / "r.html",
        title="Pelvis",
        scores=SCORES,
        findings=findings,
        facts={"Model": "net 7"},
        notice=NOT_FOR_CLINICAL_USE,
    ).read_text()
    words = re.sub(r"<[^>]+>|\s+", " ", text)
    for shown in ("not for clinical use", "Pelvis", "net 7", "0.438", "0.875", "1.25", "missed", "CTVn: has none"):
        assert shown in words
    assert words.index("roi-empty") < words.index("hu-rounded")
    assert "nan" not in words.lower().split() and "None" not in words


def test_names_are_text_and_never_markup(tmp_path):
    text = write_report(tmp_path / "r.html", title="<i>", scores=SCORES).read_text()
    assert "<b>&" not in text and "&lt;b&gt;&amp;" in text and "<i>" not in text


def test_nothing_compared_still_gives_a_page(tmp_path):
    text = write_report(tmp_path / "r.html", title="Empty", scores={}).read_text()
    assert "No structure was compared" in text and "Nothing odd was found" in text


def test_a_missing_picture_is_named_and_an_existing_report_kept(tmp_path):
    with pytest.raises(InputFileError, match=r"gone\.png"):
        write_report(tmp_path / "r.html", title="T", scores={}, pictures={"c1": tmp_path / "gone.png"})
    assert not (tmp_path / "r.html").exists()
    (tmp_path / "r.html").write_text("mine")
    with pytest.raises(OutputError):
        write_report(tmp_path / "r.html", title="T", scores={})

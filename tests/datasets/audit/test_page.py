"""The page as text, and in headless Chromium, used as a physicist uses it."""

import re
from html.parser import HTMLParser

import pytest

from rtcontour.datasets.audit.case_finding import CaseFinding, Place
from rtcontour.datasets.audit.page import log_histogram, render_page
from rtcontour.datasets.audit.pictures import Outline, View
from rtcontour.datasets.audit.spread import Spread
from rtcontour.datasets.audit.summary import CaseRow, NameRow, RangeRow, StructureRow, Summary
from rtcontour.datasets.review import read_review

NASTY = "<b>&\"'{{x}}"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
VIEW = View("slice 3 of 9", 20.0, 10.0, PIXEL, "R", "L", (Outline(NASTY, "rgb(1, 2, 3)", "M1 1L5 1L5 5Z", True),))
FINDINGS = (
    CaseFinding("c2", "Bladder", "sides-swapped", "error", "looks exchanged", Place((1, 2, 3))),
    CaseFinding("c1", "Bladder", "islands", "warning", "a piece lies beside the rest", Place((1, 2, 3))),
    CaseFinding("c1", "CTVn", "volume-unlikely", "warning", "has 3 cc; the median is 350 cc", Place((1, 2, 3))),
    CaseFinding("c3", "", "metal", "note", "3 cc above 2500 HU"),
    CaseFinding("", NASTY, "structure-rare", "note", "contoured in 1 of 3 cases"),
)


def summary(findings=FINDINGS):
    def count(chosen):
        return {severity: sum(one.severity == severity for one in chosen) for severity in ("error", "warning", "note")}

    def structure(name, **volumes):
        return StructureRow(name, len(volumes), volumes, (1.0, 2.0, 3.0) if volumes else None,
                            (Spread.of((90.0, 92.0), 4.0), Spread.of((), 4.0)), None, {NASTY: 2, "Blase": 1}, (),
                            count([one for one in findings if one.structure == name]))  # fmt: skip

    def case(name):
        return CaseRow(name, "training", "plain", (512, 512, 80), (1.0, 1.0, 3.0), (512.0, 512.0, 240.0), 40.0, None,
                       -998.0, ("Bladder",), count([one for one in findings if one.case == name]))  # fmt: skip

    return Summary(
        f"Pelvis {NASTY}",
        "words",
        True,
        (structure("Bladder", c1=100.0, c2=150.0, c3=300.0), structure("CTVn", c1=3.0), structure(NASTY)),
        tuple(map(case, ("c2", "c1", "c3"))),
        (RangeRow("Voxel along a row, mm", 0.78, 0.97, 1.37), RangeRow("Fat, HU", None, None, None)),
        (NameRow(NASTY, 2, ("Bladder", "Rectum"), ("c1", "c2")),),
        findings,
    )


PICTURES = {0: (VIEW,), 1: (VIEW, VIEW), 2: (VIEW,)}


class Reader(HTMLParser):
    """Tags in order, words, and every address that the page would load."""

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for key, value in attributes if key in ("src", "href")]
        if tag not in ("meta", "link", "input", "br", "line", "rect", "image"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.addresses += [value for key, value in attributes if key in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


def test_the_page_is_whole_and_loads_nothing():
    text = render_page(summary(), PICTURES)
    page = Reader(text)
    assert page.open == []
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert "url(" not in text and "@import" not in text and "http" not in re.sub(r'http-equiv="', "", text)


def test_everything_found_is_on_it_and_names_are_never_markup():
    page = Reader(render_page(summary(), PICTURES))
    words = " ".join(" ".join(page.words).split())
    for shown in (
        "looks exchanged",
        "volume-unlikely",
        "3 cc above 2500 HU",
        "512 × 512 × 80",
        "0.78 0.97 1.37",
        "91 ± 4",
        "Blase (1)",
        NASTY,
        "Rectum",
        "−998",
    ):
        assert shown in words, shown
    assert "b" not in page.open and "None" not in words and " nan " not in words.lower()


def test_every_link_leads_somewhere():
    text = render_page(summary(), PICTURES)
    for address in Reader(text).addresses:
        assert not address.startswith("#") or f'id="{address[1:]}"' in text


def test_nothing_found_still_gives_a_page():
    text = render_page(summary(()), {})
    assert "Nothing odd was found" in text and Reader(text).open == []


def test_the_same_audit_gives_the_same_page():
    assert render_page(summary(), PICTURES) == render_page(summary(), PICTURES)


def test_a_histogram_counts_every_value_once():
    values = {f"c{n}": 10 * 1.2**n for n in range(30)}
    bars = log_histogram(values, ["c29"])
    assert (bars.low, bars.high) == (10, pytest.approx(10 * 1.2**29))
    assert sum(bar.count for bar in bars.bars) == 30 and bars.bars[-1].unlikely == 1
    assert {bar.count for bar in bars.bars} <= {1, 2}  # evenly spaced logarithms
    assert sum(bar.count for bar in log_histogram({"a": 5.0, "b": 5.0}, []).bars) == 2
    assert log_histogram({}, []) is None


@pytest.fixture
def page(open_page, tmp_path):
    path = tmp_path / "audit.html"
    path.write_text(render_page(summary(), PICTURES), encoding="utf-8")
    return open_page(path)


def choose(page, selector, value):
    """Choose an entry of a list, as a user does."""
    page.run(
        "const one = document.querySelector(arguments[0]); one.value = arguments[1];"
        "one.dispatchEvent(new Event('input', {bubbles: true}));", selector, value)  # fmt: skip


def shown(page):
    """The codes of the findings that are not filtered out."""
    return page.run("return shownRows().map((row) => row.dataset.code)")


def title(page):
    """Of the finding chosen."""
    return page.one("#chosen h3").text


def test_findings_are_filtered_sorted_and_lead_to_their_pictures(page):
    from selenium.webdriver import Keys

    assert shown(page) == [one.code for one in FINDINGS]
    choose(page, "#severity", "above note")
    assert shown(page) == ["sides-swapped", "islands", "volume-unlikely"]
    choose(page, "#words", "c1 BLADDER")
    assert shown(page) == ["islands"] and "1 of 5" in page.one("#shown").text
    page.one("#clear").click()
    choose(page, "#structure", NASTY)
    assert shown(page) == ["structure-rare"]
    page.one("#clear").click()
    page.run("document.querySelectorAll('#list th button')[2].click()")
    assert shown(page) == ["structure-rare", "islands", "volume-unlikely", "sides-swapped", "metal"]
    page.one("#f1 a").click()
    assert title(page) == "c1 · Bladder" and len(page.all("#views svg")) == 2
    page.press(Keys.ARROW_DOWN)
    assert title(page) == "c1 · CTVn" and page.browser.current_url.endswith("#f2")
    page.press("o")
    assert not page.one("#views path").is_displayed()
    page.run("document.querySelector('[data-filter-case=c2]').click()")
    assert shown(page) == ["sides-swapped"] and title(page) == "c2 · Bladder"
    assert page.errors() == []


def test_a_page_opened_at_a_finding_shows_it_and_the_filters(open_page, tmp_path):
    path = tmp_path / "audit.html"
    path.write_text(render_page(summary(FINDINGS[:4] * 20), {}), encoding="utf-8")
    page = open_page(path)
    page.browser.get("about:blank")  # since the same page under another fragment would not be loaded anew
    page.browser.get(f"{path.as_uri()}#f50")
    page.run("return new Promise((done) => setTimeout(done, 300))")
    assert title(page) == "c1 · CTVn"
    header, filters, row = (
        page.run("return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector)
        for selector in ("body > header", "#filters", "#f50")
    )
    assert header["bottom"] <= filters["top"] and filters["bottom"] < row["top"]
    assert row["bottom"] <= page.run("return innerHeight")


def test_decisions_are_kept_and_saved_for_the_next_import(page, open_page, tmp_path):
    from selenium.webdriver import Keys

    page.one("#f0 a").click()
    page.press("x")
    page.press(Keys.ARROW_DOWN, "n", "c", 'an ileal loop; "neobladder"', Keys.ESCAPE)
    page.press(Keys.ARROW_DOWN, "f")
    decisions = [page.one(f"#f{n} .decision").text for n in range(5)]
    assert decisions == ["exclude", "not contoured", "fine", "", ""] and "3 decided" in page.one("#decided").text
    again = open_page(tmp_path / "audit.html")
    assert [again.one(f"#f{n} .decision").text for n in range(5)] == decisions
    assert again.one('[data-case-row="c2"] .decision').text == "exclude"
    again.one("#save").click()
    saved = tmp_path / "downloads" / "review.csv"
    again.wait(saved.exists)
    review = read_review(saved)
    assert review.excluded == {"c2"} and review.not_contoured == {"c1": {"Bladder"}}
    assert review.comments == {("c1", "Bladder"): 'an ileal loop; "neobladder"'}
    again.one("#f0 a").click()
    again.press("x")  # once more: taken back
    assert again.one("#f0 .decision").text == "" and "2 decided" in again.one("#decided").text
    again.one("#f3 a").click()
    assert not again.one('button[data-decision="not contoured"]').is_enabled()  # it is about no structure
    assert again.errors() == []

import re
from html.parser import HTMLParser

import pytest

from rtcontour.errors import Finding, InputFileError, OutputError
from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.rating import GRADES, Rating, Ratings, Remark, WorkTime
from rtcontour.evaluation.report import NOT_FOR_CLINICAL_USE, CohortFacts, Illustrations, Picture, write_report
from rtcontour.evaluation.results import summarize
from rtcontour.evaluation.statistics import read_tolerances
from rtcontour.metrics import StructureScores

SCORES = {
    "c1": {"Bladder": StructureScores("compared", 12.0, 10.0, dice=0.875, msd_mm=1.25, hd95_mm=4.0)},
    "c2": {"Bladder": StructureScores("missed", 0.0, 10.0, dice=0.0), "<b>&": StructureScores("not contoured", 3.0)},
}
RESULTS = summarize(Comparison({"model": SCORES}))


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
    plot = tmp_path / "plot.svg"
    picture.write_bytes(b"\x89PNG")
    plot.write_text("<svg/>")
    shown = Illustrations((Picture("all", plot),), {"Bladder": (Picture("one", plot),)}, (Picture("c1", picture),))
    text = write_report(tmp_path / "r.html", title="T", results=RESULTS, illustrations=shown).read_text()
    page = Page(text)
    assert page.open == []
    loaded = [address.split(",")[0] for address in page.addresses if not address.startswith("#")]
    assert loaded == ["data:image/svg+xml;base64"] * 2 + ["data:image/png;base64"]
    assert "url(" not in text and "@import" not in text and "<script" not in text


def test_scores_findings_facts_and_notice_are_shown(tmp_path):
    findings = [Finding("hu-rounded", "rounded", "note"), *[Finding("roi-empty", "has none", "warning", "CTVn")] * 2]
    text = write_report(
        tmp_path / "r.html",
        title="Pelvis",
        results=RESULTS,
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
    text = write_report(tmp_path / "r.html", title="<i>", results=RESULTS).read_text()
    assert "<b>&" not in text and "&lt;b&gt;&amp;" in text and "<i>" not in text


def test_nothing_compared_still_gives_a_page(tmp_path):
    text = write_report(tmp_path / "r.html", title="Empty", results=summarize(Comparison({"model": {}}))).read_text()
    assert "No structure was compared" in text and "Nothing odd was found" in text


def test_a_missing_picture_is_named_and_an_existing_report_kept(tmp_path):
    with pytest.raises(InputFileError, match=r"gone\.png"):
        gone = Illustrations(cases=(Picture("c1", tmp_path / "gone.png"),))
        write_report(tmp_path / "r.html", title="T", results=RESULTS, illustrations=gone)
    assert not (tmp_path / "r.html").exists()
    (tmp_path / "r.html").write_text("mine")
    with pytest.raises(OutputError):
        write_report(tmp_path / "r.html", title="T", results=RESULTS)


def test_every_section_has_its_place_in_the_contents(tmp_path):
    page = Page(write_report(tmp_path / "r.html", title="T", results=RESULTS).read_text())
    anchors = [address.removeprefix("#") for address in page.addresses]
    assert anchors and all(f'id="{anchor}"' in (tmp_path / "r.html").read_text() for anchor in anchors)


def words_of(path):
    return re.sub(r"<[^>]+>|\s+", " ", path.read_text().partition("<body>")[2])


def two_methods(best="model"):
    dices = {"model": 0.9, "reader": 0.8} if best == "model" else {"model": 0.8, "reader": 0.9}
    spread = [0.01 * n for n in range(8)]
    return Comparison(
        {
            name: {
                f"c{n}": {"Bladder": StructureScores("compared", 12.0, 10.0, dice=dice - more, hd95_mm=4 - dice)}
                for n, more in enumerate(spread)
            }
            for name, dice in dices.items()
        },
        {f"c{n}": "cervix" if n < 3 else "rectum" for n in range(8)},
    )


@pytest.mark.parametrize("best", ["model", "reader"])
def test_methods_stand_side_by_side_with_the_best_marked_and_tested(tmp_path, best):
    text = write_report(tmp_path / "r.html", title="T", results=summarize(two_methods(best))).read_text()
    assert re.findall(r'class="group best">([^<]+)', text)[:2] == ["0.865 ± 0.024", "0.865"]
    assert "<b>0.008</b>" in text  # 2 / 2**8: eight differences of one sign
    assert "Average of 1 structure<" in text


def test_cohorts_outcomes_limits_volumes_and_weights_are_there(tmp_path):
    limits = tmp_path / "limits.json"
    limits.write_text('{"Bladder": {"dice": {"at_least": 0.85}}}')
    path = write_report(
        tmp_path / "r.html",
        title="T",
        results=summarize(two_methods(), read_tolerances(limits)),
        cohort=[CohortFacts("cervix", 3, 2, "512 × 512 × 140–150", "1 × 1 × 3", {"Bladder": 3})],
        provenance={"Python": "3.11"},
        weights="f" * 64,
    )
    for shown in ("512 × 512 × 140–150", "Bladder 3", "cervix", "rectum", "Dice at least 0.85", "75 %"):
        assert shown in words_of(path)
    for shown in ("f" * 64, "Python 3.11", "Reviewed by", "Bland and Altman", "false organ", "both empty"):
        assert shown in words_of(path)


def test_ratings_and_times_give_the_tables_of_the_papers(tmp_path, sartor, tang):
    counts = dict(zip(GRADES, sartor["table_3"]["cervical"]["Bladder"]["counts"], strict=True))
    grades = [grade for grade, count in counts.items() for _ in range(count)]
    minutes = zip(tang["table_6"]["by_hand_min"], tang["table_6"]["assisted_min"], strict=True)
    rated = [Rating(f"c{n}", "model", "Bladder", "reader", grade) for n, grade in enumerate([*grades, None])]
    times = [
        WorkTime(f"PA{n}", mode, minutes, method="model" if mode == 2 else "", reader="reader")
        for n, pair in enumerate(minutes, start=1)
        for mode, minutes in enumerate(pair, start=1)
    ]
    remarks = (Remark("c1", "reader", "<i>blurred</i>"),)
    ratings = Ratings(tuple(rated), tuple(times), remarks)
    path = write_report(tmp_path / "r.html", title="T", results=RESULTS, ratings=ratings)
    # Sartor 2020, Table 3, bladder in cervical cancer; Tang 2019, Table 6.
    for shown in (
        "4 (40)",
        "2 (20)",
        "1 (10)",
        "3 (30)",
        "33.60 ± 2.55",
        "13.10 ± 3.14",
        "t = 21.68",
        "p = 4.5e-09",
        "61 %",
        "PA10",
    ):
        assert shown in words_of(path), shown
    assert "&lt;i&gt;blurred" in path.read_text()


def test_a_single_cohort_is_not_told_twice(tmp_path):
    one = Comparison(two_methods().methods, {f"c{n}": "cervix" for n in range(8)})
    assert "By cohort" not in words_of(write_report(tmp_path / "one.html", title="T", results=summarize(one)))
    assert "By cohort" in words_of(write_report(tmp_path / "two.html", title="T", results=summarize(two_methods())))

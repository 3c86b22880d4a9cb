"""The page in headless Chromium, used as a reader uses it: wheel, keys, clicks, clock, saving."""

import time

import pytest

from rtcontour.evaluation.rating import read_ratings, write_rating_study


@pytest.fixture
def page(open_page, written_study):
    return open_page(written_study[0] / "pages" / "S01.html")


def slice_of(page):
    """The slice shown, from 0."""
    return int(page.one("#picture").get_attribute("data-slice"))


def picture(page):
    """The canvas as text, once it has been drawn."""
    return page.browser.execute_async_script(
        "const done = arguments[0]; const canvas = document.getElementById('picture');"
        "requestAnimationFrame(() => setTimeout(() => done(canvas.toDataURL()), 60));"
    )


def chips(page):
    """The grades given, structure by structure."""
    return [chip.text for chip in page.all(".chip")]


def clock(page):
    """Seconds on the clock."""
    minutes, seconds = page.one("#clock").text.split(":")
    return 60 * int(minutes) + int(seconds)


def test_slices_scroll_by_wheel_keys_and_slider(page):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    start, before = slice_of(page), picture(page)
    origin = ScrollOrigin.from_element(page.one("#picture"))
    ActionChains(page.browser).scroll_from_origin(origin, 0, -120).perform()
    page.wait(lambda: slice_of(page) == start + 1)
    assert picture(page) != before
    ActionChains(page.browser).scroll_from_origin(origin, 0, 120).perform()
    page.wait(lambda: slice_of(page) == start and picture(page) == before)
    for key, expected in ((Keys.ARROW_UP, start + 1), (Keys.ARROW_DOWN, start), (Keys.HOME, 0), (Keys.PAGE_UP, 10)):
        page.press(key)
        page.wait(lambda expected=expected: slice_of(page) == expected)
    page.press(Keys.END)
    page.wait(lambda: slice_of(page) == 13)
    page.one("#slider").send_keys(Keys.ARROW_LEFT)  # the arrow moves one slice, not the slider and the page one each
    page.wait(lambda: slice_of(page) == 12)
    assert page.errors() == []


def test_contours_go_off_and_on_all_together_or_one_by_one(page):
    with_contours = picture(page)
    page.press("c")
    without = picture(page)
    assert without != with_contours
    page.one("#contours").click()
    assert picture(page) == with_contours
    page.all(".swatch")[0].click()
    assert picture(page) not in (with_contours, without)
    assert page.all(".swatch")[0].get_attribute("aria-pressed") == "false"
    page.press("h")
    assert picture(page) == with_contours


def test_contours_are_drawn_where_the_voxels_are(page):
    # The patient's bladder is bright and in front on his left: above and right of the middle, as letters say.
    pixels = page.run(
        "const canvas = document.getElementById('picture');"
        "const {data, width, height} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        "const found = [];"
        "for (let at = 0; at < width * height; at++) {"
        "  const [r, g, b] = data.slice(4 * at, 4 * at + 3);"
        "  if (r > 200 && g > 150 && b < 90) found.push([at % width / width, Math.floor(at / width) / height]);"
        "} return found;"
    )
    assert len(pixels) > 100  # the bladder's yellow, drawn as the active structure
    across, down = ([pixel[axis] for pixel in pixels] for axis in (0, 1))
    assert 0.5 < (min(across) + max(across)) / 2 < 0.75 and 0.2 < (min(down) + max(down)) / 2 < 0.5
    # 15 columns of 4 mm and 9 rows of 5 mm: in millimetres, which are square on the screen, 60 x 45.
    size = page.one("#picture").size
    width = (max(across) - min(across)) * size["width"]
    height = (max(down) - min(down)) * size["height"]
    assert width / height == pytest.approx(60 / 45, rel=0.06)


def test_windows_and_zoom_change_the_picture(page):
    before = picture(page)
    page.press("w")
    bone = picture(page)
    page.press("+")
    zoomed = picture(page)
    assert len({before, bone, zoomed}) == 3
    page.press("0")
    assert picture(page) == bone


@pytest.mark.parametrize(
    ("width", "pixels_per_mm", "bar_mm"), [(800, 2, 100), (800, 2.1, 50), (400, 5, 20), (300, 30, 10)]
)
def test_the_scale_bar_fits_the_picture(page, width, pixels_per_mm, bar_mm):
    assert page.run(f"return scaleBarMm({width}, {pixels_per_mm})") == bar_mm


def test_an_organ_without_contours_can_be_graded(open_page, tmp_path, rating_places, rating_patient, write_place):
    labels = rating_patient[1]
    place = write_place(tmp_path / "pred", {"hospital_x_17": labels * (labels == 1)})
    write_rating_study(place, rating_places / "ct", tmp_path / "study", findings=[])
    page = open_page(tmp_path / "study" / "pages" / "S01.html")
    page.all(".name")[1].click()
    assert page.all(".range")[1].text == "no contours"
    page.press("4")
    assert chips(page) == ["not graded", "not acceptable"]
    assert page.errors() == []


def test_a_study_is_graded_saved_and_unblinded(page, written_study, tmp_path):
    from selenium.webdriver import Keys

    assert set(chips(page)) == {"not graded"} and page.one("#progress").text == "0 of 4 graded"
    page.all(".grades button")[0].click()  # set A, Bladder: excellent, by mouse
    assert chips(page) == ["excellent", "not graded"]
    page.press("n")
    page.press("4")  # set A, Rectum: not acceptable, by key
    page.press("n")  # goes on to set B
    page.press("2")
    page.press("]")
    page.press("3")
    assert chips(page) == ["good", "acceptable"] and page.one("#progress").text == "4 of 4 graded"
    page.press("3")  # again: taken back
    assert chips(page) == ["good", "not graded"]
    page.all(".comment")[1].send_keys('too low; 3 slices, "wall" left out')
    page.one("#remark").send_keys("metal")
    page.one("#save").click()
    assert "initials" in page.one("#message").text and not list(tmp_path.glob("downloads/*"))
    page.one("#reader").send_keys("Ö. Dahl", Keys.TAB)
    page.one("#to-timing").click()
    page.one('[data-work="1"] input').send_keys("31.5")
    page.one('[data-work="2B"] input').send_keys("12")

    page.one("#save").click()
    saved = tmp_path / "downloads" / "rating-S01-Ö_Dahl.csv"
    page.wait(saved.exists)
    assert "1 not graded" in page.one("#message").text

    key = written_study[1]
    ratings = read_ratings(saved, key)
    study = key.studies["S01"]
    a, b = study.sets["A"].method, study.sets["B"].method
    said = {(one.method, one.structure): one for one in ratings.ratings if one.case == study.case}
    assert {place: one.grade for place, one in said.items()} == {
        (a, "Bladder"): "excellent",
        (a, "Rectum"): "not acceptable",
        (b, "Bladder"): "good",
        (b, "Rectum"): None,
    }
    assert said[b, "Rectum"].comment == 'too low; 3 slices, "wall" left out'
    assert ratings.readers == ("Ö. Dahl",) and ratings.remarks[0].text == "metal"
    assert [(one.mode, one.minutes, one.method) for one in ratings.times] == [(1, 31.5, ""), (2, 12, b)]
    assert page.errors() == []


def test_what_was_entered_is_there_again_after_closing(page, open_page, written_study):
    page.press("1")
    page.one("#reader").send_keys("AB")
    again = open_page(written_study[0] / "pages" / "S01.html")
    assert chips(again) == ["excellent", "not graded"]
    assert again.one("#reader").get_attribute("value") == "AB"
    other = open_page(written_study[0] / "pages" / "S02.html")
    assert set(chips(other)) == {"not graded"}
    page.browser.get((written_study[0] / "pages" / "index.html").as_uri())
    assert "1 of 4 graded" in page.one("ol").text


def test_the_clock_starts_by_itself_and_pauses(page):
    assert clock(page) == 0
    page.press("c")
    page.wait(lambda: clock(page) >= 1)
    page.one("#pause").click()
    paused_at = clock(page)
    assert page.one("#pause").text == "Resume"
    page.press("c")
    time.sleep(1.6)
    assert clock(page) == paused_at
    page.press("p")
    page.wait(lambda: clock(page) > paused_at)


def test_the_clock_of_the_time_study_runs_pauses_and_finishes(page):
    page.one("#to-timing").click()
    start, finish = page.one('[data-work="1"] .start'), page.one('[data-work="1"] .finish')
    assert not finish.is_enabled()
    start.click()
    assert page.one("#contours").get_attribute("aria-pressed") == "false"  # from scratch: contours are out of sight
    page.wait(lambda: page.one('[data-work="1"] .time').text != "00:00")
    page.one('[data-work="2A"] .start').click()  # one clock at a time
    assert start.text == "Resume"
    page.run("state.works['2A'].since -= 12.34 * 60000")
    page.wait(page.one('[data-work="2A"] .finish').is_enabled)  # within half a second, when its clock is shown again
    page.one('[data-work="2A"] .finish').click()
    assert page.one('[data-work="2A"] input').get_attribute("value") in ("12.3", "12.4")


def test_the_page_asks_the_network_for_nothing(page):
    page.wait(lambda: page.run("return viewer.levels.filter(Boolean).length") == 14)
    assert page.run("return performance.getEntriesByType('resource').map((one) => one.name)") == []
    assert page.errors() == []


def test_without_storage_the_page_works_and_says_so(browser, open_page, written_study):
    browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "Object.defineProperty(window, 'localStorage', {get() { throw new Error('not allowed'); }});"},
    )
    page = open_page(written_study[0] / "pages" / "S01.html")
    assert "save the CSV" in page.one("#not-kept").text
    page.press("2")
    assert chips(page)[0] == "good"

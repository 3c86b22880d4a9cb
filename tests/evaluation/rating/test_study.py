import base64
import json
import re
import zlib

import numpy as np
import pytest

from rtcontour.contours import Contour, rasterize
from rtcontour.datasets import write_image
from rtcontour.dicom import write_ct_series
from rtcontour.errors import ConfigError, GeometryError, InputFileError, OutputError, StructureNameError
from rtcontour.evaluation.rating import read_key, write_rating_study
from rtcontour.evaluation.rating.slices import cut_slices
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def study_of(page):
    return json.loads(re.search(r'id="study">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)[1])


def unpacked(text, rows, columns):
    """The slice as the page reads it: (rows, columns) levels."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(2, rows, columns).astype(int)
    folded = content[0] + 256 * content[1]
    return np.cumsum(np.where(folded % 2, -(folded + 1) // 2, folded // 2), axis=1)


def cut_at(hu, first, shape):
    return hu[tuple(slice(start, start + size) for start, size in zip(first, shape, strict=True))]


def test_there_is_a_page_a_case_a_list_and_a_key_apart_from_them(written_study):
    output, key = written_study
    assert {path.relative_to(output).as_posix() for path in output.rglob("*.*")} == {
        "pages/01.html",
        "pages/02.html",
        "pages/index.html",
        "key.json",
    }
    assert read_key(output) == key
    assert {study.case for study in key.studies.values()} == {"hospital_x_17", "hospital_x_18"}
    index = (output / "pages" / "index.html").read_text()
    assert index.index("01.html") < index.index("02.html")


def test_pages_tell_neither_case_nor_method(written_study):
    for page in (written_study[0] / "pages").iterdir():
        text = page.read_text(encoding="utf-8")
        for secret in ("hospital", "x_17", "network", "colleague", "seed", "rtcontour.evaluation"):
            assert secret not in text, f"{page.name}: {secret}"


def test_pages_load_nothing_from_elsewhere(written_study):
    for page in (written_study[0] / "pages").iterdir():
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in text and "://" not in text
        assert {link for link in re.findall(r'(?:src|href)="([^"]*)"', text)} <= {
            "data:,",
            "index.html",
            "01.html",
            "02.html",
        }


def test_the_seed_draws_the_order_of_cases_and_of_methods(rating_places, tmp_path):
    keys = [
        write_rating_study(
            rating_places / "network",
            rating_places / "ct",
            tmp_path / str(n),
            against={"other": rating_places / "colleague"},
            seed=seed,
        )
        for n, seed in enumerate([0, 0, 1, 2, 3, 4])
    ]
    assert keys[0] == keys[1]
    assert len({tuple(study.case for study in key.studies.values()) for key in keys}) == 2
    assert len({key.studies["01"].sets["A"].method for key in keys}) == 2


def test_slices_are_kept_without_loss_from_air_to_dense_bone(rating_grid, rating_patient):
    hu, _labels = rating_patient
    slices = cut_slices(hu, rating_grid, [])
    columns, rows, count = slices.hu.shape
    levels = np.stack([unpacked(text, rows, columns).T for text in slices.packed()], axis=2)
    assert count == rating_grid.shape[2]
    np.testing.assert_array_equal(levels - 1000, np.clip(slices.hu, -1000, 2047))


def test_slices_are_cropped_to_the_body_and_to_contours_outside_of_it():
    grid = Grid((100, 90, 6), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))
    hu = np.full(grid.shape, -1000, np.int16, order="F")
    hu[30:60, 30:60] = 40
    outside = np.zeros(grid.shape, bool)
    outside[70:75, 40:44, 2] = True
    alone, both = cut_slices(hu, grid, []), cut_slices(hu, grid, [Mask.from_array(outside, grid)])
    first = np.round(grid.to_index([alone.grid.origin_mm])[0]).astype(int)
    np.testing.assert_array_equal(alone.hu, cut_at(hu, first, alone.hu.shape))
    assert first[0] <= 30 - 7 and first[0] + alone.hu.shape[0] >= 60 + 7  # 15 mm are 7 columns of 2 mm
    assert alone.hu.shape[0] < 60 and alone.hu.shape[2] == 6
    assert first[0] + both.hu.shape[0] >= 75 + 7


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (-1, 1, -1)])
def test_axial_scans_are_turned_with_the_patient_s_right_on_the_left_and_the_head_last(
    signs, rating_grid, rating_patient
):
    hu, labels = rating_patient
    flip = tuple(slice(None, None, sign) for sign in signs)
    start = [0 if sign == 1 else n - 1 for sign, n in zip(signs, rating_grid.shape, strict=False)]
    direction = tuple(tuple(row) for row in np.diag(signs).astype(float))
    stored = Grid(rating_grid.shape, rating_grid.spacing_mm, tuple(rating_grid.to_mm([start])[0]), direction)
    slices = cut_slices(np.asfortranarray(hu[flip]), stored, [])
    assert slices.letters == {"left": "R", "right": "L", "top": "A", "bottom": "P", "last": "H"}
    first = np.round(rating_grid.to_index([slices.grid.origin_mm])[0]).astype(int)
    np.testing.assert_array_equal(slices.hu, cut_at(hu, first, slices.hu.shape))
    bladder = labels == 1
    drawn = slices.polygons(Mask.from_array(bladder[flip], stored))
    assert list(drawn) == list(range(3, 11))
    columns = [u / 100 for u in drawn[5][0][::2]]
    assert min(columns) + first[0] == 28.5 and max(columns) + first[0] == 43.5  # (i - 36) / 8 is within -1 and 1


def test_other_scans_stay_as_they_are():
    coronal = Grid((20, 16, 8), (2.0, 3.0, 4.0), (0.0, 0.0, 0.0), ((-1.0, 0, 0), (0, 0, -1.0), (0, -1.0, 0)))
    hu = np.zeros(coronal.shape, np.int16, order="F")
    slices = cut_slices(hu, coronal, [])
    assert slices.grid.direction == coronal.direction
    assert slices.letters == {"left": "L", "right": "R", "top": "H", "bottom": "F", "last": "A"}


def test_polygons_are_the_mask_in_the_cropped_slices_holes_too(rating_grid, rating_patient):
    hu, labels = rating_patient
    ring = labels == 1
    ring[36, 16, :] = False
    mask = Mask.from_array(ring, rating_grid)
    slices = cut_slices(hu, rating_grid, [mask])
    points = [
        np.column_stack([np.reshape(one, (-1, 2)) / 100, np.full(len(one) // 2, k)])
        for k, contours in slices.polygons(mask).items()
        for one in contours
    ]
    drawn = rasterize([Contour(slices.grid.to_mm(index)) for index in points], rating_grid)
    np.testing.assert_array_equal(drawn.full(), ring)


def test_names_of_structures_cannot_break_the_page(tmp_path, rating_places, rating_patient, write_place):
    name = "</script><b>&\"'{{ 1 }}"
    place = write_place(tmp_path / "pred", {"hospital_x_17": rating_patient[1]}, names={name: 1, "__proto__": 2})
    write_rating_study(place, rating_places / "ct", tmp_path / "out", findings=[])
    page = tmp_path / "out" / "pages" / "01.html"
    assert "</script><b>" not in page.read_text()
    assert {one["name"] for one in study_of(page)["sets"][0]["structures"]} == {name, "__proto__"}


def test_a_missed_organ_is_shown_for_grading_and_a_structure_left_out_is_not(
    tmp_path, rating_places, rating_patient, write_place
):
    missed = np.where(rating_patient[1] == 1, 0, rating_patient[1])
    place = write_place(tmp_path / "pred", {"hospital_x_17": missed})
    images = rating_places / "ct"
    key = write_rating_study(place, images, tmp_path / "both", findings=[])
    assert key.studies["01"].sets["A"].structures == ("Bladder", "Rectum")
    assert study_of(tmp_path / "both" / "pages" / "01.html")["sets"][0]["structures"][0]["contours"] == {}
    key = write_rating_study(place, images, tmp_path / "one", structures=["urinary bladder"], findings=[])
    assert key.studies["01"].sets["A"].structures == ("Bladder",)
    with pytest.raises(StructureNameError, match="Larynx"):
        write_rating_study(place, images, tmp_path / "none", structures=["Larynx"])


def test_a_case_that_not_all_methods_have_is_a_finding(tmp_path, rating_places, rating_patient, write_place):
    labels = rating_patient[1]
    first = write_place(tmp_path / "first", {"hospital_x_17": labels, "hospital_x_18": labels})
    other = write_place(tmp_path / "other", {"hospital_x_18": labels, "third": labels})
    findings = []
    key = write_rating_study(first, rating_places / "ct", tmp_path / "out", against={"o": other}, findings=findings)
    assert {study.case: len(study.sets) for study in key.studies.values()} == {"hospital_x_17": 1, "hospital_x_18": 2}
    assert [(f.code, f.subject) for f in findings] == [
        ("rating-set-missing", "hospital_x_17"),
        ("rating-set-missing", "third"),
    ]


def test_a_data_set_gives_images_and_cohorts(tmp_path, tiny_data_set, tiny_patient, write_place, tiny_grid):
    place = write_place(tmp_path / "pred", {"c1": tiny_patient(0)[1]}, grid=tiny_grid)
    content = json.loads((tiny_data_set / "datalist.json").read_text())
    for entry in (*content["training"], *content["validation"], *content["test"]):
        entry.update(
            cohort="cervix", image=str(tiny_data_set / entry["image"]), label=str(tiny_data_set / entry["label"])
        )
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "datalist.json").write_text(json.dumps(content))
    key = write_rating_study(place, tmp_path / "set", tmp_path / "out")
    assert key.studies["01"].cohort == "cervix"


def test_a_ct_series_or_a_folder_of_them_gives_the_image(tmp_path, rating_grid, rating_patient, write_place):
    hu, labels = rating_patient
    for case in ("p1", "p2"):
        write_ct_series(tmp_path / "ct" / case / "scan", hu, rating_grid, seed=1)
    place = write_place(tmp_path / "pred", {"p1": labels, "p2": labels})
    key = write_rating_study(place, tmp_path / "ct", tmp_path / "out", findings=[])
    assert len(key.studies) == 2
    (place / "p2.nii.gz").unlink()
    write_rating_study(place, tmp_path / "ct" / "p1", tmp_path / "alone", findings=[])
    page = study_of(tmp_path / "alone" / "pages" / "01.html")
    assert page["slices"] == rating_grid.shape[2] and page["spacing_mm"] == list(rating_grid.spacing_mm)


def test_bad_input_is_refused_and_leaves_nothing(tmp_path, rating_places, rating_patient, rating_grid, write_place):
    network, images, output = rating_places / "network", rating_places / "ct", tmp_path / "out"
    elsewhere = Grid(rating_grid.shape, rating_grid.spacing_mm, (0.0, 0.0, 0.0))
    write_image(tmp_path / "other_ct" / "hospital_x_17.nii.gz", rating_patient[0], elsewhere)
    write_image(tmp_path / "other_ct" / "hospital_x_18.nii.gz", rating_patient[0], elsewhere)
    with pytest.raises(GeometryError, match=r"not on the grid of .*found 60 .*expected 60 "):
        write_rating_study(network, tmp_path / "other_ct", output)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="holds no CT"):
        write_rating_study(network, tmp_path / "empty", output)
    with pytest.raises(InputFileError, match="no case in common"):
        strangers = write_place(tmp_path / "strangers", dict.fromkeys("ab", rating_patient[1]))
        write_rating_study(network, images, output, against={"strangers": strangers})
    (tmp_path / "other_ct" / "hospital_x_17.nii.gz").unlink()
    with pytest.raises(InputFileError, match="has no CT of case 'hospital_x_17'"):
        write_rating_study(network, tmp_path / "other_ct", output)
    with pytest.raises(ConfigError, match="two methods"):
        write_rating_study(network, images, output, name="a", against={"a": network})
    assert not output.exists()
    output.mkdir()
    (output / "mine.txt").write_text("mine")
    with pytest.raises(OutputError):
        write_rating_study(network, images, output)

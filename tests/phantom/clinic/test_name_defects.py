import numpy as np

from rtcontour.structures import find_structure, nearest_structures

LEFT, RIGHT = "Femur_Head_L", "Femur_Head_R"


def middle_x(mask):
    return np.argwhere(mask).mean(axis=0)[0]


def test_left_lies_left_until_the_names_are_exchanged(plant):
    plain, swapped = plant(None), plant("sides-swapped")
    assert middle_x(plain.masks[LEFT]) > middle_x(plain.masks[RIGHT])  # +x is the patient's left
    assert middle_x(swapped.masks[LEFT]) < middle_x(swapped.masks[RIGHT])
    assert swapped.where["structures"] == [LEFT, RIGHT]


def test_nobody_knows_the_misspelt_name_but_the_structure_is_nearest(plant):
    plain, seen = plant(None), plant("name-unresolved")
    name, structure = seen.where["roi_name"], seen.planted["structure"]
    assert find_structure(name) is None
    assert structure in nearest_structures(name)
    assert structure not in seen.masks
    assert np.array_equal(seen.masks[name], plain.masks[structure])


def test_two_spellings_of_one_structure_differ(plant):
    seen = plant("structure-twice")
    rois = [roi for roi in seen.structure_set.rois if roi.name in seen.where["roi_names"]]
    assert [find_structure(roi.name).name for roi in rois] == [seen.planted["structure"]] * 2
    assert sum(len(c.points_mm) for c in rois[0].contours) != sum(len(c.points_mm) for c in rois[1].contours)


def test_bladder_is_a_copy_of_the_rectum(plant):
    plain, seen = plant(None), plant("roi-duplicate")
    assert np.array_equal(seen.masks["Bladder"], seen.masks["Rectum"])
    assert np.array_equal(seen.masks["Rectum"], plain.masks["Rectum"])
    assert not np.array_equal(plain.masks["Bladder"], plain.masks["Rectum"])


def test_empty_roi_is_there_and_has_no_contour(plant):
    seen = plant("roi-empty")
    roi = seen.structure_set[seen.where["roi_name"]]
    assert roi.contours == ()
    assert find_structure(roi.name).name == seen.planted["structure"]

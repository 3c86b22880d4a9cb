"""datalist.json is read whole, or refused with the case and the remedy."""

import json

import pytest

from rtcontour.datasets import read_datalist, write_datalist
from rtcontour.errors import DataSetError, OutputError


def test_a_folder_is_read(datalist):
    folder = datalist()
    data_set = read_datalist(folder)
    assert data_set.name == "three cases"
    assert data_set.labels == {"Bladder": 1, "Femur_Head_L": 2, "Femur_Head_R": 3}
    assert [case.case for case in data_set.split("training")] == ["c01", "c02"]
    first = data_set.cases[0]
    assert (first.patient, first.cohort, first.split) == ("p01", "cervix", "training")
    assert first.image == folder / "images/c01.nii.gz" and first.label == folder / "labels/c01.nii.gz"
    assert first.image.is_absolute()
    assert data_set.findings == ()


def test_annotated_is_what_is_listed_and_all_where_nothing_is(datalist):
    first, second, third = read_datalist(datalist()).cases
    assert first.annotated == ("Bladder",)
    assert second.annotated == ("Bladder", "Femur_Head_L", "Femur_Head_R")
    assert third.annotated == ("Femur_Head_L", "Femur_Head_R")


def test_nothing_annotated_stays_nothing(datalist):
    folder = datalist(lambda content: content["training"][0].update(annotated=[]))
    assert read_datalist(folder).cases[0].annotated == ()


def test_annotated_may_be_written_as_in_labels_or_as_in_the_table(datalist):
    folder = datalist(lambda content: content["training"][0].update(annotated=["Femoral head L", "bladder"]))
    assert read_datalist(folder).cases[0].annotated == ("Femur_Head_L", "Bladder")


def test_a_name_outside_the_table_stays_with_a_finding(datalist):
    data_set = read_datalist(datalist(lambda content: content["labels"].update({"Hip implant": 9})))
    assert data_set.labels["Hip implant"] == 9
    assert [(finding.code, finding.subject) for finding in data_set.findings] == [("name-unresolved", "Hip implant")]


def test_a_test_case_needs_no_label_map(datalist):
    def move(content):
        content["test"] = content.pop("validation")
        del content["test"][0]["label"]

    (case,) = read_datalist(datalist(move)).split("test")
    assert case.label is None


def test_a_split_that_is_not_there_is_an_error(datalist):
    data_set = read_datalist(datalist())
    assert data_set.split("test") == ()
    with pytest.raises(DataSetError, match="no split 'train'"):
        data_set.split("train")


def remove_file(content):
    content["training"][0]["image"] = "images/gone.nii.gz"


def remove_splits(content):
    for split in ("training", "validation", "test"):
        del content[split]


CONTRADICTIONS = {
    "case 'c01': image .*gone.nii.gz is not there": remove_file,
    "case 'c02' has no 'label'": lambda c: c["training"][1].pop("label"),
    "case 'c02' has no 'patient'": lambda c: c["training"][1].pop("patient"),
    "case 1 of `training` is named None": lambda c: c["training"][1].pop("case"),
    "named '../c02'": lambda c: c["training"][1].update(case="../c02"),
    "case 'c01' is there twice": lambda c: c["training"][1].update(case="c01"),
    r"'c02' \(training\) and 'c03' \(validation\) are of one patient": lambda c: c["training"][1].update(patient="p02"),
    "annotated 'Rectum' is not in `labels`": lambda c: c["training"][0].update(annotated=["Rectum"]),
    "annotated 'Blahder' is not in `labels`": lambda c: c["training"][0].update(annotated=["Blahder"]),
    "`annotated` is 'Bladder'": lambda c: c["training"][0].update(annotated="Bladder"),
    "two labels have the value 1": lambda c: c["labels"].update(Femur_Head_R=1),
    "two labels have the structure 'Bladder'": lambda c: c["labels"].update(Harnblase=7),
    "label 'Bladder' is 0": lambda c: c["labels"].update(Bladder=0),
    "label 'Bladder' is 256": lambda c: c["labels"].update(Bladder=256),
    "label 'Bladder' is True": lambda c: c["labels"].update(Bladder=True),
    "label 'background' is 4": lambda c: c["labels"].update(background=4),
    "has no `labels`": lambda c: c.pop("labels"),
    "names no cases": remove_splits,
    "`training` is no list": lambda c: c.update(training={"case": "c01"}),
}


@pytest.mark.parametrize("message", CONTRADICTIONS)
def test_a_contradiction_is_one_line_that_names_the_file(datalist, message):
    folder = datalist(CONTRADICTIONS[message])
    with pytest.raises(DataSetError, match=message) as error:
        read_datalist(folder)
    assert str(folder / "datalist.json") in str(error.value) and "\n" not in str(error.value)


def test_no_patient_is_named_in_an_error(datalist):
    folder = datalist(lambda content: content["training"][1].update(patient="p02"))
    with pytest.raises(DataSetError) as error:
        read_datalist(folder)
    assert "p02" not in str(error.value).removeprefix(str(folder))


def test_broken_json_is_named_with_its_line(datalist):
    with pytest.raises(DataSetError, match="line 2 is no JSON"):
        read_datalist(datalist(text='{"name": "x",\n "labels": }'))


@pytest.mark.parametrize("text", ["[]", "3", '{"labels": []}'])
def test_json_of_another_kind_is_refused(datalist, text):
    with pytest.raises(DataSetError, match="has no `labels`"):
        read_datalist(datalist(text=text))


def test_a_folder_without_datalist_is_refused(tmp_path):
    with pytest.raises(DataSetError, match=r"datalist\.json: cannot be read"):
        read_datalist(tmp_path / "elsewhere")


def test_what_is_written_reads_the_same(datalist):
    folder = datalist()
    before = read_datalist(folder)
    write_datalist(folder, before, replace=True)
    after = read_datalist(folder)
    assert (after.name, after.labels, after.cases) == (before.name, before.labels, before.cases)
    content = json.loads((folder / "datalist.json").read_text(encoding="utf-8"))
    assert content["labels"]["background"] == 0
    assert content["training"][0]["image"] == "images/c01.nii.gz"


def test_a_datalist_is_not_replaced_unasked(datalist):
    folder = datalist()
    with pytest.raises(OutputError, match="exists already"):
        write_datalist(folder, read_datalist(folder))

import pytest

from rtcontour.dicom.uids import uid_or_nothing


@pytest.mark.parametrize("word", ["", "Anonymous", "1", "1.", ".1", "1.2a", "1..2", "1." + "2" * 63])
def test_what_is_no_uid_is_nothing(word):
    assert uid_or_nothing(word) == "" and uid_or_nothing("1.2.840") == "1.2.840"

import pytest

from longtake.datasets.naming import check_family, family_of, name_of
from longtake.errors import UserError


def test_the_same_content_has_the_same_name_and_other_content_another():
    assert name_of("clips", "m", ["a"]) == name_of("clips", "m", ["a"])
    assert name_of("clips", "m", ["a"]) != name_of("clips", "m", ["b"])
    assert family_of(name_of("my-clips", 1)) == "my-clips"


@pytest.mark.parametrize("family", ["", "A", "-a", "a/b", "..", "a b", "x" * 49])
def test_a_family_is_a_plain_name(family):
    with pytest.raises(UserError, match="lower-case"):
        check_family(family)

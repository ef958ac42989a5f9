import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from pipelines.cluster.cron import FIELDS, check_cron


@pytest.mark.parametrize(
    "text",
    ["0 0 2 * * *", "0 */15 * * * *", "0 0 9 ? * 2-6", "0 30 1,13 1 JAN-MAR ?", "0 0 0 * * sun", "0 5/10 * * * *"],
)
def test_six_fields_seconds_first_are_a_cron(text):
    assert check_cron(f"  {text.replace(' ', '   ')} ") == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 2 * * *", ("five fields", "give six fields, seconds first: 0 0 2 * * *")),
        ("@daily", ("1 fields", "give six")),
        ("", ("0 fields",)),
        ("0 0 2 * * * 2027", ("7 fields",)),
        ("0 60 2 * * *", ("minute '60'", "0 to 59")),
        ("0 0 24 * * *", ("hour '24'", "0 to 23")),
        ("0 0 0 0 * *", ("day of month '0'", "1 to 31")),
        ("0 0 0 1 foo *", ("month 'foo'", "jan to dec")),
        ("0 0 0 * * 7", ("day of week '7'", "0 to 6 or sun to sat")),
        ("0 0 5-3 * * *", ("hour '5-3'",)),
        ("0 */0 * * * *", ("minute '*/0'",)),
        ("0 1,,2 * * * *", ("minute '1,,2'",)),
        ("* * * * * *", ("second '*'", "give 0")),
        ("30 0 2 * * *", ("second '30'", "give 0")),
    ],
)
def test_what_kubeflow_would_refuse_or_start_too_often_is_said_in_a_sentence(text, words):
    with pytest.raises(UserError) as error:
        check_cron(text)
    for word in words:
        assert word in str(error.value)


def ranges(field):
    """Parts of this field as people write them."""
    numbers = st.integers(field.first, field.last)
    pairs = st.tuples(numbers, numbers).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    return st.one_of(st.just("*"), numbers.map(str), pairs, numbers.map(lambda n: f"{n}/{max(n, 1)}"))


@given(st.tuples(*(st.lists(ranges(field), min_size=1, max_size=3).map(",".join) for field in FIELDS[1:])))
def test_whatever_lies_within_the_bounds_is_taken_as_it_is(parts):
    text = " ".join(("0", *parts))
    assert check_cron(text) == text

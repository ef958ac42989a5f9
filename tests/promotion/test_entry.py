import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.config import parse_record
from longtake.errors import UserError
from longtake.promotion.entry import Entry, check_model_family, in_use
from tests.promotion.entries import back, entry


def parse_entry(data):
    return parse_record(Entry, data, where="a.json", what="entry", remedy="restore it")


def test_an_entry_comes_back_from_its_json_as_it_was():
    made = entry(7, "promoted", "s3://lake/models/dit-1.safetensors", loss=0.25, videos=None, reason="ünd, „so“")
    assert parse_entry(made.to_json().encode()) == made


@pytest.mark.parametrize("data", [b"", b"{}", b'{"family": "dit"}', b"\xff", b"[1]"])
def test_what_is_no_entry_is_said_in_a_sentence(data):
    with pytest.raises(UserError, match=r"a\.json is no entry of this version: .*; restore it"):
        parse_entry(data)


def test_a_rollback_puts_back_the_model_before_and_keeps_which_footage_was_seen():
    log = [entry(1, "promoted", "a"), entry(2, "promoted", "b", previous="a")]
    made = back(log)
    assert (made.number, made.decision, made.model, made.previous) == (3, "rolled_back", "a", "b")
    assert (made.samples, made.videos, made.by, made.reason) == (log[0].samples, 2, "bob", "it flickers")


def test_two_rollbacks_go_back_two_models_whatever_was_refused_in_between():
    log = [entry(1, "promoted", "a"), entry(2, "promoted", "b"), entry(3, "promoted", "c")]
    log.append(entry(4, "refused", "c", candidate="d"))
    log.append(back(log))
    log.append(entry(6, "refused", "b", candidate="e"))
    assert back(log).model == "a"


def test_a_rollback_to_a_number_takes_the_model_that_was_in_use_after_it():
    log = [entry(1, "promoted", "a"), entry(2, "promoted", "b"), entry(3, "refused", "b", candidate="c")]
    log.append(back(log))
    forth = back(log, to=3)
    assert (forth.model, forth.previous, forth.samples) == ("b", "a", log[2].samples)
    assert back([*log, forth]).model == "a"


@pytest.mark.parametrize(
    ("log", "to", "words"),
    [
        ([entry(1, "promoted", "a")], None, "no model before a"),
        ([entry(1, "promoted", "a")], 1, "in use already"),
        ([entry(1, "promoted", "a")], 9, "no decision 9; give 1 to 1"),
    ],
)
def test_where_there_is_nothing_to_go_back_to_a_sentence_says_so(log, to, words):
    with pytest.raises(UserError, match=words):
        back(log, to)


@given(st.lists(st.sampled_from(["promote", "refuse", "back"]), max_size=30))
def test_the_pile_ends_in_the_model_in_use_and_rollbacks_reach_every_model_below(moves):
    log = []
    for move in moves:
        number = len(log) + 1
        model = log[-1].model if log else ""
        if move == "promote" or not log:  # a first model is never refused
            log.append(entry(number, "promoted", f"m{number}", previous=model))
        elif move == "refuse":
            log.append(entry(number, "refused", model, candidate=f"m{number}", previous=model))
        elif len(in_use(log)) > 1:
            log.append(back(log))
    pile = in_use(log)
    assert (pile[-1].model if pile else "") == (log[-1].model if log else "")
    below = [one.model for one in pile]
    assert len(set(below)) == len(below)
    for model in reversed(below[:-1]):
        log.append(back(log))
        assert log[-1].model == model
    assert [one.number for one in log] == list(range(1, len(log) + 1))


@pytest.mark.parametrize("family", ["", "../up", "Dit", "a/b", "-x"])
def test_a_family_that_is_no_name_is_refused(family):
    with pytest.raises(UserError, match="lower-case letters"):
        check_model_family(family)

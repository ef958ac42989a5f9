"""The log in a lake: on S3 and in a folder alike, only one writer of a number wins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from longtake.errors import UserError
from longtake.lake import Lake
from longtake.stages.pointer import append, list_families, read_last, read_log, roll_back_by_hand
from tests.promotion.entries import entry


def test_what_was_appended_is_read_in_order_and_the_last_is_what_is_in_use(data_root):
    lake = Lake(data_root)
    assert read_last(lake, "dit") is None
    entries = [entry(1, "promoted", "a"), entry(2, "promoted", "b"), entry(3, "refused", "b", candidate="c")]
    assert all(append(lake, one) for one in entries)
    assert read_log(lake, "dit") == entries
    assert read_last(lake, "dit") == entries[-1]
    assert read_log(lake, "dit-small") == []
    assert append(lake, entry(1, "promoted", "z", family="dit-small"))
    assert list_families(lake) == ["dit", "dit-small"]


def test_of_many_deciders_at_once_one_wins_and_all_others_learn_of_it(data_root):
    lake = Lake(data_root)
    lake.objects.check(writable=True)
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda n: append(lake, entry(1, "promoted", f"m{n}", by=f"run-{n}")), range(8)))
    assert sum(won) == 1
    assert read_last(lake, "dit").model == f"m{won.index(True)}"


def test_an_entry_that_was_sent_twice_is_ours(data_root):
    lake = Lake(data_root)
    assert append(lake, entry(1, "promoted", "a"))
    assert append(lake, entry(1, "promoted", "a"))
    assert not append(lake, entry(1, "promoted", "a", by="another"))


def test_number_1000000_comes_after_number_999999(tmp_path):
    lake = Lake(str(tmp_path))
    for number in (999_999, 1_000_000):
        assert append(lake, entry(number, "promoted", f"m{number}"))
    assert [one.number for one in read_log(lake, "dit")] == [999_999, 1_000_000]


def test_a_damaged_entry_is_named(tmp_path):
    lake = Lake(str(tmp_path))
    append(lake, entry(1, "promoted", "a"))
    lake.objects.put("models/promoted/dit/000001.json", b"{", overwrite=True)
    with pytest.raises(UserError, match=r"dit/000001\.json is no entry of this version.*restore it"):
        read_last(lake, "dit")


def test_a_rollback_that_another_decision_overtook_says_who_decided(tmp_path, monkeypatch):
    lake = Lake(str(tmp_path))
    log = [entry(1, "promoted", "a"), entry(2, "promoted", "b")]
    for one in (*log, entry(3, "promoted", "c", by="run-7")):
        append(lake, one)
    monkeypatch.setattr("longtake.stages.pointer.read_log", lambda *_: log)
    with pytest.raises(UserError, match=r"run-7 decided about dit at the same time \(promoted c\)"):
        roll_back_by_hand(lake, "dit", None, by="ann", reason="so")


def test_a_rollback_of_what_was_never_promoted_names_the_families_that_were(tmp_path):
    lake = Lake(str(tmp_path))
    append(lake, replace(entry(1, "promoted", "a"), family="small"))
    with pytest.raises(UserError, match=r"'dit'.*it has small"):
        roll_back_by_hand(lake, "dit", None, by="ann", reason="so")

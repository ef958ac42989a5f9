from longtake.promotion.entry import Entry
from longtake.promotion.judging import Judged
from longtake.report.news import NewsSheet, news_sheet
from longtake.report.promoting import PromotingSheet, promoting_sheet


def entry(**change):
    plain = dict(
        family="dit", number=1, decision="promoted", model="s3://lake/models/dit-1", previous="", candidate="s3://lake/models/dit-1",
        samples="clips", basis="", loss=None, previous_loss=None, judged_on="", raw="", videos=None, by="91699900",
        at="2026-11-23T08:04:00Z", reason="first one",
    )  # fmt: skip
    return Entry(**plain | change)


def promotion(judged=(), **change):
    one = entry(**change)
    return promoting_sheet(PromotingSheet(facts={}, entry=one, judged=judged, log=[one]))


def test_losses_of_models_that_were_not_judged_are_left_out():
    unjudged = promotion()
    judged = promotion(
        [Judged(video_id="v", loss=0.1, previous_loss=0.2)],
        loss=0.1,
        previous_loss=0.2,
        judged_on="clips",
    )
    for said in ("loss of the new model", "of the one in use before", "held-out samples"):
        assert said in judged
        assert said not in unjudged


def test_who_decided_stands_on_one_line():
    assert '<td class="whole" title="91699900">91699900</td>' in promotion()


def test_the_news_give_the_last_reason_as_it_was_given():
    page = news_sheet(NewsSheet(facts={}, family="dit", last=entry(), new=[], known=3, fewest_new=1, enough=False))
    assert "Reason: first one<" in page

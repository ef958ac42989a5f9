import pytest

from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Video
from longtake.stages import news
from longtake.stages.by_name import run_step, write_outputs
from longtake.stages.pointer import append
from tests.promotion.entries import entry
from tests.rows import video


class Place:
    """Listed footage: rows without files, which news does not look at."""

    def __init__(self, folder):
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.lake = Lake(str(folder / "data"))

    def list(self, *numbers, below="", **fields):
        uris = [f"{self.raw.as_uri()}{below}/{number}.mp4" for number in numbers]
        self.lake.tables.merge([video(n, uris=[uri], **fields) for n, uri in zip(numbers, uris, strict=True)])
        return self.lake.tables.version(Video)

    def decide(self, number, decision="promoted", **fields):
        fields = {"raw": self.raw.as_uri()} | fields
        assert append(self.lake, entry(number, decision, "s3://lake/models/a", **fields))

    def news(self, **given):
        return news.run(raw=str(self.raw), data_root=self.lake.data_root, **given)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_without_a_promoted_model_all_footage_is_news(place):
    version = place.list(1, 2)
    found = place.news(fewest_new=5)
    assert (found.news, found.new_videos, found.model, found.videos) == (True, 2, "", version)
    assert found.items == {"new": 2, "known": 0}


def test_footage_that_was_decided_about_is_no_news_and_what_came_later_is(place):
    place.decide(1, videos=place.list(1, 2))
    found = place.news()
    assert (found.news, found.new_videos, found.model) == (False, 0, "s3://lake/models/a")
    place.list(3)
    found = place.news()
    assert (found.news, found.new_videos, found.items) == (True, 1, {"new": 1, "known": 2})
    page = place.lake.objects.read("reports/by-hand/news-1of1.html").decode()
    assert "/3.mp4" in page
    assert "/1.mp4" not in page


def test_a_refusal_counts_as_well_so_that_the_same_footage_is_not_trained_on_each_night(place):
    place.decide(1, videos=place.list(1))
    place.decide(2, "refused", videos=place.list(2), candidate="s3://lake/models/b")
    assert not place.news().news


def test_a_file_that_was_moved_or_can_not_be_read_or_lies_elsewhere_is_no_news(place):
    place.decide(1, videos=place.list(1))
    place.list(1, below="/moved")
    place.list(2, reason="broken")
    place.lake.tables.merge([video(3, uris=["s3://elsewhere/3.mp4"])])
    assert place.news().new_videos == 0


def test_footage_of_another_prefix_that_the_model_did_not_have_is_news(place):
    place.list(1, below="/a")
    place.decide(1, videos=place.list(2, below="/b"), raw=f"{place.raw.as_uri()}/a")
    assert place.news().new_videos == 1


@pytest.mark.parametrize(("fewest", "enough"), [(0, True), (1, True), (2, True), (3, False)])
def test_fewer_than_are_worth_a_training_are_no_news(place, fewest, enough):
    place.decide(1, videos=place.list(1))
    place.list(2, 3)
    assert place.news(fewest_new=fewest).news is enough


def test_with_a_fewest_of_0_there_is_always_a_training(place):
    place.decide(1, videos=place.list(1))
    assert place.news(fewest_new=0).news


def test_what_comes_next_is_encoded_on_the_basis_of_the_promoted_model_unless_the_config_names_another(place):
    place.decide(1, videos=place.list(1), basis="s3://lake/latents/linear-1.safetensors")
    given = {"encoding": {"linear": {"channels": 8}, "shard_bytes": 1 << 20}, "limits": {"wall_s": 60}}
    based = place.news(encoding_config=given).encoding_config
    assert based["encoding"]["linear"] == {"channels": 8, "basis": "s3://lake/latents/linear-1.safetensors"}
    assert (based["encoding"]["shard_bytes"], based["limits"]) == (1 << 20, {"wall_s": 60})
    own = {"encoding": {"linear": {"basis": "s3://mine"}}}
    assert place.news(encoding_config=own).encoding_config == own
    other = {"encoding": {"autoencoder": "diffusers", "diffusers": {"model": "vae"}}}
    assert place.news(encoding_config=other).encoding_config == other


def test_before_a_listing_there_is_a_sentence(place):
    with pytest.raises(UserError, match="run the step listing first"):
        place.news()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fewest_new": -1}, "give 0"),
        ({"family": "A/B"}, "lower-case"),
        ({"encoding_config": {"x": 1}}, "unknown key 'x'"),
    ],
)
def test_a_wrong_parameter_is_a_sentence(place, given, words):
    place.list(1)
    with pytest.raises(UserError, match=words):
        place.news(**given)


def test_where_the_table_that_a_decision_saw_is_gone_all_footage_is_news_which_is_said(place, caplog):
    place.list(1)
    place.decide(1, videos=99)
    assert place.news().new_videos == 1
    assert "all footage counts as new" in caplog.text


def test_the_step_gives_its_outputs_as_argo_compares_and_passes_them_on(place, tmp_path):
    version = place.list(1)
    write_outputs(run_step("news", {"raw": str(place.raw), "data_root": place.lake.data_root}), tmp_path)
    said = {name: (tmp_path / f"{name}.json").read_text() for name in ("news", "model", "videos", "encoding_config")}
    assert said == {"news": "true", "model": "", "videos": str(version), "encoding_config": "{}"}

import json

import pytest
from click.testing import CliRunner

from longtake.cli.advise import advise
from longtake.cli.given import read_mapping
from longtake.config import load_config
from longtake.dit.recipe import TrainingConfig
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.scaling.stored import dump_laws
from tests.scaling.laws import FAMILY, drawn_laws


def ask(*arguments):
    """Standard output."""
    done = CliRunner().invoke(advise, list(map(str, arguments)), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.stdout


@pytest.fixture
def data_root(tmp_path):
    lake = Lake(str(tmp_path / "data"))
    lake.objects.check(writable=True)
    lake.objects.put("laws/mine-1.json", json.dumps(dump_laws(drawn_laws().fitted, FAMILY)).encode())
    return tmp_path / "data"


def test_without_laws_the_published_ones_advise_and_that_is_said():
    said = ask("--flops", "1e19")
    assert said.startswith("laws      video-dit, published: Towards Precise Scaling Laws")
    assert "train     depth 8 (134M parameters) on 12B tokens\n" in said
    assert "108,019 steps of 111,360 tokens, learning rate 0.000247, constant\n" in said
    assert "loss      0.5192 predicted (published laws have no interval)\n" in said
    assert "best size 133M by the loss law, 119M by the size law (+0.00002 of loss), 125M by the one its" in said
    assert (
        "smaller   depth 7 (89.9M): +0.00023, within the 0.00052 that make no difference; films cost 32% fewer" in said
    )
    assert max(map(len, said.splitlines())) <= 110


def test_gpu_hours_are_those_of_all_gpus_together_and_become_flops_by_peak_and_share():
    said = ask("--gpu-hours", 500, "--mfu", 0.38, "--device", "h100", "--gpus", 8)
    assert "budget    6.77e+20 FLOPs, 500 GPU hours of h100 at 38%: 62.5 h on 8\n" in said
    record = json.loads(ask("--gpu-hours", 500, "--mfu", 0.38, "--device", "h100", "--json"))
    assert record["flops"] == pytest.approx(500 * 3600 * 989.4e12 * 0.38)
    assert record["gpu_hours"] == pytest.approx(500)
    assert "62.5 h on 8" in ask("--flops", record["flops"], "--mfu", 0.38, "--device", "h100", "--gpus", 8)


def test_a_loss_gets_its_least_budget():
    assert "budget    7.83e+19 FLOPs, the fewest that come to 0.51\n" in ask("--loss", 0.51)


def test_the_newest_laws_of_a_lake_advise_with_intervals(data_root):
    said = ask("--flops", "1e18", "--data-root", data_root)
    assert said.startswith("laws      mine-1: 25 runs")
    assert " with 90%)\n" in said
    assert "published" not in said


def test_a_config_is_written_that_trains_and_names_the_laws_that_it_is_watched_by(data_root, tmp_path):
    path = tmp_path / "train.yaml"
    said = ask("--flops", "1e18", "--data-root", data_root, "--config", path)
    assert f"train it: longtake train --data-root {data_root} --config {path}\n" in said
    config = load_config(TrainingConfig, read_mapping(path)["training_config"], where="training config")
    record = json.loads(ask("--flops", "1e18", "--data-root", data_root, "--json"))
    assert (config.model.depth, config.model.width_per_layer) == (record["choice"]["depth"], 64)
    assert (config.batch_tokens, config.lr, config.laws) == (*record["setting"].values(), "mine-1")
    with pytest.raises(UserError, match="is there already; name another"):
        ask("--flops", "1e18", "--config", path)


def test_a_file_of_laws_is_named_whole_in_the_config(data_root, tmp_path, monkeypatch):
    monkeypatch.chdir(data_root)
    ask("--flops", "1e18", "--laws", "laws/mine-1.json", "--config", tmp_path / "train.yaml")
    assert read_mapping(tmp_path / "train.yaml")["training_config"]["laws"] == str(data_root / "laws/mine-1.json")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one of --flops, --gpu-hours, --loss"),
        (("--flops", 1e18, "--loss", 0.5), "give one of --flops, --gpu-hours, --loss"),
        (("--gpu-hours", 5), "--gpu-hours and --gpus need --device and --mfu"),
        (("--flops", 1e18, "--gpus", 5), "--gpu-hours and --gpus need --device and --mfu"),
        (("--flops", 1e18, "--device", "h100"), "--device and --mfu go together"),
        (
            ("--gpu-hours", 5, "--mfu", 0.4, "--device", "k80"),
            "no peak is known of the GPU 'k80'; there are B200, H200",
        ),
        (("--flops", 1e18, "--laws", "chinchila"), "did you mean chinchilla"),
        (("--flops", 1e18, "--data-root", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_advised_is_said(arguments, said):
    with pytest.raises(UserError, match=said):
        ask(*arguments)

import json

from longtake.progress import Progress
from pipelines.local import killed_steps
from pipelines.outcome import Outcome


def test_a_model_is_shown_with_its_losses(capsys):
    outcome = Outcome(model={"uri": "file:///dit.safetensors", "loss": 0.5, "train_loss": 0.25})
    outcome.show()
    shown = capsys.readouterr().out
    assert "model: file:///dit.safetensors, validation loss 0.5000, train loss 0.2500" in shown
    assert "held out" not in shown
    said = json.loads(outcome.to_json())
    assert (said["loss"], said["train_loss"]) == (0.5, 0.25)


def test_where_nothing_was_held_out_the_key_to_set_is_said(capsys):
    Outcome(model={"uri": "file:///dit.safetensors", "loss": None, "train_loss": 0.25}).show()
    shown = capsys.readouterr().out
    assert "no validation loss, train loss 0.2500" in shown
    assert "nothing was held out" in shown
    assert "selecting_config: {validation_share: 0.2}" in shown


def test_a_step_whose_process_ended_without_a_word_was_killed():
    steps = [
        Progress(stage="encoding", shard="1of1", run="r", state="done"),
        Progress(stage="training", shard="1of1", run="r", done=18, total=60),
    ]
    ((code, sentence),) = killed_steps(steps)
    assert code == 30
    assert sentence.startswith("training 1of1 was killed")
    assert [step.state for step in steps] == ["done", "failed"]

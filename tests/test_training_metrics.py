from longtake.dit.step_record import StepRecord, Validated
from longtake.telemetry import StepMetrics, TrainingMetrics


def test_what_a_step_of_a_training_came_to_is_served():
    step = StepMetrics("training")
    metrics = TrainingMetrics(step)
    plain = dict(
        loss=0.5, norm=2.0, lr=1e-4, samples=2, tokens=1280, flops=1e12, seconds=2.0, waited_s=0.5, micro_batch=2
    )
    metrics.show_step(StepRecord(step=1, **plain, parts={"film": 0.4, "dynamics": 0.1}), 0.25)
    metrics.show_step(
        StepRecord(step=2, **plain | {"loss": 9.0}, skipped="spike", validated=Validated(loss=0.4, by_time=(0.4,))),
        None,
    )
    metrics.show_checkpoint(1.8e9)

    def value(name, **labels):
        return step.registry.get_sample_value(f"longtake_training_{name}", labels)

    assert (value("steps_total", skipped="no"), value("steps_total", skipped="spike")) == (1, 1)
    assert (value("tokens_total"), value("flops_total"), value("seconds_total"), value("data_wait_seconds_total")) == (
        2560,
        2e12,
        4,
        1,
    )
    assert (value("loss"), value("validation_loss"), value("flops_used_ratio")) == (9.0, 0.4, 0.25)
    assert [value("loss_part", part=part) for part in ("film", "dynamics")] == [0.4, 0.1]
    assert value("checkpoint_timestamp_seconds") == 1.8e9
    assert value("micro_batch_samples") == 2


def test_a_predicted_validation_loss_is_served_with_its_band():
    step = StepMetrics("training")
    metrics = TrainingMetrics(step)
    metrics.show_predicted(low=0.4, value=0.5, high=0.6, outside=True)
    name = "longtake_training_validation_loss"
    bounds = [step.registry.get_sample_value(f"{name}_predicted", {"bound": at}) for at in ("low", "value", "high")]
    assert bounds == [0.4, 0.5, 0.6]
    assert step.registry.get_sample_value(f"{name}_outside") == 1

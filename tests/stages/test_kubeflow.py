import json
import math

import pytest

from longtake.selecting.agreement import AgreementTally
from longtake.stages.kubeflow import publish_agreement, publish_decisions


def published(*clips):
    """The metadata that Kubeflow is given of clips (VTSS, whether the thresholds keep it), as the JSON that it becomes."""
    dsl = pytest.importorskip("kfp.dsl", reason="kfp is not installed")
    tally = AgreementTally(2.5)
    for vtss, kept in clips:
        tally.add(vtss, kept)
    artifact = dsl.ClassificationMetrics(name="agreement", uri="", metadata={})
    publish_agreement(tally.agreement(), artifact)
    return json.loads(json.dumps(artifact.metadata, allow_nan=False))


def test_rows_of_the_confusion_matrix_are_the_thresholds_and_columns_vtss():
    metadata = published((4.0, True), (3.0, True), (2.0, True), (3.0, False), (1.0, False), (1.1, False), (5.0, False))
    matrix = metadata["confusionMatrix"]
    assert [one["displayName"] for one in matrix["annotationSpecs"]] == ["kept", "dropped"]
    assert [row["row"] for row in matrix["rows"]] == [[2, 1], [2, 2]]
    curve = metadata["confidenceMetrics"]
    assert len(curve) == 101
    assert [curve[0][name] for name in ("recall", "falsePositiveRate")] == [0, 0]
    assert [curve[-1][name] for name in ("recall", "falsePositiveRate")] == [1, 1]


def test_without_both_kinds_there_is_no_curve_and_without_vtss_nothing():
    assert set(published((4.0, True), (2.0, True))) == {"confusionMatrix"}
    assert published() == {}


def test_a_point_of_a_curve_with_an_infinite_threshold_is_left_out_since_json_has_none():
    dsl = pytest.importorskip("kfp.dsl", reason="kfp is not installed")
    artifact = dsl.ClassificationMetrics(name="decisions", uri="", metadata={})
    roc = [(0.0, 0.0, math.inf), (0.0, 0.5, 4.0), (1.0, 1.0, 1.0)]
    publish_decisions(artifact, ("good", "bad"), [[2, 1], [0, 3]], roc)
    shown = json.loads(json.dumps(artifact.metadata, allow_nan=False))
    assert [row["row"] for row in shown["confusionMatrix"]["rows"]] == [[2, 1], [0, 3]]
    assert [point["confidenceThreshold"] for point in shown["confidenceMetrics"]] == [4.0, 1.0]

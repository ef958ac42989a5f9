"""The chart's WorkflowTemplates and CronWorkflows are those that `longtake compile --target argo` writes."""

import pytest
import yaml

from pipelines.argo.workflows import cron_workflows, workflow_template
from pipelines.catalog import CATALOG
from pipelines.cluster.chart import CHART
from pipelines.cluster.loading import load_values
from tests.chart.rendering import NAMESPACE, of_kind

PIPELINES = sorted(path.stem for path in (CHART / "files" / "argo").glob("*.yaml"))


@pytest.fixture
def both(helm, profile, tmp_path):
    """What the chart makes, and what Python makes, of the same values."""
    (tmp_path / "argo.yaml").write_text("engine: argo")
    values = load_values(CHART / "ci" / f"{profile}-values.yaml", tmp_path / "argo.yaml")
    made = [obj for name in PIPELINES for obj in (workflow_template(name, values), *cron_workflows(name, values))]
    rendered = of_kind(helm.objects(profile, "engine: argo"), "WorkflowTemplate", "CronWorkflow")
    return _by_name(rendered), _by_name(made)


def _by_name(objects):
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}


def test_the_chart_has_every_pipeline_of_the_catalog():
    assert set(PIPELINES) == set(CATALOG)


def test_the_chart_makes_what_python_makes(both):
    rendered, made = both
    assert rendered.keys() == made.keys()
    for name, obj in rendered.items():
        metadata, expected = obj["metadata"], made[name]
        assert metadata["namespace"] == NAMESPACE
        assert expected["metadata"]["labels"].items() <= metadata["labels"].items()
        ours = {key: value for key, value in metadata.items() if key not in ("labels", "namespace")}
        theirs = {key: value for key, value in expected["metadata"].items() if key != "labels"}
        assert obj | {"metadata": ours} == _as_read(expected) | {"metadata": theirs}


def _as_read(obj):
    return yaml.safe_load(yaml.safe_dump(obj))


def test_there_is_nothing_for_argo_where_kubeflow_runs_the_pipelines(helm):
    assert not of_kind(helm.objects("cpu"), "WorkflowTemplate", "CronWorkflow")

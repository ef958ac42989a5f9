"""What a run is to do: which version of a pipeline, with which parameters, on whose account."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from longtake.errors import UserError
from pipelines.cluster.places import ServiceAccount
from pipelines.cluster.services import Kfp
from pipelines.kubeflow.api import Kubeflow
from pipelines.kubeflow.parameters import check_parameters, spec_of

EXPERIMENT = "Runs of longtake's pipelines."
"""Description of an experiment that is ours."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a run, or each run of a schedule, is to do."""

    pipeline: str
    version: str
    """Its name, for people."""
    source: Mapping[str, Any]
    """In the API's words: the uploaded version, or the pipeline that comes along."""
    parameters: Mapping[str, Any]
    service_account: str
    experiment: str

    def on(self, service_account: str | None, experiment: str | None) -> "Order":
        """The same on other terms, where they are given."""
        return replace(
            self,
            service_account=service_account or self.service_account,
            experiment=experiment or self.experiment,
        )

    def fields(self, kubeflow: Kubeflow) -> dict[str, Any]:
        """Of a run or recurring run in the API. The experiment is made if there is none of that name."""
        filed = kubeflow.experiment(self.experiment) or kubeflow.create_experiment(self.experiment, EXPERIMENT)
        return {
            **self.source,
            "experiment_id": filed.experiment_id,
            "service_account": self.service_account,
            "runtime_config": {"parameters": dict(self.parameters)},
        }


def write_terms(service_account: str, experiment: str) -> str:
    """What the description of a version says, so that whoever starts it needs to know no more than its name."""
    return f"Runs use service account {service_account} and experiment {experiment}"


def read_terms(version: Any) -> tuple[str, str]:
    """Service account and experiment; the chart's own where a version was uploaded by hand."""
    match = re.fullmatch(write_terms("(.+)", "(.+)"), version.description or "")
    return (match[1], match[2]) if match else (ServiceAccount().name, Kfp().experiment)


def order_version(pipeline: str, version: Any, parameters: Mapping[str, Any], terms: tuple[str, str]) -> Order:
    """Runs of this uploaded version, on these terms: service account and experiment."""
    reference = {"pipeline_id": version.pipeline_id, "pipeline_version_id": version.pipeline_version_id}
    return Order(
        pipeline=pipeline,
        version=version.name or version.display_name,
        source={"pipeline_version_reference": reference},
        parameters=parameters,
        service_account=terms[0],
        experiment=terms[1],
    )


def order_newest(kubeflow: Kubeflow, pipeline: str, values: Mapping[str, Any], texts: Mapping[str, str]) -> Order:
    """Runs of the version that KFP offers for a new run, with these parameters (see `check_parameters`)."""
    found = kubeflow.pipeline(pipeline)
    version = next(kubeflow.versions(found.pipeline_id), None) if found else None
    if version is None:
        raise UserError(
            f"KFP at {kubeflow.endpoint} has no pipeline {pipeline!r}; upload it with longtake publish --values FILE, as the "
            "chart does, or send it along with longtake submit --values FILE"
        )
    parameters = check_parameters(pipeline, spec_of(version.pipeline_spec), values, texts)
    return order_version(pipeline, version, parameters, read_terms(version))

"""A pipeline compiled with a cluster's values, ready to be sent to Kubeflow."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from longtake import __version__
from pipelines.cluster.values import Values
from pipelines.compiling import compile_pipeline
from pipelines.kubeflow.orders import Order, write_terms


@dataclass(frozen=True, kw_only=True)
class Package:
    """A compiled pipeline."""

    pipeline: str
    file: Path
    document: Mapping[str, Any]
    """What a run carries that brings its own pipeline."""
    version: str
    """`<version of longtake>-<digest>`: what is the same has the same name."""
    terms: str
    """Description of the version (see `write_terms`)."""

    def order(self, values: Values, parameters: Mapping[str, Any]) -> Order:
        """Runs that bring this package along."""
        return Order(
            pipeline=self.pipeline,
            version=self.version,
            source={"pipeline_spec": self.document},
            parameters=parameters,
            service_account=values.service_account.name,
            experiment=values.kfp.experiment,
        )


def pack(pipeline: str, values: Values, folder: Path) -> Package:
    """Compiles the pipeline with these values into the folder."""
    file = compile_pipeline(pipeline, values, folder)
    text = file.read_bytes()
    spec, *platform = yaml.safe_load_all(text)
    terms = write_terms(values.service_account.name, values.kfp.experiment)
    return Package(
        pipeline=pipeline,
        file=file,
        document={"pipeline_spec": spec, "platform_spec": platform[0]} if platform else spec,
        version=f"{__version__}-{hashlib.sha256(text + terms.encode()).hexdigest()[:12]}",
        terms=terms,
    )

"""What single values of the chart look like: sizes, names, labels, places."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from longtake.config import STRICT

CAMEL = ConfigDict(**STRICT, alias_generator=to_camel, validate_by_name=True, validate_default=True)

Bytes = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$", examples=["8Gi"])]
Name = Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?)?$")]
"""A name of a Kubernetes object, or nothing."""
ScheduleName = Annotated[Name, Field(min_length=1, max_length=43)]
"""With `longtake-` before it, it is the name of a CronWorkflow, and Argo takes 52 characters there."""
LabelKey = Annotated[
    str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
Labels = dict[LabelKey, LabelValue]
Place = Annotated[
    str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?$", examples=["s3://bucket/prefix"])
]
Network = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", examples=["10.0.0.0/8"])]
Port = Annotated[int, Field(ge=1, le=65_535)]

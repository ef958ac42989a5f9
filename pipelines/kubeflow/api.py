"""The API of Kubeflow Pipelines: one connection, and every failure as a sentence.

It stands on the generated client that comes with kfp. `kfp.Client` itself loads the compiler, reads and writes a context
file below HOME, prints links on standard output, and waits for ever on a silent server.
"""

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import kfp_server_api as api  # type: ignore[import-untyped]
import urllib3

from longtake.errors import TransientError, UserError
from pipelines.cluster.values import Values
from pipelines.kubeflow.access import API_PORT, PORT_FORWARD, authorize, find_endpoint, find_namespace

TIMEOUT_S, GREETING_S = (5, 60), (5, 10)
"""To connect, and between two bytes of an answer."""
PAGE = 100
NEWEST_FIRST = "created_at desc"
GOING = ("PENDING", "RUNNING", "PAUSED", "RUNTIME_STATE_UNSPECIFIED")
"""States of runs that can be stopped; those in CANCELING have been."""


class NotThere(UserError):
    """KFP knows no such thing."""


class Kubeflow:
    """A KFP that has answered. Use `connect`."""

    def __init__(self, endpoint: str, namespace: str) -> None:
        config = api.Configuration(host=endpoint)
        # What passes by itself is not worth a sentence; a POST is sent again only if it never arrived.
        config.retries = urllib3.Retry(
            total=3, connect=1, read=1, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), raise_on_status=False,
            allowed_methods=("GET", "DELETE"),
        )  # fmt: skip
        config.ssl_ca_cert = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it would print each retry
        authorize(config)
        self.endpoint = endpoint
        self.namespace: str | None = namespace or None
        """None where KFP has one user: it refuses a namespace there."""
        self._client = api.ApiClient(config)
        self._pipelines = api.PipelineServiceApi(self._client)
        self._uploads = api.PipelineUploadServiceApi(self._client)
        self._experiments = api.ExperimentServiceApi(self._client)
        self._runs = api.RunServiceApi(self._client)
        self._schedules = api.RecurringRunServiceApi(self._client)

    def greet(self) -> None:
        """Asks KFP whether it is up and who its users are. Raises TransientError while it isn't."""
        healthz = api.HealthzServiceApi(self._client).healthz_service_get_healthz
        answer = self._call(healthz, _request_timeout=GREETING_S)
        if "json" not in (self._client.last_response.getheader("content-type") or ""):
            raise UserError(
                f"{self.endpoint} does not answer like KFP's API, rather like a page to log in; give a token in KFP_TOKEN, "
                f"or reach the API itself: {PORT_FORWARD}"
            )
        if not answer.multi_user:
            self.namespace = None
        elif self.namespace is None:
            raise UserError(f"KFP at {self.endpoint} has many users; give --namespace, that of your profile")

    def page_of(self, run_id: str) -> str:
        """Address of a run's page in the KFP UI, or its path where only the API's address is known."""
        path = f"#/runs/details/{run_id}"
        if ui := os.environ.get("KF_PIPELINES_UI_ENDPOINT"):
            return f"{ui.rstrip('/')}/{path}"
        return path if urlsplit(self.endpoint).port == API_PORT else f"{self.endpoint}/{path}"

    def pipeline(self, name: str) -> Any | None:
        try:
            return self._call(self._pipelines.pipeline_service_get_pipeline_by_name, name, namespace=self.namespace)
        except NotThere:
            return None

    def pipeline_name(self, pipeline_id: str) -> str:
        """Its name, or "(deleted)"."""
        try:
            found = self._call(self._pipelines.pipeline_service_get_pipeline, pipeline_id)
        except NotThere:
            return "(deleted)"
        return str(found.name or found.display_name)

    def pipelines(self) -> Iterator[Any]:
        yield from self._pages(
            self._pipelines.pipeline_service_list_pipelines, "pipelines", namespace=self.namespace, sort_by=NEWEST_FIRST
        )

    def create_pipeline(self, name: str, description: str) -> Any:
        """A pipeline without versions. (An upload would make one as well, and name it like the pipeline.)"""
        # Releases before 2.5 know the display name alone.
        body = api.V2beta1Pipeline(name=name, display_name=name, description=description, namespace=self.namespace)
        return self._call(self._pipelines.pipeline_service_create_pipeline, body)

    def versions(self, pipeline_id: str) -> Iterator[Any]:
        """Newest first."""
        list_ = self._pipelines.pipeline_service_list_pipeline_versions
        yield from self._pages(list_, "pipeline_versions", pipeline_id=pipeline_id, sort_by=NEWEST_FIRST)

    def upload_version(self, pipeline_id: str, name: str, file: Path, description: str) -> Any:
        return self._call(
            self._uploads.upload_pipeline_version, str(file), name=name, pipelineid=pipeline_id, description=description
        )

    def delete_pipeline(self, pipeline_id: str) -> None:
        """With its versions, which KFP wants deleted first."""
        for version in list(self.versions(pipeline_id)):
            self._delete(
                self._pipelines.pipeline_service_delete_pipeline_version, pipeline_id, version.pipeline_version_id
            )
        self._delete(self._pipelines.pipeline_service_delete_pipeline, pipeline_id)

    def experiment(self, name: str) -> Any | None:
        found = self._pages(
            self._experiments.experiment_service_list_experiments, "experiments", namespace=self.namespace,
            filter=_filter("display_name", "EQUALS", string_value=name),
        )  # fmt: skip
        return next((one for one in found if one.display_name == name), None)

    def create_experiment(self, name: str, description: str) -> Any:
        body = api.V2beta1Experiment(display_name=name, description=description, namespace=self.namespace)
        return self._call(self._experiments.experiment_service_create_experiment, body)

    def delete_experiment(self, experiment_id: str) -> None:
        self._delete(self._experiments.experiment_service_delete_experiment, experiment_id)

    def runs(self, *, states: tuple[str, ...] = (), part_of_id: str = "") -> Iterator[Any]:
        """Newest first; those in one of the states, or with these characters in their id."""
        chosen = None
        if states:
            chosen = _filter("state", "IN", string_values={"values": list(states)})
        elif part_of_id:
            chosen = _filter("run_id", "IS_SUBSTRING", string_value=part_of_id)
        yield from self._pages(
            self._runs.run_service_list_runs, "runs", namespace=self.namespace, sort_by=NEWEST_FIRST, filter=chosen
        )

    def is_empty(self, experiment_id: str) -> bool:
        """Whether no run and no recurring run was ever filed there."""
        for method, items in (
            (self._runs.run_service_list_runs, "runs"),
            (self._schedules.recurring_run_service_list_recurring_runs, "recurring_runs"),
        ):
            if next(self._pages(method, items, experiment_id=experiment_id, namespace=self.namespace), None):
                return False
        return True

    def run(self, run_id: str) -> Any:
        return self._call(self._runs.run_service_get_run, run_id)

    def create_run(self, **fields: Any) -> Any:
        return self._call(self._runs.run_service_create_run, api.V2beta1Run(**fields))

    def stop_run(self, run_id: str) -> None:
        self._call(self._runs.run_service_terminate_run, run_id)

    def schedules(self) -> Iterator[Any]:
        """Recurring runs, whoever made them, newest first."""
        list_ = self._schedules.recurring_run_service_list_recurring_runs
        yield from self._pages(list_, "recurring_runs", namespace=self.namespace, sort_by=NEWEST_FIRST)

    def create_schedule(self, cron: str, **fields: Any) -> Any:
        trigger = api.V2beta1Trigger(cron_schedule=api.V2beta1CronSchedule(cron=cron))
        body = api.V2beta1RecurringRun(trigger=trigger, max_concurrency="1", no_catchup=True, **fields)
        return self._call(self._schedules.recurring_run_service_create_recurring_run, body)

    def enable_schedule(self, schedule_id: str, enabled: bool) -> None:
        if enabled:
            self._call(self._schedules.recurring_run_service_enable_recurring_run, schedule_id)
        else:
            self._call(self._schedules.recurring_run_service_disable_recurring_run, schedule_id)

    def delete_schedule(self, schedule_id: str) -> None:
        """Its runs go on. (KFP before 2.16 ends those under way with it; the next run goes on from there.)"""
        self._delete(
            self._schedules.recurring_run_service_delete_recurring_run, schedule_id, propagation_policy="ORPHAN"
        )

    def _delete(self, method: Callable[..., Any], *arguments: str, **fields: str) -> None:
        try:
            self._call(method, *arguments, **fields)
        except NotThere:
            return  # someone else was quicker, or the answer to the first attempt was lost

    def _pages(self, method: Callable[..., Any], items: str, **fields: Any) -> Iterator[Any]:
        token = ""
        while True:
            page = self._call(method, page_token=token, page_size=PAGE, **fields)
            yield from getattr(page, items) or ()
            token = page.next_page_token
            if not token:
                return

    def _call(self, method: Callable[..., Any], *arguments: Any, **fields: Any) -> Any:
        try:
            return method(*arguments, **{"_request_timeout": TIMEOUT_S, **fields})
        except api.ApiException as error:
            raise self._explained(error) from None
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            said = re.sub(r"^\w+\([^)]*\): ", "", _line(reason))
            if isinstance(reason, urllib3.exceptions.SSLError):
                raise UserError(
                    f"KFP at {self.endpoint} and this machine find no way to speak TLS ({said}); check the endpoint, or name "
                    "your authority's certificates in SSL_CERT_FILE"
                ) from None
            raise TransientError(
                f"KFP at {self.endpoint} does not answer ({said}); where a cluster is not reached from here: {PORT_FORWARD}, "
                f"and --endpoint http://localhost:{API_PORT}"
            ) from None

    def _explained(self, error: Any) -> Exception:
        said = _message(error)
        if error.status == 401:
            return UserError(
                f"KFP at {self.endpoint} does not know who asks (401: {said}); give a token in KFP_TOKEN, or run where a "
                "service account's token is mounted (KF_PIPELINES_SA_TOKEN_PATH)"
            )
        if error.status == 403:
            place = f"the namespace {self.namespace}" if self.namespace else "it"
            return UserError(f"KFP at {self.endpoint} refuses (403: {said}); check what your account may do in {place}")
        if error.status == 404:
            return NotThere(f"KFP at {self.endpoint} has no such thing ({said}); check the endpoint and the name")
        if error.status == 429 or error.status >= 500:
            return TransientError(f"KFP at {self.endpoint} failed ({error.status}: {said})")
        return UserError(f"KFP at {self.endpoint} says no ({error.status}: {said})")


def connect(endpoint: str, namespace: str = "", values: Values | None = None, wait_s: float = 0.0) -> Kubeflow:
    """The KFP at this endpoint, else at the one of the values, once it answers: for at most `wait_s` it is asked again."""
    kubeflow = Kubeflow(find_endpoint(endpoint, values), find_namespace(namespace, values))
    ends, pause_s = time.monotonic() + wait_s, 1.0
    while True:
        try:
            kubeflow.greet()
            return kubeflow
        except TransientError:
            if time.monotonic() + pause_s > ends:
                raise
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 10.0)


def _filter(key: str, operation: str, **value: Any) -> str:
    """KFP decodes a filter once more after the query itself: without the quotes a `+` or `%` would be lost."""
    return quote(json.dumps({"predicates": [{"key": key, "operation": operation, **value}]}))


def _message(error: Any) -> str:
    """What KFP said, on one line."""
    body = error.body or error.reason or ""
    try:
        told = json.loads(body)
    except ValueError:
        told = re.sub("<[^>]*>", " ", str(body))
    if isinstance(told, Mapping):
        told = told.get("message") or told.get("error_message") or told.get("error") or body
    return _line(told) or "no reason given"


def _line(text: object, limit: int = 400) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= limit else f"{line[:limit]}..."

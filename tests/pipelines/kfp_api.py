"""A stand-in for the API of Kubeflow Pipelines on 127.0.0.1, which refuses every request that the real one would not take.

It keeps pipelines, versions, experiments, runs and recurring runs in memory, gives out small pages, and can be told to fail. What it
knows of the API is taken from the generated client's models and from the behaviour of KFP's server.
"""

import json
import re
import threading
import uuid
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import kfp_server_api as api

from tests.pipelines.kfp_checks import (
    FILTERABLE,
    Refused,
    check_fields,
    check_parameters,
    check_spec,
    matches,
    read_body,
    read_file,
    read_package,
    require,
)  # fmt: skip


@dataclass
class Fault:
    """What happens to the next `times` requests of a method whose path matches; `status` 0 hangs up."""

    method: str
    path: str
    status: int
    times: int
    done: bool
    """Whether the request is carried out before its answer is lost."""
    after: int
    """So many requests like it are let pass first."""


@dataclass
class KfpApi:
    """Use as a context manager. `requests` lists (method, path) of all that was asked."""

    page: int = 2
    multi_user: bool = False
    token: str = ""
    login_page: bool = False
    """True: every answer is a page in HTML, as a proxy gives that wants one to log in."""
    course: list = field(default_factory=list)
    """(state, message) that a run goes through, one each time that it is asked for."""
    requests: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    seconds: int = 0

    def __post_init__(self):
        self.pipelines, self.versions, self.experiments, self.runs, self.recurring_runs = {}, {}, {}, {}, {}
        self.lock = threading.Lock()

    def __enter__(self):
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                stand_in.answer(self)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def changes(self):
        """Requests that changed something."""
        return [(method, path) for method, path in self.requests if method != "GET"]

    def fail(self, status, *, method=".*", path="", times=1, done=False, after=0):
        self.faults.append(Fault(method, path, status, times, done, after))

    def newest_version(self, pipeline):
        """What the UI offers for a new run."""
        pipeline_id = next(p["pipeline_id"] for p in self.pipelines.values() if p["name"] == pipeline)
        mine = [version for version in self.versions.values() if version["pipeline_id"] == pipeline_id]
        return max(mine, key=lambda version: version["created_at"])

    def end_run(self, run_id, state, message=""):
        self.runs[run_id] |= {"state": state, "finished_at": self.now()}
        if message:
            self.runs[run_id]["error"] = {"code": 1, "message": message}

    def now(self):
        """Every moment is a second after the last."""
        self.seconds += 1
        return (datetime(2026, 3, 1, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)).isoformat()

    def answer(self, http):
        size = int(http.headers.get("Content-Length") or 0)
        body, path = http.rfile.read(size), urlsplit(http.path).path
        with self.lock:
            self.requests.append((http.command, path))
            fault = self.due(http.command, path)
            if fault:
                if fault.done:
                    self.carry_out(http, path, body)
                status, told = fault.status, {"code": 13, "message": "told to fail"}
            else:
                status, told = self.carry_out(http, path, body)
        if status == 0:
            http.connection.close()
            return
        kind, text = "application/json", json.dumps(told)
        if self.login_page:
            status, kind, text = 200, "text/html", "<html><body>Log in to continue</body></html>"
        http.send_response(status)
        http.send_header("Content-Type", kind)
        http.send_header("Content-Length", str(len(text.encode())))
        http.end_headers()
        with suppress(BrokenPipeError):
            http.wfile.write(text.encode())

    def due(self, method, path):
        """The fault that this request meets."""
        for fault in self.faults:
            if fault.times and re.search(fault.method, method) and re.search(fault.path, path):
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def carry_out(self, http, path, body):
        try:
            require(path.startswith("/apis/v2beta1/"), 404, f"no such path: {path}")
            if path != "/apis/v2beta1/healthz" and self.token:
                shown = http.headers.get("Authorization")
                require(shown, 401, "Request header error: there is no user identity header.")
                require(shown == f"Bearer {self.token}", 403, "User is not authorized with reason: unknown token")
            query = dict(parse_qsl(urlsplit(http.path).query, keep_blank_values=True, strict_parsing=False))
            for method, pattern, known, handler in ROUTES:
                match = re.fullmatch(f"/apis/v2beta1/{pattern}", path)
                if match and method == http.command:
                    require(set(query) <= set(known), 400, f"unknown query {set(query) - set(known)}")
                    arguments = {name: unquote_plus(text) for name, text in match.groupdict().items()}
                    return 200, handler(self, query=query, http=http, body=body, **arguments) or {}
            raise Refused(405, f"{http.command} {path} is not known")
        except Refused as refused:
            self.refusals.append((refused.status, refused.message))
            return refused.status, {"code": 3, "message": refused.message, "error": refused.message, "details": []}

    def healthz(self, **_):
        return {"multi_user": self.multi_user, "pipeline_store": "database"}

    def listed(self, kind, items, query):
        """A page. A token holds what it was given out for, and is good for that alone."""
        asked = {name: value for name, value in query.items() if name not in ("page_token", "page_size")}
        require(1 <= int(query.get("page_size") or 20) <= 200, 400, "page_size is out of range")
        items = [item for item in items if matches(item, query.get("filter"), FILTERABLE[kind])]
        sort_by, _, direction = query.get("sort_by", "").partition(" ")
        require(sort_by in ("", "created_at"), 400, f"can't sort by {sort_by}")
        items.sort(key=lambda item: item["created_at"], reverse=direction == "desc")
        start = 0
        if query.get("page_token"):
            token = json.loads(b64decode(query["page_token"]))
            require(token["asked"] == asked, 400, "page token does not match the supplied sort by or filter")
            start = token["start"]
        size = min(int(query.get("page_size") or 20), self.page)
        answer = {"total_size": len(items)}
        if items[start : start + size]:
            answer[LISTED[kind]] = items[start : start + size]
        if start + size < len(items):
            answer["next_page_token"] = b64encode(json.dumps({"asked": asked, "start": start + size}).encode()).decode()
        return answer

    def in_namespace(self, items, query):
        if self.multi_user:
            require(query.get("namespace"), 400, "Invalid input error: Namespace is empty")
            return [item for item in items if item.get("namespace") == query["namespace"]]
        require("namespace" not in query, 400, "In single-user mode, namespace is not supported")
        return list(items)

    def owned(self, given):
        """Body of something that belongs to a namespace."""
        require(bool(given.get("namespace")) == self.multi_user, 400, "namespace, in multi-user mode and only there")
        return given

    def list_pipelines(self, query, **_):
        return self.listed("pipelines", self.in_namespace(self.pipelines.values(), query), query)

    def pipeline_by_name(self, name, query, **_):
        mine = self.in_namespace(self.pipelines.values(), query)
        found = [pipeline for pipeline in mine if pipeline["name"] == name]
        require(found, 404, f"Failed to get pipeline by name {name}")
        return found[0]

    def get_pipeline(self, pipeline, **_):
        require(pipeline in self.pipelines, 404, f"Pipeline {pipeline} not found")
        return self.pipelines[pipeline]

    def create_pipeline(self, body, **_):
        given = self.owned(read_body(body, api.V2beta1Pipeline))
        require(given.get("display_name") == given.get("name"), 400, "both names, for old and new servers")
        taken = [p for p in self.pipelines.values() if p["name"] == given["name"]]
        require(not taken, 409, f"a pipeline with the name {given['name']} already exists")
        return self.keep(self.pipelines, "pipeline_id", given)

    def delete_pipeline(self, pipeline, **_):
        require(pipeline in self.pipelines, 404, f"Pipeline {pipeline} not found")
        left = [v for v in self.versions.values() if v["pipeline_id"] == pipeline]
        require(not left, 400, f"Failed to delete pipeline with id {pipeline} as it has existing pipeline versions")
        del self.pipelines[pipeline]

    def list_versions(self, pipeline, query, **_):
        require(pipeline in self.pipelines, 404, f"Pipeline {pipeline} not found")
        mine = [version for version in self.versions.values() if version["pipeline_id"] == pipeline]
        return self.listed("versions", mine, query)

    def upload_version(self, query, http, body, **_):
        pipeline, name = query.get("pipelineid"), query.get("name")
        require(pipeline in self.pipelines, 400, "Failed to create a pipeline version. Error reading pipeline id")
        require(name and len(name) <= 127, 400, "the version's name")
        same = [v for v in self.versions.values() if v["pipeline_id"] == pipeline and v["name"] == name]
        require(not same, 409, f"a pipeline version with the name {name} already exists")
        document = read_package(read_file(http, body))
        made = {"pipeline_id": pipeline, "name": name, "display_name": name, "pipeline_spec": document}
        return self.keep(self.versions, "pipeline_version_id", made | {"description": query.get("description", "")})

    def delete_version(self, pipeline, version, **_):
        require(version in self.versions, 404, f"Pipeline version {version} not found")
        require(self.versions[version]["pipeline_id"] == pipeline, 400, "the version belongs to another pipeline")
        del self.versions[version]

    def list_experiments(self, query, **_):
        return self.listed("experiments", self.in_namespace(self.experiments.values(), query), query)

    def create_experiment(self, body, **_):
        given = self.owned(read_body(body, api.V2beta1Experiment))
        require(given.get("display_name"), 400, "experiment's name cannot be empty")
        taken = [e for e in self.experiments.values() if e["display_name"] == given["display_name"]]
        require(not taken, 409, f"Experiment {given['display_name']} already exists")
        return self.keep(self.experiments, "experiment_id", given | {"storage_state": "AVAILABLE"})

    def delete_experiment(self, experiment, **_):
        require(experiment in self.experiments, 404, f"Experiment {experiment} not found")
        del self.experiments[experiment]

    def list_runs(self, query, **_):
        mine = self.in_namespace(self.runs.values(), query)
        mine = [run for run in mine if query.get("experiment_id") in (None, run.get("experiment_id"))]
        return self.listed("runs", mine, query)

    def get_run(self, run, **_):
        require(run in self.runs, 404, f"Run {run} not found")
        if self.course:
            self.end_run(run, *self.course.pop(0))
        return self.runs[run]

    def create_run(self, body, **_):
        given = self.startable(read_body(body, api.V2beta1Run))
        given |= {"state": "PENDING", "storage_state": "AVAILABLE", "finished_at": "1970-01-01T00:00:00Z"}
        return self.keep(self.runs, "run_id", given)

    def terminate_run(self, run, **_):
        require(run in self.runs, 404, f"Run {run} not found")
        going = self.runs[run]["state"] in ("PENDING", "RUNNING", "PAUSED", "RUNTIME_STATE_UNSPECIFIED")
        require(going, 400, f"Failed to terminate a run {run}. Row not found")
        self.runs[run]["state"] = "CANCELING"

    def startable(self, given):
        """A run or recurring run that KFP would start: its experiment, one source, and parameters that the source has."""
        require(given.get("display_name"), 400, "the name cannot be empty")
        require(given.get("experiment_id") in self.experiments, 400, f"experiment {given.get('experiment_id')}")
        require(given.get("service_account"), 400, "no service account is named")
        reference, document = given.get("pipeline_version_reference"), given.get("pipeline_spec")
        require((reference is None) != (document is None), 400, "exactly one source of the pipeline")
        if reference:
            check_fields(reference, api.V2beta1PipelineVersionReference)
            version = self.versions.get(reference["pipeline_version_id"])
            require(version, 404, f"Pipeline version {reference['pipeline_version_id']} not found")
            require(version["pipeline_id"] == reference["pipeline_id"], 400, "the version belongs to another pipeline")
            document = version["pipeline_spec"]
        else:
            check_spec(document.get("pipeline_spec", document), [document[k] for k in document if k == "platform_spec"])
        config = given.get("runtime_config", {})
        check_fields(config, api.V2beta1RuntimeConfig)
        check_parameters(document.get("pipeline_spec", document), config.get("parameters", {}))
        namespace = self.experiments[given["experiment_id"]].get("namespace")
        return given | ({"namespace": namespace} if namespace else {})

    def list_recurring_runs(self, query, **_):
        mine = self.in_namespace(self.recurring_runs.values(), query)
        mine = [run for run in mine if query.get("experiment_id") in (None, run.get("experiment_id"))]
        return self.listed("recurring_runs", mine, query)

    def create_recurring_run(self, body, **_):
        given = self.startable(read_body(body, api.V2beta1RecurringRun))
        check_fields(given.get("trigger", {}), api.V2beta1Trigger)
        cron = given["trigger"].get("cron_schedule", {})
        check_fields(cron, api.V2beta1CronSchedule)
        require(len(cron.get("cron", "").split()) == 6, 400, "Schedule cron is not a supported format")
        require(given.get("max_concurrency") == "1", 400, "max_concurrency is not 1")
        require(given.get("no_catchup") is True, 400, "no_catchup is not true")
        require(given.get("mode") in ("ENABLE", "DISABLE"), 400, "mode is missing")
        made = self.keep(self.recurring_runs, "recurring_run_id", given | {"status": f"{given['mode']}D"})
        self.check_awake()
        return made

    def delete_recurring_run(self, recurring_run, query, **_):
        require(recurring_run in self.recurring_runs, 404, f"Recurring run {recurring_run} not found")
        require(query.get("propagation_policy") == "ORPHAN", 400, "it would end its runs under way")
        del self.recurring_runs[recurring_run]

    def set_mode(self, recurring_run, mode, **_):
        require(recurring_run in self.recurring_runs, 404, f"Recurring run {recurring_run} not found")
        self.recurring_runs[recurring_run] |= {"mode": mode.upper(), "status": f"{mode.upper()}D"}
        self.check_awake()

    def check_awake(self):
        """KFP lets two of a name be awake; here it is never what anyone wants."""
        mine = [run for run in self.recurring_runs.values() if "longtake" in run.get("description", "")]
        names = [run["display_name"] for run in mine if run["mode"] == "ENABLE"]
        twice = {name for name in names if names.count(name) > 1}
        require(not twice, 500, f"two are awake: {twice}")

    def keep(self, where, key, made):
        made = made | {key: str(uuid.uuid4()), "created_at": self.now()}
        where[made[key]] = made
        return made


LISTED = {
    "pipelines": api.V2beta1ListPipelinesResponse.attribute_map["pipelines"],
    "versions": api.V2beta1ListPipelineVersionsResponse.attribute_map["pipeline_versions"],
    "experiments": api.V2beta1ListExperimentsResponse.attribute_map["experiments"],
    "runs": api.V2beta1ListRunsResponse.attribute_map["runs"],
    "recurring_runs": api.V2beta1ListRecurringRunsResponse.attribute_map["recurring_runs"],
}
"""Where each kind is in an answer: one of them is written in camelCase."""
LISTING = ("page_token", "page_size", "sort_by", "filter")
ROUTES = [
    ("GET", "healthz", (), KfpApi.healthz),
    ("GET", "pipelines", (*LISTING, "namespace"), KfpApi.list_pipelines),
    ("POST", "pipelines", (), KfpApi.create_pipeline),
    ("POST", "pipelines/upload_version", ("name", "pipelineid", "description"), KfpApi.upload_version),
    ("GET", "pipelines/names/(?P<name>[^/]+)", ("namespace",), KfpApi.pipeline_by_name),
    ("GET", "pipelines/(?P<pipeline>[^/]+)", (), KfpApi.get_pipeline),
    ("DELETE", "pipelines/(?P<pipeline>[^/]+)", (), KfpApi.delete_pipeline),
    ("GET", "pipelines/(?P<pipeline>[^/]+)/versions", LISTING, KfpApi.list_versions),
    ("DELETE", "pipelines/(?P<pipeline>[^/]+)/versions/(?P<version>[^/]+)", (), KfpApi.delete_version),
    ("GET", "experiments", (*LISTING, "namespace"), KfpApi.list_experiments),
    ("POST", "experiments", (), KfpApi.create_experiment),
    ("DELETE", "experiments/(?P<experiment>[^/]+)", (), KfpApi.delete_experiment),
    ("GET", "runs", (*LISTING, "namespace", "experiment_id"), KfpApi.list_runs),
    ("POST", "runs", (), KfpApi.create_run),
    ("GET", "runs/(?P<run>[^/:]+)", (), KfpApi.get_run),
    ("POST", "runs/(?P<run>[^/:]+):terminate", (), KfpApi.terminate_run),
    ("GET", "recurringruns", (*LISTING, "namespace", "experiment_id"), KfpApi.list_recurring_runs),
    ("POST", "recurringruns", (), KfpApi.create_recurring_run),
    ("DELETE", "recurringruns/(?P<recurring_run>[^/:]+)", ("propagation_policy",), KfpApi.delete_recurring_run),
    ("POST", "recurringruns/(?P<recurring_run>[^/:]+):(?P<mode>enable|disable)", (), KfpApi.set_mode),
]

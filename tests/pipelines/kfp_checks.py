"""What the stand-in for KFP's API takes and what it refuses, from the generated client's models and KFP's own server."""

import email
import json
from functools import cache
from urllib.parse import unquote_plus

import kfp_server_api as api
import yaml

GIVEN_BY_KFP = {
    api.V2beta1Pipeline: {"pipeline_id", "created_at", "error"},
    api.V2beta1Experiment: {"experiment_id", "created_at", "storage_state", "last_run_created_at"},
    api.V2beta1Run: {"run_id", "state", "created_at", "scheduled_at", "finished_at", "error", "run_details",
                     "state_history", "storage_state", "plugins_output"},
    api.V2beta1RecurringRun: {"recurring_run_id", "created_at", "updated_at", "status", "error"},
}  # fmt: skip
"""Fields that only the server may set."""
FILTERABLE = {
    "experiments": {"display_name"},
    "pipelines": {"display_name", "name"},
    "versions": {"display_name", "name"},
    "runs": {"run_id", "display_name", "state", "storage_state", "experiment_id"},
    "recurring_runs": {"display_name", "recurring_run_id", "description"},
}
JSON_TYPES = {"STRING": str, "NUMBER_INTEGER": int, "BOOLEAN": bool, "STRUCT": dict, "LIST": list}


class Refused(Exception):
    def __init__(self, status, message):
        self.status, self.message = status, message


def require(fact, status, message):
    if not fact:
        raise Refused(status, message)


def check_fields(given, model):
    """The names that the API's model has, but for those that only the server sets."""
    known = set(model.attribute_map.values()) - GIVEN_BY_KFP.get(model, set())
    require(isinstance(given, dict) and set(given) <= known, 400, f"{model.__name__} has no {set(given) - known}")


def read_body(body, model):
    given = json.loads(body)
    check_fields(given, model)
    return given


def read_file(http, body):
    """The file of a multipart form."""
    header = f"Content-Type: {http.headers['Content-Type']}\r\n\r\n".encode()
    (part,) = email.message_from_bytes(header + body).get_payload()
    require(part.get_param("name", header="content-disposition") == "uploadfile", 400, "the form's name")
    require(part.get_filename().endswith((".yaml", ".zip", ".tar.gz")), 400, "unexpected pipeline file format")
    return part.get_payload(decode=True)


@cache
def read_package(text):
    """What KFP keeps of a compiled pipeline."""
    spec, *platform = yaml.safe_load_all(text)
    check_spec(spec, platform)
    return {"pipeline_spec": spec, "platform_spec": platform[0]} if platform else spec


def check_spec(spec, platform):
    require(spec.get("schemaVersion") == "2.1.0", 400, "KFP only supports schema version 2.1.0")
    require(spec.get("pipelineInfo", {}).get("name"), 400, "invalid v2 pipeline spec: name is empty")
    require("root" in spec, 400, "invalid v2 pipeline spec: root component is empty")
    require('"enableCache": true' not in json.dumps(spec), 400, "a task would be cached")
    require(all("kubernetes" in one["platforms"] for one in platform), 400, "no platform is named")


def check_parameters(spec, given):
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, value in given.items():
        require(name in declared, 400, f"pipeline has no parameter {name}")
        kind = declared[name]["parameterType"]
        require(type(value) is JSON_TYPES[kind], 400, f"input parameter {name} requires type {kind}")


def matches(item, encoded, filterable):
    """Whether the item passes the filter, which is decoded once more after the query itself, as KFP does."""
    for predicate in json.loads(unquote_plus(encoded))["predicates"] if encoded else ():
        check_fields(predicate, api.V2beta1Predicate)
        require(predicate["key"] in filterable, 400, f"can't filter by {predicate['key']}")
        value = item.get(predicate["key"], "")
        passes = {
            "EQUALS": lambda p, v: v == p["string_value"],
            "IS_SUBSTRING": lambda p, v: p["string_value"] in v,
            "IN": lambda p, v: v in p["string_values"]["values"],
        }
        require(predicate["operation"] in passes, 400, f"unknown operation {predicate['operation']}")
        if not passes[predicate["operation"]](predicate, value):
            return False
    return True

"""Custom resources against the schemas of their definitions, which lie beside the clone where developers have them."""

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "crds"
SAME_SPEC = {"WorkflowTemplate": "Workflow"}
"""Kinds without a schema there, and the one whose spec is theirs."""


def validate_custom(obj):
    """Fails with every place where the object is not what its API takes, fields that it does not know included."""
    if not FOLDER.is_dir():
        pytest.skip("the schemas of custom resources are not in ../shared/crds")
    kind = SAME_SPEC.get(obj["kind"], obj["kind"])
    validator = _validator(kind, obj["apiVersion"])
    faults = validator.iter_errors(obj | {"kind": kind})
    sentences = [f"{'.'.join(str(part) for part in fault.absolute_path)}: {fault.message:.200}" for fault in faults]
    assert not sentences, f"{obj['kind']} {obj['metadata']['name']}: " + "; ".join(sentences)


@cache
def _validator(kind, api_version):
    for path in FOLDER.glob("*.json"):
        definition = json.loads(path.read_text())
        group, _, version = api_version.partition("/")
        if (definition["kind"], definition["group"]) == (kind, group):
            return jsonschema.Draft4Validator(_close(definition["versions"][version]["schema"]))
    pytest.fail(f"no schema of {kind} in {api_version}")


def _close(node):
    """The schema with no field allowed that it does not name; `metadata` at the top names none, and stays open."""
    if isinstance(node, list):
        return [_close(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _close(value) for key, value in node.items()}
    is_object = node.get("type") == "object" and "properties" in node
    if is_object and not node.get("x-kubernetes-preserve-unknown-fields"):
        closed["additionalProperties"] = False
    return closed

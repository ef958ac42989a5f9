"""What of the chart is written from Python: values.yaml with its comments, its schema, the table of its page, facts, Argo's skeletons."""

import json
import textwrap
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter

from longtake.config import config_schema
from pipelines.argo.workflows import write_skeletons
from pipelines.cluster.cron import FIELDS
from pipelines.cluster.loading import dump_values
from pipelines.cluster.schedules import PARAMETERS, Schedule
from pipelines.cluster.values import Values

CHART = Path(__file__).resolve().parents[2] / "helm" / "longtake"
WIDTH = 110
SCHEDULE = "a schedule"
"""No name of a pipeline, among which it stands."""
HEAD = """\
# Every value of the chart, with its default. Written from pipelines/cluster/values.py by `make chart`, where names, bounds and
# these comments are said once; give your own values in a file beside it: helm install longtake helm/longtake -f mine.yaml
"""
TABLE_BEGINS, TABLE_ENDS = "<!-- values: written by make chart -->", "<!-- end of values -->"

Node = dict[str, Any]


def chart_schema() -> Node:
    """JSON Schema of the values, with every object closed."""
    # In one call, so that two configs of one name get two names.
    asked: list[tuple[Hashable, Literal["validation"], TypeAdapter[Any]]] = [
        (name, "validation", TypeAdapter(cls))
        for name, cls in {"values": Values, SCHEDULE: Schedule, **PARAMETERS}.items()
    ]
    found, shared = TypeAdapter.json_schemas(asked)
    definitions = _close(shared["$defs"])
    schema: Node = {**definitions.pop("Values"), "$defs": definitions}
    _require(dump_values(Values()), schema, schema)
    _type_parameters(schema, {str(name): reference for (name, _), reference in found.items()})
    schema["properties"]["global"] = {"type": "object", "description": "Helm's own, for charts of charts."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _type_parameters(schema: Node, references: Mapping[str, Node]) -> None:
    """What a schedule may give to its pipeline: that pipeline's parameters and no others."""
    cases = []
    for pipeline in PARAMETERS:
        then = {"properties": {"parameters": references[pipeline]}}
        cases.append({"if": {"properties": {"pipeline": {"const": pipeline}}}, "then": then})
    _target(references[SCHEDULE], schema)["allOf"] = cases


def _close(node: Any) -> Any:
    """The schema without pydantic's titles, and no key allowed in a map beside those that its patterns take."""
    if isinstance(node, list):
        return [_close(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _close(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if "patternProperties" in closed:
        closed["additionalProperties"] = False
    return closed


def _require(values: Mapping[str, Any], node: Node, schema: Node) -> None:
    """Whatever has a default must be there: to Helm, null means to take it away, and templates can't do without."""
    node["required"] = list(values)
    for key, value in values.items():
        fields = _target(node["properties"][key], schema)
        if isinstance(value, Mapping) and "properties" in fields:
            _require(value, fields, schema)


def values_yaml() -> str:
    """The defaults as YAML, a comment above each value; what several things have alike is explained for the first."""
    schema = config_schema(Values)
    return HEAD + "\n" + "\n".join(_commented(dump_values(Values()), schema, schema, set())).rstrip() + "\n"


def _commented(
    values: Mapping[str, Any], node: Node, schema: Node, said: set[tuple[str, str]], depth: int = 0
) -> Iterator[str]:
    indent = "  " * depth
    for key, value in values.items():
        below = node["properties"][key]
        text = _description(below, schema)
        if (key, text) not in said:
            said.add((key, text))
            yield from _comment(text, indent)
        fields = _target(below, schema)
        if isinstance(value, Mapping) and value and "properties" in fields:
            yield f"{indent}{key}:"
            yield from _commented(value, fields, schema, said, depth + 1)
        else:
            flow = not any(isinstance(item, Mapping) for item in value.values()) if isinstance(value, Mapping) else True
            dumped = yaml.safe_dump({key: value}, sort_keys=False, width=WIDTH, default_flow_style=False)
            if flow and isinstance(value, Mapping | list):
                inner = yaml.safe_dump(value, sort_keys=False, width=WIDTH, default_flow_style=True)
                dumped = f"{key}: {inner}"
            yield textwrap.indent(dumped.rstrip(), indent)
        if not depth:
            yield ""


def _comment(text: str, indent: str) -> Iterator[str]:
    """The description as comment lines: paragraphs are wrapped, indented ones are examples and stay as they are."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("    "):
            lines = [line.removeprefix("  ") for line in paragraph.splitlines()]
        else:
            lines = textwrap.wrap(paragraph, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
        yield from (f"{indent}# {line}" for line in lines)


def values_table() -> str:
    """The same as a Markdown table, one row a value."""
    schema = config_schema(Values)
    rows = [
        f"| `{path}` | {_cell(_description(below, schema))} | `{json.dumps(value)}` |"
        for path, value, below in _leaves(dump_values(Values()), schema, schema)
    ]
    return "\n".join(["| value | is | default |", "| --- | --- | --- |", *rows])


def _leaves(values: Mapping[str, Any], node: Node, schema: Node, above: str = "") -> Iterator[tuple[str, Any, Node]]:
    for key, value in values.items():
        below = node["properties"][key]
        fields = _target(below, schema)
        if isinstance(value, Mapping) and value and "properties" in fields:
            yield from _leaves(value, fields, schema, f"{above}{key}.")
        else:
            yield f"{above}{key}", value, below


def _target(node: Node, schema: Node) -> Node:
    target: Node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else node
    return target


def _description(node: Node, schema: Node) -> str:
    text: str = node.get("description") or _target(node, schema).get("description", "")
    return text


def _cell(text: str) -> str:
    """A description in a table's cell; examples are for values.yaml."""
    paragraphs = [" ".join(p.split()) for p in text.split("\n\n") if not p.startswith("    ")]
    return " ".join(paragraphs).replace("|", "\\|")


def facts_yaml() -> str:
    """What templates can't know of the library: the default of what a file may cost a stage, and what a cron holds."""
    configs = vars(Values().configs)
    facts = {
        "memoryBytes": {
            stage: config.limits.memory_bytes for stage, config in configs.items() if hasattr(config, "limits")
        },
        "cron": [
            {
                "name": field.name,
                "first": field.first,
                "last": field.last,
                "numbers": {name: field.first + n for n, name in enumerate(field.names)},
                "expected": field.expected,
            }
            for field in FIELDS
        ],
    }
    return "# Written from Python by `make chart`.\n" + yaml.safe_dump(facts, sort_keys=False, width=WIDTH)


def write_chart(chart: Path = CHART) -> list[Path]:
    """Writes all of it into the chart."""
    written = {
        chart / "values.yaml": values_yaml(),
        chart / "values.schema.json": json.dumps(chart_schema(), indent=1, ensure_ascii=False) + "\n",
        chart / "README.md": _page((CHART / "README.md").read_text()),
        chart / "files" / "facts.yaml": facts_yaml(),
    }
    (chart / "files").mkdir(exist_ok=True)
    for path, text in written.items():
        path.write_text(text)
    return [*written, *write_skeletons(chart / "files" / "argo")]


def _page(page: str) -> str:
    before, _, rest = page.partition(TABLE_BEGINS)
    after = rest.partition(TABLE_ENDS)[2]
    return f"{before}{TABLE_BEGINS}\n\n{values_table()}\n\n{TABLE_ENDS}{after}"


if __name__ == "__main__":
    for path in write_chart():
        print(path)

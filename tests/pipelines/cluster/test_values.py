import json

import pytest
import yaml

from longtake.config import dump_changes, dump_config
from longtake.errors import UserError
from pipelines.argo.workflows import skeleton
from pipelines.catalog import CATALOG
from pipelines.cluster.chart import CHART, chart_schema, values_yaml, write_chart
from pipelines.cluster.contradictions import mebibytes
from pipelines.cluster.loading import dump_values, load_values
from pipelines.cluster.nodes import Steps
from pipelines.cluster.schedules import PARAMETERS
from pipelines.cluster.values import Values
from pipelines.compiling import CLONE, compile_pipeline
from pipelines.kubeflow.parameters import declared_parameters


def test_values_schema_and_table_of_the_chart_are_up_to_date(tmp_path):
    for path in write_chart(tmp_path):
        committed = CHART / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), f"{committed.name} is stale: run make chart"


def test_values_yaml_holds_every_default_and_nothing_else():
    assert yaml.safe_load(values_yaml()) == dump_values(Values())


def test_every_value_has_a_comment():
    def undescribed(node, path=""):
        for key, below in node["properties"].items():
            target = schema["$defs"][below["$ref"].rsplit("/", 1)[-1]] if "$ref" in below else below
            if not (below.get("description") or target.get("description")):
                yield f"{path}{key}"
            if "properties" in target and path != "configs.":
                yield from undescribed(target, f"{path}{key}.")

    schema = chart_schema()
    assert not list(undescribed(schema))


def test_every_object_of_the_schema_is_closed():
    def open_objects(node, path="#"):
        if isinstance(node, list):
            for n, item in enumerate(node):
                yield from open_objects(item, f"{path}/{n}")
        elif isinstance(node, dict):
            is_object = ("properties" in node and node.get("type") == "object") or "patternProperties" in node
            if is_object and node.get("additionalProperties") is not False:
                yield path
            for key, value in node.items():
                yield from open_objects(value, f"{path}/{key}")

    assert not list(open_objects(chart_schema()))


def test_the_stage_configs_of_the_schema_are_those_of_the_stages():
    defined = chart_schema()["$defs"]
    for config in vars(Values().configs).values():
        assert set(defined[type(config).__name__]["properties"]) == set(dump_config(config))


def test_every_component_is_a_step_of_the_values_and_the_other_way_round():
    components = {path.parent.name for path in (CLONE / "components").glob("*/component.py")}
    assert components == set(vars(Steps()))


@pytest.mark.parametrize("pipeline", sorted(CATALOG))
def test_a_schedule_can_give_what_its_pipeline_takes(pipeline, tmp_path):
    taken = {name: field.type for name, field in PARAMETERS[pipeline].__dataclass_fields__.items()}
    template = skeleton(pipeline)["spec"]["arguments"]["parameters"]
    assert sorted(taken) == sorted(parameter["name"] for parameter in template)
    spec = yaml.safe_load(compile_pipeline(pipeline, Values(), tmp_path).read_text().partition("\n---\n")[0])
    declared = declared_parameters(spec)
    assert declared.keys() == taken.keys()
    configs = {name for name, kind in declared.items() if kind == "STRUCT"}
    assert configs == set(CATALOG[pipeline].configs)
    assert all(taken[name] is config for name, config in CATALOG[pipeline].configs.items())


def test_only_what_differs_from_the_defaults_of_a_config_is_dumped(tmp_path):
    (tmp_path / "values.yaml").write_text("configs: {slicing: {rule: {sigmas: 2.0, min_clip_s: 2.0}}}")
    assert dump_changes(load_values(tmp_path / "values.yaml").configs.slicing) == {"rule": {"sigmas": 2.0}}


def test_a_preset_of_a_sweep_is_resolved_and_what_is_given_counts_over_it_even_where_it_is_the_default(tmp_path):
    (tmp_path / "values.yaml").write_text("configs: {sweep: {preset: demo, repeats: 3, grid: {widenings: 1}}}")
    values = load_values(tmp_path / "values.yaml")
    sweep = values.configs.sweep
    found = (sweep.preset, sweep.depths, sweep.repeats, sweep.grid.lrs, sweep.grid.widenings)
    assert found == (None, (2, 3, 4), 3, 3, 1)
    (tmp_path / "dumped.yaml").write_text(json.dumps(dump_values(values)))
    assert load_values(tmp_path / "dumped.yaml") == values


NIGHTLY = "schedules: {x: {pipeline: curate, cron: '%s', parameters: {%s}}}"
PROFILES = [None, *sorted((CHART / "ci").glob("*-values.yaml"))]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem if path else "default")
def test_no_file_can_take_its_pod_down_by_its_memory(profile):
    values = load_values(*([profile] if profile else []))
    for stage, config in vars(values.configs).items():
        if not hasattr(config, "limits"):
            continue
        step = getattr(values.steps, stage)
        needed = (1 << 30) + step.cpu * config.limits.memory_bytes
        assert mebibytes(step.memory) << 20 >= needed, f"steps.{stage}.memory"


def test_later_files_win_and_maps_are_merged(tmp_path):
    (tmp_path / "a.yaml").write_text("steps: {slicing: {cpu: 3, memory: 6Gi}}\nlabels: {team: a}")
    (tmp_path / "b.yaml").write_text("steps: {slicing: {cpu: 5}}\nlabels: {cost: b}\nglobal: {any: thing}")
    values = load_values(tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert (values.steps.slicing.cpu, values.steps.slicing.memory, values.steps.slicing.shm) == (5, "6Gi", "256Mi")
    assert values.labels == {"team": "a", "cost": "b"}


def test_values_survive_being_dumped_and_loaded(tmp_path):
    for profile in sorted((CHART / "ci").glob("*-values.yaml")):
        values = load_values(profile)
        (tmp_path / "dumped.yaml").write_text(json.dumps(dump_values(values)))
        assert load_values(tmp_path / "dumped.yaml") == values


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        ("steps: {slicing: {pool: l4}}", ["steps.slicing.pool is 'l4', which pools does not have; it has none"]),
        ("steps: {tsaTraining: {accelerators: 1}}", ["steps.tsaTraining.accelerators is 1, but it names no pool"]),
        ("pools: {a: {}}\nsteps: {doctor: {accelerators: 1, pool: a}}", ["'a' has no accelerator"]),
        ("steps: {slicing: {shm: 14Gi}}", ["counts as memory"]),
        ("s3: {credentials: secret}", ["s3.secret.name is empty"]),
        ("s3: {secret: {name: keys}}", ["give one way alone"]),
        ("s3: {credentials: external}", ["s3.external.key is empty"]),
        ("lake: {raw: 's3://lake', dataRoot: 's3://lake/data'}", ["lies in lake.raw"]),
        ("priorityClass: {create: true}", ["it has no name"]),
        ("resourceQuota: {enabled: true, hard: null}", ["resourceQuota"]),
        ("s3: {credentials: secret}\nsteps: {slicing: {pool: x}}", ["which pools does not have", "is empty"]),
        (
            "pools: {gpu: {nodeselector: {}}}",
            ["unknown key 'pools.gpu.nodeselector'; did you mean 'nodeSelector'?"],
        ),
        ("pools: {gpu: {qqq: {}}}", ["it knows accelerator, nodeSelector, queue, tolerations"]),
        ("pools: {gpu: {tolerations: [{kee: a}]}}", ["'pools.gpu.tolerations.0.kee'; did you mean 'key'?"]),
        ("steps: {slicing: {memory: 8GB}}", ["'steps.slicing.memory' is '8GB'; expected something like '8Gi'"]),
        ("lake: {raw: /data}", ["'lake.raw' is '/data'; expected something like 's3://bucket/prefix'"]),
        (NIGHTLY % ("0 2 * * *", ""), ["'schedules.x.cron' is '0 2 * * *'; expected something like '0 0 2 * * *'"]),
        (
            NIGHTLY % ("0 99 2 * * *", ""),
            ["schedules.x: the cron '0 99 2 * * *' has the minute '99'; expected 0 to 59"],
        ),
        (
            NIGHTLY % ("0 0 2 * * *", "shard: 2"),
            ["'schedules.x': parameters: unknown key 'shard'; did you mean 'shards'?"],
        ),
        (
            "networkPolicy: {s3: {cidrs: [all]}}",
            ["'networkPolicy.s3.cidrs.0' is 'all'; expected something like '10.0.0.0/8'"],
        ),
        ("publish: {pool: a}", ["publish.pool is 'a', which pools does not have; it has none"]),
        ("labels: {longtake.io/run: a}", ["the prefix longtake.io/ is ours"]),
        ("steps: {slicing: {memry: 2Gi}}", ["unknown key 'steps.slicing.memry'; did you mean 'memory'?"]),
        ("configs: {sweep: {preset: dmo}}", ["'configs.sweep': there is no preset 'dmo'; did you mean 'demo'?"]),
        ("just text", ["expected names and values"]),
    ],
)
def test_what_does_not_go_together_is_said_all_at_once(tmp_path, given, sentences):
    (tmp_path / "values.yaml").write_text(given)
    with pytest.raises(UserError) as refused:
        load_values(tmp_path / "values.yaml")
    for sentence in sentences:
        assert sentence in str(refused.value)

"""The import law: who may import whom, read from the syntax tree."""

import ast
import functools
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parent.parent
CONCEPTS = {
    "slicing", "scoring", "selecting", "annotating", "tsa_training", "captioning", "caption_tuning", "latents", "dit", "scaling", "owl",
    "evaluation", "promotion", "video", "report",
}  # fmt: skip
PURE = {"pydantic", "longtake"}


def modules(*folders):
    """Paths of all modules below the folders, as they are written in the clone."""
    found = [path for folder in folders for path in sorted((CLONE / folder).rglob("*.py"))]
    return [path.relative_to(CLONE).as_posix() for path in found]


@functools.cache
def imports(path, top_level_only=False):
    """Every module that a file imports, functions included unless told otherwise."""
    return frozenset(_imports(path, top_level_only))


def _imports(path, top_level_only):
    tree = ast.parse((CLONE / path).read_text())
    nodes = _top_level(tree) if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: path = import, so no relative imports"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _top_level(tree):
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _only_for_types(node):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def _only_for_types(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(path, *names, top_level_only=False):
    return {m for m in imports(path, top_level_only) if any(m == n or m.startswith(f"{n}.") for n in names)}


@pytest.mark.parametrize("path", modules("longtake"))
def test_the_library_imports_no_pipeline_and_kfp_only_inside_the_command(path):
    assert not imported(path, "kfp", "components")
    allowed = {"longtake/cli/cluster.py", "longtake/cli/local.py", "longtake/demo/demo.py"}
    assert path in allowed or not imported(path, "pipelines")
    assert not imported(path, "pipelines", top_level_only=True)


@pytest.mark.parametrize("path", modules("longtake"))
def test_ray_and_kubernetes_appear_in_their_own_files_alone(path):
    assert path in ("longtake/engine/on_ray.py", "longtake/stages/training.py") or not imported(path, "ray")
    own = path in ("longtake/rayjob.py", "longtake/pod.py") or path.startswith("longtake/doctor/")
    assert own or not imported(path, "kubernetes")


@pytest.mark.parametrize("path", [p for p in modules("longtake") if p.split("/")[1] in CONCEPTS])
def test_a_concept_imports_no_stage_no_lake_and_no_engine(path):
    assert not imported(path, "longtake.stages", "longtake.lake", "longtake.engine", "longtake.cli")
    assert not imported(path, "boto3", "deltalake")


@pytest.mark.parametrize("path", modules("longtake/lake"))
def test_the_lake_imports_no_concept(path):
    assert not imported(path, "longtake.stages", *(f"longtake.{concept}" for concept in CONCEPTS))


@pytest.mark.parametrize("path", modules("longtake"))
def test_storage_libraries_appear_in_the_lake_alone(path):
    assert path.startswith("longtake/lake/") or not imported(
        path, "boto3", "botocore", "deltalake", "pyarrow", "duckdb"
    )


@pytest.mark.parametrize("path", modules("longtake/slicing"))
def test_slicing_knows_no_torch(path):
    assert not imported(path, "torch")


@pytest.mark.parametrize("path", [p for p in modules("longtake") if p.endswith(("config.py", "records.py"))])
def test_configs_and_records_import_the_standard_library_and_pydantic_only(path):
    roots = {module.split(".")[0] for module in imports(path)}
    assert roots <= PURE | sys.stdlib_module_names


@pytest.mark.parametrize("path", modules("components"))
def test_components_import_kfp_and_their_image_and_call_a_stage_inside_their_body(path):
    assert {m.split(".")[0] for m in imports(path, True)} <= {"kfp", "components", "longtake", "os", "typing"}
    assert not imported(path, "longtake.stages", top_level_only=True)
    assert not imported(path, "pipelines")


def test_no_folder_is_named_utils_common_or_helpers():
    names = {part for path in modules("longtake", "components", "pipelines", "benchmarks") for part in path.split("/")}
    assert not names & {"utils", "common", "helpers", "utils.py", "common.py", "helpers.py"}

"""The chart as Helm renders it, and what is to be found in that."""

import os
import subprocess
from collections.abc import Mapping
from functools import cache

import yaml

from pipelines.cluster.chart import CHART

PROFILES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
PROMETHEUS = ("monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/PrometheusRule")
NAMESPACE = "kubeflow"


class Helm:
    """What Helm makes of values: objects, notes, or a refusal. Values are a file of `ci`, or text over it, or both."""

    def __init__(self, binary, scratch):
        self.binary, self.scratch = binary, scratch
        self.environment = {"PATH": os.defpath, "HOME": str(scratch), "KUBECONFIG": "/nonexistent"}
        self.objects = cache(self._objects)

    def run(self, *args):
        return subprocess.run([self.binary, *args], env=self.environment, capture_output=True, text=True, timeout=60)

    def _objects(self, profile=None, given="", apis=PROMETHEUS, chart=CHART):
        """Every object of the release, hooks and test included; the same list for the same question."""
        asked = [f"--api-versions={api}" for api in apis]
        done = self.run("template", "longtake", str(chart), "-n", NAMESPACE, *asked, *self._files(profile, given))
        assert done.returncode == 0, done.stderr
        return [obj for obj in yaml.load_all(done.stdout, yaml.CSafeLoader) if obj]

    def lint(self, profile):
        return self.run("lint", "--strict", str(CHART), "--namespace", NAMESPACE, *self._files(profile, ""))

    def notes(self, profile=None, given="", namespace=NAMESPACE):
        """What an install says at its end."""
        files = self._files(profile, given)
        done = self.run("install", "longtake", str(CHART), "-n", namespace, "--dry-run=client", *files)
        assert done.returncode == 0, done.stderr
        return done.stdout.partition("\nNOTES:\n")[2]

    def refusal(self, given, namespace=NAMESPACE):
        """Why these values are not rendered."""
        done = self.run("template", "longtake", str(CHART), "-n", namespace, *self._files(None, given))
        assert done.returncode, f"this was rendered: {given}"
        return done.stderr

    def _files(self, profile, given):
        files = [CHART / "ci" / f"{profile}-values.yaml"] if profile else []
        if given:
            files.append(self.scratch / "given.yaml")
            files[-1].write_text(given)
        return [f"--values={file}" for file in files]


def of_kind(objects, *kinds):
    return [obj for obj in objects if obj["kind"] in kinds]


def one(objects, kind, ending=""):
    """The only object of the kind whose name ends so."""
    (found,) = [obj for obj in of_kind(objects, kind) if obj["metadata"]["name"].endswith(ending)]
    return found


def pods_of(objects):
    """Of every pod that comes of the objects: a name, its metadata, its spec."""
    for obj in objects:
        name = f"{obj['kind']} {obj['metadata']['name']}"
        if obj["kind"] == "Pod":
            yield name, obj["metadata"], obj["spec"]
        elif obj["kind"] == "Job":
            yield name, obj["spec"]["template"]["metadata"], obj["spec"]["template"]["spec"]
        elif obj["kind"] == "WorkflowTemplate":
            for template in obj["spec"]["templates"]:
                if "container" in template:
                    yield f"{name} {template['name']}", template["metadata"], _argo_pod(template, obj["spec"])


def _argo_pod(template, spec):
    """What Argo makes of a template: parts of a pod are said once for the whole workflow."""
    pod = {key: spec[key] for key in ("securityContext", "serviceAccountName", "automountServiceAccountToken")}
    pod |= {key: template[key] for key in ("volumes", "nodeSelector", "tolerations") if key in template}
    return pod | {"containers": [template["container"]], "imagePullSecrets": spec.get("imagePullSecrets")}


def flat(node, path=""):
    """Every (path, value) of a tree, from the top."""
    yield path, node
    pairs = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield from flat(value, f"{path}.{key}")

"""As much of Argo as it takes to run a WorkflowTemplate on this machine: each pod is a process."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from pipelines.argo.steps import OUTPUTS


def fill_in(template, known):
    """The template with its tags replaced: in its JSON, each value escaped as inside a string, as Argo does it."""

    def put(match):
        tag = json.loads(f'"{match[1]}"')
        return json.dumps(evaluate(tag[1:], known) if tag.startswith("=") else known[tag])[1:-1]

    return json.loads(re.sub(r"\{\{(.*?)\}\}", put, json.dumps(template)))


def evaluate(expression, known):
    """An expression of Argo; those that are used here mean the same in Python."""
    scope = SimpleNamespace()
    for name, value in known.items():
        *path, last = name.split(".")
        place = scope
        for part in path:
            if not hasattr(place, part):
                setattr(place, part, SimpleNamespace())
            place = getattr(place, part)
        setattr(place, last, value)
    functions = {"split": str.split, "replace": str.replace, "__builtins__": {}}
    return eval(expression, functions, vars(scope))


def holds(condition):
    """A `when`: two words that are the same, as far as it is used here."""
    left, right = condition.split(" == ")
    return left == right


class Workflow:
    """A run of a WorkflowTemplate: its pods one after the other, each a process."""

    def __init__(self, template, folder, **parameters):
        self.folder, self.pods, self.failures = folder, [], []
        spec = template["spec"]
        self.templates = {step["name"]: step for step in spec["templates"]}
        self.known = {"workflow.name": "longtake-curate-x7"}
        for parameter in spec["arguments"]["parameters"]:
            value = parameters.pop(parameter["name"], parameter["value"])
            self.known[f"workflow.parameters.{parameter['name']}"] = value
        assert not parameters
        self.run_template(spec["entrypoint"], {})
        self.known["workflow.status"] = "Failed" if self.failures else "Succeeded"
        self.known["workflow.failures"] = json.dumps(json.dumps(self.failures or None))
        self.run_template(spec["onExit"], {})

    def run_template(self, name, inputs):
        """A pod, or a graph of further templates; what it gave out."""
        if "dag" in self.templates[name]:
            return self.run_dag(self.templates[name]["dag"], {f"inputs.parameters.{k}": v for k, v in inputs.items()})
        return self.run_pod(name, inputs)

    def run_dag(self, dag, scope):
        for task in dag["tasks"]:
            if self.failures:
                break
            outputs = {}
            known = {**self.known, **scope}
            if not holds(fill_in(task.get("when", "true == true"), known)):
                continue
            for item in json.loads(fill_in(task, {**known, "item": "{{item}}"}).get("withParam", "[null]")):
                filled = fill_in(task, {**known, "item": item})
                parameters = filled.get("arguments", {"parameters": []})["parameters"]
                outputs = self.run_template(filled["template"], {each["name"]: each["value"] for each in parameters})
            self.known |= {f"tasks.{task['name']}.outputs.parameters.{key}": text for key, text in outputs.items()}
        return {}

    def run_pod(self, name, inputs):
        """What the pod gave out, each a file's text."""
        scope = {f"inputs.parameters.{key}": value for key, value in inputs.items()}
        pod = fill_in(self.templates[name], self.known | scope)
        scratch = f"{self.folder}/pod-{len(self.pods)}"
        command = [sys.executable, "-m", *pod["container"]["command"], *pod["container"]["args"]]
        pod["done"] = subprocess.run(
            [part.replace(OUTPUTS, scratch) for part in command],
            capture_output=True,
            text=True,
            env={**os.environ, "LONGTAKE_METRICS": "off", "LONGTAKE_WORKERS": "1"},
        )
        self.pods.append(pod)
        if pod["done"].returncode:
            message = f"Error (exit code {pod['done'].returncode})"
            self.failures.append({"displayName": name, "message": message, "phase": "Failed"})
            return {}
        outputs = pod.get("outputs", {"parameters": []})["parameters"]
        return {each["name"]: Path(each["valueFrom"]["path"].replace(OUTPUTS, scratch)).read_text() for each in outputs}

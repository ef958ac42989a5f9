"""Where Kubeflow is, whose part of it is meant, and who asks."""

import os
import re
from pathlib import Path
from typing import Any

from longtake.errors import UserError
from pipelines.cluster.values import Values

PORT_FORWARD = "kubectl port-forward -n kubeflow svc/ml-pipeline 8888:8888"
API_PORT = 8888
"""Where KFP serves its API alone; on any other port the UI is expected, which passes requests on to the API."""
TOKEN_FILE = "/var/run/secrets/kubeflow/pipelines/token"
NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
"""Both are mounted into pods."""


def find_endpoint(given: str, values: Values | None) -> str:
    endpoint = given or (values.kfp.endpoint if values else "")
    if not endpoint:
        raise UserError(
            f"where KFP is was not said; give --endpoint or set KFP_ENDPOINT: after {PORT_FORWARD} "
            f"it is http://localhost:{API_PORT}"
        )
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", endpoint):
        raise UserError(f"the KFP endpoint {endpoint!r} is not written like http://localhost:{API_PORT}")
    return endpoint.rstrip("/")


def find_namespace(given: str, values: Values | None) -> str:
    if given or values is None or not values.kfp.multi_user:
        return given
    mounted = Path(NAMESPACE_FILE)
    return os.environ.get("LONGTAKE_NAMESPACE") or (mounted.read_text().strip() if mounted.exists() else "")


def check_release(values: Values) -> None:
    """Raises UserError in a pod of a release that lies where no run will ever be: KFP with one user runs all in its own."""
    here, runs_in = os.environ.get("LONGTAKE_NAMESPACE"), values.kfp.namespace
    if values.engine == "kfp" and here and here != runs_in and not values.kfp.multi_user:
        raise UserError(
            f"this release is in the namespace {here!r}, but KFP without multi-user runs everything in {runs_in!r}, where "
            f"neither its service account nor its secrets are; install it with -n {runs_in}, or set kfp.multiUser"
        )


def authorize(config: Any) -> None:
    """Shows a token with each request: KFP_TOKEN, else the mounted one, which is read each time since it is renewed."""
    given = os.environ.get("KFP_TOKEN", "")
    path = Path(os.environ.get("KF_PIPELINES_SA_TOKEN_PATH") or TOKEN_FILE)
    if not given and not path.exists() and "KF_PIPELINES_SA_TOKEN_PATH" not in os.environ:
        return

    def show_token(config: Any) -> None:
        config.api_key["authorization"] = (given or path.read_text()).strip()

    show_token(config)
    config.api_key_prefix["authorization"] = "Bearer"
    config.refresh_api_key_hook = show_token

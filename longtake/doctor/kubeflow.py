"""The Kubeflow Pipelines server: whether it answers, and its version."""

import http.client
import json
import os
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from longtake.doctor.finding import Finding, bad, good, skipped, warn
from longtake.doctor.packages import holds

CHECK = "Kubeflow Pipelines"
OLDEST = "2.17"
"""The version that the compiled pipelines were made for; an older server may not know a field of theirs."""
TIMEOUT_S = 5.0
_ADDRESS = (
    "give the address of the API server: in the cluster http://ml-pipeline.kubeflow:8888, outside it a port-forward"
)


def find_kfp(given: str | None) -> str | None:
    """The URL of KFP's API that was given, else the one that the environment names."""
    return given or os.environ.get("KFP_ENDPOINT") or os.environ.get("KF_PIPELINES_ENDPOINT")


def look_at_kfp(url: str | None) -> Iterator[Finding]:
    """Asks the server at `url` how it is; nothing is sent but the question."""
    try:
        sdk = f"SDK {metadata.version('kfp')}"
    except metadata.PackageNotFoundError:
        sdk = "no SDK"
    if not url:
        yield skipped(CHECK, f"{sdk}; no server was named by --endpoint, KFP_ENDPOINT or KF_PIPELINES_ENDPOINT")
    elif not re.match(r"https?://[^/]", url):
        yield bad(CHECK, f"{url!r} is no http:// or https:// address", _ADDRESS)
    else:
        yield ask_kfp(url.rstrip("/"), sdk)


def ask_kfp(url: str, sdk: str) -> Finding:
    try:
        with urllib.request.urlopen(f"{url}/apis/v2beta1/healthz", timeout=TIMEOUT_S) as response:
            text = response.read(1 << 16)
    except urllib.error.HTTPError as error:
        error.close()
        return judge_refusal(url, error.code)
    except (OSError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        return judge_silence(url, cause)
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return judge_refusal(url, 401)  # a page to log in at
    return judge_answer(url, answer, sdk)


def judge_answer(url: str, answer: Mapping[str, Any], sdk: str) -> Finding:
    """The words of the API server, or of the UI's server, which hands them on under names of its own."""
    if answer.get("apiServerReady") is False:
        return bad(
            CHECK, f"{url}: the UI answers, its API server does not", "look at the pods ml-pipeline", transient=True
        )
    tag = str(answer.get("tag_name") or answer.get("apiServerTagName") or "unknown")
    users = "multi-user" if answer.get("multi_user") else "single-user"
    store = answer.get("pipeline_store") or answer.get("pipelineStore") or "database"
    found = f"server {tag}, {users}, pipelines in the {store}, {sdk}"
    if not re.match(r"v?\d", tag):
        return good(CHECK, found)
    if not holds(tag, f">={OLDEST}"):
        fix = f"upgrade the server to {OLDEST}; the pipelines are compiled for it and an older one may refuse them"
        return warn(CHECK, found, fix)
    return good(CHECK, found)


def judge_refusal(url: str, status: int) -> Finding:
    """An answer that is not what an API server says."""
    if status in (401, 403):
        fix = f"{_ADDRESS}; what lies behind the login can't be examined"
        return warn(CHECK, f"{url} asks for a login", fix)
    if status >= 500:
        return bad(CHECK, f"{url} answers {status}", "look at the pods ml-pipeline and ml-pipeline-ui", transient=True)
    return bad(CHECK, f"{url} answers {status}: no Kubeflow Pipelines is there", _ADDRESS)


def judge_silence(url: str, cause: object) -> Finding:
    """No answer at all."""
    if isinstance(cause, ssl.SSLError):
        fix = "name the authority that signed it in SSL_CERT_FILE, or correct the address"
        return bad(CHECK, f"{url}: its certificate is not trusted ({getattr(cause, 'verify_message', cause)})", fix)
    if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
        return bad(CHECK, f"{url}: no machine has this name", _ADDRESS)
    words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return bad(CHECK, f"{url} does not answer ({words})", f"see that it runs, or {_ADDRESS}", transient=True)

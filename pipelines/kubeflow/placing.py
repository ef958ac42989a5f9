"""The pod of a step, on a Kubeflow task. Kubeflow's local runner looks at none of it."""

from kfp import kubernetes
from kfp.dsl import PipelineTask

from pipelines.cluster.pod import POD_FIELDS, SCRATCH, SHM, UID, Pod, pod_of
from pipelines.cluster.values import Values

BACKOFF_S = 30


def place(task: PipelineTask, step: str, values: Values) -> PipelineTask:
    """The task with its image, pool, resources, scratch, identity, labels, time-out and retries.

    Nothing is cached: each step looks into the lake by itself for what is done, and its worth is what it writes there.
    """
    pod = pod_of(step, values)
    task.set_caching_options(False)
    task.set_container_image(pod.image)
    task.set_cpu_request(str(pod.cpu)).set_cpu_limit(str(pod.cpu))
    task.set_memory_request(pod.memory).set_memory_limit(pod.memory)
    if pod.accelerator:
        task.set_accelerator_type(pod.accelerator).set_accelerator_limit(pod.accelerators)
    if pod.retries:
        # Argo counts this from the first attempt's start. Kubeflow's default, an hour, would leave a step that is lost
        # in its second hour without another attempt.
        longest_s = (pod.retries + 1) * pod.timeout_s + BACKOFF_S * 2**pod.retries
        task.set_retry(
            pod.retries, backoff_duration=f"{BACKOFF_S}s", backoff_factor=2.0, backoff_max_duration=f"{longest_s}s"
        )
    for name, value in pod.environment.items():
        task.set_env_variable(name, value)
    _set_kubernetes(task, pod)
    return task


def _set_kubernetes(task: PipelineTask, pod: Pod) -> None:
    kubernetes.set_image_pull_policy(task, pod.pull_policy)
    if pod.pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(pod.pull_secrets))
    kubernetes.set_security_context(task, run_as_user=UID, run_as_group=UID, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, "shm", SHM, medium="Memory", size_limit=pod.shm)
    kubernetes.empty_dir_mount(task, "scratch", SCRATCH, size_limit=pod.scratch)
    kubernetes.set_timeout(task, pod.timeout_s)
    for name, (secret, key) in pod.secret_environment.items():
        kubernetes.use_secret_as_env(task, secret, {key: name})
    for name, path in POD_FIELDS.items():
        kubernetes.use_field_path_as_env(task, name, path)
    for key, value in pod.node_selector.items():
        kubernetes.add_node_selector(task, key, value)
    for toleration in pod.tolerations:
        kubernetes.add_toleration(task, **toleration)
    for key, value in pod.labels.items():
        kubernetes.add_pod_label(task, key, value)
    for key, value in pod.annotations.items():
        kubernetes.add_pod_annotation(task, key, value)

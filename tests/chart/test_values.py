"""Values that the chart refuses: by the schema with a path, and by a sentence where values do not go together."""

import pytest

from longtake.errors import UserError
from pipelines.cluster.loading import load_values
from pipelines.kubeflow.access import check_release


def scheduled(parameters, pipeline="curate", cron="0 0 2 * * *"):
    return f"schedules: {{x: {{pipeline: {pipeline}, cron: '{cron}', parameters: {parameters}}}}}"


WRONG = [
    ("engine: tekton", "/engine"),
    ("engin: kfp", "engin"),
    ("images: {media: {repository: 'Has Spaces'}}", "/images/media/repository"),
    ("images: {media: {digest: 'sha256:abc'}}", "/images/media/digest"),
    ("images: {media: {repository: 'ghcr.io/acme/media:1.0'}}", "/images/media/repository"),
    ("images: {media: {repository: 'ghcr.io:/acme/media'}}", "/images/media/repository"),
    ("images: {pullPolicy: Sometimes}", "/images/pullPolicy"),
    ("images: {pullSecrets: ['']}", "/images/pullSecrets/0"),
    ("lake: {raw: /data/raw}", "/lake/raw"),
    ("lake: {dataRoot: 's3://UPPER'}", "/lake/dataRoot"),
    ("s3: {endpoint: 'minio:9000'}", "/s3/endpoint"),
    ("s3: {credentials: password}", "/s3/credentials"),
    ("s3: {external: {refreshInterval: hourly}}", "/s3/external/refreshInterval"),
    ("serviceAccount: {name: ''}", "/serviceAccount/name"),
    ("serviceAccount: {annotations: {a: 1}}", "/serviceAccount/annotations/a"),
    ("pools: {l4: {accelerator: gpu}}", "/pools/l4/accelerator"),
    ("pools: {l4: {nodeSelectors: {}}}", "/pools/l4"),
    ("pools: {l4: {tolerations: [{effect: Never}]}}", "/pools/l4/tolerations/0/effect"),
    ("steps: {slicing: {cpu: 0}}", "/steps/slicing/cpu"),
    ("steps: {slicing: {cpu: 1.5}}", "/steps/slicing/cpu"),
    ("steps: {slicing: {memory: 8GB}}", "/steps/slicing/memory"),
    ("steps: {slicing: {memry: 8Gi}}", "/steps/slicing"),
    ("steps: {cutting: {cpu: 1}}", "/steps"),
    ("configs: {slicing: {rule: {sigmas: many}}}", "/configs/slicing/rule/sigmas"),
    ("configs: {slicing: {rule: {sigma: 3}}}", "/configs/slicing/rule"),
    ("configs: {listing: {suffixes: [mp4]}}", "/configs/listing/suffixes/0"),
    ("pipelines: {curate: {shards: 65}}", "/pipelines/curate/shards"),
    ("schedules: {nightly: {pipeline: curate, cron: '0 2 * * *'}}", "/schedules/nightly/cron"),
    ("schedules: {nightly: {pipeline: cure, cron: '0 0 2 * * *'}}", "/schedules/nightly/pipeline"),
    ("schedules: {nightly: {cron: '0 0 2 * * *'}}", "/schedules/nightly"),
    (f"schedules: {{{'n' * 44}: {{pipeline: curate, cron: '0 0 2 * * *'}}}}", "maxLength: got 44, want 43"),
    (scheduled("{shard: 4}"), "'shard' not allowed"),
    (scheduled("{shards: two}"), "/schedules/x/parameters/shards"),
    (scheduled("{shards: '2'}"), "/schedules/x/parameters/shards"),
    (scheduled("{shards: 0}"), "/schedules/x/parameters/shards"),
    (scheduled("{raw: /data}"), "/schedules/x/parameters/raw"),
    (scheduled("{slicing_config: [1]}"), "/schedules/x/parameters/slicing_config"),
    (scheduled("{slicing_config: {rule: {sigma: 3}}}"), "/schedules/x/parameters/slicing_config/rule"),
    (scheduled("{shards: 4}", "doctor"), "'shards' not allowed"),
    ("labels: {cost center: video}", "/labels"),
    ("labels: {cost-center: 12}", "/labels/cost-center"),
    ("kfp: {endpoint: 'ml-pipeline:8888'}", "/kfp/endpoint"),
    ("kfp: {multiUser: 2}", "/kfp/multiUser"),
    ("kfp: null", "missing property 'kfp'"),
    ("metrics: {port: 80}", "/metrics/port"),
    ("metrics: {interval: null}", "missing property 'interval'"),
    ("metrics: {podMonitor: {enabled: true}}", "/metrics/podMonitor/enabled"),
    ("networkPolicy: {s3: {cidrs: [everywhere]}}", "/networkPolicy/s3/cidrs/0"),
    ("networkPolicy: {s3: {ports: [0]}}", "/networkPolicy/s3/ports/0"),
    ("priorityClass: {value: 2000000000}", "/priorityClass/value"),
]

WRONG_CRONS = [
    "0 60 2 * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 32 * *", "0 0 0 1 13 *", "0 0 0 1 foo *", "0 0 0 * * 7",
    "0 0 0 * * MON-SUN", "0 0 5-3 * * *", "0 0 0 * oct-feb *", "0 */0 * * * *", "0 1,,2 * * * *", "0 100 * * * *",
    "0 1-2-3 * * * *", "0 *-5 * * * *", "0 99 25 * * *", "0 0 2 * sun *", "0 , * * * *", "0 1/ * * * *", "0 5/-1 * * * *",
]  # fmt: skip
GOOD_CRONS = [
    "0 */15 * * * *", "0 0 9 ? * 2-6", "0 30 1,13 1 JAN-Mar ?", "0 0 0 * * sun", "0  5/10 08-09  * * sun-sat", "0 0 0 31 12 0",
]  # fmt: skip

TOGETHER = [
    "steps: {slicing: {pool: l4}}",
    "steps: {slicing: {pool: l4}}\npools: {cpu: {}, h100: {}}",
    "steps: {doctor: {accelerators: 1}}",
    "steps: {doctor: {accelerators: 2, pool: cpu}, summary: {shm: 1Gi}}\npools: {cpu: {}}",
    "steps: {listing: {shm: 1Ti, memory: 900Gi}}",
    "s3: {credentials: secret}",
    "s3: {secret: {name: keys}}",
    "s3: {credentials: external, external: {store: vault}}",
    "s3: {external: {store: vault, key: a}}",
    "s3: {credentials: secret, external: {store: vault, key: a}}",
    "s3: {endpoint: 'http://minio.example.com:9000'}",
    "s3: {endpoint: 'http://minio.example.com/'}",
    "s3: {endpoint: 'https://[fd00::9]:9000'}",
    "lake: {raw: 's3://lake', dataRoot: 's3://lake/data'}",
    "lake: {raw: 's3://lake/raw/', dataRoot: 's3://lake/raw'}",
    "publish: {pool: gpu}\npools: {cpu: {}}",
    "kfp: {endpoint: 'http://ml-pipeline.kfp.svc:8888'}",
    "kfp: {endpoint: 'https://gateway.istio-system.svc.cluster.local/pipeline', namespace: kfp}",
    "labels: {longtake.io/stage: mine, cost: a}",
    *(scheduled("{}", cron=cron) for cron in WRONG_CRONS),
    "priorityClass: {create: true}",
    "resourceQuota: {enabled: true}",
    "steps: {slicing: {pool: a, shm: 8Gi}, doctor: {accelerators: 1}}\ns3: {credentials: secret}\npriorityClass: {create: true}",
]

GOOD = [
    "s3: {endpoint: 'http://minio.s3.svc:9000'}\nnetworkPolicy: {s3Namespace: s3}",
    "s3: {endpoint: 'http://minio.example.com:9000'}\nnetworkPolicy: {enabled: false}",
    "s3: {endpoint: 'https://minio.example.com/'}",
    "s3: {endpoint: 'http://[fd00::9]'}\nnetworkPolicy: {s3: {ports: [80]}}",
    "lake: {raw: 's3://lake/raw', dataRoot: 's3://lake/raw2'}",
    "global: {any: thing}",
    "images: {media: {repository: 'registry.lab:5000/a/b'}, torch: {repository: media}}",
    "kfp: {endpoint: 'http://ml-pipeline.kfp.svc:8888'}\nnetworkPolicy: {enabled: false}",
    "kfp: {endpoint: 'http://gateway.istio-system.svc'}\nnetworkPolicy: {extraEgress: [{to: [{podSelector: {}}]}]}",
    "kfp: {endpoint: 'https://kubeflow.example.com/pipeline'}",
    *(scheduled("{shards: 64, slicing_config: {rule: {sigmas: 2.0}}}", cron=cron) for cron in GOOD_CRONS),
    scheduled("{raw: 's3://acme-footage'}", "doctor"),
]


@pytest.mark.parametrize(("given", "path"), WRONG)
def test_a_wrong_value_is_refused_with_its_path(helm, given, path):
    refusal = helm.refusal(given)
    assert "don't meet the specifications of the schema" in refusal
    assert path in refusal


@pytest.mark.parametrize(("given", "_"), WRONG)
def test_python_refuses_the_same(tmp_path, given, _):
    (tmp_path / "values.yaml").write_text(given)
    with pytest.raises(UserError, match="values: "):
        load_values(tmp_path / "values.yaml")


@pytest.mark.parametrize("given", TOGETHER)
def test_what_does_not_go_together_is_refused_in_the_words_of_python(helm, tmp_path, given):
    given = f"{given}\nengine: argo"  # more templates meet these values than under kfp
    (tmp_path / "values.yaml").write_text(given)
    with pytest.raises(UserError) as refused:
        load_values(tmp_path / "values.yaml")
    (said,) = [line for line in helm.refusal(given).splitlines() if line.startswith("Error: ")]
    assert sorted(said.partition(": values: ")[2].split("; ")) == sorted(str(refused.value)[8:].split("; "))


@pytest.mark.parametrize("given", GOOD)
def test_what_goes_together_is_rendered(helm, tmp_path, given):
    (tmp_path / "values.yaml").write_text(given)
    load_values(tmp_path / "values.yaml")
    assert helm.objects(given=given)


@pytest.mark.parametrize(
    ("namespace", "given", "refused"),
    [
        ("video", "", True),
        ("video", "kfp: {multiUser: true}", False),
        ("video", "engine: argo", False),
        ("kfp", "kfp: {namespace: kfp, endpoint: 'http://ml-pipeline.kfp.svc:8888'}", False),
    ],
)
def test_a_release_that_kubeflow_would_run_nothing_of_is_refused_in_the_words_of_python(
    helm, tmp_path, monkeypatch, namespace, given, refused
):
    (tmp_path / "values.yaml").write_text(given)
    monkeypatch.setenv("LONGTAKE_NAMESPACE", namespace)
    if not refused:
        check_release(load_values(tmp_path / "values.yaml"))
        assert helm.notes(given=given, namespace=namespace)
        return
    with pytest.raises(UserError) as said:
        check_release(load_values(tmp_path / "values.yaml"))
    assert str(said.value) in helm.refusal(given, namespace=namespace)

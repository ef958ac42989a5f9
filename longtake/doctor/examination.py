"""Which looks there are, and taking them: none of them ends the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from longtake.doctor import accelerators, cluster, kubeflow, machine, media, packages, places, space
from longtake.doctor.finding import Finding, failed, skipped

Look = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A look, and the name of its finding if it fails."""

    name: str
    look: Look

    def take(self) -> list[Finding]:
        """What it finds; an error that ends it is one more finding."""
        found: list[Finding] = []
        try:
            found.extend(self.look())
        # Whatever a machine can do to a look is what it is here to tell, and the other looks must be told as well.
        except Exception as error:
            found.append(failed(self.name, error))
        return found


def plan(
    raw: str | None = None, data_root: str | None = None, kfp: str | None = None, cluster_wanted: bool | None = None
) -> list[Check]:
    """The checks in their order, none taken yet."""
    no_place = "none was named by --{0}"
    return [
        Check("python", machine.look_at_python),
        Check("processors", machine.look_at_processors),
        Check("memory", machine.look_at_memory),
        Check("shared memory", space.look_at_shared_memory),
        Check("scratch", space.look_at_scratch),
        Check("home", space.look_at_home),
        Check("metrics", machine.look_at_metrics),
        Check("packages", packages.look_at_packages),
        Check("codecs", media.look_at_codecs),
        Check("video worker", media.look_at_worker),
        Check("accelerators", accelerators.look_at_accelerators),
        Check("tables", places.look_at_tables),
        Check("raw", partial(places.look_at_raw, raw) if raw else _skip("raw", no_place.format("raw"))),
        Check(
            "data root",
            partial(places.look_at_data_root, data_root, raw)
            if data_root
            else _skip("data root", no_place.format("data-root")),
        ),
        Check("Kubeflow Pipelines", partial(kubeflow.look_at_kfp, kubeflow.find_kfp(kfp))),
        Check("cluster", partial(cluster.look_at_cluster, cluster_wanted)),
    ]


def examine(
    raw: str | None = None, data_root: str | None = None, kfp: str | None = None, cluster: bool | None = None
) -> list[Finding]:
    """Everything that can be found out here: this machine, and the places and servers that are named.

    `cluster` None looks at a cluster only where a pod's identity or a kubeconfig is. Raises nothing; at the data root an
    object is written and removed again.
    """
    return [finding for check in plan(raw, data_root, kfp, cluster) for finding in check.take()]


def _skip(name: str, why: str) -> Look:
    return lambda: [skipped(name, why)]

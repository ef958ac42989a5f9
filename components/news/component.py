from typing import NamedTuple

from kfp import dsl

from components.images import MEDIA


@dsl.component(base_image=MEDIA, install_kfp_package=False)
def news(
    raw: str,
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    family: str = "dit",
    fewest_new: int = 1,
    encoding_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> NamedTuple("News", Output=bool, new_videos=int, model=str, videos=int, encoding_config=dict):  # type: ignore[valid-type]
    """Says whether there is footage that the promoted model has not had the chance to learn from.

    Args:
        raw: Where the raw videos lie, as listing was told.
        data_root: Where tables and models are.
        metrics: Videos that are new, and that are known.
        report: The new videos, and the model in use.
        family: Family of models: the last decision about it says which footage is known.
        fewest_new: New videos that are worth a training; 0 for one in any case.
        encoding_config: Fields of EncodingStageConfig that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        Output: Whether a training is worth it; a condition finds no other name under Kubeflow's local runner.
        new_videos: How many are new.
        model: URI of the promoted model; empty where there is none.
        videos: Version of the table of videos that was looked at.
        encoding_config: The same, with the basis of the latents that the promoted model understands.
    """
    from collections import namedtuple

    from longtake.stages import kubeflow, news

    summary = kubeflow.call(
        news.run, raw=raw, data_root=data_root, family=family, fewest_new=fewest_new, encoding_config=encoding_config, run=run
    )  # fmt: skip
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path)
    News = namedtuple("News", ("Output", "new_videos", "model", "videos", "encoding_config"))
    return News(summary.news, summary.new_videos, summary.model, summary.videos, summary.encoding_config)

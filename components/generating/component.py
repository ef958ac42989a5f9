from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def generating(
    data_root: str,
    model: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    prompt: str = "",
    image: str = "",
    prompts: str = "",
    images: str = "",
    start_model: str = "",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> str:
    """Makes long films with a world model, segment by segment: state, film and dynamics in turn.

    Args:
        data_root: Where films go: rollouts/ and the table segments.
        model: URI of the world model, as owl_training gave it out.
        metrics: Segments, and of the first film its similarity to its beginning, its motion and its seams.
        report: The film with its segments, seams and drift; of several films, each with its stills.
        prompt: What the film shows.
        image: URI of the picture that it begins with.
        prompts: URI of a file of prompts instead, a film each: one a line, VBench's, WebVid's or Vript's.
        images: Folder or prefix of the pictures that a VBench-I2V file names.
        start_model: URI of a trained DiT that makes the picture from the text, where none is given.
        config: Fields of GeneratingConfig (script, sampling, drift, on_drift, encoder, batch) that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        URI of the film; of several, of the first.
    """
    from longtake.stages import generating, kubeflow

    summary = kubeflow.call(
        generating.run, data_root=data_root, model=model, prompt=prompt, image=image, prompts=prompts, images=images,
        start_model=start_model, config=config, run=run,
    )  # fmt: skip
    first = summary.films[0]
    kubeflow.publish(
        summary,
        data_root=data_root,
        metrics=metrics,
        report_path=report.path,
        films=len(summary.films),
        similarity_to_first=first["similarity_to_first"],
        flow_px=first["flow_px"],
        seam_pixel_ratio=first["seam_pixel_ratio"],
    )
    return summary.film

"""Verbs that work on this machine: the demo, a pipeline under the local runner, one step, plain files."""

import json
import sys
from pathlib import Path

import click

from longtake.cli.given import from_clone, read_mapping
from longtake.errors import EXIT_DONE, EXIT_QUARANTINED, TransientError, UserError

STEPS = (
    "listing",
    "slicing",
    "scoring",
    "selecting",
    "captioning",
    "encoding",
    "training",
    "news",
    "promoting",
    "tsa_training",
    "caption_tuning",
    "owl_training",
    "scaling_plan",
    "scaling_sweep",
    "scaling_fit",
    "generating",
    "summary",
    "doctor",
)
PIPELINES = ("curate", "doctor", "generate", "retrain", "scale", "train", "train-owl", "train-tsa", "tune-captioner")
LOCAL_PIPELINES = ("curate", "generate", "retrain", "scale", "train", "train-owl", "train-tsa", "tune-captioner")
"""What makes sense on one machine; `longtake doctor` needs no pipeline there."""


@click.command(short_help="The whole chain on real footage, against what is known.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("longtake-demo"), show_default=True)
def demo(folder: Path) -> None:
    """The whole chain on real footage: an S3 server, raw reels, the pipeline, what it found against what is known."""
    from longtake.demo import run_demo

    sys.exit(run_demo(folder))


@click.command(short_help="Runs a pipeline on this machine.")
@click.argument("pipeline", type=click.Choice(LOCAL_PIPELINES))
@click.option("--raw", required=True, help="Where the raw videos lie: s3://bucket/prefix or a folder.")
@click.option("--data-root", required=True, help="Where tables and clips go: s3://bucket/prefix or a folder.")
@click.option(
    "--shards", type=int, help="Of curate and retrain: steps that may run at once on this machine.  [default: 1]"
)
@click.option(
    "--dataset", help="Family of the dataset that is made; of what makes none, the one it reads.  [default: clips]"
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="YAML, its names as above; within each: the README of the step, or docs/.",
)
@click.option("--log", type=click.Path(path_type=Path), help="Keep the pipeline's whole output in this file.")
@click.option("--json", "as_json", is_flag=True, help="Print run, exit code, errors and what each step did as JSON.")
def run(
    pipeline: str,
    raw: str,
    data_root: str,
    shards: int | None,
    dataset: str | None,
    config_file: Path | None,
    log: Path | None,
    as_json: bool,
) -> None:
    """Runs a pipeline on this machine, under Kubeflow's own local runner. Again: what is done is skipped.

    The names that a config file may have:

    \b
    curate          listing_config, slicing_config, scoring_config,
                    selecting_config, captioning_config
    train           captioning_config, encoding_config, training_config, start
    retrain         those of curate, encoding_config, training_config,
                    promoting_config, family, fewest_new
    scale           sweep_config, samples, parts
    train-owl       owl_alignment_config, owl_generative_config,
                    owl_world_config, captioning_config, start
    train-tsa       slicing_config, scoring_config, tsa_training_config
    tune-captioner  captioning_config, caption_tuning_config
    generate        generating_config, model, prompt, image, prompts,
                    images, start_model
    """
    local = from_clone("pipelines.local")
    parameters = read_mapping(config_file)
    for name in ("raw", "data_root", "shards", "dataset"):
        if name in parameters:
            raise UserError(f"the config file {config_file} gives {name}; give it as --{name.replace('_', '-')} alone")
    given = {"raw": raw, "data_root": data_root, "shards": shards, "dataset": dataset}
    parameters |= {name: value for name, value in given.items() if value is not None}
    outcome = local.run_locally(pipeline, parameters, log=log)
    if as_json:
        click.echo(outcome.to_json())
    else:
        outcome.show()
    outcome.complain()
    sys.exit(outcome.exit_code)


class _StepCommand(click.Command):
    """Whose help, beside a step's name, lists that step's parameters."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["step"] = next((given for given in args if given in STEPS), None)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from longtake.stages.by_name import list_parameters

        if name := ctx.meta["step"]:
            with formatter.section(f"Parameters of {name}"):
                formatter.write_dl(list_parameters(name))


@click.command(cls=_StepCommand, short_help="Runs one step in this process, as a pod does.")
@click.argument("name", type=click.Choice(STEPS))
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Parameters, as YAML or JSON.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True, help="A parameter, over the file's; again: more."
)
@click.option(
    "--outputs", type=click.Path(path_type=Path, file_okay=False), help="Write a file for each output into this folder."
)
@click.option("--accept-quarantined", is_flag=True, help="Exit code 0 instead of 10.")
def step(
    name: str, config_file: Path | None, settings: tuple[str, ...], outputs: Path | None, accept_quarantined: bool
) -> None:
    """Runs one step in this process, with the same parameters that its Kubeflow component has.

    \b
    longtake step slicing --set raw=s3://footage/raw \\
        --set data_root=s3://lake/data \\
        --set 'config={"rule": {"min_clip_s": 4}}'

    `longtake step slicing --help` lists that step's parameters; components/slicing/README.md explains them.
    """
    from longtake.stages.by_name import read_settings, run_step, write_outputs
    from longtake.telemetry import log_json

    log_json()
    parameters = read_mapping(config_file) | read_settings(name, settings)
    if outputs:
        outputs.mkdir(parents=True, exist_ok=True)  # before hours of work, not after
    result = run_step(name, parameters)
    if outputs:
        write_outputs(result, outputs)
    if isinstance(result, str):
        click.echo(result)
        sys.exit(EXIT_DONE)
    click.echo(result.to_json())
    accepted = accept_quarantined and result.exit_code == EXIT_QUARANTINED
    sys.exit(EXIT_DONE if accepted else result.exit_code)


@click.command("slice")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Cut the clips into this folder.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: rule, encoding, limits, or a curate config."
)
@click.option("--json", "as_json", is_flag=True, help="One record a file, on standard output.")
def slice_(files: tuple[Path, ...], out: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Transitions and clips of video files; no lake is needed."""
    from longtake.files.slicing import show_slicings, slice_files

    slicings = slice_files(files, out=out, config=read_mapping(config_file, "slicing_config"))
    if as_json:
        click.echo(json.dumps([found.to_record() for found in slicings], indent=2))
    else:
        show_slicings(slicings)
    sys.exit(EXIT_QUARANTINED if any(found.reason for found in slicings) else EXIT_DONE)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="YAML: measuring, limits, work, or a curate config.",
)
@click.option("--json", "as_json", is_flag=True, help="One record a file, on standard output.")
def score(files: tuple[Path, ...], config_file: Path | None, as_json: bool) -> None:
    """VTSS and sub-metrics of video files; no lake is needed. Each file is taken for one clip."""
    from longtake.config import load_config
    from longtake.files.scoring import score_files, show_scores
    from longtake.selecting.config import SelectingConfig
    from longtake.stages.config import ScoringStageConfig, check_agreement

    given = read_mapping(config_file)
    curate = any(name.endswith("_config") for name in given)
    scoring = (given.get("scoring_config") or {}) if curate else given
    selecting = None
    if curate and "selecting_config" in given:  # then that decides
        selecting = load_config(SelectingConfig, given["selecting_config"] or {}, where="selecting config")
        check_agreement(load_config(ScoringStageConfig, scoring, where="scoring config"), selecting)
    scored = score_files(files, config=scoring)
    if as_json:
        click.echo(json.dumps([found.to_record() for found in scored], indent=2))
    else:
        show_scores(scored, selecting)
    sys.exit(EXIT_QUARANTINED if any(found.score.reason for found in scored) else EXIT_DONE)


@click.command(short_help="Six parts and a description of video files.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="YAML: writing, limits, work, or a curate config."
)
@click.option("--json", "as_json", is_flag=True, help="One record a file, on standard output.")
def caption(files: tuple[Path, ...], config_file: Path | None, as_json: bool) -> None:
    """Six parts and a description of video files; no lake is needed. Each file is taken for one clip: a film with cuts goes
    through `longtake slice FILE --out clips` first.

    \b
    longtake caption film.mp4                        # what can be measured, no model
    longtake caption film.mp4 --config model.yaml    # writing: {captioner: transformers, transformers: {model: PATH}}
    """
    from longtake.files.captioning import caption_files, show_captions
    from longtake.stages.captioning import PASSING

    captioned = caption_files(files, config=read_mapping(config_file, "captioning_config"))
    if as_json:
        click.echo(json.dumps([found.to_record() for found in captioned], indent=2))
    else:
        show_captions(captioned)
    reasons = [found.caption.reason for found in captioned]
    if all(reason in PASSING for reason in reasons):
        raise TransientError(f"no file has a caption: {captioned[0].caption.detail}")
    sys.exit(EXIT_QUARANTINED if any(reasons) else EXIT_DONE)

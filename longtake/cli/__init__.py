"""The `longtake` command. Every verb imports what it needs when it runs, so that `--help` costs nothing."""

import sys

import click

from longtake import __version__
from longtake.cli.advise import advise
from longtake.cli.annotate import annotate
from longtake.cli.cluster import compile_, publish, unpublish
from longtake.cli.dataset import dataset
from longtake.cli.doctor import doctor
from longtake.cli.generate import generate
from longtake.cli.lake import lake
from longtake.cli.local import caption, demo, run, score, slice_, step
from longtake.cli.models import models
from longtake.cli.runs import runs_, stop, submit
from longtake.cli.sample import sample
from longtake.cli.schedule import schedule
from longtake.cli.sweep import plan, sweep
from longtake.cli.trace import trace
from longtake.cli.train import train, train_owl, train_tsa, tune_captioner
from longtake.errors import EXIT_DONE, EXIT_USER, explain

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="longtake")
def cli() -> None:
    """Raw footage becomes a clip dataset, a video generator, and long, consistent films.

    \b
    Exit codes:
      0          done
      10         done, with some items quarantined
      20         a mistake of yours: the message says which
      30         something did not answer: try again
      1          a fault of longtake, or a run that failed (submit --wait)
      130, 143   Ctrl-C, ended by SIGTERM
    """


for verb in (
    demo,
    run,
    slice_,
    score,
    caption,
    step,
    annotate,
    train_tsa,
    tune_captioner,
    plan,
    sweep,
    advise,
    train,
    sample,
    train_owl,
    generate,
    dataset,
    models,
    trace,
    doctor,
    lake,
    compile_,
    publish,
    unpublish,
    submit,
    schedule,
    runs_,
    stop,
):
    cli.add_command(verb)


def main() -> None:
    """Runs the command; every failure that can be foreseen is one line on standard error and an exit code."""
    try:
        result = cli(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USER)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        foreseen = explain(error)
        if foreseen is None:
            raise
        click.echo(f"longtake: {foreseen[1]}", err=True)
        sys.exit(foreseen[0])
    sys.exit(result if isinstance(result, int) else EXIT_DONE)

"""The ledger of claims: what it refuses, and that its page shows what it holds and is up to date."""

from html import unescape
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from benchmarks import claims
from benchmarks.claims import CLAIMS_YAML, Ledger, escape, load_ledger, main, render, summarise
from longtake.errors import EXIT_DONE, EXIT_USER, UserError

MARKDOWN = MarkdownIt("commonmark").enable("table")

ROW = {
    "id": "K-A1",
    "paper": "Koala-36M",
    "topic": "Transition detection",
    "claim": "It finds transitions.",
    "theirs": "recall 0.9395",
    "source": "appendix",
    "trust": "second hand",
    "command": None,
    "ours": None,
    "interval": None,
    "verdict": "not yet",
}
FOUND = {"command": "longtake x", "ours": "0.91", "interval": "0.88 to 0.94"}
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" |`*_\\<>[]&~$"), min_size=1)


def write_ledger(folder: Path, *rows: dict) -> Path:
    path = folder / "claims.yaml"
    document = {"papers": {"Koala-36M": "Koala-36M (2024)"}, "claims": [dict(row) for row in rows]}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def tables_shown(page: str) -> list[list[list[str]]]:
    """Every table of the rendered page as rows of cells, each the text that a reader sees."""
    tables: list[list[list[str]]] = []
    tokens = MARKDOWN.parse(page)
    for opened, token in enumerate(tokens):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in ("th_open", "td_open"):
            parts = tokens[opened + 1].children or []
            tables[-1][-1].append("".join(part.content for part in parts if part.type in ("text", "code_inline")))
    return tables


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return load_ledger(CLAIMS_YAML)


def test_the_committed_page_is_up_to_date():
    assert main(["--check"]) == EXIT_DONE


def test_every_claim_has_an_id_of_its_own_that_begins_with_the_letter_of_its_paper(ledger):
    assert len({claim.id for claim in ledger.claims}) == len(ledger.claims)
    letters = {paper: {claim.id[0] for claim in ledger.claims if claim.paper == paper} for paper in ledger.papers}
    assert letters == {"Koala-36M": {"K"}, "Video DiT scaling laws": {"S"}, "Owl-1": {"O"}}


def test_every_claim_is_one_whole_row_of_the_rendered_page(ledger):
    columns, *tables = tables_shown(render(ledger))
    rows = [row for table in tables for row in table[1:]]
    headings = [name for name, _ in columns[1:]]
    assert all(table[0] == headings for table in tables)
    assert sorted(row[0] for row in rows) == sorted(claim.id for claim in ledger.claims)
    by_id = {row[0]: row for row in rows}
    for claim in ledger.claims:
        row = by_id[claim.id]
        assert len(row) == len(headings)
        assert row[1] == claim.claim + (f"Note: {claim.note}" if claim.note else "")
        assert (row[2], row[3], row[6]) == (claim.theirs, f"{claim.source}({claim.trust})", claim.verdict)


def test_a_measured_row_shows_its_command_figure_and_interval(tmp_path):
    path = write_ledger(tmp_path, ROW | FOUND | {"verdict": "holds", "command": "longtake x | grep `a\\|b`"})
    shown = tables_shown(render(load_ledger(path)))[1][1]
    assert shown[4:] == ["longtake x | grep `a\\|b`", "0.91(0.88 to 0.94)", "holds"]


@given(PRINTABLE)
def test_escaped_text_shows_as_itself_in_a_table_cell(text):
    shown = tables_shown(f"| a | b |\n| --- | --- |\n| {escape(text)} | x{escape(text)} |\n")
    flat = " ".join(text.split())
    assert shown[0][1] == [flat, f"x{flat}"]


def test_the_summary_counts_every_verdict(tmp_path):
    rows = [ROW, ROW | FOUND | {"id": "K-A2", "verdict": "holds"}, ROW | FOUND | {"id": "K-A3", "verdict": "holds"}]
    counted = summarise(load_ledger(write_ledger(tmp_path, *rows)).claims)
    assert counted == "3 claims: 2 hold, 0 do not hold, 0 within noise, 0 not testable here, 1 not yet"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([ROW, ROW], "K-A1 is the id of 2 claims"),
        ([ROW | {"verdikt": "holds"}], "claim K-A1: unknown key 'verdikt'; did you mean 'verdict'"),
        ([ROW | {"verdict": "probably"}], "claim K-A1: 'verdict' is 'probably'"),
        ([ROW | {"verdict": "holds"}], "'holds' needs command, ours and interval"),
        (
            [ROW | FOUND | {"verdict": "does not hold", "interval": None}],
            "'does not hold' needs command, ours and interv",
        ),
        (
            [ROW | FOUND | {"verdict": "within noise", "command": None}],
            "'within noise' needs command, ours and interval",
        ),
        ([ROW | FOUND], "'not yet' goes with no command or ours or interval"),
        ([ROW | {"verdict": "not testable here"}], "'not testable here' needs a note"),
        ([ROW | {"paper": "Koala-45M"}], "'Koala-45M' is not one of Koala-36M"),
        ([ROW | {"id": "first"}], "'id' is 'first'"),
        ([ROW | {"theirs": 0.9395}], "'theirs' is 0.9395; input should be a valid string"),
        ([ROW | {"claim": " "}], "'claim' is ' '"),
        ([{key: ROW[key] for key in ROW if key != "command"}], "'command' is missing"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_by_name(tmp_path, rows, complaint):
    with pytest.raises(UserError) as error:
        load_ledger(write_ledger(tmp_path, *rows))
    assert complaint in str(error.value)


def test_a_key_given_twice_in_a_row_is_refused(tmp_path):
    path = write_ledger(tmp_path, ROW)
    path.write_text(path.read_text() + "  verdict: holds\n")
    with pytest.raises(UserError, match="'verdict' is given twice"):
        load_ledger(path)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "papers: {", "papers: {}\n"])
def test_a_file_that_is_no_ledger_is_the_users_mistake(tmp_path, text, capsys):
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    assert main(["--data", str(path)]) == EXIT_USER
    assert str(path.name) in capsys.readouterr().err


def test_a_page_that_is_missing_or_changed_is_stale_until_it_is_written_again(tmp_path):
    data, page = write_ledger(tmp_path, ROW), tmp_path / "claims.md"
    assert main(["--data", str(data), "--check"]) == claims.EXIT_STALE
    assert not page.exists()
    assert main(["--data", str(data)]) == EXIT_DONE
    assert main(["--data", str(data), "--check"]) == EXIT_DONE
    page.write_text(page.read_text() + "a line by hand\n")
    assert main(["--data", str(data), "--check"]) == claims.EXIT_STALE


def test_every_verdict_and_every_degree_of_trust_is_explained_on_the_page(ledger):
    page = unescape(MARKDOWN.render(render(ledger)))
    for word in (*get_args(claims.Verdict), *get_args(claims.Trust)):
        assert f"<strong>{word}</strong>: " in page

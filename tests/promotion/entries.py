"""Entries for tests, in which only what matters is said."""

from longtake.promotion.entry import Entry


def entry(number, decision, model, **fields):
    plain = {
        "family": "dit", "number": number, "decision": decision, "model": model, "previous": "", "candidate": model,
        "samples": f"clips-0000aaaa.{number:08x}", "basis": f"s3://lake/latents/{number}",
        "loss": None, "previous_loss": None, "judged_on": "", "raw": "s3://raw",
        "videos": number, "by": "ann", "at": "2026-01-02T03:04:05+00:00", "reason": "so",
    }  # fmt: skip
    return Entry(**plain | fields)


def back(entries, to=None):
    from longtake.promotion.entry import roll_back

    return roll_back(entries, to, by="bob", at="2026-02-02T03:04:05+00:00", reason="it flickers")

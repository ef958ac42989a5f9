from dataclasses import replace

import pytest

from longtake.captioning.camera_claims import camera_claims
from longtake.captioning.contradictions import BRIGHT, DARK, KINDS, contradictions
from longtake.captioning.facts import Colour, Facts, Motion, Move
from longtake.captioning.schema import Parts
from tests.captioning.answers import GOOD, TEXT


def move(kind, speed="moderate", start_s=0.0, end_s=4.0):
    return Move(kind=kind, speed=None if kind == "static" else speed, rate=0.1, start_s=start_s, end_s=end_s)


STANDS = (move("static"),)


def facts(*camera, share=0.05, speed=0.02, brightness=0.35, colourfulness=20.0):
    return Facts(
        camera=camera or STANDS,
        motion=Motion(share=share, speed=speed, direction="left", steady=True),
        brightness=brightness, contrast=0.2, colourfulness=colourfulness, clarity=0.5, palette=(Colour(name="grey", share=1.0),),
    )  # fmt: skip


def kinds(text, measured, parts=None):
    return [one.kind for one in contradictions(text, parts, measured)]


CLAIMS = [
    ("The camera pans left.", ["pan left"]),
    ("The camera slowly pans to the left.", ["pan left"]),
    ("The camera pans slowly and smoothly towards the right, and a man walks left.", ["pan right"]),
    ("The shot pans from left to right along the shelf.", ["pan right"]),
    ("The camera follows her slowly from right to left.", ["pan left"]),
    ("The camera starts on her face and pans right.", ["pan right"]),
    ("The camera, mounted on a drone, tilts down.", ["tilt down"]),
    ("It is a wide shot. The camera stands at first, then tilts upwards.", ["tilt up"]),
    ("The camera pans left and then tilts up.", ["pan left", "tilt up"]),
    ("The camera zooms in on his hands.", ["zoom in"]),
    ("The camera pulls back to reveal the valley.", ["zoom out"]),
    ("The camera moves closer to the cup.", ["zoom in"]),
    ("The camera begins to zoom out.", ["zoom out"]),
    ("The camera rotates clockwise.", ["roll clockwise"]),
    ("The camera rolls counter-clockwise around its axis.", ["roll counterclockwise"]),
    ("The camera pans across the square.", ["pan"]),
    ("A slow pan to the left reveals the harbour.", ["pan left"]),
    ("There is a slow zoom in on the clock.", ["zoom in"]),
    ("The camera is steady. It pans right.", ["pan right"]),
    ("The camera does not tilt and pans left.", ["pan left"]),
    ("The camera pans left without zooming.", ["pan left"]),
    ("The camera, without tilting or zooming, pans right.", ["pan right"]),
    ("The camera not only pans left but also zooms in.", ["pan left", "zoom in"]),
    ("The camera is static.", ["static"]),
    ("The camera remains completely stationary throughout.", ["static"]),
    ("A static wide shot of a lake.", ["static"]),
    ("It is filmed with a fixed camera from a low angle.", ["static"]),
    ("The camera stays still while a car pulls to the left.", ["static"]),
    ("The camera neither pans nor tilts but stands still.", ["static"]),
    ("The camera does not move.", ["static"]),
    ("There is no camera movement, and waves roll in.", ["static"]),
    ("The viewpoint is fixed on a tripod.", ["static"]),
    ("The camera is mostly static.", ["mostly static"]),
    ("The camera holds still, locked off on a tripod.", ["static"]),
    ("The camera, which is stationary, looks down.", ["static"]),
    ("The camera is static at first and then follows the ball.", []),
    ("The camera stands still between 0.0 and 2.1 seconds.", []),
    ("The camera is not static.", []),
    ("The camera is never still.", []),
    ("The camera is still moving.", []),
    ("The camera is fixed on the man's face.", []),
    ("The camera doesn't pan, tilt or zoom.", []),
    ("There are no pans, tilts or zooms of the camera.", []),
    ("The camera follows the man without panning.", []),
    ("Rather than panning, the camera cuts the man off at the edge.", []),
    ("The camera is rolling.", []),
    ("Of pan, tilt, zoom, roll or shake there is no sign.", []),
    ("The camera moves down the street.", []),
    ("The camera moves back and forth.", []),
    ("The camera follows a man who pans for gold.", []),
    ("The camera shows a frying pan to the left of the stove.", []),
    ("The camera shows pots and pans on the left.", []),
    ("A chef moves the pan to the right and tilts it up.", []),
    ("She tilts her head to the left and zooms in on her phone.", []),
    ("The dancer turns left and remains motionless.", []),
    ("A still life with a static bird in the foreground.", []),
    ("A security camera pans left above a door.", []),
    ("He holds his camera still and then turns it to the right.", []),
    ("A stationary car blocks the road.", []),
    ("The train moves left, and the camera looks on.", []),
    ("The camera watches as she pans left with her telescope.", []),
    ('A sign says "the camera pans left".', []),
    ("A man with a camera stands still.", []),
    ("He pulls the cart to the left of the shot.", []),
    ("A man enters the frame and moves left.", []),
    ("A woman walks towards the camera and turns left.", []),
    ("Facing the camera, he tilts his head up.", []),
    ("The dancer leaves the shot and then turns right.", []),
    ("At eye level the camera pans left.", ["pan left"]),
    ("With the camera panning right, riders come into view.", ["pan right"]),
    ("A handheld camera follows them and pans left.", ["pan left"]),
    ("Throughout, the camera stands still.", ["static"]),
    ("The camera stands still from the first moment to the last.", ["static"]),
    ("As for the camera, it stands still for all of the time.", ["static"]),
]


@pytest.mark.parametrize(("said", "claimed"), CLAIMS)
def test_only_what_is_said_of_the_camera_is_a_claim(said, claimed):
    assert [claim.kind for claim in camera_claims(said)] == claimed


NOTES = [
    ("Static, eye level, medium shot.", ["static"]),
    ("Stationary.", ["static"]),
    ("Slow pan to the left.", ["pan left"]),
    ("Pans right at walking pace, then tilts down.", ["pan right", "tilt down"]),
    ("No movement; a low angle.", ["static"]),
    ("Tilts up from her shoes to her face.", ["tilt up"]),
    ("The subject moves left.", []),
    ("Medium shot, shallow focus.", []),
]


@pytest.mark.parametrize(("said", "claimed"), NOTES)
def test_in_notes_on_the_camera_it_need_not_be_named(said, claimed):
    assert [claim.kind for claim in camera_claims(said, about_camera=True)] == claimed


RIGHT, SLOW = facts(move("pan right")), facts(move("pan right", "slow"))
DAYLIGHT, NIGHTTIME = facts(brightness=0.55), facts(brightness=0.1)
COLOURFUL, WITHOUT = facts(colourfulness=50.0), facts(colourfulness=3.0)
BUSY = facts(share=0.5, speed=0.2)
TABLE = [
    ("The camera is static.", RIGHT, "static camera"),
    ("The camera is static.", SLOW, None),
    ("The camera is static.", facts(), None),
    ("The camera is static.", facts(move("handheld", "fast")), None),
    ("The camera is static.", facts(move("pan right", end_s=0.3), move("static", start_s=0.3)), None),
    ("The camera is mostly static.", facts(move("zoom in", "fast", 0, 1), move("static", start_s=1.0)), None),
    (
        "The camera is mostly static.",
        facts(move("zoom in", "fast", 0, 3), move("static", start_s=3.0)),
        "static camera",
    ),
    ("The camera remains stationary.", facts(move("tilt up", "fast")), "static camera"),
    ("The camera does not move.", facts(move("zoom out")), "static camera"),
    ("The camera is not static.", RIGHT, None),
    ("The camera pans to the left.", RIGHT, "camera direction"),
    ("The camera pans to the left.", SLOW, "camera direction"),
    ("The camera pans to the right.", RIGHT, None),
    ("The camera pans to the left.", facts(move("pan left"), move("pan right", start_s=4.0, end_s=8.0)), None),
    ("The camera tilts up.", facts(move("tilt down")), "camera direction"),
    ("The camera zooms in.", facts(move("zoom out")), "camera direction"),
    ("The camera rolls clockwise.", facts(move("roll counterclockwise")), "camera direction"),
    ("The camera does not pan left.", RIGHT, None),
    ("She pans left with her telescope.", RIGHT, None),
    ("The camera pans across the square.", facts(), "camera moves"),
    ("The camera slowly zooms in.", facts(), "camera moves"),
    ("The camera zooms in almost imperceptibly.", facts(), None),
    ("The camera pans across the square.", facts(move("handheld")), None),
    ("The chef tilts the pan to the left.", facts(), None),
    ("A man walks home at night.", DAYLIGHT, "light"),
    ("The room is dark.", DAYLIGHT, "light"),
    ("A man walks home at night.", NIGHTTIME, None),
    ("A man walks home at night.", facts(brightness=0.4), None),
    ("A woman with dark hair sits beside a night table.", DAYLIGHT, None),
    ("He wears a dark coat; a night owl looks on.", DAYLIGHT, None),
    ("The room is not dark.", DAYLIGHT, None),
    ("The light turns from bright sunlight to a street at night.", DAYLIGHT, None),
    ('A poster says "open at night".', DAYLIGHT, None),
    ("It is a sunny afternoon.", NIGHTTIME, "light"),
    ("Children play in bright daylight.", NIGHTTIME, "light"),
    ("A bright lamp hangs over the table.", NIGHTTIME, None),
    ("It is a sunny afternoon.", facts(brightness=0.3), None),
    ("It is shot in black and white.", COLOURFUL, "colour"),
    ("The scene is entirely black-and-white.", COLOURFUL, "colour"),
    ("A black and white cat sits on a chair.", COLOURFUL, None),
    ("A dancer dressed in black and white turns.", COLOURFUL, None),
    ("A black-and-white photograph hangs on the wall.", COLOURFUL, None),
    ("It is shot in black and white.", WITHOUT, None),
    ("Vivid colours dominate.", WITHOUT, "colour"),
    ("The palette is vibrant.", WITHOUT, "colour"),
    ("Muted rather than saturated colours dominate.", WITHOUT, None),
    ("Desaturated colours dominate.", WITHOUT, None),
    ("Vivid colours dominate.", COLOURFUL, None),
    ("Nothing in the street moves.", BUSY, "stillness"),
    ("There is no movement.", BUSY, "stillness"),
    ("The scene is completely still.", BUSY, "stillness"),
    ("There is no camera movement.", BUSY, None),
    ("A guard stands motionless in the crowd.", BUSY, None),
    ("A still life stands on the table.", BUSY, None),
    ("Nothing in the street moves.", facts(share=0.01, speed=0.3), None),
    ("Nothing in the street moves.", facts(share=0.9, speed=0.01), None),
]


@pytest.mark.parametrize(("said", "measured", "kind"), TABLE)
def test_a_sentence_is_held_against_what_was_measured(said, measured, kind):
    assert kinds(f"A dog barks. {said} A gate opens.", measured) == ([kind] if kind else [])
    for one in contradictions(said, None, measured):
        assert (one.said, one.kind in KINDS, bool(one.measured)) == (said, True, True)


def test_parts_are_held_against_it_too_and_each_kind_is_named_once():
    parts = Parts(**GOOD | {"camera": "Static.", "environment": "A street at night.", "movement": "No movement."})
    measured = facts(move("pan right"), share=0.5, speed=0.2, brightness=0.6)
    assert kinds("The camera is static.", measured, parts) == ["static camera", "light", "stillness"]
    said = [one.said for one in contradictions(TEXT, parts, measured)]
    assert said == ["Static.", "A street at night.", "No movement."]


def test_no_movement_among_the_notes_on_the_camera_is_said_of_the_camera():
    parts = Parts(**GOOD | {"camera": "No movement."})
    assert kinds("", BUSY, parts) == []
    assert kinds("", RIGHT, parts) == ["static camera"]


@pytest.mark.parametrize("unit", ["pan ", "vivid, ", "“a ", "camera pans slowly and "])
def test_a_sentence_without_end_is_judged_as_far_as_people_write(unit):
    long = unit * 10_000
    assert len(camera_claims(long, about_camera=True)) < 300
    contradictions(long, None, WITHOUT)


def test_a_good_caption_contradicts_nothing():
    measured = facts(move("pan right", "slow"))
    assert contradictions(TEXT, Parts(**GOOD), measured) == []
    assert contradictions(TEXT, Parts(**GOOD), replace(measured, camera=(move("pan left", "slow"),)))[0].measured == (
        "pan left, slow, 0.0 – 4.0 s"
    )


def test_what_is_measured_between_night_and_day_contradicts_neither():
    for brightness in (DARK + 0.01, BRIGHT - 0.01):
        assert kinds("It is a sunny day.", facts(brightness=brightness)) == []
        assert kinds("It is night.", facts(brightness=brightness)) == []

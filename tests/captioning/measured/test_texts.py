import cv2
import numpy as np
import pytest

from longtake.captioning.measured.texts import LONGEST, TextReader, choose_lines, clean_line


def test_lines_come_once_the_surest_reading_of_each_in_the_order_they_were_seen():
    lines = [("NEWS 24", 0.9), ("EXIT ONLY", 0.95), ("NEWS Z4", 0.86), ("NEWS 24!", 0.97)]
    assert choose_lines(lines) == ("NEWS 24!", "EXIT ONLY")


def test_unsure_and_tiny_lines_are_dropped_and_many_are_cut():
    assert choose_lines([("leaves", 0.7), ("ab", 0.99), ("...!", 0.99)]) == ()
    assert len(choose_lines([(letter * 5, 0.9) for letter in "abcdefghij"])) == 6


def test_a_line_has_no_control_characters_and_is_shortened():
    assert clean_line("a\x00b\u202ec\n\td") == "a b c d"
    assert len(clean_line("word " * 50)) <= LONGEST


def test_what_is_written_is_read():
    pytest.importorskip("rapidocr", reason="the extra ocr is not installed")
    frame = np.full((90, 320, 3), 40, np.uint8)
    cv2.putText(frame, "PLATFORM 7", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255, 255, 255), 3, cv2.LINE_AA)
    reader = TextReader()
    assert reader.read(frame[None]) == ("PLATFORM 7",)
    assert reader.read(np.full((1, 90, 320, 3), 40, np.uint8)) == ()

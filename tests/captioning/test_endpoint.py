"""The captioner that asks a server: against a real one on this machine that delays, drops, limits, fails and garbles."""

import itertools
import random
import re
import socket
import threading
import time
import zlib
from collections import Counter
from contextlib import closing

import pytest

from longtake.captioning.config import Asking, Requests
from longtake.captioning.endpoint_messages import data_urls
from longtake.captioning.endpoint_server import LARGEST_BODY
from longtake.captioning.endpoint_waiting import Closed
from longtake.errors import TransientError, UserError
from tests.captioning.model_server import (
    FAULTS,
    KEY,
    PARTS,
    TEXT,
    Exchange,
    answer_to,
    caption,
    captioner_of,
    clip,
    completion,
    serving,
    words_of,
)


def test_all_clips_end_captioned_or_with_a_reason_though_a_third_of_the_requests_fail():
    kinds, done = itertools.cycle(FAULTS), Counter()

    def behave(exchange):
        failing = random.Random(f"{zlib.crc32(exchange.body)} {exchange.attempt}").random() < 1 / 3
        kind = next(kinds) if failing else None
        done[kind] += 1
        FAULTS[kind](exchange) if kind else exchange.answer()

    with serving(behave) as server:
        written = caption(server, [clip(n) for n in range(40)], concurrency=8, timeout_s=0.6)
    assert set(done) == {None, *FAULTS}
    assert server.twice == 0
    assert server.most <= 8
    assert max(server.arrivals.values()) <= Requests().attempts
    for number, one in enumerate(written):
        if one.reason is None:
            assert one.text == " ".join(TEXT.format(**words_of(number)).split())
            assert one.parts.subject == PARTS["subject"].format(**words_of(number))
            assert (one.prompt_tokens, one.answer_tokens) == (200, 80)
            assert one.model_s > 0
        else:
            assert one.reason == "endpoint_failed"
    assert sum(one.reason is None for one in written) >= 36


def test_as_many_requests_are_under_way_as_may_be_and_over_several_calls_no_more():
    together = threading.Barrier(3)

    def behave(exchange):
        if server.arrivals.total() <= 3:
            together.wait(20)
        exchange.answer()

    with serving(behave) as server, closing(captioner_of(server, concurrency=3)) as captioner:
        calls = [threading.Thread(target=captioner, args=([clip(n), clip(n + 1)],)) for n in (0, 2, 4)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
    assert server.arrivals.total() == 12
    assert server.most == 3


def test_a_request_that_fails_in_every_attempt_ends_its_clip_alone():
    unlucky = data_urls(clip(3).frames_NHW3, 90)[0]

    def behave(exchange):
        exchange.drop() if unlucky in exchange.body.decode() else exchange.answer()

    with serving(behave) as server:
        written = caption(server, [clip(n) for n in range(6)], attempts=3)
    assert [one.reason for one in written] == [None, None, None, "endpoint_failed", None, None]
    assert sorted(server.arrivals.values()) == [1] * 10 + [3]


def test_a_refused_request_ends_its_clip_and_says_why_without_the_key():
    def behave(exchange):
        exchange.reply(400, {"error": {"message": f"too long for {exchange.headers['Authorization']}\n" + "x" * 500}})

    with serving(behave) as server:
        (written,) = caption(server, [clip(0)], environ={"LONGTAKE_ENDPOINT_KEY": KEY + "\n"})
        assert server.arrivals.total() == 1
    assert written.reason == "endpoint_refused"
    assert written.detail.startswith("status 400: too long for Bearer *** xxx")
    assert len(written.detail) <= 220


def test_what_was_said_before_a_refusal_is_kept():
    def behave(exchange):
        if len(exchange.asked["messages"][0]["content"]) > 1:
            said = answer_to(exchange.asked) if "turned down" in str(exchange.asked) else "no idea"
            exchange.reply(200, completion(said))
        else:
            exchange.reply(413, b"too large")

    with serving(behave) as server:
        (written,) = caption(server, [clip(0)])
    assert (written.reason, written.detail) == ("endpoint_refused", "status 413: too large")
    assert written.complaints == ("no_json",)
    assert written.prompt_tokens == 200


@pytest.mark.parametrize(
    ("status", "said", "headers", "advice"),
    [
        (401, {"error": {"message": "no"}}, {}, "LONGTAKE_ENDPOINT_KEY is not set"),
        (403, {}, {}, "may do"),
        (404, {"message": "The model `tiny-vlm` does not exist."}, {}, "endpoint.model"),
        (308, {}, {"Location": "https://elsewhere/v1"}, "redirects to https://elsewhere/v1"),
        (429, {"error": {"message": "You exceeded it", "code": "insufficient_quota"}}, {}, "paid"),
    ],
)
def test_what_would_fail_for_every_clip_is_the_users_mistake(status, said, headers, advice):
    with serving(lambda exchange: exchange.reply(status, said, **headers)) as server:
        with pytest.raises(UserError, match=re.escape(advice)):
            caption(server, [clip(n) for n in range(12)], concurrency=2)
        assert server.arrivals.total() <= 2


def test_a_server_that_refuses_one_request_after_the_other_refuses_all():
    with (
        serving(lambda exchange: exchange.reply(400, {"message": "At most 1 image(s) may be provided"})) as server,
        pytest.raises(UserError, match=r"takes pictures.*At most 1 image"),
    ):
        caption(server, [clip(n) for n in range(12)])


def test_a_server_that_is_gone_puts_no_clips_aside():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TransientError, match="8 requests in a row"):
        caption(f"http://127.0.0.1:{port}/v1", [clip(n) for n in range(12)], attempts=2)


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_form_of_json_that_the_server_does_not_take_is_weakened_once_and_remembered(status, caplog):
    def behave(exchange):
        form = exchange.asked.get("response_format", {}).get("type")
        if form:
            exchange.reply(status, {"error": {"message": f"'response_format' of type '{form}' is not supported"}})
        else:
            exchange.answer()

    with serving(behave) as server, closing(captioner_of(server)) as captioner:
        assert captioner([clip(0)])[0].reason is None
        assert captioner([clip(n) for n in range(1, 5)])[0].reason is None
        forms = [asked.get("response_format", {}).get("type") for asked in server.asked]
    assert forms[:2] == ["json_schema", "json_object"]
    assert set(forms[2:]) == {None}
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "response_format" in caplog.text


def test_a_server_with_other_names_for_the_limit_and_no_temperature_is_asked_in_its_own_way():
    def behave(exchange):
        if "max_tokens" in exchange.asked:
            exchange.reply(
                400, {"error": {"message": "'max_tokens' is not supported. Use 'max_completion_tokens' instead."}}
            )
        elif "temperature" in exchange.asked:
            exchange.reply(400, {"error": {"message": "'temperature' does not support 0.0 with this model."}})
        else:
            exchange.answer()

    with serving(behave) as server:
        (written,) = caption(server, [clip(0)])
    assert written.reason is None
    assert [asked.get("max_completion_tokens") for asked in server.asked] == [None, 1024, 1024, 512]


def test_a_request_has_frames_then_the_text_and_a_strict_schema_where_json_is_asked_for():
    with serving(Exchange.answer) as server:
        caption(server, [clip(0)], environ={"LONGTAKE_ENDPOINT_KEY": KEY}, asking=Asking(temperature=0.5))
    parts, text = server.asked
    assert [part["type"] for part in parts["messages"][0]["content"]] == ["image_url", "image_url", "text"]
    schema = parts["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["required"] == list(PARTS)
    assert "minLength" not in str(schema)
    assert (parts["model"], parts["temperature"], parts["max_tokens"]) == ("tiny-vlm", 0.5, 1024)
    assert [part["type"] for part in text["messages"][0]["content"]] == ["text"]
    assert "response_format" not in text


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (completion('{"subject": "A boat', finish="length"), "cut_off"),
        (completion(None, finish="length"), "cut_off"),
        (completion("", finish="content_filter"), "refusal"),
        (completion(None, refusal="I'm sorry."), "refusal"),
        (completion(None), "empty"),
    ],
)
def test_an_answer_that_is_no_caption_is_asked_for_again_with_the_reason(said, reason):
    with serving(lambda exchange: exchange.reply(200, said)) as server:
        (written,) = caption(server, [clip(0)])
    assert (written.reason, written.complaints) == (reason, (reason, reason))
    assert "An earlier answer was turned down" in str(server.asked[1])


def test_all_threads_wait_while_a_server_wants_to_be_left_alone(caplog):
    caplog.set_level("DEBUG")
    opens_s, early = [], []

    def behave(exchange):
        if not opens_s:
            opens_s.append(time.monotonic() + 0.3)
            exchange.reply(429, {}, retry_after_ms="300")
        else:
            early.append(time.monotonic() < opens_s[0])
            exchange.answer()

    with serving(behave) as server, closing(captioner_of(server, backoff_max_s=5)) as captioner:
        limited = threading.Thread(target=captioner, args=([clip(0)],))
        limited.start()
        while "status 429" not in caplog.text:
            time.sleep(0.002)
        captioner([clip(n) for n in range(1, 4)])
        limited.join()
    assert early == [False] * 8


def test_an_answer_larger_than_the_bound_is_not_read_to_its_end():
    def behave(exchange):
        exchange.reply(200, b" " * (LARGEST_BODY + 70_000), declared=10 * LARGEST_BODY)

    with serving(behave) as server:
        (written,) = caption(server, [clip(0)], attempts=1)
    assert (written.reason, written.detail) == ("endpoint_failed", f"the answer is larger than {LARGEST_BODY} bytes")


def test_an_answer_that_trickles_has_no_more_time_than_another():
    def behave(exchange):
        exchange.reply(200, b" ", declared=1000)
        while not exchange.is_abandoned():
            exchange.wfile.write(b" ")
            time.sleep(0.02)

    with serving(behave) as server:
        (written,) = caption(server, [clip(0)], attempts=1, timeout_s=0.2)
    assert (written.reason, written.detail) == ("endpoint_failed", "the answer came too slowly")


@pytest.mark.parametrize(("clips", "attempts"), [(9, 6), (1, 1)])
def test_closing_ends_what_hangs_and_what_waits_for_its_next_attempt(clips, attempts):
    def behave(exchange):
        arrived.release()
        exchange.hang() if len(server.asked) % 2 else exchange.drop()

    arrived, raised = threading.Semaphore(0), []
    with serving(behave) as server:
        captioner = captioner_of(
            server, timeout_s=600, backoff_s=600, backoff_max_s=600, concurrency=3, attempts=attempts
        )
        calling = threading.Thread(target=lambda: raised.append(_error_of(captioner, [clip(n) for n in range(clips)])))
        calling.start()
        for _ in range(min(3, clips)):
            assert arrived.acquire(timeout=20)
        captioner.close()
        calling.join(20)
        assert not calling.is_alive()
        assert isinstance(raised[0], Closed)
        for thread in threading.enumerate():
            if thread.name.startswith("endpoint"):
                thread.join(20)
                assert not thread.is_alive()


def _error_of(captioner, clips):
    try:
        return captioner(clips)
    except Closed as error:
        return error


def test_the_key_is_sent_and_shown_nowhere(caplog):
    caplog.set_level("DEBUG")
    sent, shown = [], []

    def behave(exchange):
        sent.append(exchange.headers["Authorization"])
        status = (400, 500, 200, 401)[min(len(sent), 4) - 1]
        exchange.reply(status, {"error": {"message": f"max_completion_tokens, you sent {sent[-1]}"}, "choices": []})

    with serving(behave) as server:
        captioner = captioner_of(server, environ={"LONGTAKE_ENDPOINT_KEY": KEY})
        with pytest.raises(UserError) as error:
            captioner([clip(0)])
        shown += [repr(captioner), repr(vars(captioner)), repr(vars(captioner._client)), repr(error.value), caplog.text]
    assert sent == [f"Bearer {KEY}"] * 4
    assert "***" in str(error.value)
    assert not any(KEY in text for text in shown)
    assert captioner.name == "endpoint tiny-vlm"


@pytest.mark.parametrize("url", ["http://user:sk-1@host/v1", "http://host/v1?key=sk-1", "http://host:99999999/v1"])
def test_a_url_that_is_none_or_hides_a_key_is_the_users_mistake(url):
    with pytest.raises(UserError, match=r"endpoint\.url"):
        captioner_of(url)


def test_a_key_that_cannot_be_one_is_named_by_its_variable_alone():
    with pytest.raises(UserError, match="LONGTAKE_ENDPOINT_KEY") as error:
        captioner_of("http://host/v1", environ={"LONGTAKE_ENDPOINT_KEY": "sk-1\nX-Evil: yes"})
    assert "sk-1" not in str(error.value)

"""The captioner that asks a server with OpenAI's chat completions: vLLM, SGLang, or one in a cloud."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from longtake.captioning.captioner import Written
from longtake.captioning.config import CaptioningConfig, Requests
from longtake.captioning.dialogue import converse
from longtake.captioning.endpoint_client import Client
from longtake.captioning.endpoint_messages import data_urls
from longtake.captioning.faults import Unanswered
from longtake.captioning.naming import name_of
from longtake.captioning.seen import Seen
from longtake.errors import UserError


class EndpointCaptioner:
    """Captions many clips at the same time, each by a thread that asks one question after the other.

    There are as many threads as requests may be under way, and a thread has one. The key comes from the environment.
    """

    def __init__(self, config: CaptioningConfig, requests: Requests, environ: Mapping[str, str] = os.environ) -> None:
        if config.endpoint is None:
            raise UserError("no server is named; give endpoint: {url: http://HOST:PORT/v1, model: NAME}")
        self.name = name_of(config)
        self._config = config
        self._jpeg_quality = config.endpoint.jpeg_quality
        self._client = Client(config.endpoint, requests, environ, temperature=config.asking.temperature)
        self._threads = ThreadPoolExecutor(requests.concurrency, thread_name_prefix="endpoint")
        self._fault: BaseException | None = None
        """The first; others may only follow from it."""

    def __call__(self, clips: Sequence[Seen], /) -> list[Written]:
        """One for each clip, in order. Raises UserError for a wrong key, model or URL, TransientError for a server that is gone.

        Whatever it raises, Ctrl-C too, closes the captioner.
        """
        try:
            written = [self._threads.submit(self._caption_or_end, clip) for clip in clips]
            ended, _ = wait(written, return_when=FIRST_EXCEPTION)
            if self._fault and any(one.exception() for one in ended):
                raise self._fault
        except BaseException:
            self.close()
            raise
        return [one.result() for one in written]

    def close(self) -> None:
        """Ends everything that is under way, back-off included; threads end by themselves, within moments."""
        self._client.close()
        self._threads.shutdown(wait=False)

    def _caption_or_end(self, clip: Seen) -> Written:
        """What raises for one clip would do so for all: the other threads end before they begin with the next."""
        try:
            return self._caption(clip)
        except BaseException as fault:
            self._fault = self._fault or fault
            self._client.close()
            raise

    def _caption(self, clip: Seen) -> Written:
        """All that is asked about one clip, in turn."""
        pictures: list[str] | None = None
        dialogue = converse(self._config)
        try:
            ask = next(dialogue)
            while True:
                if ask.shows and pictures is None:
                    pictures = self._pictures_of(clip)
                try:
                    answer = self._client.ask(ask, pictures or () if ask.shows else ())
                except Unanswered as fault:
                    ask = dialogue.throw(fault)
                else:
                    ask = dialogue.send(answer)
        except StopIteration as end:
            written: Written = end.value
            return written

    def _pictures_of(self, clip: Seen) -> list[str]:
        if clip.frames_NHW3 is None:
            raise ValueError("a clip for a server comes with frames; they were not asked for when it was looked at")
        return data_urls(clip.frames_NHW3, self._jpeg_quality)

"""What azure-cli sent to Azure and what Azure answered: we answer the same, or say why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import explained, replay, swagger
from conformance.cloud import Cloud, running


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    swagger.reference()
    with running(tmp_path_factory.mktemp("recordings")) as found:
        yield found


def _play(cloud: Cloud, recording: Path, chapter: explained.Chapter) -> None:
    player = replay.Player(cloud)
    player.play(replay.load(recording))
    player.tidy()
    for _, differences in player.seen:
        chapter.count(recording.stem, differences)


def test_recorded_sessions_go_the_same_way(cloud: Cloud) -> None:
    chapter = explained.Chapter(
        "recordings", "Recorded sessions", "Real traffic between azure-cli and Azure, sent again and compared answer "
        "by answer: status, headers of operations, presence and type of every member, constants, order of states.")
    for recording in sorted((swagger.reference() / "recordings").glob("*.json")):
        _play(cloud, recording, chapter)
    assert not chapter.unexplained, "\n".join(chapter.unexplained)
    assert not chapter.stale()
    explained.check(chapter)

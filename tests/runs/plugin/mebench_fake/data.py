"""A tiny data set of drawn faces whose mouth corner moves; as fast as a data set can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mebench.clip import Clip, ExactFlow, Frames, Part, Portrait, Truth
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.errors import InputError

SIZE = 64
DOMAINS = ("p", "q", "r")
SUBJECTS = 6
CLIPS = 2
COUNT = 13
ONSET, APEX, OFFSET = 2, 6, 10


class ClosedDataset:
    """Without a true answer, as recorded databases are."""

    name = "fake-closed"
    terms = Terms("CC0-1.0", may_show_frames=True, may_show_generated=True)
    domains = DOMAINS

    def clips(self, split: Split = "benchmark") -> Sequence[Clip]:
        """Two clips a subject; the first subject of each domain has a control without an action unit too."""
        found = []
        for domain in DOMAINS:
            for number in range(SUBJECTS):
                for take in range(CLIPS + (number == 0)):
                    found.append(self._clip(domain, number, take))
        return found

    def portraits(self, split: Split = "benchmark") -> Sequence[Portrait]:
        """One a subject."""
        return [self._portrait(f"{domain}{number}") for domain in DOMAINS for number in range(SUBJECTS)]

    def clip(self, key: str) -> Clip:
        """By key."""
        found = {clip.key: clip for clip in self.clips()}
        if key not in found:
            raise InputError(f"there is no clip '{key}'.")
        return found[key]

    def portrait(self, key: str) -> Portrait:
        """By key, or the onset frame of a clip."""
        if key.startswith("onset:"):
            clip = self.clip(key.removeprefix("onset:"))
            image = clip.frames.array()[clip.onset]
            return Portrait(key, self.name, clip.domain, clip.subject, "CC0-1.0", lambda: image)
        return self._portrait(key)

    def check(self) -> CheckReport:
        """Nothing can be missing."""
        return CheckReport(True, ())

    def fingerprint(self) -> str:
        """Never changes."""
        return "fake-1"

    def _clip(self, domain: str, number: int, take: int) -> Clip:
        subject = f"{domain}{number}"
        units = ("L12",) if take < CLIPS else ()
        # Every domain has a rate of its own, as real ones have.
        fps = {"p": 25.0, "q": 50.0, "r": 100.0}[domain]
        frames = Frames(COUNT, SIZE, SIZE, lambda: moving(subject, take))
        key = f"{subject}/take:{take}"
        return Clip(key, self.name, domain, subject, fps, ONSET, APEX, OFFSET, units, "CC0-1.0", frames)

    def _portrait(self, subject: str) -> Portrait:
        return Portrait(subject, self.name, subject[0], subject, "CC0-1.0", lambda: face(subject, 0.0))


class FakeDataset(ClosedDataset):
    """With the true answer."""

    name = "fake"

    def truth(self, source: str, driving: str, gain: float = 1.0) -> Truth:
        """The source's face with the driver's curve."""
        subject = self.portrait(source).subject
        clip = self.clip(driving)
        curve = gain * intensity(int(clip.key[-1]))
        mask = np.zeros((SIZE, SIZE), dtype=bool)
        mask[8:56, 12:52] = True

        def flow(frame: int, part: Part) -> ExactFlow:
            field = np.zeros((SIZE, SIZE, 2), dtype=np.float32)
            if part != "head":
                field[..., 1] = -shape() * curve[frame]
            return ExactFlow(field, mask)

        return Truth(
            frames=np.stack([face(subject, value) for value in curve]),
            fps=clip.fps,
            onset=clip.onset,
            apex=clip.apex,
            offset=clip.offset,
            action_units=np.zeros((COUNT, 26), dtype=np.float32),
            landmarks=np.tile(_landmarks(), (COUNT, 1, 1)),
            pose=np.zeros((COUNT, 6), dtype=np.float32),
            face=mask,
            flow=flow,
        )


class BrokenDataset(ClosedDataset):
    """Whose clips cannot be decoded."""

    name = "fake-broken"

    def portrait(self, key: str) -> Portrait:
        """Cannot be read."""
        raise InputError(f"the video data/{key}.avi is corrupt; export or copy it again.")


def intensity(take: int) -> np.ndarray:
    """Raised cosine from onset to offset, in pixels."""
    time = np.arange(COUNT)
    rise = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip((time - ONSET) / (OFFSET - ONSET), 0, 1))
    return np.asarray(rise * (1.5 + take), dtype=np.float32)


def moving(subject: str, take: int) -> np.ndarray:
    """uint8 [COUNT,SIZE,SIZE,3]."""
    return np.stack([face(subject, float(value)) for value in intensity(take)])


def shape() -> np.ndarray:
    """Where the face moves: a bump at the mouth corner."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    return np.asarray(np.exp(-((x - 40) ** 2 + (y - 42) ** 2) / 60.0), dtype=np.float32)


def face(subject: str, lift: float) -> np.ndarray:
    """A textured picture of ``subject`` whose mouth corner is lifted by so many pixels: uint8 [SIZE,SIZE,3]."""
    phase = (ord(subject[0]) * 7 + int(subject[1:])) * 0.7
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    y = y + lift * shape()
    channels = [np.sin(x * 0.55 + phase + c) + np.sin(y * 0.5 - phase) + np.sin((x + y) * 0.31 + c) for c in range(3)]
    return np.clip(127 + 38 * np.stack(channels, axis=-1), 0, 255).astype(np.uint8)


def _landmarks() -> np.ndarray:
    points = np.full((68, 2), 32.0, dtype=np.float32)
    points[36:42] = (22.0, 26.0)
    points[42:48] = (42.0, 26.0)
    points[48:68] = (32.0, 44.0)
    return points

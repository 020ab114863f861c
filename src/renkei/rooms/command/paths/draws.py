"""Common random numbers: one stream for each use, the same whatever else is drawn.

The numbers of a stream depend on seed, name and visit alone, so two structures that share a step's name share
its draws, request by request.  PCG64's output is fixed by its definition, on every machine.
"""

import math
from hashlib import sha256

import numpy as np

from .calendars import Floats
from .model import Work


class Streams:
    """All streams of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniform(self, name: str, visit: int, count: int) -> Floats:
        """``count`` numbers in [0, 1); a longer call begins with the same ones."""
        return self._generator(name, visit).random(count)

    def work(self, name: str, visit: int, count: int, work: Work) -> Floats:
        """``count`` times of that work, in minutes."""
        if work.spread == "fixed":
            return np.full(count, work.mean)
        if work.spread == "exponential":
            return -work.mean * np.log1p(-self.uniform(name, visit, count))
        sigma2 = math.log1p(work.cv**2)
        normal = self._generator(name, visit).standard_normal(count)
        return work.mean * np.exp(math.sqrt(sigma2) * normal - sigma2 / 2)

    def arrivals(self, kind: str, count: int, per_day: float) -> Floats:
        """Times of ``count`` arrivals at random (Poisson), in minutes."""
        gaps = -np.log1p(-self.uniform(f"{kind}/arrival", 0, count))
        return np.asarray(np.cumsum(gaps) * (1440.0 / per_day))

    def _generator(self, name: str, visit: int) -> np.random.Generator:
        digest = sha256(f"{self.seed}/{name}/{visit}".encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))

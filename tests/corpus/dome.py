"""Control of the dome."""

import math

SLEW_RATE = 2.5  # degrees a second


class Dome:
    """The dome of the Great Refractor."""

    def __init__(self, azimuth: float = 0.0) -> None:
        self.azimuth = azimuth

    # Turning takes the shorter way round.
    def seconds_to(self, azimuth: float) -> float:
        """Time to turn to an azimuth; naïve about the rail's gap at 271°."""
        way = abs(azimuth - self.azimuth) % 360
        return min(way, 360 - way) / SLEW_RATE


def air_mass(altitude: float) -> float:
    return 1 / math.sin(math.radians(altitude))

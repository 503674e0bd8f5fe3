"""From bone to how it answers to a load."""

from anatwin.simulate.compression import Compression, Squeezed

__all__ = ["Compression", "Squeezed"]

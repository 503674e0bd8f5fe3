"""Running trained networks: arrays in, arrays out.

`catalogue` finds a packaged network and proves that its file is whole; `runtime` runs it with
onnxruntime. How the networks are made is in `anatwin.train`.
"""

from anatwin.nets.catalogue import Entry, find, stamp
from anatwin.nets.runtime import Device, Network, load

__all__ = ["Device", "Entry", "Network", "find", "load", "stamp"]

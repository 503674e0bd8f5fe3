"""Label the whole head: two packaged networks, one atlas, one map."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels, Volume, head_table
from anatwin.nets import Device, find
from anatwin.ops.patches import row_slabs
from anatwin.segment.head_network import HeadNetwork
from anatwin.segment.seen import Seen
from anatwin.segment.strays import rename_strays

if TYPE_CHECKING:
    from anatwin.segment.atlas import Evidence

_ROWS = 16
"""At a time: whole heads of 0.3 mm have too many voxels for temporary copies."""


@dataclass(frozen=True, kw_only=True)
class WholeHead:
    """Label brain, jaw, chewing muscles, airway and spine in scans of any contrast.

    Two small networks see the scan at 1 mm; one names the brain's parts, the other what lies
    around it. An atlas of thirteen heads is placed and bent by what they found, and learns what
    every tissue looks like in this scan; every voxel is then named by the atlas, the networks and
    the scan's own intensities together. Where they disagree about what is inside the skull, the
    brain's parts win. Pieces that have come loose are renamed, and cervical discs take their level
    from the vertebrae.
    """

    mirror: bool = False
    """Let the networks see the mirror image too, and average: twice their time."""

    device: Device = "auto"
    """Where the networks run; auto takes a graphics card where onnxruntime finds one."""

    threads: int = 0
    """Processor threads; 0 uses every core."""

    def files(self) -> tuple[Path, ...]:
        """Return the files that the labels depend on."""
        networks = (path for network in self._networks() for path in network.files())
        return (*networks, find("head_atlas"))

    def __call__(self, volume: Volume) -> Labels:
        """Return the labels of ``volume`` on its own grid."""
        from anatwin.segment.atlas import fit, head_atlas
        from anatwin.segment.borders import follow_borders
        from anatwin.segment.fusion import fuse_head, tidy, whole_head_table

        seen = Seen.of(volume, self._networks()[0].window)
        evidence = self._evidence(seen)
        atlas = head_atlas()
        pair, uncertainty = seen.labelled(fit(atlas, evidence).slabs(evidence))
        head, face = (atlas.pairs[:, n].astype(np.uint8)[pair] for n in (0, 1))
        del pair
        rename_strays(head, head_table())
        follow_borders(volume, head, head_table())
        data = np.empty_like(head)
        for rows in row_slabs(len(data), _ROWS):
            data[rows] = fuse_head(head[rows], face[rows]).data
        del head
        tidy(data, face)
        conflict = seen.spread(_conflict(evidence))
        # Where the two networks are at odds, the outcome is not to be trusted more than half.
        np.maximum(uncertainty, 0.5, out=uncertainty, where=conflict > 0)
        return Labels(data, volume.grid, whole_head_table(), uncertainty, conflict)

    def _evidence(self, seen: Seen) -> "Evidence":
        """Return what both networks say, at 1 mm."""
        from anatwin.segment.atlas import Evidence

        head, face = (_levels(network, seen) for network in self._networks())
        return Evidence(seen.head, head, face)

    def _networks(self) -> tuple[HeadNetwork, HeadNetwork]:
        """Return the brain's network and the craniofacial one."""
        brain = HeadNetwork(mirror=self.mirror, device=self.device, threads=self.threads)
        return (brain, replace(brain, structures="craniofacial"))


def _levels(network: HeadNetwork, seen: Seen) -> NDArray[np.uint8]:
    """Return a network's probabilities, 0 to 255: a quarter of the memory."""
    levels = np.zeros((len(network.table) + 1, *seen.head.shape), np.uint8)
    for start, slab in network.slabs(seen):
        for n in range(slab.shape[1]):  # a whole slab of floats would need gigabytes
            levels[:, start + n] = np.rint(slab[:, n] * 255)
    return levels


def _conflict(evidence: "Evidence") -> NDArray[np.uint8]:
    """Return where the networks differ about what is inside the skull: what lost."""
    from anatwin.segment.fusion import fuse_head

    found = np.zeros(evidence.image.shape, np.uint8)
    for rows in row_slabs(len(found), _ROWS):
        sides = (evidence.head[:, rows], evidence.face[:, rows])
        head, face = (levels.argmax(axis=0).astype(np.uint8) for levels in sides)
        found[rows] = fuse_head(head, face).conflict
    return found

"""Label the whole head: three packaged networks, one atlas, one map."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels, Volume, head_table
from anatwin.nets import Device, find
from anatwin.ops.patches import row_slabs
from anatwin.ops.threads import available_cores
from anatwin.segment.head_network import HeadNetwork
from anatwin.segment.seen import Seen
from anatwin.segment.strays import rename_strays
from anatwin.segment.upright import ENOUGH, turned_volume, upright

if TYPE_CHECKING:
    from anatwin.segment.atlas import Evidence, Witness

_TRUST = (0.5, 0.3)
_TRUST_AFAR = 0.2
"""Powers of what the networks say, the brain's first: they see the same scan."""

log = logging.getLogger(__name__)

_ROWS = 16
"""At a time: whole heads of 0.3 mm have too many voxels for temporary copies."""


@dataclass(frozen=True, kw_only=True)
class WholeHead:
    """Label brain, jaw, chewing muscles, airway and spine in scans of any contrast.

    Three small networks see the scan: one at 2.5 mm, all of it at once; two at 1 mm, of which one
    names the brain's parts, the other what lies around it. An atlas of thirteen heads is placed
    and bent by what they found, and learns what every tissue looks like in this scan; every voxel
    is then named by the atlas, the networks and the scan's own intensities together. Where they
    disagree about what is inside the skull, the brain's parts win. Pieces that have come loose are
    renamed, and cervical discs take their level from the vertebrae. A head that lies otherwise
    than its header says is found, and turned.
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
        return (*networks, find("overview"), find("head_atlas"))

    def __call__(self, volume: Volume) -> Labels:
        """Return the labels of ``volume`` on its own grid, whichever way the head lies in it."""
        window = self._networks()[0].window
        seen = Seen.of(volume, window)
        afar, agreement = self._glance(seen.head)
        if agreement < ENOUGH:
            rotation = upright(seen.head, lambda head: self._glance(head)[1])
            if rotation is not None:
                log.warning("The head lies turned in its scan; see the check of its orientation.")
                seen = Seen.of(turned_volume(volume, rotation), window)
                afar, _ = self._glance(seen.head)
        return replace(self._labels(seen, self.evidence(seen, afar)), grid=volume.grid)

    def evidence(self, seen: Seen, afar: "Witness | None" = None) -> "Evidence":
        """Return what the networks say of an upright head.

        Parameters
        ----------
        seen
            The head.
        afar
            What was seen of it at a glance; None to look now.
        """
        from anatwin.segment.atlas import Evidence, Witness, head_atlas

        atlas = head_atlas()
        named = zip(self._both_levels(seen), (atlas.structure, atlas.region), _TRUST, strict=True)
        near = tuple(Witness(levels, of, trust) for levels, of, trust in named)
        return Evidence.of(seen.head, afar or self._glance(seen.head)[0], near)

    def _both_levels(self, seen: Seen) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return what both close networks say, side by side: one of them cannot fill two cores."""
        cores = self.threads or available_cores()
        brain, face = (replace(net, threads=max(cores // 2, 1)) for net in self._networks())
        if cores == 1:
            return _levels(brain, seen), _levels(face, seen)
        with ThreadPoolExecutor(1) as aside:
            second = aside.submit(_levels, face, seen)
            return _levels(brain, seen), second.result()

    def _labels(self, seen: Seen, evidence: "Evidence") -> Labels:
        """Return the labels of an upright head."""
        from anatwin.segment.atlas import fit, head_atlas
        from anatwin.segment.borders import follow_borders
        from anatwin.segment.closer import look_closer
        from anatwin.segment.fusion import fuse_head, tidy, whole_head_table

        atlas = head_atlas()
        fitted = fit(atlas, evidence, threads=self.threads)
        pair, uncertainty = seen.labelled(fitted.slabs(evidence))
        look_closer(seen, fitted, evidence, pair, uncertainty)
        head, face = (atlas.pairs[:, n].astype(np.uint8)[pair] for n in (0, 1))
        del pair
        rename_strays(head, head_table())
        follow_borders(seen.volume, head, head_table(), threads=self.threads)
        data = np.empty_like(head)
        for rows in row_slabs(len(data), _ROWS):
            data[rows] = fuse_head(head[rows], face[rows]).data
        del head
        tidy(data, face)
        conflict = seen.spread(_conflict(*(witness.levels for witness in evidence.near)))
        # Where the two networks are at odds, the outcome is not to be trusted more than half.
        np.maximum(uncertainty, 0.5, out=uncertainty, where=conflict > 0)
        return Labels(data, seen.volume.grid, whole_head_table(), uncertainty, conflict)

    def _glance(self, head: NDArray[np.float32]) -> tuple["Witness", float]:
        """Return what is seen from afar, and how well it fits the atlas."""
        from anatwin.segment.atlas import Witness, head_atlas, placed
        from anatwin.segment.overview import SPACING_MM, overview

        far = overview(head, device=self.device, threads=self.threads)
        atlas = head_atlas()
        agreement = placed(far.levels, atlas.centroids_mm(), SPACING_MM).agreement
        return Witness(far.levels, atlas.overview, _TRUST_AFAR, SPACING_MM, far.first_mm), agreement

    def _networks(self) -> tuple[HeadNetwork, HeadNetwork]:
        """Return the brain's network and the craniofacial one."""
        brain = HeadNetwork(mirror=self.mirror, device=self.device, threads=self.threads)
        return (brain, replace(brain, structures="craniofacial"))


def _levels(network: HeadNetwork, seen: Seen) -> NDArray[np.uint8]:
    """Return a network's probabilities, 0 to 255: a quarter of the memory."""
    levels = np.zeros((len(network.table) + 1, *seen.head.shape), np.uint8)
    for start, slab in network.slabs(seen):
        levels[:, start : start + slab.shape[1]] = np.rint(slab * 255)
    return levels


def _conflict(brain: NDArray[np.uint8], face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return where the networks differ about what is inside the skull: what lost."""
    from anatwin.segment.fusion import fuse_head

    found = np.zeros(brain.shape[1:], np.uint8)
    for rows in row_slabs(len(found), _ROWS):
        sides = (levels[:, rows].argmax(axis=0).astype(np.uint8) for levels in (brain, face))
        found[rows] = fuse_head(*sides).conflict
    return found

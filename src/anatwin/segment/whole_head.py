"""Label the whole head: two packaged networks, one map."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from anatwin.core import Labels, Volume
from anatwin.nets import Device
from anatwin.segment.head_network import HeadNetwork


@dataclass(frozen=True, kw_only=True)
class WholeHead:
    """Label brain, jaw, chewing muscles, airway and spine with two small networks of any contrast.

    Each network sees the scan at 1 mm; one names the brain's parts, the other what lies around
    it. The brain's network decides what is inside the skull, the other everything else; pieces
    that have come loose are renamed, and cervical discs take their level from the vertebrae.
    """

    mirror: bool = True
    """Label the mirror image too and average: twice the time, better, and left is right's mirror
    image whatever the networks have learned."""

    device: Device = "auto"
    """Where the networks run; auto takes a graphics card where onnxruntime finds one."""

    threads: int = 0
    """Processor threads; 0 uses every core."""

    def files(self) -> tuple[Path, ...]:
        """Return the files that the labels depend on."""
        return tuple(path for network in self._networks() for path in network.files())

    def __call__(self, volume: Volume) -> Labels:
        """Return the labels of ``volume`` on its own grid."""
        from anatwin.segment.fusion import fuse_head, tidy, whole_head_table

        brain, face = (network(volume) for network in self._networks())
        fused = fuse_head(brain.data, face.data)
        data = tidy(fused.data, face.data)
        assert brain.uncertainty is not None
        assert face.uncertainty is not None
        uncertainty = face.uncertainty.copy()
        np.copyto(uncertainty, brain.uncertainty, where=fused.from_brain)
        # Where the two are at odds, neither is to be trusted more than half.
        uncertainty[fused.conflict > 0] = np.maximum(uncertainty[fused.conflict > 0], 0.5)
        return Labels(data, volume.grid, whole_head_table(), uncertainty, fused.conflict)

    def _networks(self) -> tuple[HeadNetwork, HeadNetwork]:
        """Return the brain's network and the craniofacial one."""
        brain = HeadNetwork(mirror=self.mirror, device=self.device, threads=self.threads)
        return (brain, replace(brain, structures="craniofacial"))

"""Air of the upper airway, apart from the air of sinuses, ears and mastoids."""

import numpy as np
from scipy import ndimage

from anatwin.train.anatomist.bones import keep_parts
from anatwin.train.anatomist.head import AIR, Mask, RealHead


def upper_airway(head: RealHead) -> Mask:
    """Return the air from the nostrils to the larynx.

    Sinuses open into the nose through narrow holes: a watershed of the depth in the air closes
    them, from markers that only the one or the other can reach.
    """
    from skimage.segmentation import watershed

    air = head.structure(AIR)
    x, y, z = head.axes()
    side = np.abs(x)
    seeds = np.zeros(air.shape, np.int32)
    pharynx = (side < 14) & (y < -46) & (y > -90) & (z < -32)
    nose = (side < 9) & (y > -40) & (z < -22) & (z > -50)
    mouth = (side < 25) & (y > -46) & (z < -52)
    seeds[air & (pharynx | nose | mouth)] = 1
    maxillary = (side > 17) & (y > -50) & (z > -46)
    sphenoid = (y < -36) & (z > -20)
    above = z > -6
    behind = (y < -92) | ((side > 28) & (y < -50))
    seeds[air & (maxillary | sphenoid | above | behind)] = 2
    depth = ndimage.distance_transform_edt(air)
    parts = watershed(-depth, seeds, mask=air)  # type: ignore[no-untyped-call]
    found: Mask = parts == 1
    return keep_parts(found, share=0.03)

"""An atlas of heads, bent to a scan: where what may lie, and what it looks like in this scan.

Networks say what a scan shows, but draw borders loosely and miss what they saw too seldom. The
atlas knows from the label maps of several people what lies where in a head, and the scan's own
intensities tell its tissues apart. `fit` places the atlas on a scan by what the networks found,
bends it, and learns what every tissue looks like; `Fitted` then names every voxel by all three:
the atlas as prior, the networks and the intensities as evidence. After Ashburner and Friston 2005,
doi:10.1016/j.neuroimage.2005.02.018, and Puonti, Iglesias and Van Leemput 2016,
doi:10.1016/j.neuroimage.2016.09.011; the bending is Thirion's, doi:10.1016/S1361-8415(98)80022-4,
on several channels.
"""

from anatwin.segment.atlas.evidence import Evidence, Places, Witness
from anatwin.segment.atlas.fitting import Fitted, fit
from anatwin.segment.atlas.placing import placed
from anatwin.segment.atlas.template import HeadAtlas, head_atlas

__all__ = ["Evidence", "Fitted", "HeadAtlas", "Places", "Witness", "fit", "head_atlas", "placed"]

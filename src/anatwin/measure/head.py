"""Everything that is measured of a head beyond the size of its structures."""

from anatwin.core import Labels, Measure
from anatwin.measure.airway import airway_measures
from anatwin.measure.brain import brain_measures
from anatwin.measure.joint import joint_measures
from anatwin.measure.mandible import mandible_measures
from anatwin.measure.muscles import muscle_measures


def head_measures(labels: Labels) -> tuple[Measure, ...]:
    """Measure brain, mandible, jaw joints, chewing muscles and airway, as far as they are there."""
    return (
        *brain_measures(labels),
        *mandible_measures(labels),
        *joint_measures(labels),
        *muscle_measures(labels),
        *airway_measures(labels),
    )

"""The nouns: frozen values that cross stage boundaries. They know nothing above them."""

from anatwin.core.anatomy import Structure, anatomy, anatomy_table, anatomy_to_head
from anatwin.core.bend import Bend
from anatwin.core.body import Body
from anatwin.core.errors import (
    AnatwinError,
    GeometryError,
    InputError,
    MissingPartError,
    QualityError,
    ResourceError,
    UsageError,
)
from anatwin.core.grid import Grid
from anatwin.core.kspace import KSpace
from anatwin.core.labels import (
    Label,
    Labels,
    LabelTable,
    craniofacial_table,
    head_table,
    intracranial,
    overview_index,
    overview_table,
)
from anatwin.core.noncartesian import AnyKSpace, NonCartesian
from anatwin.core.progress import listening, track
from anatwin.core.surface import Surface
from anatwin.core.transform import Transform
from anatwin.core.twin import Check, Measure, Step, Twin
from anatwin.core.volume import Volume

__all__ = [
    "AnatwinError",
    "AnyKSpace",
    "Bend",
    "Body",
    "Check",
    "GeometryError",
    "Grid",
    "InputError",
    "KSpace",
    "Label",
    "LabelTable",
    "Labels",
    "Measure",
    "MissingPartError",
    "NonCartesian",
    "QualityError",
    "ResourceError",
    "Step",
    "Structure",
    "Surface",
    "Transform",
    "Twin",
    "UsageError",
    "Volume",
    "anatomy",
    "anatomy_table",
    "anatomy_to_head",
    "craniofacial_table",
    "head_table",
    "intracranial",
    "listening",
    "overview_index",
    "overview_table",
    "track",
]

"""Virtual patients and test objects whose truth is known exactly.

``ellipsoids`` an object whose image and k-space are both closed formulas; ``head`` and
``anatomy`` a procedural human head, a different person for every seed, ``image`` a picture of it;
``patient`` that person's raw scan; ``coils``, ``scanner`` and ``sampling`` the scanner that
measures them.
"""

from anatwin.phantoms.ellipsoids import Ellipsoid, Ellipsoids, FourierCoils, head_ellipsoids
from anatwin.phantoms.head import anatomy, head, tissues, whole_head_grid
from anatwin.phantoms.image import image
from anatwin.phantoms.patient import PATIENT_GRID, Patient, patient
from anatwin.phantoms.scanner import Scanner
from anatwin.phantoms.signal import Weighting, signal
from anatwin.phantoms.tissue import anatomical, anatomy_table, structures, tissue_table

__all__ = [
    "PATIENT_GRID",
    "Ellipsoid",
    "Ellipsoids",
    "FourierCoils",
    "Patient",
    "Scanner",
    "Weighting",
    "anatomical",
    "anatomy",
    "anatomy_table",
    "head",
    "head_ellipsoids",
    "image",
    "patient",
    "signal",
    "structures",
    "tissue_table",
    "tissues",
    "whole_head_grid",
]

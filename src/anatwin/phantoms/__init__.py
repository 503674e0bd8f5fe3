"""Virtual patients and test objects whose truth is known exactly.

``ellipsoids`` an object whose image and k-space are both closed formulas; ``head`` and
``anatomy`` a procedural human head, a different person for every seed, ``image`` a picture of it;
``patient`` that person's raw scan; ``coils``, ``scanner`` and ``sampling`` the scanner that
measures them.
``femora`` eleven upper femora in their frontal plane, of an invented shape (``parametric_outline``)
or a real surface's (``femur_section``), with the loads of daily life (``nodal_forces``), and
``coarse_scan`` what a scanner with large pixels sees of them.
"""

from anatwin.phantoms.coarse import coarse_scan
from anatwin.phantoms.ellipsoids import Ellipsoid, Ellipsoids, FourierCoils, head_ellipsoids
from anatwin.phantoms.femur import REGIONS, Femur, femora
from anatwin.phantoms.femur_loads import DAILY_LOADS, LoadCase, nodal_forces
from anatwin.phantoms.femur_outline import FemurOutline, parametric_outline
from anatwin.phantoms.femur_section import femur_section
from anatwin.phantoms.head import anatomy, head, tissues, whole_head_grid
from anatwin.phantoms.image import image
from anatwin.phantoms.patient import PATIENT_GRID, Patient, patient
from anatwin.phantoms.scanner import Scanner
from anatwin.phantoms.signal import Weighting, signal
from anatwin.phantoms.tissue import anatomical, structures, tissue_table

__all__ = [
    "DAILY_LOADS",
    "PATIENT_GRID",
    "REGIONS",
    "Ellipsoid",
    "Ellipsoids",
    "Femur",
    "FemurOutline",
    "FourierCoils",
    "LoadCase",
    "Patient",
    "Scanner",
    "Weighting",
    "anatomical",
    "anatomy",
    "coarse_scan",
    "femora",
    "femur_section",
    "head",
    "head_ellipsoids",
    "image",
    "nodal_forces",
    "parametric_outline",
    "patient",
    "signal",
    "structures",
    "tissue_table",
    "tissues",
    "whole_head_grid",
]

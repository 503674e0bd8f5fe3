"""Surface <-> VTK XML PolyData (.vtp)."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from anatwin.core import InputError, Surface
from anatwin.io.files import DEFLATE_RATIO, atomic_output, naming
from anatwin.io.titles import name_and_colour, title_of

_TITLE = "structure"


def write_vtp(surface: Surface, path: Path) -> None:
    """Write one surface as VTK XML PolyData in RAS+ [mm].

    Raises
    ------
    ResourceError
        If the file cannot be written.
    """
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    with atomic_output(path) as temporary:
        writer = vtkXMLPolyDataWriter()
        writer.SetInputData(_polydata(surface))
        writer.SetFileName(str(temporary))
        if not writer.Write() or not temporary.exists():
            raise OSError(f"VTK error {writer.GetErrorCode()}")


def _polydata(surface: Surface) -> Any:  # noqa: ANN401
    from vtkmodules.util import numpy_support
    from vtkmodules.vtkCommonCore import vtkPoints, vtkStringArray
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    convert: Any = numpy_support
    points, cells, title = vtkPoints(), vtkCellArray(), vtkStringArray()
    points.SetData(convert.numpy_to_vtk(np.ascontiguousarray(surface.vertices), deep=True))
    corners = surface.faces.astype(np.int64).ravel()
    starts = np.arange(0, corners.size + 1, 3, dtype=np.int64)
    offsets, connectivity = (convert.numpy_to_vtk(a, deep=True) for a in (starts, corners))
    cells.SetData(offsets, connectivity)
    title.SetName(_TITLE)
    title.InsertNextValue(title_of(surface))
    mesh = vtkPolyData()
    mesh.SetPoints(points)
    mesh.SetPolys(cells)
    mesh.GetFieldData().AddArray(title)
    return mesh


def read_vtp(path: Path) -> Surface:
    """Return the surface of a VTK XML PolyData file, in RAS+ [mm].

    Raises
    ------
    InputError
        If VTK cannot read it, or it is not made of triangles.
    """
    from vtkmodules.util import numpy_support

    convert: Any = numpy_support
    path = Path(path)
    with naming(path):
        _require_plausible(path)
        mesh = _read_polydata(path)
        cells = mesh.GetPolys()
        if np.any(np.diff(convert.vtk_to_numpy(cells.GetOffsetsArray())) != 3):
            raise InputError("expected triangles; triangulate the surface first.")
        corners = convert.vtk_to_numpy(cells.GetConnectivityArray()).astype(np.int64)
        vertices = convert.vtk_to_numpy(mesh.GetPoints().GetData()).copy()
        title = mesh.GetFieldData().GetAbstractArray(_TITLE)
        text = str(title.GetValue(0)) if title is not None and title.GetNumberOfValues() else ""
        return Surface(vertices, corners.reshape(-1, 3), *name_and_colour(text, path))


def _read_polydata(path: Path) -> Any:  # noqa: ANN401
    """Read with VTK; what it would print on the terminal becomes the reason to refuse."""
    from vtkmodules.vtkCommonCore import vtkLogger, vtkOutputWindow, vtkStringOutputWindow
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    usual, caught = vtkOutputWindow.GetInstance(), vtkStringOutputWindow()
    loudness = vtkLogger.GetCurrentVerbosityCutoff()
    vtkOutputWindow.SetInstance(caught)
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        reader = vtkXMLPolyDataReader()
        reader.SetFileName(str(path))
        reader.Update()
    finally:
        vtkLogger.SetStderrVerbosity(loudness)
        vtkOutputWindow.SetInstance(usual)
    mesh = reader.GetOutput()
    if caught.GetOutput() or not mesh.GetNumberOfPoints():
        raise InputError("VTK cannot read it as PolyData; it is damaged, export it again.")
    return mesh


def _require_plausible(path: Path) -> None:
    """Refuse a file that claims far more than it can hold, before VTK allocates it."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    if b"<VTKFile" not in head or b"PolyData" not in head:
        raise InputError("expected a VTK PolyData file (.vtp).")
    claims = [int(n) for n in re.findall(rb'NumberOf(?:Points|Polys)="(\d{1,18})"', head)]
    limit = path.stat().st_size * DEFLATE_RATIO
    if not claims or sum(claims) * 12 > limit:
        raise InputError("the VTP header claims more than the file can hold; it is damaged.")

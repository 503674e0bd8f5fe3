"""Surfaces <-> GLB, the binary form of glTF 2.0.

One named and coloured node per structure. glTF is in metres with y up; the vertices stay in
RAS+ [mm] and the root node holds the transform, so nothing is rounded.

References
----------
https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Surface
from anatwin.io.files import atomic_output, naming
from anatwin.io.titles import safe_name

_RAS_MM_TO_GLTF = np.array(
    [[-0.001, 0, 0, 0], [0, 0, 0.001, 0], [0, 0.001, 0, 0], [0, 0, 0, 1]], dtype=np.float64
)
"""Left, up and front [m], glTF's axes, from right, front and up [mm]."""

_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_FLOAT, _UINT32 = 5126, 5125
_DTYPES: dict[int, np.dtype[Any]] = {
    5121: np.dtype("u1"),
    5123: np.dtype("<u2"),
    _UINT32: np.dtype("<u4"),
    _FLOAT: np.dtype("<f4"),
}

Json = dict[str, Any]


def write_glb(surfaces: Sequence[Surface], path: Path) -> None:
    """Write surfaces as one GLB file.

    Raises
    ------
    ResourceError
        If the file cannot be written.
    """
    buffer = _Buffer()
    meshes = [_mesh(surface, number, buffer) for number, surface in enumerate(surfaces)]
    document = {
        "asset": {"version": "2.0", "generator": "anatwin"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            _root(len(meshes)),
            *({"name": mesh["name"], "mesh": number} for number, mesh in enumerate(meshes)),
        ],
        "meshes": meshes,
        "materials": [_material(surface) for surface in surfaces],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": buffer.size}],
    }
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("utf-8")
    text += b" " * (-len(text) % 4)
    with atomic_output(path) as temporary, temporary.open("wb") as stream:
        stream.write(struct.pack("<III", _MAGIC, 2, 28 + len(text) + buffer.size))
        stream.write(struct.pack("<II", len(text), _JSON) + text)
        stream.write(struct.pack("<II", buffer.size, _BINARY))
        stream.writelines(buffer.blobs)


class _Buffer:
    """The arrays of a file, end on end; every one is a whole number of four bytes."""

    def __init__(self) -> None:
        self.blobs: list[bytes] = []
        self.views: list[Json] = []
        self.accessors: list[Json] = []
        self.size = 0

    def add(self, array: NDArray[Any], kind: Json) -> int:
        """Append an array and return the number it goes by."""
        blob = array.tobytes()
        self.views.append({"buffer": 0, "byteOffset": self.size, "byteLength": len(blob)})
        self.accessors.append({"bufferView": len(self.blobs), "count": len(array), **kind})
        self.blobs.append(blob)
        self.size += len(blob)
        return len(self.blobs) - 1


def _mesh(surface: Surface, material: int, buffer: _Buffer) -> Json:
    vector = {"componentType": _FLOAT, "type": "VEC3"}
    vertices = surface.vertices.astype("<f4")
    bounds = {"min": vertices.min(axis=0).tolist(), "max": vertices.max(axis=0).tolist()}
    attributes = {
        "POSITION": buffer.add(vertices, vector | bounds),
        "NORMAL": buffer.add(_vertex_normals(surface), vector),
    }
    corners = surface.faces.astype("<u4").ravel()
    indices = buffer.add(corners, {"componentType": _UINT32, "type": "SCALAR"})
    primitive = {"attributes": attributes, "indices": indices, "material": material}
    return {"name": surface.name, "primitives": [primitive]}


def _root(n_children: int) -> Json:
    return {
        "name": "twin",
        "matrix": _RAS_MM_TO_GLTF.T.ravel().tolist(),
        "children": list(range(1, n_children + 1)),
        "extras": {"space_of_vertices": "RAS", "unit_of_vertices": "mm"},
    }


def _material(surface: Surface) -> Json:
    """Return a matt material; glTF colours are linear, the table's are sRGB."""
    rgb = np.array(surface.colour) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matt = {"baseColorFactor": [*linear.tolist(), 1.0], "metallicFactor": 0, "roughnessFactor": 0.8}
    return {"name": surface.name, "pbrMetallicRoughness": matt}


def _vertex_normals(surface: Surface) -> NDArray[np.float32]:
    """Return unit normals, ``vertex xyz``: the faces' mean, weighted by area."""
    a, b, c = (surface.vertices[surface.faces[:, n]].astype(np.float64) for n in range(3))
    face_normal = np.cross(b - a, c - a)
    normal = np.zeros((len(surface.vertices), 3))
    for corner in surface.faces.T:
        for axis in range(3):
            normal[:, axis] += np.bincount(corner, face_normal[:, axis], len(normal))
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.where(length > 0, normal / np.where(length > 0, length, 1), [0, 0, 1]).astype("<f4")


def read_glb(path: Path) -> tuple[Surface, ...]:
    """Return the surfaces of a GLB file, in RAS+ [mm].

    Raises
    ------
    InputError
        If it is not a GLB file of plain indexed triangles, or is damaged.
    """
    path = Path(path)
    with naming(path):
        document, binary = _read_chunks(path.read_bytes())
        try:
            return tuple(_surfaces_of(document, binary))
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"expected indexed triangles in GLB: {error}.") from error


def _read_chunks(content: bytes) -> tuple[Json, bytes]:
    try:
        magic, version, size = struct.unpack_from("<III", content)
        json_size, json_kind = struct.unpack_from("<II", content, 12)
        binary_size, binary_kind = struct.unpack_from("<II", content, 20 + json_size)
    except struct.error:
        raise InputError("expected a GLB file with two chunks; it is cut short.") from None
    kinds = (magic, version, json_kind, binary_kind)
    if kinds != (_MAGIC, 2, _JSON, _BINARY) or size != len(content):
        raise InputError("expected a GLB 2.0 file as long as its header says; it is damaged.")
    try:
        document = json.loads(content[20 : 20 + json_size])
    except (ValueError, RecursionError):
        raise InputError("the description inside the GLB file is damaged.") from None
    return document, content[28 + json_size : 28 + json_size + binary_size]


def _surfaces_of(document: Json, binary: bytes) -> list[Surface]:
    """Walk the nodes of the scene."""
    nodes = document["nodes"]
    found: list[Surface] = []
    to_visit = [(n, np.eye(4)) for n in document["scenes"][document.get("scene", 0)]["nodes"]]
    for _ in range(2 * len(nodes) + 1):
        if not to_visit:
            return found
        number, above = to_visit.pop(0)
        node = nodes[number]
        if set(node) & {"translation", "rotation", "scale"}:
            raise InputError("expected GLB nodes placed by a matrix.")
        matrix = np.reshape(node.get("matrix", np.eye(4).ravel().tolist()), (4, 4)).T
        below = above @ matrix.astype(np.float64)
        to_visit += [(child, below) for child in node.get("children", ())]
        if "mesh" in node:
            found.append(_surface(document, binary, node, below))
    raise InputError("the nodes of the GLB file are not a tree; it is damaged.")


def _surface(document: Json, binary: bytes, node: Json, to_world: NDArray[np.float64]) -> Surface:
    (primitive,) = document["meshes"][node["mesh"]]["primitives"]
    vertices = _accessor(document, binary, primitive["attributes"]["POSITION"])
    faces = _accessor(document, binary, primitive["indices"]).reshape(-1, 3).astype(np.int64)
    to_ras = np.linalg.inv(_RAS_MM_TO_GLTF) @ to_world
    if not np.allclose(to_ras, np.eye(4), atol=1e-9):
        vertices = (vertices @ to_ras[:3, :3].T + to_ras[:3, 3]).astype(np.float32)
    pbr = document["materials"][primitive["material"]]["pbrMetallicRoughness"]
    linear = np.array(pbr["baseColorFactor"][:3], dtype=np.float64).clip(0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(rgb * 255).astype(int).tolist()
    return Surface(vertices, faces, safe_name(str(node.get("name", ""))), (red, green, blue))


def _accessor(document: Json, binary: bytes, number: int) -> NDArray[Any]:
    """Return one tightly packed array; numpy refuses to read past the end of the chunk."""
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    width = {"SCALAR": 1, "VEC3": 3}[accessor["type"]]
    kind = accessor["componentType"]
    dtype = _DTYPES[kind]
    if view.get("byteStride", width * dtype.itemsize) != width * dtype.itemsize:
        raise InputError("expected tightly packed GLB arrays.")
    offset = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
    count = int(accessor["count"])
    if min(offset, count) < 0:
        raise InputError("a GLB array has a negative size; the file is damaged.")
    array = np.frombuffer(binary, dtype, count * width, offset)
    return array.reshape(-1, width) if width > 1 else array

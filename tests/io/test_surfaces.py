"""Surface files: what other programs see, and what is refused."""

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

from anatwin.core import InputError, ResourceError, Surface
from anatwin.io.surfaces import (
    read_glb,
    read_stl,
    read_vtp,
    safe_name,
    write_glb,
    write_stl,
    write_vtp,
)

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))


def box(name="jaw", colour=(10, 130, 250)) -> Surface:
    """Return a closed box of 20 x 30 x 50 mm that is nowhere near the origin."""
    mesh = trimesh.creation.box((20, 30, 50))
    vertices = (mesh.vertices + np.array([7, -40, 90])).astype(np.float32)
    return Surface(vertices, np.asarray(mesh.faces), name, colour)


class TestStl:
    def test_another_program_sees_the_same_solid(self, tmp_path):
        write_stl(box(), tmp_path / "jaw.stl")
        mesh = trimesh.load(tmp_path / "jaw.stl")
        assert mesh.is_watertight
        assert mesh.volume == pytest.approx(30_000)
        np.testing.assert_allclose(mesh.bounds, [[-3, -55, 65], [17, -25, 115]])

    def test_header_states_space_unit_and_name(self, tmp_path):
        write_stl(box(), tmp_path / "jaw.stl")
        header = (tmp_path / "jaw.stl").read_bytes()[:80]
        assert header.startswith(b"SPACE=RAS UNIT=mm")
        assert b"NAME=jaw" in header

    def test_file_of_another_program_in_lps(self, tmp_path):
        path = tmp_path / "theirs.stl"
        write_stl(box(), path)
        path.write_bytes(b"3D Slicer output. SPACE=LPS".ljust(80) + path.read_bytes()[80:])
        surface = read_stl(path)
        assert surface.name == "theirs"
        np.testing.assert_allclose(surface.vertices.mean(axis=0), [-7, 40, 90], atol=1e-4)
        assert surface.volume_mm3 == pytest.approx(30_000)

    @pytest.mark.parametrize("size", [0, 40, 83, 84, 200, 683, 685])
    def test_cut_or_padded(self, tmp_path, size):
        path = tmp_path / "jaw.stl"
        write_stl(box(), path)
        path.write_bytes((path.read_bytes() + b"xx")[:size])
        with pytest.raises(InputError, match=r"jaw\.stl"):
            read_stl(path)

    def test_header_that_lies_about_its_size(self, tmp_path):
        path = tmp_path / "jaw.stl"
        path.write_bytes(bytes(80) + struct.pack("<I", 2**32 - 1) + bytes(50))
        with pytest.raises(InputError, match="claims 4294967295 faces"):
            read_stl(path)

    def test_positions_that_are_not_numbers(self, tmp_path):
        path = tmp_path / "jaw.stl"
        path.write_bytes(bytes(80) + struct.pack("<I", 1) + struct.pack("<12fH", *[np.nan] * 12, 0))
        with pytest.raises(InputError, match="finite"):
            read_stl(path)

    def test_text_stl(self, tmp_path):
        path = tmp_path / "jaw.stl"
        path.write_text("solid jaw\nfacet normal 0 0 1\n outer loop\n" + "vertex 0 0 0\n" * 9)
        with pytest.raises(InputError, match="binary STL"):
            read_stl(path)

    def test_unwritable_folder(self, tmp_path):
        with pytest.raises(ResourceError):
            write_stl(box(), tmp_path / "absent" / "jaw.stl")

    def test_real_femur(self):
        path = DATA / "femur/ICL_MRI_femur_r.stl"
        if not path.exists():
            pytest.skip(f"real data absent: {path}")
        femur = read_stl(path)
        assert femur.is_closed
        assert 300_000 < femur.volume_mm3 < 800_000


class TestGlb:
    def test_another_program_sees_metres_with_y_up(self, tmp_path):
        write_glb([box(), box("skull")], tmp_path / "twin.glb")
        scene = trimesh.load(tmp_path / "twin.glb")
        assert {"jaw", "skull"} <= set(scene.graph.nodes)
        left, up, front = scene.bounds.T
        np.testing.assert_allclose(left, [-0.017, 0.003])
        np.testing.assert_allclose(up, [0.065, 0.115])
        np.testing.assert_allclose(front, [-0.055, -0.025])
        assert scene.to_geometry().volume == pytest.approx(6e-5)

    def test_normals_point_outwards(self, tmp_path):
        write_glb([box()], tmp_path / "twin.glb")
        mesh = trimesh.load(tmp_path / "twin.glb").geometry["jaw"]
        outwards = mesh.vertices - mesh.vertices.mean(axis=0)
        assert (np.einsum("ij,ij->i", mesh.vertex_normals, outwards) > 0).all()

    def test_file_whose_vertices_are_in_metres(self, tmp_path):
        path = tmp_path / "theirs.glb"
        trimesh.Scene({"a": trimesh.creation.box((0.02, 0.03, 0.05))}).export(path)
        document, binary = taken_apart(path)
        document["materials"] = [{"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 1]}}]
        document["meshes"][0]["primitives"][0]["material"] = 0
        put_together(path, document, binary)
        (surface,) = read_glb(path)
        np.testing.assert_allclose(np.ptp(surface.vertices, axis=0), [20, 50, 30], rtol=1e-5)
        assert surface.colour == (255, 0, 0)

    @pytest.mark.parametrize("size", [0, 10, 30, 700, -1])
    def test_cut(self, tmp_path, size):
        path = tmp_path / "twin.glb"
        write_glb([box()], path)
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(InputError, match=r"twin\.glb"):
            read_glb(path)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda d: d["accessors"][0].update(count=10**12),
            lambda d: d["accessors"][0].update(count=-1),
            lambda d: d["accessors"][2].update(count=31),
            lambda d: d["accessors"][2].update(bufferView=0),
            lambda d: d["bufferViews"][0].update(byteOffset=-4),
            lambda d: d["nodes"][0].update(children=[0]),
            lambda d: d["nodes"][0].update(children=[0, 0, 0]),
            lambda d: d["nodes"][0].update(children="ab"),
            lambda d: d["nodes"][0].update(matrix=[1, 2]),
            lambda d: d["nodes"][1].update(rotation=[0, 0, 0, 1]),
            lambda d: d.update(meshes=[]),
            lambda d: d.pop("scenes"),
        ],
    )
    def test_description_that_lies(self, tmp_path, damage):
        path = tmp_path / "twin.glb"
        write_glb([box()], path)
        document, binary = taken_apart(path)
        damage(document)
        put_together(path, document, binary)
        with pytest.raises(InputError, match=r"twin\.glb") as error:
            read_glb(path)
        assert "\n" not in str(error.value)


def taken_apart(path: Path) -> tuple[dict, bytes]:
    content = path.read_bytes()
    (size,) = struct.unpack_from("<I", content, 12)
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def put_together(path: Path, document: dict, binary: bytes) -> None:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    path.write_bytes(
        struct.pack("<III", 0x46546C67, 2, 28 + len(text) + len(binary))
        + struct.pack("<II", len(text), 0x4E4F534A)
        + text
        + struct.pack("<II", len(binary), 0x004E4942)
        + binary
    )


class TestVtp:
    @pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.8])
    def test_cut(self, tmp_path, part, capfd):
        path = tmp_path / "jaw.vtp"
        write_vtp(box(), path)
        content = path.read_bytes()
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(InputError, match=r"jaw\.vtp"):
            read_vtp(path)
        assert capfd.readouterr().err == ""

    @pytest.mark.parametrize("claim", [10, 10**5, 10**15])
    def test_header_that_lies_about_its_size(self, tmp_path, claim):
        path = tmp_path / "jaw.vtp"
        write_vtp(box(), path)
        honest = b'NumberOfPoints="8"'
        assert honest in path.read_bytes()
        lie = b'NumberOfPoints="%d"' % claim
        path.write_bytes(path.read_bytes().replace(honest, lie))
        with pytest.raises(InputError, match=r"jaw\.vtp"):
            read_vtp(path)

    def test_something_else(self, tmp_path):
        path = tmp_path / "jaw.vtp"
        path.write_bytes(b"\x89PNG" * 100)
        with pytest.raises(InputError, match="PolyData"):
            read_vtp(path)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("jaw", "jaw"),
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\temp\\x", "C_temp_x"),
        ("white matter\0", "white_matter"),
        ("...", "surface"),
        ("", "surface"),
        ("x" * 500, "x" * 64),
    ],
)
def test_names_from_files_are_plain_file_names(name, plain):
    assert safe_name(name) == plain


def test_name_in_a_glb_cannot_leave_its_folder(tmp_path):
    write_glb([box("../../evil")], tmp_path / "twin.glb")
    assert read_glb(tmp_path / "twin.glb")[0].name == "evil"

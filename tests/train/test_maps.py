import nibabel as nib
import numpy as np
import pytest

from anatwin.core import InputError, anatomy_table, craniofacial_table, head_table
from anatwin.train.maps import fill_air, load_prepared, outside, prepare, read_map
from anatwin.train.numbering import (
    AIR,
    FINE,
    N_STRUCTURES,
    SKIN,
    STRUCTURE_OF,
    fine_index,
    from_head,
    from_sources,
)


def write(path, data, affine=None):
    image = nib.Nifti1Image(data.astype(np.int16), np.eye(4) if affine is None else affine)
    nib.save(image, path)
    return path


def toy_head():
    """Return a block of skin and flesh around two half brains, an airway open below and a speck."""
    head = np.zeros((60, 64, 56), np.int16)
    head[6:54, 8:56, :48] = 511
    head[10:50, 12:52, :44] = 507
    head[14:30, 16:48, 20:40] = 2
    head[30:46, 16:48, 20:40] = 41
    head[27:33, 29:35, 0:16] = 0  # airway, cut open at the neck
    head[20, 20, 10] = 0  # a speck
    return head


class TestNumbering:
    def test_every_structure_of_the_head_table_has_a_tissue(self):
        assert set(STRUCTURE_OF.tolist()) == set(range(N_STRUCTURES))

    def test_head_numbers_survive(self):
        numbers = np.arange(N_STRUCTURES)
        assert np.array_equal(STRUCTURE_OF[from_head()[numbers]], numbers)

    def test_no_source_number_is_claimed_twice(self):
        sources = [n for fine in FINE for n in fine.sources]
        assert len(sources) == len(set(sources))

    def test_mirroring_twice_is_nothing(self):
        mirror = head_table().mirrored()
        assert np.array_equal(mirror[mirror], np.arange(N_STRUCTURES))

    @pytest.mark.parametrize(
        ("number", "structure"), [(2, 1), (41, 2), (16, 13), (10, 5), (60, 6), (511, 19), (136, 7)]
    )
    def test_known_numbers(self, number, structure):
        assert STRUCTURE_OF[from_sources()[number]] == structure


class TestAir:
    def test_airway_open_below_is_inside(self):
        empty = toy_head() == 0
        reached = outside(empty)
        assert not reached[30, 32, 8]
        assert reached[0, 0, 0]
        assert reached[30, 32, 55]

    def test_airway_becomes_air_and_a_speck_takes_what_surrounds_it(self):
        fine = from_sources()[toy_head()]
        filled = fill_air(fine)
        assert filled[30, 32, 8] == fine_index("air", AIR)
        assert STRUCTURE_OF[filled[20, 20, 10]] == 20
        assert filled[1, 1, 1] == 0


class TestReading:
    def test_orientation_of_the_file_does_not_matter(self, tmp_path):
        head = toy_head()
        straight = read_map(write(tmp_path / "a.nii.gz", head))
        affine = np.diag([-1.0, 1.0, 1.0, 1.0])
        affine[0, 3] = head.shape[0] - 1
        flipped = read_map(write(tmp_path / "b.nii.gz", head[::-1], affine))
        assert np.array_equal(straight.data, flipped.data)

    def test_voxels_of_two_millimetres_become_one(self, tmp_path):
        coarse = np.full((17, 19, 23), 3)
        path = write(tmp_path / "coarse.nii.gz", coarse, np.diag([2.0, 2.0, 2.0, 1.0]))
        assert read_map(path).data.shape == (34, 38, 46)

    def test_skin_is_split_in_layers_of_one_structure(self, tmp_path):
        head = read_map(write(tmp_path / "a.nii.gz", toy_head()))
        layers = {"skin", "scalp"}
        present = {FINE[n].tissue for n in np.unique(head.data)}
        assert layers <= present
        assert (STRUCTURE_OF[head.data] == SKIN).sum() == (toy_head() == 511).sum()

    def test_unknown_numbers_are_refused(self, tmp_path):
        path = write(tmp_path / "a.nii.gz", np.full((5, 6, 7), 999))
        with pytest.raises(InputError, match=r"999.*freesurfer"):
            read_map(path)

    def test_prepared_maps_come_back(self, tmp_path):
        path = write(tmp_path / "a.nii.gz", toy_head())
        (ready,) = prepare([path], tmp_path / "cache")
        loaded, fresh = load_prepared(ready), read_map(path)
        assert loaded.name == "a"
        assert np.array_equal(loaded.data, fresh.data)
        assert (STRUCTURE_OF[loaded.data[tuple(loaded.seeds.T)]] > 0).all()

    def test_two_maps_of_one_name_are_refused(self, tmp_path):
        paths = [
            write(tmp_path / n / "a.nii.gz", toy_head())
            for n in ("x", "y")
            if not (tmp_path / n).mkdir()
        ]
        with pytest.raises(InputError, match="different file names"):
            prepare(paths, tmp_path / "cache")


class TestRegions:
    def completed(self):
        """Return the toy head with a muscle on each side and the rest left to the label map."""
        anatomy = np.zeros(toy_head().shape, np.int16)
        anatomy[10:14, 20:30, 10:20] = anatomy_table()["masseter_left"].index
        anatomy[46:50, 20:30, 10:20] = anatomy_table()["masseter_right"].index
        anatomy[20:24, 20:24, 2:6] = anatomy_table()["disc_c3_c4"].index
        return anatomy

    def prepared(self, folder):
        for name in ("maps", "completed"):
            (folder / name).mkdir()
        path = write(folder / "maps" / "a.nii.gz", toy_head())
        write(folder / "completed" / "a.nii.gz", self.completed())
        (ready,) = prepare([path], folder / "cache", regions=folder / "completed")
        return load_prepared(ready)

    def test_a_completed_map_is_what_is_taught(self, tmp_path):
        head = self.prepared(tmp_path)
        assert head.table == craniofacial_table()
        counts = np.bincount(head.truth().ravel(), minlength=30)
        names = {"masseter_left": 400, "masseter_right": 400, "cervical_disc": 64}
        found = {name: int(counts[craniofacial_table()[name].index]) for name in names}
        assert found == names

    def test_what_it_leaves_open_follows_from_the_label_map(self, tmp_path):
        head = self.prepared(tmp_path)
        brain = np.isin(STRUCTURE_OF[head.data], (1, 2))
        assert (head.regions[brain] == craniofacial_table()["brain"].index).all()
        air = STRUCTURE_OF[head.data] == AIR
        assert air.any()
        assert (head.regions[air] == craniofacial_table()["air"].index).all()

    def test_another_shape_is_refused(self, tmp_path):
        path = write(tmp_path / "a.nii.gz", toy_head())
        other = write(tmp_path / "b.nii.gz", self.completed()[:, :, :-1])
        with pytest.raises(InputError, match="must have the shape"):
            read_map(path, regions=other)

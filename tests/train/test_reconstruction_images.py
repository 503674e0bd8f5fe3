import nibabel as nib
import numpy as np
import pytest

from anatwin.core import InputError
from anatwin.io.fastmri import read_fastmri
from anatwin.ops.fourier import fft
from anatwin.train.augmentation import Augmentation, smooth_phase
from anatwin.train.batches import Simulation, measure, random_coils
from anatwin.train.images import cut, read_stacks
from anatwin.train.masks import draw_acceleration, draw_lines, draw_points, gaussian_lines


def blob(shape=(36, 44, 52)):
    axes = (np.linspace(-1, 1, n) for n in shape)
    i, j, k = np.meshgrid(*axes, indexing="ij")
    return (1000.0 * np.exp(-3 * (i**2 + j**2 + k**2))).astype(np.float32)


class TestStacks:
    def test_even_voxels_are_cut_along_all_axes_and_thick_ones_across_slices(self):
        even = cut(blob(), (1.0, 1.1, 1.0), name="even")
        assert [stack.slices.shape for stack in even] == [(36, 44, 52), (44, 36, 52), (52, 36, 44)]
        (thick,) = cut(blob(), (0.5, 3.0, 0.5), name="thick")
        assert thick.slices.shape == (44, 36, 52)
        assert (thick.name, thick.side) == ("thick", 36)

    def test_brightness_is_one_whatever_the_unit(self):
        one, other = (cut(gain * blob(), (1, 1, 3), name="x")[0] for gain in (1e-4, 1e5))
        assert one.slices.dtype == np.float16
        np.testing.assert_allclose(one.slices, other.slices, atol=2e-3)
        assert 0.5 < one.slices.max() < 3.0

    def test_faint_slices_are_left_out(self):
        (stack,) = cut(blob((36, 44, 30)), (1, 1, 3), name="x")
        assert 0 < len(stack.useful) < 30
        assert 15 in stack.useful

    def test_standardised_images_are_lifted(self):
        (stack,) = cut(blob() - 200.0, (1, 1, 3), name="x")
        assert stack.slices.min() == 0

    def test_files_and_folders_are_found_and_left_out(self, tmp_path):
        for name in ("a.nii", "b.nii.gz", "b_mask.nii.gz"):
            nib.save(nib.Nifti1Image(blob(), np.diag([1, 1, 3, 1])), tmp_path / name)
        frames = np.stack([blob(), 2 * blob()], 3)
        nib.save(nib.Nifti1Image(frames, np.diag([1, 1, 3, 1])), tmp_path / "frames.nii.gz")
        (tmp_path / "notes.txt").write_text("not an image")
        stacks = read_stacks((tmp_path, tmp_path / "a.nii"), exclude=("mask",))
        assert [stack.name for stack in stacks] == [
            "a.nii",
            "b.nii.gz",
            "frames.nii.gz",
            "frames.nii.gz",
            "a.nii",
        ]
        assert stacks[0] is stacks[-1]
        with pytest.raises(InputError, match="all of them excluded"):
            read_stacks((tmp_path,), exclude=("",))

    def test_undersampled_k_space_is_refused_and_a_whole_one_taken(self, tmp_path):
        import h5py

        data = fft(blob().transpose(2, 0, 1), (1, 2)).astype(np.complex64)
        for name, measured in (("whole", np.ones(44)), ("part", np.arange(44) % 2)):
            with h5py.File(tmp_path / f"{name}.h5", "w") as file:
                file["kspace"] = data * measured.astype(np.float32)
                file["ismrmrd_header"], file["mask"] = HEADER, measured
        assert read_fastmri(tmp_path / "whole.h5").mask.all()
        (stack,) = read_stacks((tmp_path / "whole.h5",))
        assert np.iscomplexobj(stack.slices)
        with pytest.raises(InputError, match="fully sampled"):
            read_stacks((tmp_path / "part.h5",))


HEADER = """<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding>
<encodedSpace><matrixSize><x>36</x><y>44</y><z>1</z></matrixSize>
<fieldOfView_mm><x>36</x><y>44</y><z>3</z></fieldOfView_mm></encodedSpace>
<reconSpace><matrixSize><x>36</x><y>44</y><z>1</z></matrixSize>
<fieldOfView_mm><x>36</x><y>44</y><z>3</z></fieldOfView_mm></reconSpace>
<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>43</maximum>
<center>22</center></kspace_encoding_step_1></encodingLimits>
</encoding></ismrmrdHeader>"""


class TestAugmentation:
    @pytest.mark.parametrize("shape", [(24, 40), (64, 30), (20, 72)])
    def test_slices_have_the_asked_shape_and_about_unit_brightness(self, shape):
        stacks = cut(blob(), (1, 1, 1), name="x")
        slices = [
            Augmentation().slice(stacks, shape, np.random.default_rng(seed)) for seed in range(12)
        ]
        assert all(x.shape == shape and x.dtype == np.complex64 for x in slices)
        assert 0.3 < np.median([np.abs(x).max() for x in slices]) < 3.0

    def test_the_same_chance_gives_the_same_slice_and_an_offset_its_neighbour(self):
        stacks = cut(blob(), (1, 1, 1), name="x")[:1]
        one, same, next_one = (
            Augmentation().slice(stacks, (32, 40), np.random.default_rng(5), offset=n)
            for n in (0, 0, 1)
        )
        assert np.array_equal(one, same)
        assert not np.array_equal(one, next_one)
        assert np.linalg.norm(one - next_one) < 0.5 * np.linalg.norm(one)

    def test_phase_is_smooth_and_random(self):
        phases = [smooth_phase((40, 60), np.random.default_rng(seed)) for seed in range(3)]
        assert all(np.abs(np.diff(p, axis=1)).max() < 0.6 for p in phases)
        assert not np.allclose(phases[0], phases[1])


class TestMasks:
    def test_gaussian_lines_hold_the_middle_and_the_acceleration(self):
        lines = gaussian_lines(256, 8, seed=3)
        assert lines.sum() == 32
        assert lines[124:132].all()

    @pytest.mark.parametrize("seed", range(6))
    def test_random_masks_fit(self, seed):
        rng = np.random.default_rng(seed)
        lines, points = draw_lines(96, rng), draw_points((48, 64), rng)
        assert lines.shape == (1, 96)
        assert points.shape == (48, 64)
        assert 0.05 < lines.mean() < 0.7
        assert 0.05 < points.mean() < 0.7
        assert points[24, 32]
        assert 2 <= draw_acceleration(rng) <= 10


class TestScans:
    def test_everything_measured_is_the_truth(self):
        rng = np.random.default_rng(0)
        truth = (rng.random((2, 10, 14)) + 1j).astype(np.complex64)
        whole = measure(truth, np.ones((2, 10, 14), np.bool_), rng=rng)
        np.testing.assert_allclose(whole.scan.seen[:, 0], truth, atol=1e-5)

    def test_noise_has_its_size(self):
        rng = np.random.default_rng(0)
        truth = np.zeros((2, 60, 70), np.complex64)
        noisy = measure(truth, np.ones((2, 1, 1), np.bool_), rng=rng, noise=np.array([0.0, 0.2]))
        spread = noisy.scan.seen[:, 0].real.std((1, 2))
        np.testing.assert_allclose(spread, [0.0, 0.2], rtol=0.05)

    def test_coils_have_unit_sum_of_squares(self):
        coils = random_coils((20, 30), 3, np.random.default_rng(1))
        np.testing.assert_allclose((np.abs(coils) ** 2).sum(1), 1.0, atol=1e-5)

    def test_a_seed_is_a_batch(self):
        stacks = cut(blob(), (1, 1, 1), name="x")
        simulation = Simulation(
            line_shapes=((24, 40),), point_shapes=((32, 28),), pixels=3000, several_coils=0.5
        )
        one, same, other = (simulation.batch(stacks, (seed,)) for seed in (4, 4, 5))
        assert np.array_equal(one.truth, same.truth)
        assert np.array_equal(one.scan.seen, same.scan.seen)
        assert one.truth.shape != other.truth.shape or not np.array_equal(one.truth, other.truth)

    def test_consecutive_slices_are_neighbours(self):
        stacks = cut(blob(), (1, 1, 1), name="x")[:1]
        simulation = Simulation(
            line_shapes=((24, 40),), points=0.0, pixels=2880, consecutive=True, noisy=0.0
        )
        truth = simulation.batch(stacks, (2,)).truth.numpy()
        assert len(truth) == 3
        assert np.linalg.norm(truth[1] - truth[0]) < 0.5 * np.linalg.norm(truth[0])

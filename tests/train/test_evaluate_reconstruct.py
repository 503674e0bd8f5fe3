import numpy as np

from anatwin.core import Volume
from anatwin.reconstruct import ZeroFilled
from anatwin.train.evaluate_reconstruct import comparison, evaluate, undersampled


def discs(shape=(48, 40, 14)):
    i, j = (np.linspace(-1.2, 1.2, n) for n in shape[:2])
    disc = 90.0 * (np.hypot(i[:, None], j[None]) < 0.8)
    return (disc[..., None] * np.linspace(0.5, 1.0, shape[2])).astype(np.float32)


def test_every_slice_has_a_pattern_and_a_phase_of_its_own():
    kspace, truth = undersampled(discs(), 4, seed=3)
    np.testing.assert_allclose(np.abs(truth.data), discs(), rtol=1e-5)
    assert abs(kspace.acceleration - 4) < 0.05
    assert kspace.mask.shape == (48, 40, 14)
    assert not np.array_equal(kspace.mask[..., 0], kspace.mask[..., 1])
    assert not np.allclose(np.angle(truth.data[24, 20, 0]), np.angle(truth.data[24, 20, 1]))


def test_the_table_says_how_far_a_method_is_ahead():
    def twice_as_good(kspace):
        _, truth = undersampled(discs(), float(round(kspace.acceleration)))
        return Volume((ZeroFilled()(kspace).data + truth.data) / 2, truth.grid)

    scores = evaluate(discs(), {"better": twice_as_good})
    names = [(score.method, score.acceleration) for score in scores]
    assert names == [("zero-filled", 4), ("better", 4), ("zero-filled", 8), ("better", 8)]
    assert scores[1].psnr_db > scores[0].psnr_db + 5
    assert scores[1].ssim > scores[0].ssim
    lines = comparison(scores, "better").splitlines()
    assert len(lines) == 6
    assert lines[2].startswith("| 4x | zero-filled | 14 | ")
    assert float(lines[2].split("|")[6]) > 5

from itertools import pairwise

import numpy as np
import pytest
import torch

from anatwin.train.batches import measure, random_coils
from anatwin.train.cascade import (
    Block,
    Cascade,
    CascadeShape,
    as_channels,
    refine,
)
from anatwin.train.cascade_state import cascade_state
from anatwin.train.scan import Scan, share_samples

TINY = CascadeShape(cascades=3, convolutions=3, features=4, strides=(1,))


def batch(shape=(12, 18), *, coils=False, noise=0.0, lines=True, count=2):
    rng = np.random.default_rng(3)
    truth = rng.standard_normal((2, count, *shape)).astype(np.float32)
    truth = (truth[0] + 1j * truth[1]).astype(np.complex64)
    masks = rng.random((count, 1 if lines else shape[0], shape[1])) < 0.5
    masks[..., 0] = True
    maps = random_coils(shape, count, rng) if coils else None
    return measure(truth, masks, rng=rng, noise=np.full(count, noise), coils=maps)


class TestDataConsistency:
    @pytest.mark.parametrize("lines", [True, False])
    @pytest.mark.parametrize("weight", [0.5, None])
    def test_is_the_published_formula(self, lines, weight):
        made = batch(lines=lines, noise=0.3)
        image = torch.randn(2, 12, 18, dtype=torch.complex64)
        mask = made.scan.mask.expand(2, 12, 18)
        ours, measured = torch.fft.fft2(image), torch.fft.fft2(made.scan.seen[:, 0])
        mean = measured if weight is None else (ours + weight * measured) / (1 + weight)
        expected = torch.fft.ifft2(torch.where(mask, mean, ours))
        trust = 1.0 if weight is None else weight / (1 + weight)
        assert torch.allclose(image + trust * made.scan.misfit(image), expected, atol=1e-5)

    @pytest.mark.parametrize("consistency", ["fixed", "trained", "infinite"])
    def test_noisy_samples_count_only_where_measured(self, consistency):
        made = batch(noise=0.2)
        shape = CascadeShape(cascades=1, convolutions=2, features=4, consistency=consistency)
        model = Cascade(shape)
        cleaned = refine(model.block(0), made.scan.combined(made.scan.seen), [])
        ours, before = (torch.fft.fft2(x) for x in (model(made.scan), cleaned))
        missing = ~made.scan.mask.expand(2, 12, 18)
        assert torch.allclose(ours[missing], before[missing], atol=1e-4)

    @pytest.mark.parametrize("lines", [True, False])
    def test_with_infinite_weight_measured_samples_are_the_input(self, lines):
        made = batch(lines=lines)
        model = Cascade(CascadeShape(cascades=2, features=4, consistency="infinite"))
        mask = made.scan.mask.expand(2, 12, 18)
        ours, measured = torch.fft.fft2(model(made.scan)), torch.fft.fft2(made.scan.seen[:, 0])
        assert torch.allclose(ours[mask], measured[mask], atol=1e-4)

    def test_everything_measured_by_several_coils_is_the_truth(self):
        made = batch(coils=True)
        whole = Scan(made.scan.coils * made.truth[:, None], torch.ones(2, 1, 1), made.scan.coils)
        image = torch.randn(2, 12, 18, dtype=torch.complex64)
        assert torch.allclose(image + whole.misfit(image), made.truth, atol=1e-5)

    def test_several_coils_move_the_image_to_the_samples(self):
        made = batch(coils=True, lines=False)
        scan, image = made.scan, torch.zeros(2, 12, 18, dtype=torch.complex64)
        far = [(image - made.truth).norm()]
        for _ in range(5):
            image = image + scan.misfit(image)
            far.append((image - made.truth).norm())
        assert all(b < a for a, b in pairwise(far))

    @pytest.mark.parametrize("coils", [False, True])
    def test_conjugate_gradients_reach_the_minimum(self, coils):
        scan, trust = batch(coils=coils, noise=0.1).scan, torch.tensor(0.8)
        image = torch.randn(2, 12, 18, dtype=torch.complex64)
        best = scan.consistent(image, trust, coil_steps=30)
        left = scan.misfit(best) - (1 / trust - 1) * (best - image)
        assert left.abs().max() < 1e-4
        once = scan.consistent(image, trust)
        assert torch.allclose(once, best, atol=1e-4) == (not coils)


class TestWeights:
    @pytest.mark.parametrize("coils", [False, True])
    def test_the_weight_of_the_samples_is_trained_and_stays_positive(self, coils):
        made = batch(noise=0.5, coils=coils)
        state = cascade_state(TINY)
        before = [state.model.trust(coils=kind).detach().clone() for kind in (coils, not coils)]
        (state.model(made.scan) - made.truth).abs().square().mean().backward()
        weights = state.model.log_coil_weights if coils else state.model.log_weights
        assert weights.grad is not None
        assert (weights.grad != 0).all()
        state.optimiser.step()
        after = [state.model.trust(coils=kind) for kind in (coils, not coils)]
        assert (after[0] != before[0]).all()
        assert torch.equal(after[1], before[1])
        with torch.no_grad():
            weights.fill_(-50.0)
        assert (state.model.trust(coils=coils) > 0).all()

    def test_a_fixed_weight_is_no_parameter(self):
        model = Cascade(CascadeShape(cascades=2, consistency="fixed", weight=4.0))
        assert model.trust().tolist() == pytest.approx([0.8, 0.8])
        assert "log_weights" not in dict(model.named_parameters())

    def test_separate_weights_are_separate(self):
        made = batch()
        model = Cascade(TINY)
        storage = {weight.data_ptr() for weight in model.blocks.parameters()}
        assert len(storage) == 3 * 6
        before = model(made.scan)
        second = [weight.clone() for weight in model.block(1).parameters()]
        with torch.no_grad():
            for weight in model.block(0).parameters():
                weight.add_(0.1)
        assert not torch.allclose(model(made.scan), before)
        unchanged = zip(model.block(1).parameters(), second, strict=True)
        assert all(torch.equal(one, other) for one, other in unchanged)

    def test_shared_weights_are_one_network(self):
        model = Cascade(CascadeShape(cascades=4, features=4, strides=(1,), shared=True))
        assert model.block(0) is model.block(3)
        assert model(batch().scan).shape == (2, 12, 18)


class TestBlock:
    def test_has_no_rectifier_at_the_end_and_a_residual_connection(self):
        block = Block(TINY)
        kinds = [type(layer).__name__ for layer in block.layers]
        assert kinds == ["Conv2d", "ReLU", "Conv2d", "ReLU", "Conv2d"]
        with torch.no_grad():
            for weight in block.layers[-1].parameters():
                weight.zero_()
        image = torch.randn(1, 2, 5, 7)
        assert torch.equal(block(image), image)

    @pytest.mark.parametrize("strides", [(1,), (2,), (2, 1), (3,)])
    def test_any_size_will_do(self, strides):
        shape = CascadeShape(cascades=2, convolutions=2, features=4, strides=strides)
        made = batch((11, 13))
        assert Cascade(shape)(made.scan).shape == (2, 11, 13)
        assert shape.multiple % max(strides) == 0

    def test_blocks_of_pixels_cost_the_same_as_single_ones(self):
        one, two = (Block(CascadeShape(features=32, strides=(n,))) for n in (1, 2))
        assert two.layers[2].weight.numel() == 4 * one.layers[2].weight.numel()

    def test_channels_are_real_and_imaginary(self):
        channels = as_channels(torch.tensor([[[1 + 2j, 3 - 4j]]]))
        assert channels.tolist() == [[[[1.0, 3.0]], [[2.0, -4.0]]]]


class TestSharing:
    def test_neighbours_fill_what_a_slice_lacks(self):
        truth = torch.randn(1, 8, 10, dtype=torch.complex64).expand(3, 8, 10)
        masks = torch.zeros(3, 1, 10, dtype=torch.bool)
        for index in range(3):
            masks[index, 0, index::3] = True
        seen = torch.fft.ifft2(torch.fft.fft2(truth) * masks)
        (shared,) = share_samples(Scan(seen[:, None], masks), 1)
        assert torch.allclose(shared[1], truth[1], atol=1e-5)
        assert not torch.allclose(shared[0], truth[0], atol=1e-2)

    def test_a_slice_s_own_samples_stay(self):
        made = batch(count=3)
        for shared in share_samples(made.scan, 2):
            mask = made.scan.mask.expand(3, 12, 18)
            ours, theirs = torch.fft.fft2(shared), torch.fft.fft2(made.scan.seen[:, 0])
            assert torch.allclose(ours[mask], theirs[mask], atol=1e-4)

    def test_a_network_takes_shared_images(self):
        shape = CascadeShape(cascades=2, convolutions=2, features=4, neighbours=2)
        made = batch(count=3)
        model = Cascade(shape)
        model(made.scan).abs().sum().backward()
        assert model.block(0).layers[0].weight.shape[1] == 2 * 4 * 3
        assert (model.block(0).layers[0].weight.grad[:, 8:] != 0).any()

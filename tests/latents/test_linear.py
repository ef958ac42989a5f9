from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.latents.autoencoder import latent_shape, psnr
from longtake.latents.config import LinearConfig
from longtake.latents.linear import cosines, fit_linear, load_linear, lowest_frequencies, to_blocks, to_frames
from tests.latents.drawn import drifting


@pytest.fixture(scope="module")
def fitted():
    """On three windows, with blocks of 4 x 8 x 8."""
    return fit_linear([drifting(seed) for seed in range(3)], LinearConfig(channels=24))


@settings(max_examples=20)
@given(
    t=st.integers(1, 3), h=st.integers(1, 3), w=st.integers(1, 3), step_t=st.integers(1, 4), step_px=st.sampled_from([2, 4, 8]),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_frames_become_blocks_and_blocks_the_same_frames(t, h, w, step_t, step_px, seed):
    shape = (2, 1 + step_t * (t - 1), step_px * h, step_px * w, 3)
    frames = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    blocks = to_blocks(frames, step_t, step_px)
    assert blocks.shape == (2, t, h, w, 3 * step_t * step_px**2)
    assert blocks.abs().max() <= 1
    assert torch.equal(to_frames(blocks, step_t, step_px), frames)


def test_the_transform_is_orthonormal_and_its_lowest_frequency_is_the_mean():
    for length in (1, 2, 4, 8):
        torch.testing.assert_close(cosines(length) @ cosines(length).T, torch.eye(length))
    frequencies = lowest_frequencies(4, 4, 60)
    assert frequencies.shape == (60, 192)
    torch.testing.assert_close(frequencies @ frequencies.T, torch.eye(60))
    assert frequencies[0].unique().numel() == 2  # of one colour, the same everywhere


def test_latents_have_zero_mean_and_unit_variance_over_what_it_was_fitted_on(fitted):
    latents = torch.cat([fitted.encode(drifting(seed)) for seed in range(3)])
    torch.testing.assert_close(latents.mean((0, 2, 3, 4)), torch.zeros(24), atol=2e-4, rtol=0)
    assert latents.var((0, 2, 3, 4))[:8].sub(1).abs().max() < 0.01


def test_it_is_causal_and_its_first_frame_is_a_latent_of_its_own(fitted):
    frames, other = drifting(0, frames=9), drifting(7, frames=9)
    changed = frames.clone()
    changed[:, 5:] = other[:, 5:]
    before, after = fitted.encode(frames), fitted.encode(changed)
    assert torch.equal(before[:, :, :2], after[:, :, :2])
    assert not torch.equal(before[:, :, 2], after[:, :, 2])
    assert torch.equal(fitted.encode(frames[:, :1]), before[:, :, :1])
    assert tuple(before.shape[2:]) == latent_shape(fitted, 9, 32, 48) == (3, 4, 6)


def test_what_it_says_of_its_psnr_is_what_comes_out(fitted):
    found = [psnr(window, fitted.decode(fitted.encode(window))) for window in map(drifting, range(3))]
    assert abs(sum(found) / 3 - fitted.psnr) < 1.5
    assert min(found) > 25


def test_more_channels_say_more_and_all_of_them_everything():
    windows = [drifting(seed, frames=3, height=24, width=24, speed=2) for seed in range(4)]
    whole = fit_linear(windows, LinearConfig(step_t=2, step_px=2, channels=24))
    assert psnr(windows[0], whole.decode(whole.encode(windows[0]))) > 50
    found = [fit_linear(windows, LinearConfig(step_t=2, step_px=2, channels=c)).psnr for c in (1, 2, 4, 8, 16)]
    assert found == sorted(found)


def test_its_components_span_what_a_singular_value_decomposition_finds():
    window = drifting(3, frames=5, height=16, width=16)
    found = fit_linear([window], LinearConfig(step_t=4, step_px=4, channels=6))
    blocks = to_blocks(window, 4, 4).reshape(-1, 192).double()
    _, singular, rows = torch.linalg.svd(blocks - blocks.mean(0), full_matrices=False)
    torch.testing.assert_close(found.std_C.double(), singular[:6] / len(blocks) ** 0.5, rtol=1e-3, atol=1e-4)
    overlap = (found.basis_CD.double() @ rows[:6].T).square().sum(1)
    torch.testing.assert_close(overlap, torch.ones(6, dtype=torch.float64), rtol=1e-3, atol=1e-3)


def test_a_block_of_more_numbers_than_can_be_solved_for_is_fitted_on_its_lowest_frequencies():
    window = drifting(1, frames=9, height=64, width=64)
    found = fit_linear([window], LinearConfig(step_t=8, step_px=16, channels=8))
    assert found.basis_CD.shape == (8, 8 * 16 * 16 * 3)
    torch.testing.assert_close(found.basis_CD @ found.basis_CD.T, torch.eye(8), atol=1e-4, rtol=0)
    assert psnr(window, found.decode(found.encode(window))) == pytest.approx(found.psnr, abs=1.5)


def test_the_same_windows_give_the_same_and_a_file_gives_it_back(fitted, tmp_path):
    again = fit_linear([drifting(seed) for seed in range(3)], LinearConfig(channels=24))
    assert again.name == fitted.name
    fitted.save(tmp_path / "basis.safetensors")
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "basis.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    loaded = load_linear(tmp_path / "basis.safetensors")
    assert (loaded.name, loaded.psnr, loaded.step_t, loaded.step_px) == (fitted.name, fitted.psnr, 4, 8)
    assert replace(fitted, mean_D=fitted.mean_D + 1).name != fitted.name


def test_windows_that_do_not_fit_and_files_that_are_no_basis_are_the_user_s_mistakes(fitted, tmp_path):
    with pytest.raises(UserError, match="give 9 frames, 32 high and 48 wide, for example"):
        fitted.encode(drifting(0, frames=9)[:, :8])
    with pytest.raises(UserError, match=r"windows, frames, height, width, 3"):
        fitted.encode(drifting(0)[0])
    with pytest.raises(UserError, match="too few to fit 400 channels"):
        fit_linear([drifting(0)], LinearConfig(channels=400))
    with pytest.raises(UserError, match="at most 12 can be had"):
        fit_linear([drifting(0)], LinearConfig(step_t=1, step_px=2, channels=13))
    (tmp_path / "broken").write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be read as a basis"):
        load_linear(tmp_path / "broken")
    with pytest.raises(UserError, match="cannot be read as a basis"):
        load_linear(tmp_path / "gone")


def test_a_channel_in_which_nothing_varies_is_not_blown_up():
    still = torch.full((1, 5, 16, 16, 3), 100, dtype=torch.uint8)
    found = fit_linear([still, still], LinearConfig(step_t=2, step_px=2, channels=4))
    assert found.encode(still).abs().max() < 0.01
    assert torch.equal(found.decode(found.encode(still)), still)

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from longtake.tsa_training.losses import plcc_loss, rank_loss, suitability_loss  # noqa: E402


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_agreement_costs_0_no_correlation_three_eighths_and_the_inverse_a_half():
    target_B = tensor(-1.0, 0.0, 2.0)
    assert plcc_loss(target_B, target_B).item() == pytest.approx(0, abs=1e-12)
    assert plcc_loss(-target_B, target_B).item() == pytest.approx(1 / 2)
    assert plcc_loss(tensor(1.0, -1.0, 1.0, -1.0), tensor(1.0, 1.0, -1.0, -1.0)).item() == pytest.approx(3 / 8)


def test_the_correlation_term_knows_neither_scale_nor_offset_of_the_prediction():
    generator = torch.Generator().manual_seed(0)
    predicted_B, target_B = torch.randn(2, 16, generator=generator, dtype=torch.float64)
    assert plcc_loss(3 * predicted_B + 7, target_B).item() == pytest.approx(plcc_loss(predicted_B, target_B).item())


def test_the_correlation_term_is_the_mean_of_two_squared_errors_over_standardised_scores():
    generator = torch.Generator().manual_seed(1)
    predicted_B, target_B = torch.randn(2, 16, generator=generator, dtype=torch.float64)
    p_B, t_B = ((s_B - s_B.mean()) / s_B.std(unbiased=False) for s_B in (predicted_B, target_B))
    rho = (p_B * t_B).mean()
    two = ((p_B - t_B).square().mean() / 4 + (rho * p_B - t_B).square().mean() / 4) / 2
    assert plcc_loss(predicted_B, target_B).item() == pytest.approx(two.item())


def test_the_rank_term_is_0_for_any_scores_in_the_right_order_and_counts_pairs_in_the_wrong_one():
    assert rank_loss(tensor(-9.0, 0.1, 0.2), tensor(1.0, 2.0, 5.0)).item() == 0
    # One pair of three is wrong, by 0.5, which is also the largest.
    assert rank_loss(tensor(1.0, 0.5, 2.0), tensor(1.0, 2.0, 3.0)).item() == pytest.approx(0.5 / 3 / 1.5)
    # Of the pairs only two have an order, and one of them is wrong, by 1.
    assert rank_loss(tensor(3.0, 1.0, 4.0), tensor(1.0, 1.0, 0.0)).item() == pytest.approx((1 + 3) / 2 / (1 + 3))


def test_the_loss_is_the_weighted_sum_of_its_terms():
    predicted_B, target_B = tensor(1.0, 0.5, 4.0), tensor(1.0, 2.0, 1.0)
    huber = (0 + (1.5 - 0.5) + (3 - 0.5)) / 3
    plcc, rank = plcc_loss(predicted_B, target_B).item(), rank_loss(predicted_B, target_B).item()
    assert suitability_loss(predicted_B, target_B).item() == pytest.approx(huber + plcc + 0.3 * rank)
    assert suitability_loss(predicted_B, target_B, huber=0, plcc=2, rank=0).item() == pytest.approx(2 * plcc)


@pytest.mark.parametrize(
    ("predicted", "target"),
    [((0.3,), (1.0,)), ((0.3, 0.3), (1.0, -1.0)), ((0.3, -1.0), (1.0, 1.0)), ((0.0, 0.0), (0.0, 0.0)), ((1e3, -1e3), (-1.0, 1.0))],
    ids=["one", "constant prediction", "constant target", "all constant", "far off"],
)  # fmt: skip
def test_batches_without_an_order_have_finite_losses_and_gradients(predicted, target):
    predicted_B = torch.tensor(predicted, requires_grad=True)
    loss = suitability_loss(predicted_B, torch.tensor(target))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(predicted_B.grad).all()


def test_a_step_against_the_gradient_lessens_the_loss():
    predicted_B = torch.tensor([0.5, -0.2, 0.1, 0.9], dtype=torch.float64, requires_grad=True)
    target_B = tensor(-1.0, 0.0, 0.5, 1.0)
    before = suitability_loss(predicted_B, target_B)
    before.backward()
    assert suitability_loss(predicted_B.detach() - 0.01 * predicted_B.grad, target_B) < before

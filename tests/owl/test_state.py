import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from longtake.owl.config import StateConfig  # noqa: E402
from longtake.owl.state import AlignmentHead, State, alignment_losses  # noqa: E402

D = 8


def states(queries, batch=2, seed=0):
    return torch.randn(batch, queries, D, generator=torch.Generator().manual_seed(seed))


def masked(*lengths, longest=None):
    return torch.arange(longest or max(lengths)) < torch.tensor(lengths)[:, None]


def test_states_have_the_width_of_the_decoder_and_the_hidden_one_of_the_config():
    state = State(StateConfig(queries=5, hidden=20), 16, D)
    assert state(torch.randn(2, 5, 16)).shape == (2, 5, D)
    assert state.queries_Qd.shape == (5, 16)
    assert state.project[1].out_features == 20
    assert State(StateConfig(queries=5), 16, D).project[1].out_features == 16


def test_first_weights_follow_from_the_seed_and_queries_differ():
    one, same, other = (State(StateConfig(queries=5), 16, D, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["queries_Qd"], other["queries_Qd"])
    assert len({tuple(query) for query in one["queries_Qd"].tolist()}) == 5


@pytest.mark.parametrize("queries", [1, 3, 7, 128])
@pytest.mark.parametrize("lengths", [(1, 1), (5, 2), (77, 30)])
def test_any_number_of_queries_becomes_a_text_of_any_length(queries, lengths):
    mask_BL = masked(*lengths)
    text_BLD = AlignmentHead(D)(states(queries), mask_BL)
    assert text_BLD.shape == (*mask_BL.shape, D)
    assert text_BLD.isfinite().all()
    assert (text_BLD[~mask_BL] == 0).all()
    assert (text_BLD[mask_BL] != 0).any(1).all()


def test_padding_changes_nothing():
    head, given = grown(), states(6)
    padded, alone = head(given, masked(9, 4, longest=13)), head(given[1:], masked(4))
    assert torch.allclose(padded[1:, :4], alone, atol=1e-6)


def test_a_text_without_tokens_is_zero_and_costs_nothing():
    given = states(4).requires_grad_()
    mask_BL = masked(3, 0)
    text_BLD = AlignmentHead(D)(given, mask_BL)
    loss_B = alignment_losses(text_BLD, torch.ones(2, 3, D), mask_BL)
    loss_B.sum().backward()
    assert loss_B[1] == 0
    assert given.grad.isfinite().all()
    assert (given.grad[1] == 0).all()


def test_it_begins_as_interpolation_in_the_order_of_the_states():
    ramp_BQD = torch.linspace(0, 1, 12)[None, :, None].expand(1, 12, D)
    for length in (3, 12, 40):
        rising = AlignmentHead(D)(ramp_BQD, masked(length))[0, :, 0]
        assert (rising.diff() > 0).all()
        assert rising[0] < 0.25
        assert rising[-1] > 0.75


def test_every_token_is_a_mean_of_states():
    given = states(5)
    text_BLD = grown()(given, masked(9, 9))
    assert (text_BLD <= given.amax(1, keepdim=True) + 1e-6).all()
    assert (text_BLD >= given.amin(1, keepdim=True) - 1e-6).all()


def test_the_loss_is_over_the_tokens_that_are_there():
    predicted, text = torch.zeros(2, 3, D), torch.ones(2, 3, D)
    text[1, 2] = 100
    assert alignment_losses(predicted, text, masked(3, 2)).tolist() == [1, 1]


def test_states_learn_to_be_a_text_of_another_length():
    torch.manual_seed(0)
    given, head = torch.randn(2, 6, D, requires_grad=True), AlignmentHead(D)
    text, mask_BL = torch.randn(2, 4, D), masked(4, 3)
    learner = torch.optim.Adam([given, *head.parameters()], 0.05)
    losses = []
    for _ in range(100):
        loss = alignment_losses(head(given, mask_BL), text, mask_BL).mean()
        learner.zero_grad()
        loss.backward()
        learner.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def grown():
    """As after some training: contents count too."""
    head = AlignmentHead(D)
    with torch.no_grad():
        head.key.weight += torch.randn(D, D, generator=torch.Generator().manual_seed(3))
    return head

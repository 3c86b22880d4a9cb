import numpy as np

from rtcontour.transforms.draw import Draw, generator_of


def numbers(data, seed=0, count=4):
    return generator_of(data, np.random.RandomState(seed)).random(count).tolist()


def test_an_item_with_a_draw_gets_the_numbers_of_its_key_whatever_the_state():
    one = {"draw": Draw(0, (5, 7))}
    assert numbers(one, seed=0) == numbers(one, seed=1)
    assert numbers(one) == numbers({"draw": Draw(3, (5, 7), centre=(1, 2, 3), augment=False)})


def test_patches_of_other_numbers_or_seeds_get_other_random_numbers():
    keys = [(seed, number) for seed in range(10) for number in range(100)]
    assert len({tuple(numbers({"draw": Draw(0, key)})) for key in keys}) == len(keys)


def test_numbers_of_successive_patches_are_uniform_and_unrelated():
    first = np.array([numbers({"draw": Draw(0, (0, number))}, count=2) for number in range(4000)])
    assert abs(first.mean(axis=0) - 0.5).max() < 0.02  # standard error 0.0046
    assert abs(np.corrcoef(first[1:, 0], first[:-1, 0])[0, 1]) < 0.07  # standard error 0.016
    assert abs(np.corrcoef(first.T)[0, 1]) < 0.07


def test_what_fills_a_patch_is_unrelated_to_what_chose_its_case():
    filled = [numbers({"draw": Draw(0, (3, number))}, count=1)[0] for number in range(200)]
    for others in ((), (0,)):
        chosen = [np.random.default_rng((3, number, *others)).random() for number in range(200)]
        assert not set(filled) & set(chosen)


def test_an_item_without_a_draw_follows_the_state():
    assert numbers({}, seed=4) == numbers({}, seed=4) != numbers({}, seed=5)
    state = np.random.RandomState(0)
    assert generator_of({}, state).random() != generator_of({}, state).random()

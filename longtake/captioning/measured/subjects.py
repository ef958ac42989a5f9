"""From the probabilities of ImageNet's classes to what a caption may say: a name, or what several likely classes have in common.

Legend: K classes, in ImageNet's order.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Subject

CLASSES = 1000
SURE = 0.75
"""Probability from which a class is named at once: on photographs nearly all such names were right. Below it, a group that reaches
it goes first: of a monarch with 0.7 and other butterflies with 0.2, `butterfly` is the better name."""
CERTAIN_ENOUGH = 0.5
"""Least probability with which something is named at all: below it, less than half of the names were right."""
RUNNER_UP = 0.1
"""Least probability of one that is named beside a likelier one."""
MOST = 3
"""Subjects that are named at most."""

# Each group is what its classes have in common, in words that take "a" or "an". A class may be in several.
GROUPS: dict[str, tuple[range | int, ...]] = {
    "butterfly": (range(321, 327),),
    "beetle": (range(300, 308),),
    "frog": (range(30, 33),),
    "salamander": (range(25, 30),),
    "turtle": (range(33, 38),),
    "crocodile or alligator": (49, 50),
    "spider": (range(72, 78),),
    "snake": (range(52, 69),),
    "lizard": (range(38, 49),),
    "crab or lobster": (range(118, 125),),
    "shark or ray": (range(2, 7),),
    "cat": (range(281, 286),),
    "big cat": (range(286, 294),),
    "bear": (range(294, 298), 388),
    "wolf or wild dog": (range(269, 277),),
    "fox": (range(277, 281),),
    "elephant": (101, 385, 386),
    "rabbit or hare": (range(330, 333),),
    "monkey or ape": (range(365, 383),),
    "sheep or goat": (range(348, 351),),
    "antelope": (range(351, 354),),
    "whale": (147, 148),
    "fish": (0, 1, range(2, 7), range(389, 398)),
    "bird": (range(7, 25), range(80, 101), range(127, 147)),
    "insect": (range(300, 327),),
    "dog": (range(151, 269),),
    "hoofed animal": (range(339, 356),),
    "small furry animal": (range(330, 339), range(356, 365)),
    "bus or tram": (654, 779, 829, 874),
    "train": (466, 547, 565, 705, 820, 829),
    "boat": (472, 484, 554, 576, 625, 780, 814, 871, 914),
    "ship": (403, 510, 628, 724, 833, 913),
    "aircraft": (404, 405, 812, 895, 908),
    "bicycle or motorcycle": (444, 665, 670, 671, 870, 880),
    "lorry": (555, 569, 675, 717, 864, 867),
    "car": (407, 436, 468, 475, 479, 511, 581, 609, 627, 656, 661, 717, 734, 751, 817),
    "vehicle": (
        403, 404, 405, 407, 408, 436, 444, 450, 466, 468, 472, 484, 510, 511, 537, 547, 554, 555, 561, 565, 569, 573, 575, 576, 581,
        586, 595, 603, 609, 612, 625, 627, 628, 654, 656, 661, 665, 670, 671, 675, 690, 705, 717, 724, 734, 751, 757, 779, 780, 802,
        803, 812, 814, 817, 820, 829, 833, 847, 856, 864, 866, 867, 870, 871, 874, 880, 895, 914,
    ),
    "stringed instrument": (402, 420, 486, 546, 594, 889),
    "musical instrument": (
        401, 402, 420, 432, 486, 513, 541, 546, 558, 566, 577, 579, 593, 594, 641, 642, 683, 684, 687, 699, 776, 822, 875, 881, 889,
    ),
    "ball": (429, 430, 522, 574, 722, 768, 805, 852, 890),
    "bottle": (440, 631, 711, 720, 737, 838, 898, 907),
    "cup or mug": (504, 647, 967, 968, 969),
    "screen or computer": (508, 527, 590, 620, 664, 681, 782, 851),
    "clock": (409, 530, 892),
    "chair or sofa": (423, 559, 765, 831, 857),
    "piece of furniture": (423, 453, 493, 495, 516, 520, 526, 532, 548, 553, 559, 564, 648, 703, 736, 765, 831, 857, 894),
    "piece of clothing": (
        399, 400, 411, 433, 439, 445, 451, 452, 457, 459, 474, 501, 502, 514, 515, 568, 578, 601, 608, 610, 614, 617, 638, 639, 652,
        655, 658, 689, 697, 735, 770, 774, 775, 793, 796, 806, 808, 824, 834, 841, 842, 869, 887, 903, 906,
    ),
    "pair of glasses": (836, 837),
    "building": (
        425, 437, 442, 449, 483, 497, 500, 538, 580, 663, 668, 698, 727, 743, 832, 853, 858, 863, 873, 900, 915,
    ),
    "shop": (415, 454, 467, 509, 582, 788, 860, 865),
    "bridge": (821, 839, 888),
    "stretch of shore": (460, 972, 975, 976, 977, 978),
    "mountain or valley": (970, 972, 979, 980),
    "landscape": (970, 972, 974, 975, 976, 977, 978, 979, 980),
    "flower": (985, 986),
    "mushroom": (947, range(991, 998)),
    "fruit": (range(948, 958), 989),
    "vegetable": (range(936, 948),),
    "dish of food": (range(923, 936), range(959, 966)),
    "piece of food": (range(923, 958), range(959, 966)),
}  # fmt: skip
PLACES = (
    406, 410, 415, 424, 425, 437, 442, 449, 454, 460, 467, 483, 497, 498, 500, 509, 525, 536, 580, 582, 598, 624, 634, 663, 668,
    698, 706, 716, 718, 727, 743, 762, 788, 819, 821, 832, 839, 860, 865, 888, 900, 915, 970, 972, 973, 974, 975, 976, 977, 978,
    979, 980, 984,
)  # fmt: skip
"""Classes that are a place rather than a thing in it."""
WORN = "piece of clothing"
PLACE_GROUPS = ("building", "shop", "bridge", "stretch of shore", "mountain or valley", "landscape")


@cache
def class_names() -> tuple[str, ...]:
    """Of ImageNet's classes, each taking "a" or "an"."""
    text = (files("longtake.captioning.measured") / "imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


@cache
def place_names() -> frozenset[str]:
    """Names of subjects that are a place."""
    return frozenset([*(class_names()[index] for index in PLACES), *PLACE_GROUPS])


@cache
def worn_names() -> frozenset[str]:
    """Names of what people wear: ImageNet knows next to no people, and their clothes are what it sees of them."""
    return frozenset([WORN, *(class_names()[index] for index in _members(WORN))])


def name_subjects(chances_K: NDArray[np.float64]) -> tuple[Subject, ...]:
    """A class that is sure, else a group that is, else a class that is likely with its runners-up, else such a group; or nothing."""
    order_K = chances_K.argsort(kind="stable")[::-1][:MOST]
    best = float(chances_K[order_K[0]])
    if best < SURE and (group := _narrowest_group(chances_K, SURE)):
        return (group,)
    if best >= CERTAIN_ENOUGH:
        named = [index for index in order_K if chances_K[index] >= RUNNER_UP]
        return tuple(Subject(name=class_names()[index], confidence=float(chances_K[index])) for index in named)
    group = _narrowest_group(chances_K, CERTAIN_ENOUGH)
    return (group,) if group else ()


def _narrowest_group(chances_K: NDArray[np.float64], least: float) -> Subject | None:
    """Of the groups whose classes together have this probability, the one with the fewest."""
    chances = {name: min(float(chances_K[list(_members(name))].sum()), 1.0) for name in GROUPS}
    likely = [name for name, chance in chances.items() if chance >= least]
    name = min(likely, key=lambda name: len(_members(name)), default=None)
    return Subject(name=name, confidence=chances[name]) if name else None


@cache
def _members(name: str) -> tuple[int, ...]:
    """Classes of a group, each once."""
    return tuple(sorted({index for part in GROUPS[name] for index in ([part] if isinstance(part, int) else part)}))

"""Colours: readable on a light and on a dark ground."""

import pytest

from promptlab._display import _style as style

LIGHT = ((255, 255, 255), (0, 0, 0), 0.87)
DARK = ((17, 17, 17), (255, 255, 255), 0.87)
STRIPED = ((33, 33, 33), (255, 255, 255), 0.87)


def mixed(colour, alpha, ground):
    """Lay a translucent colour over a ground."""
    return tuple(alpha * top + (1 - alpha) * bottom for top, bottom in zip(colour, ground, strict=True))


def luminance(colour):
    """Give the relative luminance of WCAG 2."""
    parts = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Give the contrast ratio of WCAG 2."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, STRIPED])
@pytest.mark.parametrize("status", style.RGB)
@pytest.mark.parametrize("alpha", [0.12, 0.22])
def test_words_on_a_tint_are_readable(theme, status, alpha):
    """Words on every tint have a contrast of 4.5 or more in both themes."""
    ground, ink, strength = theme
    tinted = mixed(tuple(map(int, style.RGB[status].split(","))), alpha, ground)

    assert contrast(mixed(ink, strength, tinted), tinted) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK, STRIPED])
def test_faint_words_are_readable(theme):
    """Words in small print have a contrast of 4.5 or more in both themes."""
    ground, ink, strength = theme
    faint = float(style.FAINT.split(":")[1])

    assert contrast(mixed(ink, strength * faint, ground), ground) >= 4.5

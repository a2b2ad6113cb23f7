"""One colour scale for how much and one for which sign, in figures, in the theme and in our own parts, in light and dark."""

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from core.figures import style
from pages.shared import charts
from pages.shared.components import FOLDER

ROOT = Path(__file__).parent.parent
HOME = ROOT / "core" / "figures" / "style.py"
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
PAGE = {"light": "#ffffff", "dark": "#171614"}
# What makes a scale: a name of Plotly's, stops from 0 on, or a table of colours.
A_SCALE = re.compile(
    r"""colorscale=\s*["'\[]|colour_?scale\s*=\s*["'\[]|\[\s*\(?0(?:\.0)?,\s*["'](?:\#|rgb)|(?:\[\d+, \d+, \d+\],\s*){4}|interpolate(?:Rgb|Hcl)|scaleSequential|okl[ac][bh]\(|"""
    r"""\b(?:viridis|plasma|magma|inferno|cividis|turbo|RdBu|YlGnBu|Blues)\b""",
    re.IGNORECASE,
)


def lightness(colours: np.ndarray) -> np.ndarray:
    """OKLab's lightness of 8-bit sRGB colours, shape (N, 3)."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376], [0.0514459929, 0.1073969566, 0.6299787005]]
    )  # fmt: skip
    return np.cbrt(cones) @ np.array([0.2104542553, 0.793617785, -0.0040720468])


@pytest.mark.parametrize("dark", [False, True])
def test_equal_steps_look_equal_and_nothing_looks_like_the_page(dark: bool) -> None:
    page = int(PAGE["dark" if dark else "light"][1:3], 16)
    steps = np.diff(lightness(style.SEQUENTIAL.colours(np.linspace(0, 1, 10), dark=dark)))
    assert (np.sign(steps) == (1 if dark else -1)).all()
    assert np.abs(steps).max() < 1.6 * np.abs(steps).min()
    assert abs(int(style.SEQUENTIAL.colours(np.array([0.0]), dark=dark)[0, 0]) - page) < 25
    half = lightness(style.DIVERGING.colours(np.linspace(0, 1, 9), dark=dark))
    np.testing.assert_allclose(np.diff(half)[4:], np.diff(half)[4], atol=0.015)
    np.testing.assert_allclose(half[:4], half[:4:-1], atol=0.1)  # neither sign is louder
    red, _, blue = style.DIVERGING.colours(np.array([0.0, 0.5, 1.0]), dark=dark)
    assert red[0] > red[2] and blue[2] > blue[0]  # orange below, blue above, on either page


def test_the_theme_has_the_same_colours() -> None:
    for mode, theme in (("light", THEME["light"]), ("dark", THEME["dark"])):
        for name, scale in (("chartSequentialColors", style.SEQUENTIAL), ("chartDivergingColors", style.DIVERGING)):
            assert tuple(theme[name]) == (scale.dark if mode == "dark" else scale.light)
    assert tuple(THEME["chartCategoricalColors"]) == style.CATEGORIES
    places = json.loads(re.search(r"diverging: (\[.*?\])", (FOLDER / "scale.js").read_text(encoding="utf-8"))[1])
    assert tuple(places) == style.DIVERGING.places


def test_no_other_file_has_a_scale_of_its_own() -> None:
    files = [
        path
        for folder in ("core", "pages")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js", ".css")
    ]
    own = {
        str(path.relative_to(ROOT)): found[0]
        for path in files
        if path != HOME and (found := A_SCALE.search(path.read_text(encoding="utf-8")))
    }
    assert len(files) > 100 and own == {}


@pytest.mark.parametrize("scale", [style.SHARES, style.WEIGHTS, style.DIFFERENCES])
def test_a_chart_takes_the_visitors_theme(scale: tuple[tuple[float, str], ...]) -> None:
    figure = style.blank(200, title="t")
    figure.add_heatmap(z=[[0, 1]], colorscale=scale)
    drawn = charts.in_the_theme(figure).data[0].colorscale
    assert [place for place, _ in drawn] == [place for place, _ in scale]
    first = 21 if scale is style.DIFFERENCES else 11
    assert [colour for _, colour in drawn] == [f"#{first + i:06d}" for i in range(10)]


@pytest.mark.parametrize(("times", "size", "height"), [(1.0, 14, 200), (1.5, 21, 300)])
def test_whatever_is_written_in_a_chart_can_be_read(times: float, size: int, height: int) -> None:
    figure = style.blank(200, title="t", x="x")
    figure.add_heatmap(z=[[0, 1]], colorscale=style.SHARES, colorbar={"title": {"text": "share"}})
    figure.add_bar(x=[1], y=["a"])
    figure.add_annotation(text="small", font={"size": 8})
    figure.add_annotation(text="large", font={"size": 40})
    before = figure.to_plotly_json()
    drawn = charts.in_the_theme(figure, times)
    assert drawn.layout.height == height and figure.to_plotly_json() == before
    heatmap, bar = drawn.data
    small, large = drawn.layout.annotations
    fonts = [drawn.layout.xaxis.tickfont, drawn.layout.xaxis.title.font, drawn.layout.yaxis.tickfont, drawn.layout.legend.font, small.font]  # fmt: skip
    fonts += [heatmap.colorbar.tickfont, heatmap.colorbar.title.font]
    assert {(font.size, font.color) for font in fonts} == {(size, charts.INK)} and large.font.size == 40
    assert (bar.textfont.size, bar.outsidetextfont.color, bar.constraintext) == (size, charts.INK, "none")
    assert heatmap.textfont.size == drawn.layout.hoverlabel.font.size == size


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("", ""),
        ("a" * 24, "a" * 24),
        ("a" * 25, "a" * 23 + "…"),
        ("剧" * 12, "剧" * 12),
        ("剧" * 13, "剧" * 11 + "…"),
        ("剧情a" * 5 + "剧", "剧情a" * 4 + "剧…"),
        ("<" * 3, "&lt;" * 3),
    ],
)
def test_a_label_at_an_axis_takes_the_same_room_in_both_languages(label: str, written: str) -> None:
    assert style.short(label) == written


def test_a_foreign_scale_is_refused() -> None:
    figure = style.blank(200)
    figure.add_heatmap(z=[[0, 1]], colorscale=[[0, "#000000"], [1, "#ffffff"]])
    with pytest.raises(KeyError):
        charts.in_the_theme(figure)


def test_the_colour_of_a_weight_is_that_of_its_square_root() -> None:
    figure = style.blank(200)
    figure.add_heatmap(z=[[0, 1]], colorscale=style.WEIGHTS)
    places = [place for place, _ in figure.data[0].colorscale]
    np.testing.assert_allclose(np.sqrt(places), style.SEQUENTIAL.places)


def test_a_small_picture_has_the_colours_of_its_scale() -> None:
    light, dark = (
        style.matrix_png(np.array([[-1.0, 0.0, 1.0]]), -1, 1, scale=style.DIVERGING, dark=dark)
        for dark in (False, True)
    )
    assert light.startswith("data:image/png;base64,") and light != dark


def test_every_chart_is_drawn_in_one_place_and_every_section_is_a_second_heading() -> None:
    for path in (ROOT / "pages").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "plotly_chart(" not in source or path.name == "charts.py", path
        assert ".subheader(" not in source, path  # a third heading right under the page's title


def test_the_room_for_names_follows_the_widest_of_them() -> None:
    assert style.width_of(["a", "abcd"]) == style.width_of(["abcd"]) > style.width_of(["a"])
    assert style.width_of(["天气"]) > style.width_of(["ab"]), "a Chinese character is as wide as it is high"
    assert style.width_of([]) < style.FONT

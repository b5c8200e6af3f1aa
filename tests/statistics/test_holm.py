import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mebench.statistics.holm import holm

p_values = st.lists(st.floats(0.0, 1.0), max_size=12)


def test_by_hand():
    # sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, made monotone: .02 .03 .06 .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p_values)
def test_between_the_raw_and_the_bonferroni_value(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(np.array(p) * len(p), 1.0) + 1e-12).all()


@given(p_values)
def test_keeps_the_order_and_ignores_the_sequence(p):
    adjusted = holm(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0.0).all()
    assert holm(list(reversed(p)))[::-1] == pytest.approx(adjusted)


@pytest.mark.parametrize("bad", [[0.5, np.nan], [-0.1], [1.1], [[0.5]]])
def test_refuses_what_is_no_p_value(bad):
    with pytest.raises(ValueError, match="p-values"):
        holm(bad)

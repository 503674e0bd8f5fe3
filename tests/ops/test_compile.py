import numpy as np

from anatwin.ops.compile import compiled


@compiled
def running_sum(values):
    total = 0.0
    for n in range(values.size):
        total += values[n]
        values[n] = total
    return total


def test_a_compiled_loop_does_what_it_says():
    values = np.arange(1.0, 6.0)
    assert running_sum(values) == 15.0
    assert values.tolist() == [1.0, 3.0, 6.0, 10.0, 15.0]

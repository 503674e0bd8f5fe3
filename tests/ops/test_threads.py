import subprocess
import sys

from anatwin.ops.threads import available_cores


def test_a_process_that_is_bound_to_one_core_has_one():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from anatwin.ops.threads import available_cores; print(available_cores())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(ended.stdout) == 1
    assert available_cores() >= 1

from typing import ClassVar

from anatwin.reconstruct import RootSumOfSquares, Sense, Wavelet, ZeroFilled
from anatwin.testing.suites import ReconstructorSuite


class TestRootSumOfSquares(ReconstructorSuite):
    method = RootSumOfSquares()
    error: ClassVar[float] = 0.2
    is_complex: ClassVar[bool] = False


class TestZeroFilled(ReconstructorSuite):
    method = ZeroFilled()
    error: ClassVar[float] = 0.2


class TestSense(ReconstructorSuite):
    method = Sense()
    error: ClassVar[float] = 0.03


class TestWavelet(ReconstructorSuite):
    method = Wavelet()
    error: ClassVar[float] = 0.05

"""Functions that the tests name in `python:`."""


def is_even(answer):
    """Tell whether a number is even."""
    return answer % 2 == 0


def knows_case(case, answer):
    """Tell whether an answer repeats its case's request."""
    return case.input["request"] in str(answer)


class Holder:
    """Holds a function."""

    @staticmethod
    def half(answer):
        """Give half a point."""
        return 0.5


not_callable = 3

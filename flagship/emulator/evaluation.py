"""Compares a variation with the reference: what an experiment has shown so far. Pure functions, the
textbook's formulas; the tests compare them with SciPy and statsmodels.

Nothing is corrected for looking often, nor for several variations or goals: of 20 comparisons with
no effect, one is expected to look like a difference.
"""
import math

#: The confidence of all intervals.
CONFIDENCE = 0.95

#: Minimum number of visitors that converted, and that did not, in each variation of a comparison of
#: rates: below it the normal approximation does not hold (the rule of ten).
MIN_CONVERSIONS = 10
#: Minimum number of visitors with revenue in each variation of a comparison of means: revenue is
#: mostly zeros and skewed, and Welch's test needs the mean to be close to normal.
MIN_BUYERS = 30

#: What a comparison may say.
EARLY, BETTER, WORSE, OPEN = "too early", "better", "worse", "no difference shown"

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile
_ALPHA = 1 - CONFIDENCE


def compare_rates(converted, visitors, reference):
    """Compare two conversion rates by their ratio, with the delta method on its logarithm (Katz's
    interval) and the test that goes with it, so that the interval excludes 0 where p < 0.05.

    :param int converted: visitors of the variation that converted, of ``visitors``.
    :param reference: the same two numbers of the reference variation.
    :return: ``{"verdict", "uplift", "low", "high", "p"}``; the uplift is relative, 0.1 is 10 % more
        than the reference. All but the verdict are None where it is EARLY, which it is below
        MIN_CONVERSIONS.
    """
    counts = [(converted, visitors), reference]
    if min(min(hits, total - hits) for hits, total in counts) < MIN_CONVERSIONS:
        return _comparison(EARLY)
    ratio = math.log(float(converted) / visitors * reference[1] / reference[0])
    error = math.sqrt(sum(1.0 / hits - 1.0 / total for hits, total in counts))
    low, uplift, high = [math.expm1(ratio + margin * error) for margin in (-_Z, 0, _Z)]
    return _comparison(None, uplift, low, high, math.erfc(abs(ratio) / error / math.sqrt(2)))


def compare_means(sample, reference):
    """Compare two means per visitor by Welch's t-test.

    :param sample: of the variation ``(visitors, buyers, sum, sum of squares)``.
    :param reference: the same of the reference variation.
    :return: as :func:`compare_rates`, but the uplift, low and high are a difference in the unit of
        the values. The verdict is EARLY below MIN_BUYERS, and where no value differs from another.
    """
    if min(sample[1], reference[1]) < MIN_BUYERS:
        return _comparison(EARLY)
    means, errors = zip(*[_mean_and_error(*each) for each in (sample, reference)])
    error = math.sqrt(sum(errors))
    if not error:
        return _comparison(EARLY)
    freedom = sum(errors) ** 2 / sum(
        each ** 2 / (total - 1) for each, total in zip(errors, (sample[0], reference[0])))
    uplift = means[0] - means[1]
    margin = error * _t_quantile(freedom)
    return _comparison(None, uplift, uplift - margin, uplift + margin,
                       t_test(uplift / error, freedom))


def _mean_and_error(visitors, buyers, total, squares):
    """Return the mean and its squared standard error."""
    mean = float(total) / visitors
    return mean, max(0.0, squares - total * mean) / (visitors - 1) / visitors


def _comparison(verdict, uplift=None, low=None, high=None, p=None):
    if verdict is None:
        verdict = BETTER if low > 0 else OPEN
        verdict = WORSE if high < 0 else verdict
    return {"verdict": verdict, "uplift": uplift, "low": low, "high": high, "p": p}


def t_test(t, freedom):
    """Return the two-sided p of Student's t with so many degrees of freedom."""
    return _beta(freedom / (freedom + t * t), freedom / 2.0)


def _t_quantile(freedom):
    """Return the t whose two-sided p is 5 %, by bisection."""
    low, high = 0.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        if t_test(middle, freedom) > _ALPHA:
            low = middle
        else:
            high = middle
    return high


def _beta(x, a, b=0.5):
    """Return the regularised incomplete beta function, by its continued fraction."""
    if not 0 < x < 1:
        return float(x > 0)
    if x > (a + 1) / (a + b + 2):  # where it converges slowly
        return 1 - _beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
                     + a * math.log(x) + b * math.log1p(-x)) / a
    value, c, d = 1.0, 1.0, 0.0
    for step in range(200):
        half = step // 2
        if step % 2:
            part = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            part = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half)) if step else 1.0
        d = 1 / (1 + part * d or 1e-300)
        c = 1 + part / c or 1e-300
        value *= c * d
        if abs(1 - c * d) < 1e-14:
            break
    return front * (value - 1)

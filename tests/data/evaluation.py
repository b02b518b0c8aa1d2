"""Writes evaluation.json beside it: what statsmodels and SciPy answer to the comparisons that
flagship.emulator.evaluation makes.

    python -m pip install statsmodels==0.15.0 scipy==1.17.1 && python tests/data/evaluation.py

Recorded, because the two are too large to install for each run of the tests. Python 3.
"""
import itertools
import json
import os

from scipy.stats import t, ttest_ind
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

RATES = [((12, 40), (10, 50)), ((118, 996), (159, 1004)), ((500, 1000), (500, 1000)),
         ((20, 100000), (35, 90000)), ((990, 1000), (960, 1000)), ((5000, 50000), (5200, 50000)),
         ((10, 20), (10, 100000))]
# Revenue of the visitors that buy, in a cycle; and how many visitors there are.
MEANS = [(([20.0, 35.5, 90.25], 40, 200), ([20.0, 35.5], 50, 210)),
         (([5.0, 6.0], 31, 31), ([5.5, 7.0], 30, 500)),
         (([19.99], 300, 1000), ([24.99, 9.99, 149.0], 320, 1020)),
         (([0.01, 0.02], 60, 90), ([1000.0, 999999.99], 60, 90)),
         (([10.0], 30000, 100000), ([10.0], 31000, 100000))]
DISTRIBUTION = list(itertools.product((0.0, 0.3, 1.0, 1.96, 2.5, 8.0, 40.0),
                                      (1.0, 2.5, 10.0, 58.3, 998.0, 20000.5, 200000.0)))


def sample(buying, buyers, visitors):
    return [buying[place % len(buying)] for place in range(buyers)] + [0.0] * (visitors - buyers)


def rate(variation, reference):
    counts = tuple(variation) + tuple(reference)
    options = {"compare": "ratio", "method": "log", "correction": False}
    low, high = confint_proportions_2indep(*counts, **options)
    tested = test_proportions_2indep(*counts, **options)
    return {"low": low - 1, "high": high - 1, "p": tested.pvalue}


def mean(variation, reference):
    tested = ttest_ind(sample(*variation), sample(*reference), equal_var=False)
    between = tested.confidence_interval(0.95)
    return {"low": between.low, "high": between.high, "p": tested.pvalue}


def main():
    answers = {
        "rates": [dict(rate(*pair), variation=pair[0], reference=pair[1]) for pair in RATES],
        "means": [dict(mean(*pair), variation=pair[0], reference=pair[1]) for pair in MEANS],
        "distribution": [[value, freedom, 2 * t.sf(value, freedom)]
                         for value, freedom in DISTRIBUTION]}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluation.json")
    with open(path, "w", encoding="ascii") as file:
        json.dump(answers, file, indent=1, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    main()

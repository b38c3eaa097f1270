"""Which law do deal sizes follow, and does the fitted one draw deals like those that were won?

On the embedded demo company and on Maven's public CRM. First the log score of three laws of the residual log amount
(given channel and segment) on deals held out, five folds: one normal, a Student-t, a mixture of two normals. Then draws
of the fitted deal-size model for the same groups against the deals won: quantiles, mean, largest, share of the top 5 %.

    .venv/bin/python experiments/which_tail_do_deal_sizes_have.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import expit

from revmodel.config import load_config
from revmodel.features.build import build_features
from revmodel.features.tables import Features
from revmodel.models.deal_size import DealSize
from revmodel.workflows.company import as_of_date, read_company

ROOT = Path(__file__).resolve().parents[1]
FOLDS, DRAWS = 5, 500
Floats = np.ndarray


def log_mixture(p: Floats, x: Floats) -> Floats:
    """Log density of two normals with one mean: logit share of the wide one, log sd, log of its extra ratio, mean."""
    share, sd, wide = expit(p[0]), np.exp(p[1]), np.exp(p[1]) * (1 + np.exp(p[2]))
    return np.logaddexp(
        np.log1p(-share) + stats.norm.logpdf(x, p[3], sd), np.log(share) + stats.norm.logpdf(x, p[3], wide)
    )


def held_out(residual: Floats) -> dict[str, float]:
    """Log score of each law on held-out deals, summed over folds."""
    fold = np.random.default_rng(0).integers(0, FOLDS, len(residual))
    total = dict.fromkeys(("normal", "student t", "mixture"), 0.0)
    for i in range(FOLDS):
        seen, left = residual[fold != i], residual[fold == i]
        total["normal"] += stats.norm.logpdf(left, *stats.norm.fit(seen)).sum()
        total["student t"] += stats.t.logpdf(left, *stats.t.fit(seen)).sum()
        start = np.array([-3.0, np.log(seen.std()), 0.7, 0.0])
        fit = optimize.minimize(
            lambda p, x=seen: -log_mixture(p, x).sum(), start, method="Nelder-Mead", options={"maxiter": 3000}
        )
        total["mixture"] += log_mixture(fit.x, left).sum()
    return total


def residuals(won: pd.DataFrame) -> Floats:
    """Log amounts less their mean by channel and segment (ridge)."""
    y = np.log(won["amount"].to_numpy(float))
    x = pd.get_dummies(won[["channel", "segment"]]).to_numpy(float)
    x = np.column_stack([np.ones(len(y)), x])
    return y - x @ np.linalg.solve(x.T @ x + 0.1 * np.eye(x.shape[1]), x.T @ y)


def drawn_against_won(features: Features, won: pd.DataFrame) -> pd.DataFrame:
    """statistic, won, p05, p50, p95 over draws of as many deals of the same groups."""
    rng = np.random.default_rng(1)
    groups = features.cells.groups
    model = DealSize(engine="laplace", draws=DRAWS).fit(features.won_deals, groups, features.as_of)
    draws = model.predict(groups, DRAWS, rng)
    mean = draws.mean[:, groups.index(won)]
    wide = rng.random(mean.shape) < draws.wide_share[:, None]
    spread = np.where(wide, draws.wide_sd[:, None], draws.sd[:, None])
    amounts = np.exp(np.minimum(mean + spread * rng.standard_normal(mean.shape), draws.log_cap))
    seen = won["amount"].to_numpy(float)[None]
    rows = []
    for name, of in STATISTICS.items():
        low, middle, high = np.percentile(of(amounts), (5, 50, 95))
        rows.append((name, float(of(seen)[0]), low, middle, high))
    return pd.DataFrame(rows, columns=["statistic", "won", "p05", "p50", "p95"])


def top_share(amounts: Floats) -> Floats:
    """Share of the money in the largest 5 % of deals."""
    most = np.sort(amounts, axis=1)[:, -max(amounts.shape[1] // 20, 1) :]
    return most.sum(axis=1) / amounts.sum(axis=1)


STATISTICS = {
    **{f"p{q}": lambda amounts, q=q: np.percentile(amounts, q, axis=1) for q in (5, 25, 50, 75, 95)},
    "mean": lambda amounts: amounts.mean(axis=1),
    "largest": lambda amounts: amounts.max(axis=1),
    "share of the top 5 %": top_share,
}


def main() -> None:
    laws, checks = [], []
    for name in ("demo", "maven"):
        config = load_config(ROOT / "configs" / f"{name}.yaml")
        features = build_features(read_company(config).tables, config, as_of_date(config, None))
        won = features.won_deals.frame[features.won_deals.frame["amount"] > 0]
        score = held_out(residuals(won))
        laws += [(name, len(won), law, value - score["normal"]) for law, value in score.items()]
        checks.append(drawn_against_won(features, won).assign(company=name))
    table = pd.DataFrame(laws, columns=["company", "deals", "law", "log_score_over_normal"]).round(1)
    check = pd.concat(checks)[["company", "statistic", "won", "p05", "p50", "p95"]]
    table.to_csv(ROOT / "experiments" / "results" / "deal_size_laws.csv", index=False)
    check.to_csv(ROOT / "experiments" / "results" / "deal_size_draws.csv", index=False, float_format="%.4g")
    print(table.to_string(index=False), check.to_string(index=False), sep="\n")


if __name__ == "__main__":
    main()

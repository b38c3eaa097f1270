"""What a deal's own state adds to its odds: pushed dates, overdue dates, silence, amounts, the seller's own category.

The stage hazards know stage, group and age. Here the past snapshots of open deals (features/deal_snapshots.py) say
whether deals of a trait advance or are lost more often than those hazards expect:

    exits_k of a snapshot until the next one ~ Poisson(H_k · exp(x′β_k)),   β ~ Normal(0, τ²)

H_k is the cumulative hazard that the fitted stage hazards give to its stage, group, age and time at risk, brought to
the level of its stage and quarter, so β compares deals with others of the same stage and time (Holford 1980). τ is
chosen on snapshots that β has not seen, and then β has to beat β = 0 on the latest snapshots, which neither has seen;
where it does not by more than a standard error, the deal's own state adds nothing, and the table says so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import PoissonRegressor

from revmodel.dims import ADVANCE, CAUSES, LOST
from revmodel.features.deal_traits import normal_category, trait_columns, trait_words
from revmodel.features.tables import OpenRecords
from revmodel.models.draws import FunnelDraws

__all__ = ["DealEffects"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TAUS = (0.05, 0.1, 0.2, 0.4, 0.8)  # per standard deviation of a trait: 0.2 is a fifth more or less
MIN_EXITS = 60  # of a cause: fewer cannot tell traits apart
TRAIN, CHOOSE = 0.5, 0.75  # shares of the snapshots, by time: fit; choose τ; the rest decides
MOST = 1.5  # of a log-odds shift: what lies beyond is not known from so few deals
LEVEL_PRIOR = 5.0  # exits: how firmly the level of a quarter is held to the one expected
WEEK_PARTS = 4  # of the time between snapshots


class DealEffects:
    """Log-odds that each open deal adds to those of its stage, group and age.

    After ``fit``: ``tested_`` (one row a cause: snapshots, exits, gain in log score on the latest snapshots with its
    standard error, used), ``shifts_`` (deal_id, advance_log_odds, lost_log_odds of deals open now; their mean odds are
    those of their stage).
    """

    def fit(self, snapshots: pd.DataFrame | None, funnel: FunnelDraws) -> DealEffects:
        """snapshots : past (ago > 0) and present (ago 0). funnel : its draws' mean hazards are the base."""
        if snapshots is None:
            snapshots = pd.DataFrame({"ago": [], "stage": []})
        known = snapshots[snapshots["stage"].isin(funnel.stages)]
        known = known[funnel.groups.index(known) >= 0] if len(known) else known
        past, now = known[known["ago"] > 0], known[known["ago"] == 0]
        self.tested_ = pd.DataFrame(columns=["cause", "snapshots", "exits", "gain", "gain_se", "spread", "used"])
        ids = now["deal_id"] if len(now) else pd.Series([], dtype=object)
        self.shifts_ = pd.DataFrame({"deal_id": ids, "advance_log_odds": 0.0, "lost_log_odds": 0.0})
        self._worth: dict[str, dict[str, Floats]] = {}
        if past.empty:
            return self
        columns = trait_columns(known)
        if columns:
            self._fit(known, columns, past=(known["ago"] > 0).to_numpy(), funnel=funnel)
        return self

    def _fit(self, known: pd.DataFrame, columns: dict[str, Floats], past: Bools, funnel: FunnelDraws) -> None:
        hazard = _cumulative_hazard(known, funnel)
        x = np.concatenate(list(columns.values()), axis=1)
        trait = [name for name, each in columns.items() for _ in range(each.shape[1])]
        stage = known["stage"].to_numpy()
        rows, effects = [], {}
        for cause in (ADVANCE, LOST):
            k = CAUSES.index(cause)
            exits = (known["outcome"] == cause).to_numpy().astype(np.float64)
            base = _at_level(hazard[:, k], exits, stage, known["ago"].to_numpy(), past)
            scaled = _within_stage(x, base, stage, past)
            effect, row = _fit_cause(scaled[past], exits[past], base[past], known[past])
            rows.append({"cause": cause, **row})
            effects[cause] = scaled[~past] * effect
        self.tested_ = pd.DataFrame(rows)
        amount = columns.get("amount", np.zeros((len(x), 1)))[~past, 0]
        self._keep(known[~past], trait, effects, hazard[~past], amount)

    def _keep(
        self, now: pd.DataFrame, trait: list[str], effects: dict[str, Floats], hazard: Floats, amount_score: Floats
    ) -> None:
        """Shifts and parts of the deals open now; the mean odds of each stage stay what they are."""
        shifts = {"deal_id": now["deal_id"].to_numpy()}
        for cause, effect in effects.items():
            shift = np.clip(effect.sum(axis=1), -MOST, MOST)
            base, stage = pd.Series(hazard[:, CAUSES.index(cause)]), pd.Series(now["stage"].to_numpy())
            of_stage = base.groupby(stage).transform("sum").to_numpy(dtype=np.float64)
            mean = (base * np.exp(shift)).groupby(stage).transform("sum").to_numpy(dtype=np.float64) / of_stage
            shifts[f"{cause}_log_odds"] = shift - np.log(mean)
        self.shifts_ = pd.DataFrame(shifts)
        self._told = now.assign(
            category=normal_category(now["forecast_category"]).fillna("nothing"), amount_score=amount_score
        )
        self._worth = {
            name: {cause: effect[:, [each == name for each in trait]].sum(axis=1) for cause, effect in effects.items()}
            for name in dict.fromkeys(trait)
        }

    def parts(self) -> pd.DataFrame:
        """deal_id, trait, words, advance, lost: what each trait of a deal open now adds to its log-odds."""
        columns = ["deal_id", "trait", "words", ADVANCE, LOST]
        rows = [
            pd.DataFrame({"deal_id": self._told["deal_id"].to_numpy(), "trait": name, "words": words, **worth})
            for name, worth in self._worth.items()
            for words in [[trait_words(name, deal) for deal in self._told.itertuples()]]
        ]
        return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)

    def with_shifts(self, records: OpenRecords) -> OpenRecords:
        """The open records with advance_log_odds and lost_log_odds: 0 for leads and where nothing is known."""
        known = self.shifts_.set_index("deal_id")
        is_deal = records.frame["record_type"] == "deal"
        found = {
            name: records.frame["record_id"].map(known[name]).where(is_deal).fillna(0.0).astype(float)
            for name in ("advance_log_odds", "lost_log_odds")
        }
        return OpenRecords(records.frame.assign(**found))

    @property
    def any_used(self) -> bool:
        """Whether the own state of deals shifts any odds."""
        return bool(len(self.tested_) and self.tested_["used"].astype(bool).any())

    def sentence(self) -> str:
        """What was found, for a run's notes."""
        used = self.tested_[self.tested_["used"].astype(bool)] if len(self.tested_) else self.tested_
        if self.tested_.empty:
            return "Open deals differ by stage, group and age only: no past snapshots to learn more from."
        if used.empty:
            return (
                "Open deals differ by stage, group and age only: their own state (pushes, close date, amount, "
                "activity, category) did not improve the log score on the latest past snapshots."
            )
        names = " and ".join("advance" if cause == ADVANCE else "be lost" for cause in used["cause"])
        return f"An open deal's own state shifts its odds to {names}: that improved the log score on past snapshots."


def _cumulative_hazard(rows: pd.DataFrame, funnel: FunnelDraws) -> Floats:
    """(row, cause): hazard expected over the time at risk; over one week for deals open now."""
    odds = np.exp(funnel.log_odds.mean(axis=0))  # (stage, cause, group, age_bin)
    again = np.exp(funnel.again.mean(axis=0))  # (stage, cause)
    stage = rows["stage"].map({name: i for i, name in enumerate(funnel.stages)}).to_numpy(int)
    group, edges = funnel.groups.index(rows), np.asarray(funnel.age_edges_weeks)
    exposure = np.where(rows["ago"] > 0, rows["exposure_weeks"], 1.0)
    total = np.zeros((len(rows), len(CAUSES)))
    for week in range(WEEK_PARTS):
        age_bin = np.searchsorted(edges, rows["age_weeks"].to_numpy() + week, side="right") - 1
        here = odds[stage, :, group, age_bin] * np.where((rows["attempt"] > 1).to_numpy()[:, None], again[stage], 1.0)
        leaving = here.sum(axis=1, keepdims=True)
        rate = np.log1p(leaving) * here / np.maximum(leaving, 1e-300)
        total += rate * np.clip(exposure - week, 0.0, 1.0)[:, None]
    return np.maximum(total, 1e-9)


def _at_level(hazard: Floats, exits: Floats, stage: npt.NDArray[np.object_], ago: Floats, past: Bools) -> Floats:
    """The hazard at the level of exits of each stage, and of each quarter of a year."""
    base = hazard.copy()
    quarter = np.asarray(ago) // 91
    for labels in (stage, quarter, stage, quarter):
        frame = pd.DataFrame({"label": labels, "exits": exits * past, "base": base * past})
        by = frame.groupby("label")[["exits", "base"]].transform("sum")
        base = base * ((by["exits"] + LEVEL_PRIOR) / (by["base"] + LEVEL_PRIOR)).to_numpy()
    return base


def _within_stage(x: Floats, base: Floats, stage: npt.NDArray[np.object_], past: Bools) -> Floats:
    """Columns less their mean in the stage, in standard deviations."""
    weight = base * past
    scaled = np.zeros_like(x)
    for name in np.unique(stage.astype(str)):
        at = stage == name
        if weight[at].sum() > 0:
            scaled[at] = x[at] - np.average(x[at], axis=0, weights=weight[at])
    sd = scaled[past].std(axis=0)
    return np.asarray(scaled / np.where(sd > 1e-9, sd, np.inf))


def _fit_cause(x: Floats, exits: Floats, base: Floats, rows: pd.DataFrame) -> tuple[Floats, dict[str, object]]:
    """Effects per standard deviation (zero where they are not borne out), and the test."""
    row: dict[str, object] = {
        "snapshots": len(rows),
        "exits": int(exits.sum()),
        "gain": 0.0,
        "gain_se": 0.0,
        "spread": 0.0,
        "used": False,
    }
    nothing = np.zeros(x.shape[1])
    place = rows["ago"].rank(method="average", ascending=False, pct=True).to_numpy()
    train, choose, test = place <= TRAIN, (place > TRAIN) & (place <= CHOOSE), place > CHOOSE
    if min(exits[train].sum(), 4 * exits[test].sum(), 4 * exits[choose].sum()) < MIN_EXITS:
        return nothing, row
    gains = [_gain(_effects(x[train], exits[train], base[train], tau), x, exits, base)[choose].sum() for tau in TAUS]
    tau = TAUS[int(np.argmax(gains))]
    effect = _effects(x[~test], exits[~test], base[~test], tau)
    by_deal = pd.Series(_gain(effect, x, exits, base)[test]).groupby(rows["deal_id"].to_numpy()[test]).sum()
    gain, error = float(by_deal.sum()), float(by_deal.std(ddof=1) * np.sqrt(len(by_deal)))
    row |= {"gain": gain, "gain_se": error, "spread": tau, "used": bool(max(gains) > 0 and gain > error)}
    return (_effects(x, exits, base, tau) if row["used"] else nothing), row


def _effects(x: Floats, exits: Floats, base: Floats, tau: float) -> Floats:
    model = PoissonRegressor(alpha=1 / (tau**2 * base.sum()), fit_intercept=False, max_iter=500)
    return np.asarray(model.fit(x, exits / base, sample_weight=base).coef_, dtype=np.float64)


def _gain(effect: Floats, x: Floats, exits: Floats, base: Floats) -> Floats:
    """(row,): log score with the effects, less the one without."""
    shift = x @ effect
    return np.asarray(exits * shift - base * np.expm1(shift))

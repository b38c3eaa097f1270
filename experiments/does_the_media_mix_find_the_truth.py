"""Does the media mix find the truth, on simulated companies that are not of its own family?

Each company has 156 weeks and six channels. Its truth is drawn by ``case_of`` below, which shares no code with the
model: the baseline is a random walk with jumps, quarter-end pushes, a summer dip and the weeks around New Year, and the
noise of a week hangs on the week before; effects come after kernels of several kinds (at once, fading, delayed, in two
waves) through a logarithm, a power, an S or a straight line; budgets follow demand, come in bursts, go dark, or move
with each other; branded search spends where demand is and adds little. One company in four is of the model's own family
(fading, Michaelis-Menten), so that both can be seen. All results are of simulated companies.

    .venv/bin/python experiments/does_the_media_mix_find_the_truth.py --seeds 1-24
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.mix.doubt import doubt_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import MixConfig

OUT = Path(__file__).resolve().parent / "results"
Floats = npt.NDArray[np.float64]
WEEKS, BEFORE = 156, 40  # weeks shown; and before them, so that carry-over is in force from the start
CHANNELS = ("branded_search", "paid_social", "content", "events", "webinars", "outbound")
SEARCH, LIKE_OTHERS = 1.0, 3.0  # what branded search brings, where the others' are 3, 3, 3, 2 and 2
KERNELS = ("at once", "fading", "delayed", "two waves")
SHAPES = ("logarithm", "power", "s-shaped", "straight")


@dataclass(frozen=True)
class Pulses:
    """What a company may have done with its last ``weeks``: each channel's budget, the mean of the year before, pulsed.

    In blocks of so many weeks spend is 1 − swing or 1 + swing times that, each as often, by an order of its own for
    each channel that goes as little as may be with the others'.
    """

    weeks: int
    block: int
    swing: float

    def times(self, channels: int, seed: int) -> Floats:
        """(channel, week), of mean about 1: the least alike of so many orders drawn."""
        rng, blocks = np.random.default_rng([7, seed]), self.weeks // self.block
        signs = np.resize([1.0, -1.0], blocks - blocks % 2)
        signs = np.append(signs, np.zeros(blocks % 2))
        tried = [np.stack([rng.permutation(signs) for _ in range(channels)]) for _ in range(400)]
        best = min(tried, key=lambda each: float(np.abs(np.corrcoef(each) - np.eye(channels)).max()))
        padded = np.pad(np.repeat(best, self.block, axis=1), ((0, 0), (0, self.weeks % self.block)))
        return 1.0 + self.swing * padded


@dataclass(frozen=True)
class Channel:
    """How one channel truly works. past : (BEFORE + WEEKS,), spend, of mean about 1; price: money for one unit of it.

    weights : (lag,), of its carry-over; shaped: of what is carried; height: units of the KPI for one of ``shaped``.
    """

    past: Floats
    price: float
    weights: Floats
    shaped: Callable[[Floats], Floats]
    height: float

    def carried(self, ahead: Floats) -> Floats:
        """What is in force in each week of the panel and of spend (week,) that follows it."""
        path = np.concatenate([self.past, ahead])
        return np.asarray(np.convolve(path, self.weights)[BEFORE : path.size])

    def brings(self, money: Floats) -> float:
        """Units of the KPI that money spent after the panel, (week,), brings in these weeks and after them.

        Beyond what past spend brings anyway.
        """
        tail = np.zeros(len(self.weights) - 1)

        def total(ahead: Floats) -> float:
            return float(self.shaped(self.carried(np.concatenate([ahead, tail])))[WEEKS:].sum())

        return self.height * (total(money / self.price) - total(np.zeros(money.size)))


@dataclass(frozen=True)
class Case:
    """A panel and its truth. added : channel → units of the KPI over the panel. own_family: see the module.

    baseline : (week,), units of the KPI that would have come without media, but for noise.
    """

    panel: pd.DataFrame
    added: dict[str, float]
    own_family: bool
    drawn: dict[str, str]
    channels: dict[str, Channel]
    baseline: Floats


def case_of(seed: int, pulses: Pulses | None = None, search: float = SEARCH) -> Case:
    """A simulated company; the same one with its last weeks' budgets pulsed where that is asked for.

    search : how much branded search brings, as ``SEARCH``; another makes another company.
    """
    rng = np.random.default_rng([20261126, seed])
    own_family, total = seed % 4 == 0, WEEKS + BEFORE
    dates = pd.date_range("2023-01-02", periods=WEEKS, freq="7D")
    every = pd.date_range(dates[0] - pd.Timedelta(weeks=BEFORE), periods=total, freq="7D")
    demand = _demand(rng, every)
    spend = _spend(rng, demand, total)
    spent = spend.copy()
    if pulses is not None:
        spent[:, -pulses.weeks :] = spend[:, -pulses.weeks - 52 : -pulses.weeks].mean(1, keepdims=True)
        spent[:, -pulses.weeks :] *= pulses.times(len(CHANNELS), seed)
    share = rng.uniform(0.15, 0.45) * rng.dirichlet(np.array([search, 3.0, 3.0, 3.0, 2.0, 2.0]))
    parts, drawn, curves = {}, {}, []
    for i, name in enumerate(CHANNELS):
        kernel = "fading" if own_family else rng.choice(KERNELS)
        shape = "michaelis-menten" if own_family else rng.choice(SHAPES)
        weights = _kernel(rng, kernel)
        shaped = _shape(rng, shape)
        usual, effect = (shaped(np.convolve(each[i], weights)[:total])[BEFORE:] for each in (spend, spent))
        parts[name] = effect / usual.mean() * share[i]
        curves.append((weights, shaped, share[i] / usual.mean()))
        drawn[name] = f"{kernel}, {shape}"
    size = float(np.exp(rng.uniform(4.5, 7.5)))
    base = demand[BEFORE:] / demand[BEFORE:].mean() * (1 - share.sum())
    mean = base + sum(parts.values())
    noise = np.zeros(WEEKS)
    shocks = rng.standard_normal(WEEKS) * rng.uniform(0.03, 0.09)
    for week in range(1, WEEKS):
        noise[week] = 0.4 * noise[week - 1] + shocks[week]
    kpi = rng.poisson(np.maximum(size * mean * np.exp(noise), 0.0)).astype(float)
    added = {name: float(size * part.sum()) for name, part in parts.items()}
    price = [rng.uniform(30, 120) for _ in CHANNELS]
    money = {name: spent[i, BEFORE:] * size * price[i] for i, name in enumerate(CHANNELS)}
    channels = {
        name: Channel(spent[i], size * price[i], *curves[i][:2], size * curves[i][2]) for i, name in enumerate(CHANNELS)
    }
    return Case(pd.DataFrame({"week": dates, "leads": kpi, **money}), added, own_family, drawn, channels, size * base)


def _demand(rng: np.random.Generator, weeks: pd.DatetimeIndex) -> Floats:
    """What would come without media, on a scale of its own."""
    steps = rng.standard_normal(len(weeks)) * rng.uniform(0.004, 0.015)
    steps[rng.integers(0, len(weeks), 2)] += rng.normal(0, 0.08, 2)
    summer = -rng.uniform(0.0, 0.25) * np.exp(-(((weeks.day_of_year - 220) / 25.0) ** 2))
    turn = np.minimum(np.abs(weeks.day_of_year - 362), np.abs(weeks.day_of_year + 3))
    new_year = -rng.uniform(0.2, 0.5) * (turn <= 6)
    pushes = rng.uniform(0.0, 0.1) * ((weeks.month % 3 == 0) & (weeks.day > 15))
    return np.asarray(np.exp(np.cumsum(steps) + summer + new_year + pushes), float)


def _spend(rng: np.random.Generator, demand: Floats, weeks: int) -> Floats:
    """(channel, week), mean about 1: the first follows demand, two may move together, some come in bursts."""
    wave = np.cumsum(rng.standard_normal((3, weeks)) * 0.12, axis=1)
    wave -= wave.mean(1, keepdims=True)
    out = np.empty((len(CHANNELS), weeks))
    follows = (demand / demand.mean()) ** rng.uniform(0.8, 2.0)
    for i in range(len(CHANNELS)):
        jitter = np.exp(rng.normal(0, rng.uniform(0.1, 0.35), weeks))
        slow = np.exp(wave[rng.integers(0, 3)] * rng.uniform(0.3, 1.0))
        out[i] = jitter * (follows if i == 0 else slow * follows ** rng.uniform(0.0, 0.6))
        kind = rng.integers(0, 3) if i else 0
        if kind == 1:  # bursts
            on = np.repeat(rng.random(weeks // 3 + 1) < 0.45, 3)[:weeks]
            out[i] *= on
        if kind == 2:  # a dark stretch
            start = rng.integers(BEFORE, weeks - 20)
            out[i, start : start + rng.integers(6, 20)] = 0.0
        out[i] /= out[i].mean()
    return out


def _kernel(rng: np.random.Generator, kind: str) -> Floats:
    lags = np.arange(30.0)
    if kind == "at once":
        raw = (lags == 0) + 0.2 * (lags == 1)
    elif kind == "fading":
        raw = rng.uniform(0.2, 0.8) ** lags
    elif kind == "delayed":
        raw = (lags + 0.5) ** rng.uniform(1.0, 3.0) * np.exp(-(lags + 0.5) / rng.uniform(0.8, 1.8))
    else:
        raw = 0.6 * 0.3**lags + 0.4 * np.exp(-(((lags - rng.uniform(4, 8)) / 2.0) ** 2))
    return np.asarray(raw / raw.sum())


def _shape(rng: np.random.Generator, kind: str) -> Callable[[Floats], Floats]:
    if kind == "logarithm":
        half = rng.uniform(0.2, 1.5)
        return lambda x: np.asarray(np.log1p(x / half))
    if kind == "power":
        power = rng.uniform(0.5, 0.85)
        return lambda x: np.asarray(x**power)
    if kind == "s-shaped":
        slope, middle = rng.uniform(1.5, 2.5), rng.uniform(0.7, 1.5)
        return lambda x: np.asarray(x**slope / (x**slope + middle**slope))
    if kind == "straight":
        return lambda x: x
    half = rng.uniform(0.5, 3.0)
    return lambda x: np.asarray(x / (x + half))


def config_of(seed: int, engine: str) -> MixConfig:
    """The same for every company: nothing is known of any, but the country, and that branded search follows demand."""
    channels = {name: {"cost": name, "follows_demand": name == "branded_search"} for name in CHANNELS}
    return MixConfig(
        name=f"simulated {seed}",
        data="none",
        date="week",
        kpi="leads",
        channels=channels,
        engine=engine,
        seed=seed,
        holidays_country="DE",
    )  # type: ignore[arg-type]


def measured(seed: int, engine: str) -> pd.DataFrame:
    """One row a channel and one for all, shares of the KPI over the panel."""
    case, start = case_of(seed), time.process_time()
    mix = MediaMix(config_of(seed, engine)).fit(case.panel)
    return compared(seed, case, mix).assign(cpu_s=time.process_time() - start)


def compared(seed: int, case: Case, mix: MediaMix) -> pd.DataFrame:
    """The same of a mix that is fitted."""
    total = float(case.panel["leads"].sum())
    shares = mix.added().sum((2, 3)) / total
    names = [*CHANNELS, "all media"]
    draws = np.concatenate([shares, shares.sum(1, keepdims=True)], axis=1)
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
    truth = np.array([*case.added.values(), sum(case.added.values())]) / total
    verdicts = [*doubt_table(mix)["verdict"], ""]
    return pd.DataFrame({
        "seed": seed, "own_family": case.own_family, "channel": names, "drawn": [*case.drawn.values(), ""],
        "truth": truth, "mean": draws.mean(0), "p05": low, "p50": middle, "p95": high,
        "inside": (truth >= low) & (truth <= high), "error": np.abs(draws.mean(0) - truth), "verdict": verdicts,
        "healthy": bool(mix.health_["passed"].all()),
    })  # fmt: skip


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Coverage of 90 % intervals, error and bias of shares in points, by kind of company and channel or total."""
    level = np.where(table["channel"] == "all media", "all media", "channel")
    kind = np.where(table["own_family"], "own family", "other")
    both = pd.concat([table.assign(kind=kind, level=level), table.assign(kind="all", level=level)])
    both["bias"] = both["mean"] - both["truth"]
    out = both.groupby(["level", "kind"]).agg(
        n=("inside", "size"), covered_90=("inside", "mean"), error_points=("error", "mean"),
        bias_points=("bias", "mean"), truth_points=("truth", "mean"),
        healthy=("healthy", "mean"), cpu_s=("cpu_s", "mean"),
    )  # fmt: skip
    out[["error_points", "bias_points", "truth_points"]] *= 100
    return out.round(3).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-24", help="first-last")
    parser.add_argument("--engine", default="nuts", choices=["nuts", "laplace"])
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    tables = []
    for seed in range(first, last + 1):
        tables.append(measured(seed, arguments.engine))
        row = tables[-1].iloc[-1]
        print(f"company {seed}: media {row['truth']:.3f}, found {row['p05']:.3f} to {row['p95']:.3f}", flush=True)
    table = pd.concat(tables, ignore_index=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.out / "media_mix_by_channel.csv", index=False, float_format="%.5g")
    summary(table).to_csv(arguments.out / "media_mix.csv", index=False)
    print(summary(table).to_string(index=False))
    print(
        table[table["channel"] != "all media"].groupby("verdict")["inside"].agg(["size", "mean"]).round(3).to_string()
    )


if __name__ == "__main__":
    main()

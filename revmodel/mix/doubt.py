"""How far each answer comes from the data: belief beside answer, sensitivity, collinearity, and a verdict in words.

Prior sensitivity by power-scaling (Kallioinen et al. 2023): draws are reweighted as if the prior of a channel counted
a quarter more or a fifth less, without fitting again. Collinearity is asked of the history itself: were the model
right and everything but the effects known, how wide would each answer be?
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.mix.media_mix import MediaMix
from revmodel.mix.noise import scores, week_sd

__all__ = ["VERDICTS", "doubt_table", "residual_table", "usual_noise"]

Floats = npt.NDArray[np.float64]
VERDICTS = ("measured", "weakly measured", "prior-driven", "not identified")
NARROW = 0.35  # sd of the log of a share: within a factor of 1.8 either way, 9 in 10
LEARNED_MUCH, LEARNED_LITTLE = 0.5, 0.75  # of the prior's width left
HOPELESS = 1.0  # even were the model right, the standard error of an effect would be the effect itself
POWERS = (0.8, 1.25)
FAR_OUT, FAR_SHARE = 3.0, 0.02  # standard deviations; share of weeks beyond which the noise is not normal
PULSE_WEEKS, PULSE_LASTS = 4, 26  # a re-phasing: half of the spend, then half as much again, for half a year
BELIEFS, BELIEFS_SEED = 100_000, 1  # draws of beliefs; their seed, so that tables are the same each time


def doubt_table(mix: MediaMix) -> pd.DataFrame:
    """One row a channel: belief and answer as shares of the KPI, how much was learned, and the verdict.

    belief_*: of a channel's own belief and that of all media together, which hold at once. left_of_belief: width of the
    answer ÷ width of the belief, of log shares. sensitivity: by how many of its standard
    deviations the answer moves where the prior counts a quarter more rather than a fifth less. error_if_right: standard
    error of the effect ÷ effect, were the model right. most_like: the channel whose spend moved most alike. if_pulsed:
    error_if_right had its spend of the last half year been pulsed.
    """
    data, draws, channels = mix.arrays_.data, mix.draws_, mix.panel_.channels
    answer = np.log(draws.effect)
    before = _believed(data)
    width, belief = answer.std(0), before.std(0)
    sensitivity = _sensitivity(mix, answer)
    errors, alike, pulsed = _collinearity(mix)
    rows = []
    for i, name in enumerate(channels):
        left = float(width[i] / belief[i])
        verdict = _verdict(float(width[i]), left, float(errors[i]))
        believed = np.exp(np.quantile(before[:, i], [0.05, 0.5, 0.95]))
        found = np.quantile(draws.effect[:, i], [0.05, 0.5, 0.95])
        marginal = bool(data["is_marginal"][i])
        rows.append({
            "channel": name, "verdict": verdict,
            **{f"belief_{q}": np.nan if marginal else v for q, v in zip(("p05", "p50", "p95"), believed, strict=True)},
            **{f"answer_{q}": v for q, v in zip(("p05", "p50", "p95"), found, strict=True)},
            "left_of_belief": left, "sensitivity": sensitivity[i], "error_if_right": errors[i], "most_like": alike[i],
            "if_pulsed": pulsed[i],
            "sentence": _sentence(name, verdict, left, float(errors[i]), float(pulsed[i]), alike[i]),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _believed(data: dict[str, Floats]) -> Floats:
    """(draw, channel): log shares as they are believed before the data speak, drawn by sampling importance resampling.

    Channels' own beliefs and the belief of all together hold at once (mix/mix_model.py: their product), so that both
    are a little narrower than stated: with six channels and the default 5 to 60 % for all, 11 to 51 %.
    """
    rng = np.random.default_rng(BELIEFS_SEED)
    alone = data["effect_mean"] + data["effect_sd"] * rng.standard_normal((BELIEFS, len(data["effect_mean"])))
    far = (np.log(np.exp(alone).sum(1)) - data["total"][0]) / data["total"][1]
    weight = np.exp(-(far**2) / 2)
    return np.asarray(alone[rng.choice(BELIEFS, BELIEFS, p=weight / weight.sum())])


def residual_table(mix: MediaMix) -> pd.DataFrame:
    """What the model leaves unexplained, one row a check: check, value, wanted, passed, sentence.

    News of a week is what neither the model nor the echo of the week before says, as a standard normal would have it
    (mix/noise.py: scores); over all weeks it should look like noise: no echo of its own (below zero is what fitting a
    baseline leaves), and about as many far-out weeks as chance has.
    """
    data, draws = mix.arrays_.data, mix.draws_
    mean = draws.media(data).mean(0) + data["design"] @ draws.linear.mean(0)
    echo, pair, rest = float(draws.echo.mean()), data["pair"] > 0, data["y"] - mean
    sigma, tail = float(draws.sigma.mean()), float(draws.tail.mean())
    news = scores(mix.config.noise, data["y"], mean, data["units"], echo, sigma, tail)[pair]
    again = float(np.corrcoef(news[1:], news[:-1])[0, 1])
    far = float(np.mean(np.abs(news) > FAR_OUT))
    explained = 1 - float(np.var(rest[pair]) / np.var(data["y"][pair]))
    most = 2 / np.sqrt(len(news))
    words = {
        "echo left": f"weeks follow each other by {again:+.2f} beyond the echo of {echo:.2f}",
        "far out": f"{100 * far:.1f} % of weeks are beyond {FAR_OUT:g} standard deviations; chance has 0.3 %",
        "explained": f"{100 * explained:.0f} % of the variance is explained; a flexible baseline can explain much",
    }
    values = {"echo left": again, "far out": far, "explained": explained}
    wanted = {
        "echo left": f"below {most:.2f}",
        "far out": f"below {100 * FAR_SHARE:.1f} %",
        "explained": "told, not judged",
    }
    passed = {"echo left": again < most, "far out": far < FAR_SHARE, "explained": True}
    rows = [(name, values[name], wanted[name], passed[name], words[name]) for name in words]
    return pd.DataFrame(rows, columns=["check", "value", "wanted", "passed", "sentence"])


def _verdict(width: float, left: float, error: float) -> str:
    if left > LEARNED_LITTLE:
        return "not identified" if error > HOPELESS else "prior-driven"
    if width <= NARROW and left <= LEARNED_MUCH:
        return "measured"
    return "weakly measured"


def _sentence(name: str, verdict: str, left: float, error: float, pulsed: float, alike: str) -> str:
    if verdict == "measured":
        return f"{name}: the data decide; they leave {100 * left:.0f} % of the width of what was believed."
    if verdict == "weakly measured":
        return f"{name}: the data say something; {100 * left:.0f} % of the width of what was believed is left."
    like = f", and its spend moved with {alike}" if alike else ""
    said = {"prior-driven": "what was believed beforehand decides, not the data"}.get(verdict, "the data cannot answer")
    hint = "only a lift test that is large enough would tell"
    if pulsed < 0.7 * error:
        hint = f"half a year of spend in pulses of {PULSE_WEEKS} weeks would narrow that to ±{100 * pulsed:.0f} %"
    return f"{name}: {said}{like}; even a right model would be off by ±{100 * error:.0f} %: {hint}."


def _sensitivity(mix: MediaMix, answer: Floats) -> Floats:
    """(channel,): shift of the mean of the answer, in its standard deviations, between the two powers of the prior."""
    data = mix.arrays_.data
    z = (answer - data["effect_mean"]) / data["effect_sd"]
    moved = []
    for power in POWERS:
        log_weight = -(power - 1) * z**2 / 2
        weight = np.exp(log_weight - log_weight.max(0))
        moved.append((weight * answer).sum(0) / weight.sum(0))
    return np.asarray(np.abs(moved[1] - moved[0]) / answer.std(0))


def _collinearity(mix: MediaMix) -> tuple[Floats, list[str], Floats]:
    """error_if_right and if_pulsed, (channel,) each, and the channel most alike or ""."""
    panel, weeks = mix.panel_, len(mix.panel_.weeks)
    now = _columns(mix, panel.acts)
    errors = _errors(mix, now)
    seen = now - now.mean(1, keepdims=True)
    size = np.linalg.norm(seen, axis=1)
    like = seen @ seen.T / np.maximum(np.outer(size, size), 1e-12) - 2 * np.eye(len(seen))
    alike = [
        panel.channels[int(np.argmax(row))] if len(row) > 1 and row.max() > 0.5 else "" for row in like
    ]  # fmt: skip
    phase = np.where((np.arange(weeks) // PULSE_WEEKS) % 2 == 0, 0.5, 1.5)
    factor = np.where(np.arange(weeks) >= weeks - PULSE_LASTS, phase, 1.0)
    pulsed = np.empty(len(errors))
    for i in range(len(errors)):
        acts = panel.acts.copy()
        acts[i] = acts[i] * factor
        pulsed[i] = _errors(mix, _columns(mix, acts))[i]
    return errors, alike, pulsed


def _columns(mix: MediaMix, acts: Floats) -> Floats:
    """(channel, region × week): what each channel adds at the median of its parameters, as shares of the KPI."""
    draws, basis = mix.draws_, mix.arrays_.basis
    middle = {name: np.median(value, axis=0)[None] for name, value in draws.values.items()}
    acting = draws.response.brought(basis.done(acts, mix.panel_.frequency), middle)[0]
    return np.asarray(np.median(draws.height, axis=0)[:, None] * acting)


def usual_noise(mix: MediaMix) -> tuple[Floats, float]:
    """(region × week,) sd of a week's news, a share of the KPI's mean, and how much of it echoes; at medians."""
    data, draws = mix.arrays_.data, mix.draws_
    sigma, echo, tail = (float(np.median(part)) for part in (draws.sigma, draws.echo, draws.tail))
    mean = draws.part(slice(0, 200)).media(data).mean(0) + data["design"] @ draws.linear.mean(0)
    return week_sd(mix.config.noise, mean, data["units"], sigma, tail), echo


def _errors(mix: MediaMix, columns: Floats) -> Floats:
    """(channel,): standard error of a multiple of each column, with the baseline and the other channels unknown."""
    data, draws = mix.arrays_.data, mix.draws_
    trend, season, length = (float(np.median(part)) for part in (draws.trend, draws.season, draws.length))
    scale = mix.arrays_.prior_sd(trend, season, length)
    design = np.concatenate([columns.T, data["design"] * scale], axis=1)
    sds, echo = usual_noise(mix)
    wide = (sds / sds.mean())[:, None]  # weeks of a count differ in what they tell
    news = np.sign(data["pair"])[:, None] * (design - echo * np.roll(design, 1, axis=0)) / wide
    first = np.sign(data["first"])[:, None] * design / wide
    precision = (news.T @ news + (1 - echo**2) * first.T @ first) / sds.mean() ** 2
    count = len(columns)
    precision[np.arange(count, len(precision)), np.arange(count, len(precision))] += 1.0
    precision[np.arange(count), np.arange(count)] += 1e-4  # a multiple between minus and plus a hundred
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(precision))[:count]))

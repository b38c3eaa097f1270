"""What the command line prints: progress while it works, a table in words at the end, or JSON."""

from __future__ import annotations

import contextlib
import json as jsonlib
import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import rich.console
import rich.table

if TYPE_CHECKING:
    import pandas as pd

    from revmodel.mix.geo_lift import GeoLift
    from revmodel.report.tables import RunFolder
    from revmodel.workflows.company import DataCheck

__all__ = ["Console"]

Say = Callable[[str], None]
_WIDTH_OF_FILES = 120  # columns where there is no terminal that has a width


class Console:
    """Progress goes to standard error, results to standard output. json: results as one JSON object. quiet: nothing."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json, self.quiet = json, quiet
        width = None if sys.stdout.isatty() else _WIDTH_OF_FILES
        self.out = rich.console.Console(highlight=False, soft_wrap=True, width=width)
        self.err = rich.console.Console(stderr=True, highlight=False)

    @contextlib.contextmanager
    def progress(self, first: str) -> Iterator[Say]:
        """A line that says what is being done: it moves on a terminal, and is one line a step elsewhere."""
        if self.quiet or self.json:
            yield lambda _: None
            return
        start = time.monotonic()
        if not self.err.is_terminal:
            yield lambda text: print(f"[{time.monotonic() - start:4.0f} s] {text}", file=sys.stderr, flush=True)
            return
        with self.err.status(first) as status:
            yield lambda text: status.update(f"{text}  [dim]{time.monotonic() - start:.0f} s[/dim]")

    def say(self, text: str) -> None:
        """A sentence, unless quiet."""
        if not self.quiet:
            self.out.print(text, markup=False)

    def lines(self, name: str, sentences: list[str]) -> None:
        """Sentences, one a line, or as JSON."""
        if self.json:
            print(jsonlib.dumps({name: sentences}))
            return
        for sentence in sentences:
            self.say(sentence)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """A frame as it is, or as JSON."""
        if self.json:
            print(jsonlib.dumps({name: _records(frame)}, default=str))
            return
        self._print_table(name, list(map(str, frame.columns)), frame.astype(str).to_numpy().tolist())

    def check(self, company: str, data: DataCheck) -> None:
        """The result of ``revmodel check``."""
        parts = {"tables": data.rows, "findings": data.findings, "allows": data.allows}
        if self.json:
            print(jsonlib.dumps({name: _records(frame) for name, frame in parts.items()}, default=str))
            return
        if self.quiet:
            return
        self._print_table(f"{company}: tables", ["table", "rows"], [[t, f"{n:,}"] for t, n in data.rows.to_numpy()])
        self.findings(data.findings)
        rows = [[row["what"], "yes" if row["possible"] else "no", row["why"]] for row in _rows(data.allows)]
        self._print_table("\nWhat this data allows", ["what", "possible", "why"], rows)

    def findings(self, findings: pd.DataFrame) -> None:
        """What is wrong with the data, the gravest first: how many, then each with what follows from it."""
        from revmodel.report.findings_words import number_of_findings

        self.say(f"\n{number_of_findings(findings)}")
        for row in _rows(findings):
            self.say(f"\n{row['severity'].upper()} {row['group']} ({row['code']}, {row['table']}): {row['what']}")
            self.say(f"  examples: {row['examples']}" if row["examples"] else f"  rows: {row['count']:,}")
            self.say(f"  if left: {row['consequence']}")
            self.say(f"  done: {row['done']}")
            self.say(f"  remedy: {row['remedy']}")

    def run(self, run: RunFolder) -> None:
        """The result of a run: its headline tables and where the page is."""
        if self.json:
            print(jsonlib.dumps(_machine_readable(run), default=str))
            return
        if self.quiet:
            return
        currency = run.manifest["currency"]
        if "forecast" in run.tables:
            self._forecast(run)
        if "contribution" in run.tables:
            self._contribution(run.tables["contribution"], currency)
        if "allocation" in run.tables:
            self._allocation(run.tables["allocation"], run.tables["allocation_summary"], currency)
        if "next_tests" in run.tables:
            self._next_tests(run)
        if "backtest_scores" in run.tables:
            self._backtest(run.tables["backtest_scores"])
        for sentence in run.manifest["cannot"]:
            self.say(f"note: {sentence}")
        self._ending(run)

    def _ending(self, run: RunFolder) -> None:
        """Whether the numbers may be used, and where the page is."""
        verdict = run.manifest["health"]
        self.say(("" if verdict["passed"] else "NOT PUBLISHED: ") + verdict["sentence"])
        self.say(f"page: {run.path / 'index.html'}")

    def metrics(self, run: RunFolder) -> None:
        """The result of ``revmodel metrics``: the scorecard, one dimension, and a sentence."""
        if self.json or self.quiet:
            self.run(run)
            return
        from revmodel.report.scorecard_words import breakdown_words, headline_words, scorecard_words

        for title, names, rows in (scorecard_words(run), breakdown_words(run)):
            if rows:
                self._print_table(title, names, rows)
        self.say(f"\n{headline_words(run)}")
        for sentence in run.manifest["cannot"]:
            self.say(f"note: {sentence}")
        self.say(f"page: {run.path / 'index.html'}")

    def mix(self, run: RunFolder) -> None:
        """The result of ``revmodel mix``: what each channel added and how far that can be believed."""
        if self.json or self.quiet:
            self.run(run)
            return
        from revmodel.report.mix_words import path_sentences

        whole = run.tables["contribution"].query("period == 'all'")
        verdicts = run.tables["doubt"].set_index("channel")["verdict"]
        rows = [
            [
                row["channel"], f"{row['cost']:,.0f}" if row["cost"] > 0 else "organic", f"{row['added_mean']:,.0f}",
                f"{row['added_p10']:,.0f} to {row['added_p90']:,.0f}", f"{row['share_mean']:.1%}",
                _romi(row["romi_mean"], row["romi_p10"], row["romi_p90"]), verdicts[row["channel"]],
            ]
            for row in _rows(whole)
        ]  # fmt: skip
        names = ["channel", "spent", f"{run.manifest['config']['kpi']} added", "8 in 10 between", "share", "ROMI"]
        self._print_table(f"\nWhat each channel added ({run.manifest['currency']})", [*names, "verdict"], rows)
        for sentence in ("", *run.tables["doubt"]["sentence"], *path_sentences(run)):
            self.say(sentence)
        for sentence in run.tables["cautions"]["sentence"]:
            self.say(f"caution: {sentence}")
        for row in _rows(run.tables["residuals"].query("not passed")):
            self.say(f"Of what is left unexplained: {row['sentence']} (wanted: {row['wanted']}).")
        if "refutation" in run.tables:
            moved = run.tables["refutation"].query("not passed")
            self.say(f"What must not move the answers moved {len(moved)} of {len(run.tables['refutation'])}.")
        if "allocation" in run.tables:
            self._allocation(run.tables["allocation"], run.tables["allocation_summary"], run.manifest["currency"])
        if "next_tests" in run.tables:
            self._next_tests(run)
        self._ending(run)

    def target(self, run: RunFolder) -> None:
        """The result of ``revmodel target``: what it takes at each stage, in spend, until when, and in words."""
        if self.json or self.quiet:
            self.run(run)
            return
        from revmodel.report.reading import Run
        from revmodel.report.target_words import channel_rows, date_rows, headline, stage_words, target_sentences

        told = Run(run)
        names = ["", "counts if it comes", "planned", "needed", "8 in 10", "more"]
        self._print_table(f"\n{headline(told)}", names, [list(row) for row in stage_words(told)])
        if spend := channel_rows(told):
            names = ["channel", "until", "planned", "proposed", "limit", "brings", "next unit", ""]
            self._print_table(f"\nSpend ({run.manifest['currency']})", names, [list(row) for row in spend])
        names = ["lever", "last date", "in time now", "brings by then"]
        self._print_table("\nLast dates", names, [list(row) for row in date_rows(told)])
        self._sentences(run, target_sentences(told))

    def scenarios(self, run: RunFolder) -> None:
        """The result of ``revmodel scenarios``: side by side, by quarter, and a sentence each."""
        if self.json or self.quiet:
            self.run(run)
            return
        from revmodel.report.reading import Run
        from revmodel.report.scenario_words import (
            frontier_sentence,
            headline,
            quarter_rows,
            scenario_sentences,
            summary_rows,
        )  # fmt: skip

        told = Run(run)
        names, rows = summary_rows(told)
        self._print_table(f"\n{headline(told)}", names, [list(row) for row in rows])
        names, rows = quarter_rows(told, told.leading)
        self._print_table(f"\n{told.name(told.leading).capitalize()} by quarter", names, [list(row) for row in rows])
        self._sentences(run, [*scenario_sentences(told), frontier_sentence(told)])

    def _sentences(self, run: RunFolder, sentences: list[str]) -> None:
        for sentence in ("", *sentences):
            self.say(sentence)
        for sentence in run.manifest["cannot"]:
            self.say(f"note: {sentence}")
        self._ending(run)

    def geo_lift(self, found: GeoLift, channel: str, spend_change: float) -> None:
        """The result of ``revmodel geo-lift``: what was found, whom it was compared with, and the entry for a mix."""
        entry = found.lift_test(channel, spend_change)
        if self.json:
            weights = found.weights[found.weights > 0].to_dict()
            facts = {"share": found.share, "p_value": found.p_value, "as_large": found.as_large, "fit": found.fit}
            print(jsonlib.dumps({"lift_test": entry, **facts, "weights": weights, "days": _records(found.days)}))
            return
        self.say(found.sentence)
        largest = found.weights.sort_values(ascending=False).head(5)
        others = ", ".join(f"{name} {weight:.0%}" for name, weight in largest.items())
        self.say(f"Compared with a mean of {others} and others, which missed a day by {found.fit:.1%} before the test.")
        if spend_change == 0:
            self.say("Give --channel and --spend-change to get the entry for a media mix.")
            return
        import yaml

        self.say("For lift_tests in the config of a media mix of these regions:")
        if not self.quiet:  # not wrapped: it is to be pasted
            self.out.print(yaml.safe_dump([entry], sort_keys=False, allow_unicode=True), markup=False, soft_wrap=True)

    def _forecast(self, run: RunFolder) -> None:
        from revmodel.report.forecast_words import forecast_words, moved_sentences
        from revmodel.report.reading import Run
        from revmodel.report.sections.past import past_sentence

        told = Run(run)
        title, names, rows = forecast_words(told)
        self._print_table(f"\n{title}", names, rows)
        for sentence in ("", *moved_sentences(told), past_sentence(told)):
            self.say(sentence)

    def monitor(self, run: RunFolder, form: str) -> None:
        """The result of ``revmodel monitor`` as text, markdown or JSON."""
        from revmodel.report.monitor_words import message
        from revmodel.report.reading import AnyRun

        if form == "json":
            print(jsonlib.dumps(_monitor(run), default=str))
        elif not self.quiet:
            print(message(AnyRun(run), markdown=form == "markdown"))

    def _contribution(self, table: pd.DataFrame, currency: str) -> None:
        year = table[(table["period"] == table["period"].iloc[-1]) & (table["kind"] == "channel")]
        money = year[(year["metric"] == "revenue") & (year["horizon"] == "long_term")].set_index("channel")
        leads = year[(year["metric"] == "leads")].set_index("channel")
        rows = [
            [
                name, f"{row['spend']:,.0f}", f"{leads.loc[name, 'mean']:,.0f}",
                f"{leads.loc[name, 'p10']:,.0f} to {leads.loc[name, 'p90']:,.0f}", f"{row['mean']:,.0f}",
                _romi(row["romi_mean"], row["romi_p10"], row["romi_p90"]),
            ]
            for name, row in money.iterrows()
        ]  # fmt: skip
        names = ["channel", "spend", "leads added", "8 in 10 between", "revenue added in time", "ROMI"]
        self._print_table(f"\nWhat each channel added, {table['period'].iloc[-1]} ({currency})", names, rows)

    def _allocation(self, table: pd.DataFrame, summary: pd.DataFrame, currency: str) -> None:
        rows = [
            [row.channel, f"{row.current:,.0f}", f"{row.proposed:,.0f}", f"{row.change:+,.0f}", row.binding]
            for row in table.itertuples()
        ]
        self._print_table(f"\nBudget ({currency})", ["channel", "now", "proposed", "change", "limit reached"], rows)
        row = summary.iloc[0]
        between = f"{row['difference_p10']:+,.0f} and {row['difference_p90']:+,.0f}"
        self.say(
            f"{row['sentence']} It brings {row['difference_mean']:+,.0f} (8 in 10 between {between}); "
            f"chance to be better than now: {row['p_better']:.0%}."
        )

    def _next_tests(self, run: RunFolder) -> None:
        from revmodel.report.reading import AnyRun
        from revmodel.report.sections.next_tests import test_rows, test_sentence

        told = AnyRun(run)
        names, rows = test_rows(told)
        self._print_table("\nWhat to test next", names, [list(row) for row in rows])
        self.say(test_sentence(told))

    def _backtest(self, scores: pd.DataFrame) -> None:
        """Every method's record, the best CRPS first; the difference to our forecast as mean ± standard error."""
        told = [str(column) for column in ("covered_50", "covered_80", "covered_90")]
        rows = [
            [
                row["metric"].replace("_", " "), f"{row['horizon']:.0f}", row["model"].replace("_", " "),
                _short(row["crps"]), _difference(row), _short(row["pinball"]), _or_blank(row["wape"], ".0%"),
                _or_blank(row["bias"], "+.0%"), "/".join(f"{100 * row[name]:.0f}" for name in told), f"{row['n']:.0f}",
            ]
            for row in _rows(scores)
        ]  # fmt: skip
        names = ["metric", "weeks", "method", "CRPS", "worse than revmodel by", "pinball", "WAPE", "bias"]
        names += ["50/80/90 % held", "dates"]
        self._print_table("\nPast forecasts against what happened", names, rows)

    def _print_table(self, title: str, names: list[str], rows: list[list[Any]]) -> None:
        table = rich.table.Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for i, name in enumerate(names):
            number = bool(rows) and i > 0 and all(str(r[i])[:1] in "0123456789+-€$£" or not str(r[i]) for r in rows)
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(str, row))
        self.out.print(table, markup=False)


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """The rows of a frame, each by column name."""
    return frame.to_dict("records")


def _or_blank(value: float, form: str) -> str:
    """A number in its format; nothing where it is not known."""
    return "" if math.isnan(value) else format(value, form)


def _romi(mean: float, low: float, high: float) -> str:
    return "" if math.isnan(mean) else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _difference(row: dict[Any, Any]) -> str:
    """Mean difference of CRPS and its standard error, where both are known."""
    if math.isnan(row["worse_by"]):
        return ""
    error = "" if math.isnan(row["worse_by_se"]) else f" ± {_short(row['worse_by_se'])}"
    return f"{'+' if row['worse_by'] >= 0 else ''}{_short(row['worse_by'])}{error}"


def _short(value: float) -> str:
    """A number with a decimal where it is small."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}"


def _records(frame: pd.DataFrame) -> Any:
    return jsonlib.loads(frame.to_json(orient="records", date_format="iso"))


def _machine_readable(run: RunFolder) -> dict[str, Any]:
    """folder, manifest and tables of a run; of one that holds a forecast also its summary."""
    tables = {name: _records(frame) for name, frame in run.tables.items() if name != "deal_weeks"}
    found = {"folder": str(run.path), "manifest": run.manifest, "tables": tables}
    if "forecast" not in run.tables:
        return found
    from revmodel.report.forecast_words import summary
    from revmodel.report.reading import Run

    return {"summary": summary(Run(run)), **found}


def _monitor(run: RunFolder) -> dict[str, Any]:
    """What a hook needs of a monitor run."""
    from revmodel.report.monitor_words import alert_sentences, headline
    from revmodel.report.reading import AnyRun

    told = AnyRun(run)
    return {
        "headline": headline(told),
        "alerts": alert_sentences(told),
        "rows": _records(run.tables["monitor"]),
        "folder": str(run.path),
        "manifest": run.manifest,
    }

"""The command line: one short function a command. Heavy imports happen inside, so that help answers at once.

Exit status: 0 fine; 1 the run finished but a health gate failed (numbers are written and marked); 2 bad input or usage;
3 an alert, where --fail-on-alert asks for it; 70 a fault of the program; 130 and 143 stopped from outside.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from revmodel.errors import RevmodelError
from revmodel.options import company_day, iso_day, one_of, whole_numbers

if TYPE_CHECKING:
    from revmodel.console import Console
    from revmodel.report.tables import RunFolder

app = typer.Typer(
    help="revmodel: from what you spent to what closes, when, for how much, and what to spend next.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

PROCESSES = 2  # past dates are forecast in so many at a time

ConfigPath = Annotated[Path, typer.Argument(help="YAML file of the company", metavar="CONFIG")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="a day: what was known at its end counts; or 'today' or 'yesterday'", metavar="YYYY-MM-DD"
    ),
]
Since = Annotated[str | None, typer.Option("--since", help="the run to compare with, by name or folder", metavar="RUN")]
Quarters = Annotated[int | None, typer.Option(help="how many quarters")]
Budget = Annotated[float | None, typer.Option(help="total over the window; default: as planned")]
Plan = Annotated[str | None, typer.Option("--plan", help="CSV with date, channel, spend for the weeks ahead")]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON, for machines")]
Quiet = Annotated[bool, typer.Option("--quiet", help="print nothing but errors")]
Engine = Annotated[str | None, typer.Option("--engine", help="nuts (run of record), mixed, or laplace (quick)")]


@app.command()
def demo(json: Json = False, quiet: Quiet = False, engine: Engine = None) -> None:
    """The whole loop on the embedded, simulated company; the page opens from reports/demo."""
    from revmodel.demo import demo_config

    out = _console(json, quiet)
    config = _override(demo_config(), engine, None)
    run = _run(
        out, config, ["forecast", "contribution", "allocation", "backtest"], "demo", name="demo", origins=8, jobs=2
    )
    _finish(out, run)


@app.command()
def init(
    preset: Annotated[str, typer.Option("--preset", help="whose exports; 'list' names the known ones")],
    data: Annotated[Path | None, typer.Option("--data", help="folder that holds the exports")] = None,
    out: Annotated[Path, typer.Option("--out", help="folder to write the project to")] = Path("."),
    force: Annotated[bool, typer.Option("--force", help="replace a config that is there already")] = False,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """A project folder with a commented config for a vendor's exports."""
    from revmodel.sources.presets import PRESETS
    from revmodel.workflows.init import start_project

    console = _console(json, quiet)
    if preset == "list":
        console.lines("presets", [f"{known.name}: {known.title}" for known in PRESETS.values()])
        return
    with console.progress("looking into the exports"):
        started = start_project(preset, data, out, force=force)
    console.lines("init", started.sentences())


@app.command()
def check(config: ConfigPath, json: Json = False, quiet: Quiet = False) -> None:
    """What is in the data, what is wrong with it, and what it allows."""
    from revmodel.config import load_config
    from revmodel.workflows.company import check_data

    out = _console(json, quiet)
    loaded = load_config(config)
    with out.progress("reading and checking the tables"):
        data = check_data(loaded)
    out.check(loaded.company, data)
    raise typer.Exit(2 if data.stops else 0)


@app.command()
def forecast(
    config: ConfigPath, as_of: AsOf = None, quarters: Quarters = None, plan: Plan = None,
    since: Since = None, engine: Engine = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Pipeline created, wins and bookings of the quarters ahead, with intervals, and what moved since the last run."""
    out = _console(json, quiet)
    loaded = _load(config, engine, quarters)
    run = _run(
        out, loaded, ["forecast"], "forecast", as_of=company_day(as_of, loaded), plan=plan, since=since, jobs=PROCESSES
    )  # fmt: skip
    _finish(out, run)


@app.command()
def monitor(
    config: ConfigPath, as_of: AsOf = None, since: Since = None,
    form: Annotated[str, typer.Option("--format", help="text, markdown or json")] = "text",
    fail_on_alert: Annotated[bool, typer.Option("--fail-on-alert", help="exit status 3 where there is one")] = False,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Inside the quarter: what comes in beside what the forecast implied, and alerts. Nothing is fitted."""
    from revmodel.config import load_config
    from revmodel.workflows.monitor import monitor_company

    one_of("--format", form, ("text", "markdown", "json"))
    out, loaded = _console(json or form != "text", quiet), load_config(config)
    with out.progress("starting") as say:
        run = monitor_company(loaded, as_of=company_day(as_of, loaded), since=since, progress=say)
    out.monitor(run, "json" if json else form)
    if fail_on_alert and run.manifest["health"]["passed"] and bool(run.tables["monitor"]["alert"].any()):
        raise typer.Exit(3)
    raise _exit_of(run)


@app.command()
def contribution(
    config: ConfigPath, as_of: AsOf = None, engine: Engine = None, json: Json = False, quiet: Quiet = False
) -> None:
    """What each channel's spend really adds to leads, pipeline and revenue."""
    out = _console(json, quiet)
    loaded = _load(config, engine, None)
    _finish(out, _run(out, loaded, ["contribution"], "contribution", as_of=company_day(as_of, loaded)))


@app.command()
def allocate(
    config: ConfigPath, budget: Budget = None, as_of: AsOf = None, plan: Plan = None,
    engine: Engine = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """The best split of a budget within the config's bounds, with a certified gap."""
    out = _console(json, quiet)
    loaded = _load(config, engine, None)
    run = _run(
        out,
        loaded,
        ["contribution", "allocation"],
        "allocate",
        as_of=company_day(as_of, loaded),
        plan=plan,
        budget=budget,
    )
    _finish(out, run)


@app.command()
def target(
    config: ConfigPath,
    quarter: Annotated[str, typer.Option("--quarter", help="the fiscal quarter, such as 2026Q4", metavar="QUARTER")],
    bookings: Annotated[float | None, typer.Option("--bookings", help="bookings to reach in it")] = None,
    wins: Annotated[float | None, typer.Option("--wins", help="wins to reach in it, in place of bookings")] = None,
    probability: Annotated[float, typer.Option("--probability", help="chance with which to reach it")] = 0.8,
    in_time: Annotated[
        float, typer.Option("--in-time", help="share of what something brings that must land in time for it to count")
    ] = 0.1,
    as_of: AsOf = None, plan: Plan = None, engine: Engine = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """What a target takes: deals, stages and leads by week, spend, and until when each still counts."""
    from revmodel.workflows.target import plan_target

    out = _console(json, quiet)
    loaded = _load(config, engine, None)
    with out.progress("starting") as say:
        run = plan_target(
            loaded, quarter, bookings=bookings, wins=wins, probability=probability, in_time=in_time,
            as_of=company_day(as_of, loaded), plan=plan, jobs=PROCESSES, progress=say,
        )  # fmt: skip
    out.target(run)
    raise _exit_of(run)


@app.command()
def scenarios(
    config: ConfigPath,
    files: Annotated[list[Path], typer.Argument(help="YAML files of scenarios", metavar="SCENARIO...")],
    quarters: Annotated[int, typer.Option(help="how many quarters are compared")] = 4,
    as_of: AsOf = None, plan: Plan = None, engine: Engine = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Named plans beside the current one: spend, leads, pipeline, bookings by quarter, and which is better."""
    from revmodel.workflows.scenarios import compare_scenarios

    out = _console(json, quiet)
    loaded = _load(config, engine, None)
    with out.progress("starting") as say:
        run = compare_scenarios(
            loaded, files, quarters=quarters, as_of=company_day(as_of, loaded), plan=plan, jobs=PROCESSES, progress=say
        )
    out.scenarios(run)
    raise _exit_of(run)


@app.command()
def backtest(
    config: ConfigPath, origins: Annotated[int, typer.Option(help="how many past dates, at most")] = 8,
    horizons: Annotated[str, typer.Option("--horizons", help="weeks ahead, comma separated")] = "4,13,26",
    every_weeks: Annotated[int, typer.Option("--every-weeks", help="weeks from one past date to the next")] = 4,
    as_of: AsOf = None, jobs: Annotated[int, typer.Option(help="processes")] = PROCESSES, json: Json = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """How good the forecast would have been at past dates, beside every simple method. Goes on where it stopped."""
    out = _console(json, quiet)
    loaded, weeks = _load(config, "laplace", None), whole_numbers("--horizons", horizons)
    run = _run(
        out, loaded, ["backtest"], "backtest", as_of=company_day(as_of, loaded), origins=origins, horizons=weeks,
        every_weeks=every_weeks, jobs=jobs,
    )  # fmt: skip
    _finish(out, run)


@app.command()
def metrics(
    config: ConfigPath,
    period: Annotated[str, typer.Option("--period", help="week, month, quarter or year (fiscal)")] = "quarter",
    by: Annotated[str, typer.Option("--by", help="channel, campaign, segment or content")] = "channel",
    as_of: AsOf = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """The KPIs of the practice: by period and dimension, against targets and the periods before."""
    from revmodel.config import load_config
    from revmodel.workflows.metrics import company_metrics

    out = _console(json, quiet)
    one_of("--period", period, ("week", "month", "quarter", "year"))
    one_of("--by", by, ("channel", "campaign", "segment", "content"))
    loaded = load_config(config)
    with out.progress("starting") as say:
        run = company_metrics(loaded, as_of=company_day(as_of, loaded), grain=period, by=by, progress=say)  # type: ignore[arg-type]
    out.metrics(run)


@app.command()
def mix(
    config: Annotated[Path, typer.Argument(help="YAML file of the media mix", metavar="CONFIG")],
    engine: Annotated[str | None, typer.Option("--engine", help="nuts (run of record) or laplace (quick)")] = None,
    refute: Annotated[bool, typer.Option("--refute", help="try what must not move the answers; more fits")] = False,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """What each channel adds to a weekly KPI, from a panel of weeks alone: no funnel, no leads."""
    from revmodel.mix.mix_config import load_mix_config
    from revmodel.workflows.mix import run_mix

    out = _console(json, quiet)
    loaded = load_mix_config(config)
    if engine is not None:
        one_of("--engine", engine, ("nuts", "laplace"))
        loaded = loaded.model_copy(update={"engine": engine})
    with out.progress("starting") as say:
        run = run_mix(loaded, refute=refute, progress=say)
    out.mix(run)
    raise _exit_of(run)


@app.command(name="geo-lift")
def geo_lift(
    data: Annotated[Path, typer.Argument(help="CSV or Parquet: one row a region and day", metavar="DATA")],
    treated: Annotated[str, typer.Option("--treated", help="regions of the test, comma separated")],
    start: Annotated[str, typer.Option("--start", help="first day of the test", metavar="YYYY-MM-DD")],
    end: Annotated[str, typer.Option("--end", help="last day of the test", metavar="YYYY-MM-DD")],
    date: Annotated[str, typer.Option("--date", help="column of days")] = "date",
    region: Annotated[str, typer.Option("--region", help="column of regions")] = "region",
    kpi: Annotated[str, typer.Option("--kpi", help="column of what is counted")] = "kpi",
    channel: Annotated[str, typer.Option("--channel", help="for the entry in a mix's config")] = "CHANNEL",
    spend_change: Annotated[float, typer.Option("--spend-change", help="money more (or less) than without it")] = 0.0,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """What a test in some regions brought; prints it as an entry of lift_tests for a media mix."""
    from revmodel.workflows.geo_lift import lift_of_file

    out = _console(json, quiet)
    regions = [part.strip() for part in treated.split(",") if part.strip()]
    found = lift_of_file(
        data, date=date, region=region, kpi=kpi, treated=regions, start=iso_day("--start", start),
        end=iso_day("--end", end),
    )  # fmt: skip
    out.geo_lift(found, channel, spend_change)


@app.command()
def report(run: Annotated[Path, typer.Argument(help="folder of a run", metavar="RUN")], quiet: Quiet = False) -> None:
    """Write a run's page again from its tables."""
    from revmodel.report.page import write_page
    from revmodel.report.tables import read_run

    _console(False, quiet).say(f"page: {write_page(read_run(run))}")


@app.command()
def runs(config: ConfigPath, json: Json = False) -> None:
    """The runs that MLflow holds for this company's store, the latest first."""
    from revmodel.config import load_config
    from revmodel.tracking.mlflow_store import list_runs

    loaded = load_config(config)
    table = list_runs(loaded.tracking, loaded.root)
    out = _console(json, False)
    if table.empty and not json:
        out.say("No run is on record yet: 'revmodel forecast CONFIG' makes the first.")
        return
    # Metrics are many and differ by run: they are for machines (--json) and for MLflow's own pages.
    out.table("runs", table if json else table[["run", "as_of", "engine", "health", "started_at"]])


def _console(json: bool, quiet: bool) -> Console:
    from revmodel.console import Console

    return Console(json=json, quiet=quiet)


def _load(path: Path, engine: str | None, quarters: int | None) -> Any:
    from revmodel.config import load_config

    return _override(load_config(path), engine, quarters)


def _override(config: Any, engine: str | None, quarters: int | None) -> Any:
    """The config with options of the command line in place of its own, checked alike."""
    from revmodel.config import ForecastConfig
    from revmodel.errors import ConfigError

    given = {name: value for name, value in (("engine", engine), ("quarters", quarters)) if value is not None}
    if not given:
        return config
    try:
        forecast = ForecastConfig(**{**config.forecast.model_dump(), **given})
    except ValueError as error:
        raise ConfigError(f"--{' --'.join(given)}: {error}") from error
    return config.model_copy(update={"forecast": forecast})


def _run(out: Console, config: Any, parts: list[str], command: str, **options: Any) -> RunFolder:
    from revmodel.workflows.run import run_company

    with out.progress("starting") as say:
        return run_company(config, parts, command, progress=say, **options)  # type: ignore[arg-type]


def _exit_of(run: RunFolder) -> typer.Exit:
    """0 where every health check passed, else 1."""
    return typer.Exit(0 if run.manifest["health"]["passed"] else 1)


def _finish(out: Console, run: RunFolder) -> None:
    out.run(run)
    raise _exit_of(run)


def main() -> None:
    """Run the command line; an error raised on purpose becomes one message and its exit status.

    A fault of the program has a status of its own, so that a scheduler never takes it for a failed health gate.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # before numpy: threads of small matrices cost several times the time
    stops = {signal.SIGINT: 130, signal.SIGTERM: 143}
    before = {number: signal.signal(number, _stop_with(status)) for number, status in stops.items()}
    try:
        app()
    except RevmodelError as error:
        print(f"revmodel: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except Exception:
        traceback.print_exc()
        print("revmodel: this is a fault of the program; no run was written", file=sys.stderr)
        sys.exit(70)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_with(status: int) -> Callable[..., None]:
    """Unwind on a signal, so that no half-written run is left behind."""

    def stop(*_: object) -> None:
        sys.exit(status)

    return stop

"""The configuration of a run: YAML in, frozen pydantic models out.

Every key is declared here and nowhere else. An unknown key is an error that names the nearest known one.
Paths in a config are relative to the folder of the config file.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from revmodel.allocation_config import AllocationConfig, NewChannelConfig
from revmodel.channel_config import CurvesConfig
from revmodel.errors import ConfigError
from revmodel.source_config import (
    DatabaseConfig,
    DateFormats,
    DistinctConfig,
    FileConfig,
    Frozen,
    LookupConfig,
    PrivacyConfig,
    SourceConfig,
    TimeZone,
    UnpivotConfig,
)

__all__ = [
    "AllocationConfig",
    "Config",
    "DatabaseConfig",
    "DateFormats",
    "DistinctConfig",
    "FileConfig",
    "ForecastConfig",
    "FunnelConfig",
    "IdentityConfig",
    "IndicatorConfig",
    "LookupConfig",
    "MetricsConfig",
    "NewChannelConfig",
    "PrivacyConfig",
    "ResponseConfig",
    "ServiceLevels",
    "SourceConfig",
    "TrackingConfig",
    "UnpivotConfig",
    "files_in",
    "load_config",
    "read_config",
]


DUCKDB = "duckdb"  # the embedded engine


class FunnelConfig(Frozen):
    """The stages a record goes through, in order, and what ends it.

    stages: open stages in order, the entry first. first_deal_stage: the one from which a record is a deal
    and counts as pipeline (None: no deals). won / lost: closing values of ``to_stage``.
    zombie_weeks: an open record older than this in its stage is set apart as a zombie; None learns the limit:
    twice the longest time any record of that stage ever took to leave it, once fifty have left.
    """

    stages: list[str]
    first_deal_stage: str | None = None
    won: list[str] = Field(default_factory=lambda: ["won"])
    lost: list[str] = Field(default_factory=lambda: ["lost"])
    zombie_weeks: float | None = None

    @model_validator(mode="after")
    def _consistent(self) -> FunnelConfig:
        if not self.stages:
            raise ValueError("funnel.stages is empty: name at least one open stage, entry first")
        if len(set(self.stages)) != len(self.stages):
            raise ValueError("funnel.stages names a stage twice")
        if self.first_deal_stage is not None and self.first_deal_stage not in self.stages:
            raise ValueError(f"funnel.first_deal_stage {self.first_deal_stage!r} is not among funnel.stages")
        clash = set(self.stages) & (set(self.won) | set(self.lost)) | set(self.won) & set(self.lost)
        if clash:
            raise ValueError(f"{sorted(clash)} are named both as an open stage and as an end")
        return self

    @property
    def lead_stages(self) -> tuple[str, ...]:
        """Stages before a record becomes a deal."""
        if self.first_deal_stage is None:
            return tuple(self.stages)
        return tuple(self.stages[: self.stages.index(self.first_deal_stage)])

    @property
    def deal_stages(self) -> tuple[str, ...]:
        """Stages in which a record counts as pipeline."""
        return tuple(self.stages[len(self.lead_stages) :])


class ForecastConfig(Frozen):
    """How far and how finely to forecast.

    engine: 'nuts' samples every part, the run of record; 'mixed' samples arrivals and takes stage hazards and
    deal size, whose posteriors are close to normal, by Laplace; 'laplace' takes every part so, for backtests.
    draws: simulated futures. plan: a CSV with date, channel, spend for the weeks ahead; without it spend is drawn
    from its own past (forecast/spend_ahead.py), and the run says so.
    by: what the models tell records apart by: channel, segment, region, owner (the small ones pooled), type (new,
    expansion, renewal), band (lead-score band: the leads' ``band``, or their ``score`` cut into fifths).
    stage_covariates: names of weekly indicators that move conversion (capacity, breaches of service levels, intent);
    each has an effect of its own on every stage, and is held at its latest level ahead.
    calibrate: combine the models with simple methods and widen ranges by what past forecasts of the company teach, made
    as they would have been at the latest ``past_origins`` dates, four weeks apart.
    grains: the periods that the table ``forecast`` has rows for; "year" are fiscal years that end within the quarters.
    """

    quarters: int = Field(2, ge=1, le=8)
    draws: int = Field(1000, ge=100, le=20_000)
    engine: Literal["nuts", "mixed", "laplace"] = "mixed"
    fiscal_year_start_month: int = Field(1, ge=1, le=12)
    by: tuple[Literal["channel", "segment", "region", "owner", "type", "band"], ...] = ("channel", "segment")
    stage_covariates: tuple[str, ...] = ()
    grains: tuple[Literal["week", "month", "quarter", "year"], ...] = ("week", "month", "quarter", "year")
    history_weeks: int | None = Field(None, ge=8)  # use only the latest weeks; None: all of it
    plan: str | None = None
    calibrate: bool = True
    past_origins: int = Field(6, ge=1, le=52)

    @model_validator(mode="after")
    def _quarters_are_told(self) -> ForecastConfig:
        if "quarter" not in self.grains:
            raise ValueError(f"grains came as {', '.join(self.grains) or 'nothing'}: wanted 'quarter' among them")
        return self


class ResponseConfig(CurvesConfig):
    """The response of lead creation to spend. See models/priors.py and media/ for what the priors claim.

    carry_over: geometric, delayed_geometric, binomial, weibull_pdf or weibull_cdf. saturation: michaelis_menten, hill,
    logistic, tanh, exponential_reach or none. channels: either for single channels.
    """

    carry_over: str | None = "geometric"
    saturation: str | None = "michaelis_menten"
    channels: dict[str, CurvesConfig] = Field(default_factory=dict)
    max_lag_weeks: int = Field(10, ge=1, le=52)
    holidays_country: str | None = None  # ISO code; weeks with public holidays become a column
    cost_per_lead: dict[str, float] = Field(default_factory=dict)  # by channel: believed cost of a caused lead
    captures_demand: list[str] | None = None  # channels that meet demand that is there; by default told by their names


class ServiceLevels(Frozen):
    """What marketing and sales promise each other: a decision on each MQL in time, and a first call in time."""

    accept_days: float = Field(2.0, gt=0)
    follow_up_hours: float = Field(24.0, gt=0)


class IndicatorConfig(Frozen):
    """How an indicator is read. aggregate: over a period; by default what the name suggests (a rate is averaged).

    kpi: the known KPI that it measures; by default the one that its name suggests.
    """

    aggregate: Literal["sum", "mean"] | None = None
    better: Literal["higher", "lower", "neither"] = "higher"
    label: str | None = None
    kpi: Literal["traffic", "click_through_rate", "bounce_rate", "engagement_score", "nps"] | None = None


class MetricsConfig(Frozen):
    """What the KPI layer must be told of a company.

    stages: which stage of the funnel is called MQI, MQL, SAL, SQL; by default the stage of that name.
    marketing_channels: whose deals are sourced, and whose touches influence; by default the channels with spend.
    sales_touches: kinds of touches by which sales follows up. goals: KPI → value wanted where no target is set.
    other_acquisition_cost_per_month: salaries, tools and whatever else winning customers costs beside spend.
    cohort_days: stage → days within which its cohorts are told; by default what 9 in 10 of those who went on took.
    """

    stages: dict[Literal["mqi", "mql", "sal", "sql"], str] = Field(default_factory=dict)
    service_levels: ServiceLevels = Field(default_factory=ServiceLevels)
    marketing_channels: list[str] | None = None
    sales_touches: list[str] = Field(default_factory=lambda: ["call", "meeting"])
    other_acquisition_cost_per_month: float = Field(0.0, ge=0)
    indicators: dict[str, IndicatorConfig] = Field(default_factory=dict)
    goals: dict[str, float] = Field(default_factory=dict)
    cohort_days: dict[str, int] = Field(default_factory=dict)


class TrackingConfig(Frozen):
    """Where MLflow keeps runs. MLFLOW_TRACKING_URI in the environment wins; sqlite paths are beside the config."""

    uri: str = "sqlite:///mlflow.db"
    experiment: str = "revmodel"
    enabled: bool = True


IdentityKey = Literal["lead_id", "anonymous_id", "email", "domain"]


class IdentityConfig(Frozen):
    """By what a touch is known to be somebody's, most trusted first; see journeys/identity.py for how.

    lead_id: the lead that the touch itself names. anonymous_id: a visitor's id that is linked to a lead. email: a
    hashed address that is a lead's. domain: the account of a lead or touch without one, where one account has it.
    """

    keys: tuple[IdentityKey, ...] = ("lead_id", "anonymous_id", "email", "domain")


class Config(Frozen):
    """One company's configuration.

    timezone: where the company's days begin and end ("Europe/Berlin"): as-of dates, weeks and quarters are its days,
    and all moments are kept as its local times (see sources/zones.py).
    """

    company: str
    currency: str = "USD"
    timezone: TimeZone = "UTC"
    as_of: dt.date | None = None
    seed: int = 1
    tables: dict[str, list[SourceConfig]]
    databases: dict[str, DatabaseConfig] = Field(default_factory=dict)
    engine: str = DUCKDB  # where everything is computed: DuckDB in memory, or one of the databases
    privacy: PrivacyConfig = Field(default_factory=PrivacyConfig)
    rates: dict[str, float] = Field(default_factory=dict)  # currency → units of `currency` per unit of it
    funnel: FunnelConfig
    identity: IdentityConfig = Field(default_factory=IdentityConfig)
    forecast: ForecastConfig = Field(default_factory=ForecastConfig)
    response: ResponseConfig = Field(default_factory=ResponseConfig)
    allocation: AllocationConfig = Field(default_factory=AllocationConfig)
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    tracking: TrackingConfig = Field(default_factory=TrackingConfig)
    reports: str = "reports"
    root: Path = Field(default=Path("."), exclude=True)  # the folder of the config file

    @model_validator(mode="after")
    def _databases_are_there(self) -> Config:
        if self.engine not in (DUCKDB, *self.databases):
            raise ValueError(f"engine {self.engine!r} is neither {DUCKDB!r} nor among databases: {[*self.databases]}")
        for name, source in ((name, file) for name, sources in self.tables.items() for file in files_in(sources)):
            if source.database is not None and source.database not in self.databases:
                raise ValueError(f"tables.{name}: database {source.database!r} is not among databases: name it there")
            if self.engine not in (DUCKDB, source.database) and not self._reads_there(source):
                raise ValueError(
                    f"tables.{name} lies elsewhere than the engine {self.engine!r}: leave 'engine' out, and DuckDB "
                    "reads it from wherever it lies; or load it there first"
                )
        return self

    def _reads_there(self, source: FileConfig) -> bool:
        """Spark reads Parquet files itself."""
        return self.databases[self.engine].kind == "spark" and str(source.path).endswith(".parquet")

    def resolve(self, path: str) -> Path:
        """``path`` as written in the config, made absolute from the config's folder."""
        return (self.root / path).resolve()


def files_in(sources: Sequence[SourceConfig]) -> list[FileConfig]:
    """The sources of a table, and the files in which they look something up."""
    return [file for source in sources for file in (source, *source.join)]


def load_config(path: str | Path) -> Config:
    """Read and check a YAML file.

    Raises ConfigError: the file is missing, is not YAML, or a key or value is wrong.
    """
    return read_config(path, Config, "company, tables, funnel")


def read_config[M: Frozen](path: str | Path, model: type[M], needed: str) -> M:
    """A YAML file as a config of that kind; ``root`` is the file's folder. Raises ConfigError: see load_config."""
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"no config at {path}: give the path of a YAML file (configs/demo.yaml is one to start from)"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} holds {type(raw).__name__}, wanted a mapping with at least: {needed}")
    if "tables" in raw:
        raw["tables"] = _tables_as_lists(raw["tables"])
    try:
        return model(**{**raw, "root": path.parent.resolve()})
    except ValidationError as error:
        raise ConfigError(_explain(error, path, model)) from error


def _tables_as_lists(tables: Any) -> Any:
    """A table fed by one source may be written without the list."""
    if not isinstance(tables, dict):
        return tables
    return {name: source if isinstance(source, list) else [source] for name, source in tables.items()}


def _explain(error: ValidationError, path: Path, model: type[Frozen]) -> str:
    lines = [f"{path} has {error.error_count()} thing(s) to mend:"]
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            lines.append(f"  {where}: unknown key{_did_you_mean(str(item['loc'][-1]), model)}")
        else:
            lines.append(f"  {where}: {item['msg']} (came: {item['input']!r:.80})")
    return "\n".join(lines)


def _did_you_mean(key: str, model: type[Frozen]) -> str:
    close = difflib.get_close_matches(key, _keys_of(model), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _keys_of(kind: Any) -> set[str]:
    """Every key of a config and of the parts it is made of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        inner = [_keys_of(field.annotation) for field in kind.model_fields.values()]
        return set(kind.model_fields).union(*inner)
    return set().union(*[_keys_of(part) for part in get_args(kind)])

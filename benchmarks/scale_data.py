"""A large company's exports as Parquet, made in the engine itself: touches, leads, stage changes, deals, spend.

Not a simulation to learn from (see revmodel/synthetic for that), only rows of a realistic shape and number: ids are
text, five leads in six have touches from before their creation, stages advance, recycle and end.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

__all__ = ["write_company"]

DAYS = 1095
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "proposal", "negotiation")
CHANNELS = ("paid_search", "paid_social", "content", "events", "webinars", "outbound", "partners", "email")

_LEADS = """
select 'L' || lpad(i::varchar, 8, '0') as lead_id,
       timestamp '2023-10-01' + to_seconds(pick(i, 1, {seconds})::bigint) as created_at,
       'A' || lpad(pick(i, 2, {accounts})::varchar, 7, '0') as account_id,
       {channels}[1 + pick(i, 3, 8)] as channel,
       'campaign ' || (pick(i, 4, 200)) as campaign,
       ['emea', 'amer', 'apac'][1 + pick(i, 5, 3)] as region,
       ['smb', 'mid', 'enterprise'][1 + pick(i, 6, 3)] as segment,
       'C' || lpad(i::varchar, 9, '0') as anonymous_id
from range({leads}) as r(i)
"""

# Two touches in three are of a cookie that a lead left its address with, the rest are of visitors who stay unknown.
_TOUCHES = """
select timestamp '2023-10-01' + to_seconds(pick(i, 11, {seconds})::bigint) as occurred_at,
       {channels}[1 + pick(i, 12, 8)] as channel,
       case when pick(i, 13, 3) = 0 then 'L' || lpad(pick(i, 14, {leads})::varchar, 8, '0') end as lead_id,
       case when pick(i, 13, 3) > 0
            then 'C' || lpad(pick(i, 14, ({leads} * 2))::varchar, 9, '0') end as anonymous_id,
       'campaign ' || (pick(i, 15, 200)) as campaign,
       '/page/' || (pick(i, 16, 500)) as content,
       ['visit', 'click', 'impression', 'form', 'email', 'event'][1 + pick(i, 17, 6)] as kind,
       'T' || lpad(i::varchar, 10, '0') as touch_id
from range({start}, {stop}) as r(i)
"""

# Stage k is reached by a chance that falls with k; a stay is some weeks; one record in eight is lost where it stops.
# One MQL in twelve goes back to be a lead and becomes an MQL again before it goes on.
_CHANGES = """
with reach as (
    select lead_id, created_at, pick(lead_id, 22, 480) as h, pick(lead_id, 20, 1000) as luck from {leads_file}
), steps as (
    select lead_id, created_at, h, luck, unnest(range(1, 8)) as k from reach
), moves as (
    select lead_id, {stages}[k::bigint] as to_stage,
           created_at + to_seconds((k - 1) * (3600 * 24 * 3 + pick(lead_id, 21, 1814400))::bigint) as changed_at
    from steps where luck < [1000, 320, 190, 120, 60, 42, 30][k::bigint]
), returns as (
    select lead_id, {stages}[1 + visit] as to_stage,
           created_at + to_seconds(((1.3 + 0.3 * visit) * (3600 * 24 * 3 + pick(lead_id, 21, 1814400)))::bigint)
    from reach, range(2) as v(visit) where luck < 320 and h % 12 = 5
), ends as (
    select lead_id, case when luck < 12 then 'won' else 'lost' end as to_stage,
           created_at + to_seconds((3600 * 24 * (100 + h % 60))::bigint) as changed_at
    from reach where luck < 12 or h % 8 = 0
)
select lead_id as record_id, 'lead' as record_type, to_stage, changed_at, changed_at as recorded_at
from (select * from moves union all select * from returns union all select * from ends)
where changed_at < timestamp '2026-10-01'
"""

_SPEND = """
select (date '2023-10-01' + d::integer)::date as date, {channels}[1 + c] as channel, 'campaign ' || p as campaign,
       round(20 + pick(d * 1000 + c * 100 + p, 30, 1000) / 10.0, 2) as spend
from range({days}) as a(d), range(8) as b(c), range(25) as e(p)
"""


def write_company(folder: Path, touches: int, leads: int, *, rows_a_file: int = 10_000_000) -> None:
    """Parquet files of the canonical tables under ``folder``: touches-NNN, leads, stage_changes, spend."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        "seconds": DAYS * 86_400, "accounts": max(leads // 8, 1), "leads": leads, "days": DAYS,
        "channels": list(CHANNELS), "stages": list(STAGES), "leads_file": f"'{folder / 'leads.parquet'}'",
    }  # fmt: skip
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "6GB", "temp_directory": str(folder / "spill")})
    connection.execute("create macro pick(key, salt, n) as (hash(key, salt) % n)::bigint")
    _copy(connection, _LEADS.format(**names), folder / "leads.parquet")
    _copy(connection, _CHANGES.format(**names), folder / "stage_changes.parquet")
    _copy(connection, _SPEND.format(**names), folder / "spend.parquet")
    for part, start in enumerate(range(0, touches, rows_a_file)):
        query = _TOUCHES.format(**names, start=start, stop=min(start + rows_a_file, touches))
        _copy(connection, query, folder / f"touches-{part:03d}.parquet")
    connection.close()


def _copy(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"copy ({query}) to '{file}' (format parquet, compression zstd, row_group_size 500000)")

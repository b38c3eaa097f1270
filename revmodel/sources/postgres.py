"""Postgres behind ibis: what its SQL lacks of the expressions that revmodel writes, and tables that live for a session.

Nothing is written but temporary tables (the privilege TEMPORARY on the database is needed, CREATE on a schema is not).
"""

from __future__ import annotations

from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import psycopg
import sqlglot.expressions as sge
from ibis.backends.postgres import Backend
from ibis.backends.sql.compilers.postgres import PostgresCompiler

__all__ = ["Postgres", "connect"]

_NUMBER = r"^\s*[+-]?(\d{1,99}\.?\d*|\.\d+)([eE][+-]?[012]?\d{1,2})?\s*$"  # none that a double cannot hold
_WHOLE = r"^\s*[+-]?(\d{1,18}\.?\d*|\.\d+)\s*$"
_TRUTH = r"^\s*(t|true|y|yes|on|1|f|false|n|no|off|0)\s*$"
_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_CLOCK = r"([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?)?\s?(Z|UTC|[+-]\d\d(:?\d\d)?)?"
_MOMENT = rf"^\s*{_DAY}{_CLOCK}\s*$"


class _Compiler(PostgresCompiler):  # type: ignore[misc]  # ibis is untyped
    """ibis's own, with what Postgres has no function for."""

    __slots__ = ()

    def visit_TryCast(self, op: Any, *, arg: Any, to: dt.DataType) -> Any:
        """A cast of text that is null where the text does not read as the type, instead of an error."""
        cast = self.cast(arg, to)
        if not op.arg.dtype.is_string():
            return cast
        if to.is_floating():
            return self._where(arg, _NUMBER, cast)
        if to.is_integer():
            return self._where(arg, _WHOLE, self.cast(self.cast(arg, dt.decimal), to))
        if to.is_boolean():
            return self._where(arg, _TRUTH, cast, any_case=True)
        if to.is_timestamp() or to.is_date():
            return self._where(arg, _MOMENT, self.if_(self._is_in_its_month(arg), cast))
        return cast

    def visit_First(self, op: Any, *, arg: Any, where: Any, order_by: Any, include_null: bool) -> Any:
        """The first element of the ordered values."""
        return self._element(op, arg=arg, where=where, order_by=order_by, include_null=include_null)

    def visit_Last(self, op: Any, *, arg: Any, where: Any, order_by: Any, include_null: bool) -> Any:
        """The last element of the ordered values."""
        found = self._values(op, arg=arg, where=where, order_by=order_by, include_null=include_null)
        return sge.Bracket(this=sge.paren(found), expressions=[self.f.anon.cardinality(found)], offset=1)

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:  # noqa: ARG002 (ibis passes the operation)
        """The operator ~, which older servers have as well."""
        return sge.RegexpLike(this=arg, expression=pattern)

    def visit_HexDigest(self, op: Any, *, arg: Any, how: str) -> Any:  # noqa: ARG002
        """Hexadecimal digest of the text in UTF-8."""
        return self.f.encode(self.f[how](self.f.convert_to(arg, "UTF8")), "hex")

    def _element(self, op: Any, **parts: Any) -> Any:
        return sge.Bracket(this=sge.paren(self._values(op, **parts)), expressions=[sge.convert(1)], offset=1)

    def _values(self, op: Any, **parts: Any) -> Any:
        return self.visit_ArrayCollect(op, distinct=False, **parts)

    def _where(self, text: Any, pattern: str, value: Any, *, any_case: bool = False) -> Any:
        """``value`` where the text follows the pattern: a CASE, which Postgres computes only where it holds."""
        kind = sge.RegexpILike if any_case else sge.RegexpLike
        return self.if_(kind(this=text, expression=sge.convert(pattern)), value)

    def _is_in_its_month(self, text: Any) -> Any:
        """Whether the day of an ISO date is one of its month: the 30th of February is not."""
        iso = self.f.ltrim(text)
        first = self.cast(self.f.concat(self.f.anon.substr(iso, 1, 8), "01"), dt.date)
        day = self.cast(self.f.anon.substr(iso, 9, 2), dt.int32)
        month_end = sge.Add(this=first, expression=sge.Interval(this=sge.convert("1 month - 1 day")))
        return day <= self.cast(self.f.anon.date_part("day", month_end), dt.int32)


class Postgres(Backend):  # type: ignore[misc]  # ibis is untyped
    """A session in which every table that is made is temporary, and text sorts by its bytes as in other engines."""

    compiler = _Compiler()

    def create_table(self, name: str, /, obj: Any = None, **options: Any) -> ir.Table:
        """See ibis. Text gets the collation "C": first and last then mean the same in every engine."""
        table = super().create_table(name, obj, **options)
        changes = [
            f'ALTER COLUMN "{column}" TYPE text COLLATE "C"'
            for column, kind in table.schema().items()
            if kind.is_string()
        ]
        with self.con.cursor() as cursor, self.con.transaction():
            if changes:
                cursor.execute(f'ALTER TABLE "{name}" {", ".join(changes)}')
            cursor.execute(f'ANALYZE "{name}"')  # a new table has no statistics, and joins of it go wrong by orders
        return table


def connect(url: str) -> Postgres:
    """A session at ``url``: postgresql://user:password@host:port/database?sslmode=require."""
    session: Postgres = Postgres.from_connection(psycopg.connect(url, autocommit=True))
    return session

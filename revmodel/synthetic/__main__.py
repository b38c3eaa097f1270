"""Write a simulated company: ``python -m revmodel.synthetic --out data/demo --seed 7``."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from revmodel.errors import RevmodelError
from revmodel.synthetic.company import SCALES, make_company
from revmodel.synthetic.files import write_company
from revmodel.synthetic.summary import channel_summary, quarter_summary


def main(arguments: list[str] | None = None) -> int:
    """Make, write and summarise one company. Returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        company = make_company(chosen.seed, chosen.size, chosen.break_, chosen.dirt, chosen.as_of, chosen.years)
        write_company(company, chosen.out)
    except RevmodelError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    if not chosen.quiet:
        print(channel_summary(company).to_string(), quarter_summary(company).to_string(), sep="\n\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m revmodel.synthetic", description=__doc__)
    parser.add_argument("--out", required=True, help="folder to write; one written before is replaced")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", choices=list(SCALES), default="demo")
    parser.add_argument("--break", dest="break_", action="store_true", help="conversion falls late in the history")
    parser.add_argument("--dirt", action="store_true", help="put in the faults of real exports")
    parser.add_argument("--as-of", type=dt.date.fromisoformat, default=dt.date(2026, 9, 30))
    parser.add_argument("--years", type=float, default=3.0)
    parser.add_argument("--quiet", action="store_true", help="print no summary")
    return parser


if __name__ == "__main__":
    sys.exit(main())

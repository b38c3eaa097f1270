"""Personal data at the door: an e-mail address becomes a salted hash and a domain, and is not kept.

email_hash = SHA-256 of the salt and the address, trimmed and in lower case: two systems that hold the same address
agree, and without the salt nobody can try addresses out. The domain ties a person to a company; a domain at which
anybody gets an address ties nobody to anything, so it counts as missing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from revmodel.config import PrivacyConfig, SourceConfig
from revmodel.errors import ConfigError
from revmodel.sources.findings import Finding
from revmodel.sources.schema import TableSchema
from revmodel.sources.wording import plural

__all__ = [
    "EMAIL",
    "company_domain",
    "hashed_email",
    "salt_of",
    "takes_email",
    "unsalted",
    "without_addresses_as_ids",
    "without_query",
]

EMAIL = "email"  # may be mapped like a column, but no table has it
_LEAST_SALT = 8  # characters; fewer are tried out in no time

# Where anybody gets an address; privacy.free_mail adds to it.
FREE_MAIL = (
    *("gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com"),
    *("hotmail.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "outlook.com", "outlook.de", "live.com", "msn.com"),
    *("icloud.com", "me.com", "mac.com", "aol.com", "gmx.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de"),
    *("t-online.de", "freenet.de", "proton.me", "protonmail.com", "pm.me", "mail.com", "mail.ru", "yandex.ru"),
    *("yandex.com", "qq.com", "163.com", "126.com", "sina.com", "naver.com", "daum.net", "orange.fr", "free.fr"),
    *("laposte.net", "wanadoo.fr", "libero.it", "virgilio.it", "wp.pl", "o2.pl", "seznam.cz", "bluewin.ch"),
    *("comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "btinternet.com"),
    *("zoho.com", "fastmail.com", "hey.com", "tutanota.com", "uol.com.br", "bol.com.br", "terra.com.br"),
)


def takes_email(schema: TableSchema) -> bool:
    """Whether an e-mail address may be mapped for this table: it has a place for the hash or the domain."""
    return bool({"email_hash", "domain"} & set(schema.columns))


def salt_of(privacy: PrivacyConfig, environment: Mapping[str, str] = os.environ) -> str:
    """The salt, from the environment; '' where the config says that there is none.

    Raises ConfigError: there is no salt, or one too short to protect anybody.
    """
    if privacy.salt == "none":
        return ""
    salt = environment.get(privacy.salt_env, "")
    if len(salt) < _LEAST_SALT:
        came = f"has {len(salt)} characters, wanted at least {_LEAST_SALT}" if salt else "is not set"
        raise ConfigError(
            "e-mail addresses are read (columns: {email: …}, or as ids), but the environment variable "
            f"{privacy.salt_env} {came}: addresses are stored as salted hashes only. Make a salt once "
            "(python -c 'import secrets; print(secrets.token_hex(16))'), keep it secret, set it wherever this runs: "
            f"export {privacy.salt_env}=<the salt>. "
            "For data without real people set privacy: {salt: none}; or take the e-mail out of columns"
        )
    return salt


def hashed_email(address: ir.Column, salt: str) -> ir.StringColumn:
    """SHA-256 of salt and address; null where there is no address.

    >>> import hashlib
    >>> rows = ibis.memtable({"address": [" Ann@Acme.com", "", "no address"]})
    >>> hashes = hashed_email(rows.address, "salty").to_pyarrow().to_pylist()
    >>> [hashes[0] == hashlib.sha256(b"saltyann@acme.com").hexdigest(), *hashes[1:]]
    [True, None, None]
    """
    text = _address(address)
    return (ibis.literal(salt) + text).hexdigest("sha256")


def company_domain(text: ir.Column, privacy: PrivacyConfig) -> ir.StringColumn:
    """The domain of an e-mail address, of a web address, or as it is; null where it is no company's own.

    >>> rows = ibis.memtable({"text": ["Ann@Acme.com ", "https://www.Acme.com/about?x=1", "acme.com", "a@gmail.com"]})
    >>> company_domain(rows.text, PrivacyConfig()).to_pyarrow().to_pylist()
    ['acme.com', 'acme.com', 'acme.com', None]
    """
    lower = text.cast("string").strip().lower()
    bare = lower.re_replace(r"^[a-z][a-z0-9+.-]*://", "").re_replace(r"[/?#].*$", "")
    host = bare.re_replace(r"^.*@", "").re_replace(r":[0-9]+$", "").re_replace(r"^www\.", "")
    is_domain = host.re_search(r"^[^\s@.]+(\.[^\s@.]+)+$") & host.notin([*FREE_MAIL, *_lower(privacy.free_mail)])
    return ibis.ifelse(is_domain, host, ibis.null().cast("string"))


def without_addresses_as_ids(
    rows: ir.Table, addresses: Mapping[str, int], schema: TableSchema, privacy: PrivacyConfig, origin: str
) -> tuple[ir.Table, list[Finding]]:
    """Ids and owners that are e-mail addresses become their hashes, alike in every table; a finding tells.

    rows: under canonical names. addresses: the columns that hold some, and how many (see sources/glance.py).
    Raises ConfigError: there are such ids and there is no salt.
    """
    if not addresses:
        return rows, []
    salt = salt_of(privacy)
    hashed = {name: ibis.coalesce(hashed_email(rows[name], salt), rows[name].cast("string")) for name in addresses}
    return rows.mutate(**hashed), [_told_of_ids(addresses, schema, origin)]


def _told_of_ids(counts: Mapping[str, int], schema: TableSchema, origin: str) -> Finding:
    listed = ", ".join(f"{name} ({plural(n, 'row')})" for name, n in counts.items())
    return Finding(
        code="addresses-as-ids",
        severity="note",
        table=schema.name,
        what=f"{origin} has e-mail addresses as {listed}",
        count=max(counts.values()),
        examples=(),
        done="Each was replaced by its salted hash, the same in every table",
        remedy="Nothing; an id of the system's own would not change when an address does.",
    )


def unsalted(source: SourceConfig, schema: TableSchema, privacy: PrivacyConfig, origin: str) -> list[Finding]:
    """A finding where e-mails are hashed without a salt."""
    if EMAIL not in source.columns or privacy.salt != "none" or "email_hash" not in schema.columns:
        return []
    return [
        Finding(
            code="hashes-without-salt",
            severity="warn",
            table=schema.name,
            what=f"e-mail addresses of {origin} are hashed without a salt",
            count=0,
            examples=(),
            done="Hashed, as the config says (privacy: {salt: none})",
            remedy=f"For data about real people take salt out of privacy, and set {privacy.salt_env} where it runs.",
        )
    ]


def without_query(content: ir.Column) -> ir.StringColumn:
    """A web address without what follows '?' or '#': forms put addresses and names there. Other text as it is."""
    text = content.cast("string")
    return ibis.ifelse(text.re_search(r"^\s*([a-zA-Z]+://|www\.|/)"), text.re_replace(r"[?#].*$", ""), text)


def _address(column: ir.Column) -> ir.StringColumn:
    """The address trimmed and in lower case; null where the text is none."""
    text = column.cast("string").strip().lower()
    return ibis.ifelse(text.re_search(r"^[^\s@]+@[^\s@]+$"), text, ibis.null().cast("string"))


def _lower(names: list[str]) -> list[str]:
    return [name.strip().lower() for name in names]

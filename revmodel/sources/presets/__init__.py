"""Presets: what vendors' exports look like, and the config entries that read them.

model     what a preset is                exports   the files in a folder, and what is in them
resolve   a file → the entry that reads it   dates    how dates are written
stages    what stage values mean          project   all of a folder, and what could not be used
write     the config as text              one file a vendor: salesforce, hubspot, marketo_measure, dreamdata, ad_spend
"""

from __future__ import annotations

import difflib

from revmodel.errors import ConfigError
from revmodel.sources.presets.ad_spend import AD_SPEND
from revmodel.sources.presets.dreamdata import DREAMDATA
from revmodel.sources.presets.hubspot import HUBSPOT
from revmodel.sources.presets.marketo_measure import MARKETO_MEASURE
from revmodel.sources.presets.model import Preset
from revmodel.sources.presets.salesforce import SALESFORCE

__all__ = ["PRESETS", "preset_of"]

PRESETS: dict[str, Preset] = {
    preset.name: preset for preset in (SALESFORCE, HUBSPOT, MARKETO_MEASURE, DREAMDATA, AD_SPEND)
}


def preset_of(name: str) -> Preset:
    """The preset of a name. Raises ConfigError: there is none; the known ones are named."""
    key = name.strip().lower().replace("_", "-")
    if key in PRESETS:
        return PRESETS[key]
    close = difflib.get_close_matches(key, PRESETS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    known = "\n".join(f"  {preset.name}: {preset.title}" for preset in PRESETS.values())
    raise ConfigError(f"there is no preset {name!r}{hint} Known:\n{known}")

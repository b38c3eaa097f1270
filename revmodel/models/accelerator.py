"""JAX, set up once: double precision, one thread an operation, compiled code kept between processes."""

from __future__ import annotations

import os
from pathlib import Path

# The matrices are small, and threads that wait for each other doubled the time of an evaluation. JAX reads this when
# it first computes.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()

import jax

__all__ = ["DEVICES", "jax"]

DEVICES = 2  # chains run on this many at a time, on any machine, so that the compiled code and the numbers are the same

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_num_cpu_devices", DEVICES)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "revmodel" / "xla"
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

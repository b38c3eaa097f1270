"""Runs in MLflow, logged explicitly: nothing is patched, nothing is logged on its own."""

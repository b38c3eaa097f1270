"""revmodel."""

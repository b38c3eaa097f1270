"""From journeys to small frames of counts: scikit-learn transformers over tables that are already cut as of a date."""

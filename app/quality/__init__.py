"""Data quality: measures and grades of the reports themselves."""

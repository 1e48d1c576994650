"""THE ROAD: from an exchange's bytes to published rows; imports only the standard."""

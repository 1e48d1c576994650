"""What measures and proves the product and is no part of it: simulated exchanges, the proof matrix, a year, benches."""

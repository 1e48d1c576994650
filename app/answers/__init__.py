"""Answers: explanations of findings, remedies of breaches, and which verdicts were read."""

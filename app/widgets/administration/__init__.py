"""The sections of the administration page: thresholds, people, machine tokens, the audit log, unfinished work."""

from app.widgets.administration.acting import outcome
from app.widgets.administration.log import log_section
from app.widgets.administration.people import people_section
from app.widgets.administration.thresholds import threshold_section
from app.widgets.administration.tokens import token_section
from app.widgets.administration.work import work_section

__all__ = ["log_section", "outcome", "people_section", "threshold_section", "token_section", "work_section"]

"""Every question that a screen asks, named after the question and scoped to who asks.

Each takes the store, then the scope of whoever asks, then what it is about, and answers with a small frame or a frozen
record; amounts are exact decimals that are added up here, because SQLite keeps them as text. Figures count
while their submission is accepted.
"""

from app.queries.absence import absences
from app.queries.administration import (
    LogWanted,
    incident_list,
    log_actors,
    log_count,
    log_page,
    people_list,
    proposal_list,
    threshold_list,
    token_list,
    waiting_submissions,
    whole_log,
)
from app.queries.answers import (
    NOT_REMEDIED,
    SHOWN_BY_DATA,
    all_said,
    awaiting_explanation,
    explained_away,
    explanations_given,
    finding_answers,
)
from app.queries.attention import situation
from app.queries.audits import audit_coverage, audit_months, audited_assets
from app.queries.breaches import breach_list, breach_steps
from app.queries.case_records import CaseHistory, CaseList, CasesWanted, case_history, case_list
from app.queries.cases import CaseFlow, case_flow
from app.queries.changes import changes
from app.queries.choice import Choice
from app.queries.due import due_soon
from app.queries.duties import duties
from app.queries.episodes import mismatch_episodes
from app.queries.evaluated import unevaluated_days
from app.queries.filed import filed_submission, findings_found, receipt_content
from app.queries.findings import (
    About,
    finding_counts,
    finding_groups,
    finding_list,
    gravest,
    standing_findings,
    subject_findings,
)
from app.queries.freshness import latest_day, records_stamp
from app.queries.halting import HaltsWanted, halt_events, halt_filing_days, halt_versions, halted_spans
from app.queries.keys import key_balance, key_flow, key_state
from app.queries.lanes import lane_figures
from app.queries.obliged import first_recorded_day, unmet_obligations
from app.queries.origin import rows_behind
from app.queries.punctuality import Punctuality, punctuality
from app.queries.quality import corrected_files, month_by_report, quality_months
from app.queries.reconciled_calendar import longest_gap, reconciliation_calendar
from app.queries.reconciling import asset_checks, reconciled_assets, reconciled_days
from app.queries.replaying import Course, Tail, course_of, replayed_checks, replayed_halts
from app.queries.responses import beside_episodes, episode_responses, unhalted_crossings
from app.queries.slots import day_slots
from app.queries.spans import Span, spans_of
from app.queries.standing import Standing, report_standing
from app.queries.submitted import state_history, submission_counts, submission_list, submission_versions
from app.queries.surveillance import indicators, pattern_course
from app.queries.surveilled import pattern_markets, surveillance_stages
from app.queries.thresholds import Makers, threshold_makers, thresholds_held
from app.queries.unread import unread_verdicts, verdict_read_count, verdict_readers
from app.queries.volume import Measure, volume_by_day, volume_by_hour
from app.queries.volume_course import (
    VolumeCourse,
    VolumeRanking,
    concentration,
    volume_course,
    volume_ranking,
)
from app.queries.volume_markets import Order, market_volumes

__all__ = [
    "NOT_REMEDIED",
    "SHOWN_BY_DATA",
    "About",
    "CaseFlow",
    "CaseHistory",
    "CaseList",
    "CasesWanted",
    "Choice",
    "Course",
    "HaltsWanted",
    "LogWanted",
    "Makers",
    "Measure",
    "Order",
    "Punctuality",
    "Span",
    "Standing",
    "Tail",
    "VolumeCourse",
    "VolumeRanking",
    "absences",
    "all_said",
    "asset_checks",
    "audit_coverage",
    "audit_months",
    "audited_assets",
    "awaiting_explanation",
    "beside_episodes",
    "breach_list",
    "breach_steps",
    "case_flow",
    "case_history",
    "case_list",
    "changes",
    "concentration",
    "corrected_files",
    "course_of",
    "day_slots",
    "due_soon",
    "duties",
    "episode_responses",
    "explained_away",
    "explanations_given",
    "filed_submission",
    "finding_answers",
    "finding_counts",
    "finding_groups",
    "finding_list",
    "findings_found",
    "first_recorded_day",
    "gravest",
    "halt_events",
    "halt_filing_days",
    "halt_versions",
    "halted_spans",
    "incident_list",
    "indicators",
    "key_balance",
    "key_flow",
    "key_state",
    "lane_figures",
    "latest_day",
    "log_actors",
    "log_count",
    "log_page",
    "longest_gap",
    "market_volumes",
    "mismatch_episodes",
    "month_by_report",
    "pattern_course",
    "pattern_markets",
    "people_list",
    "proposal_list",
    "punctuality",
    "quality_months",
    "receipt_content",
    "reconciled_assets",
    "reconciled_days",
    "reconciliation_calendar",
    "records_stamp",
    "replayed_checks",
    "replayed_halts",
    "report_standing",
    "rows_behind",
    "situation",
    "spans_of",
    "standing_findings",
    "state_history",
    "subject_findings",
    "submission_counts",
    "submission_list",
    "submission_versions",
    "surveillance_stages",
    "threshold_list",
    "threshold_makers",
    "thresholds_held",
    "token_list",
    "unevaluated_days",
    "unhalted_crossings",
    "unmet_obligations",
    "unread_verdicts",
    "verdict_read_count",
    "verdict_readers",
    "volume_by_day",
    "volume_by_hour",
    "volume_course",
    "volume_ranking",
    "waiting_submissions",
    "whole_log",
]

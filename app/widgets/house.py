"""The style sheet for what Streamlit does not style, for light and dark backgrounds."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ICON = Path(__file__).resolve().parent.parent / "static" / "mark.svg"
"""The sign in the browser's tab: a file of ours: signs of its icon font Streamlit fetches from abroad."""
_CSS = """
<style>
h1 { font-size: 1.75rem !important; padding: 0 0 .35rem 0 !important; }
h3 { font-size: 1.15rem !important; padding: .9rem 0 .1rem 0 !important; }
.stMainBlockContainer { padding: 3.6rem 2.6rem 3rem 2.6rem; max-width: 1500px; }
p.purpose { margin: .1rem 0 .35rem 0; opacity: .82; }
p.asof { display: inline-block; margin: 0; padding: .1rem .6rem; border: 1px solid rgba(128,140,153,.55);
  border-radius: 1rem; font-size: .875rem; font-variant-numeric: tabular-nums; }
p.share { display: flex; flex-direction: column; align-items: flex-end; gap: .15rem; margin: .45rem 0 0 0; }
p.share button { font: inherit; font-size: .9rem; color: inherit; background: transparent; cursor: pointer;
  padding: .2rem .7rem; border: 1px solid rgba(128,140,153,.8); border-radius: .4rem; white-space: nowrap; }
p.share button:hover, p.share button:focus-visible { border-color: currentColor; }
p.share output { font-size: .8125rem; max-width: 22rem; overflow-wrap: anywhere; }
p.newest { margin: .3rem 0 0 0; font-size: .875rem; }
p.sentence { margin: .2rem 0; font-size: 1.02rem; font-variant-numeric: tabular-nums; }
p.note { margin: 0; font-size: .875rem; opacity: .82; }
p.who { display: flex; justify-content: space-between; align-items: flex-start; gap: .8rem; margin: 0;
  padding-top: .7rem; border-top: 1px solid rgba(128,140,153,.45); font-size: .875rem; line-height: 1.45; }
p.who span { overflow-wrap: anywhere; }
p.who small { font-size: .8125rem; opacity: .82; }
p.who a { white-space: nowrap; }
p.banner { margin: .3rem 0; padding: .45rem .9rem; border: 1px solid rgba(128,140,153,.8); border-radius: .4rem;
  font-weight: 600; }
p.draft { margin: .2rem 0; padding: .5rem .9rem; border-radius: .4rem; background: #ffb000; color: #1a1200;
  border: 2px solid #8a5a00; }
p.draft b { letter-spacing: .02em; margin-right: .4rem; }
p.draft a { color: #1a1200 !important; font-weight: 600; }
p.verdict { margin: .3rem 0; padding: .5rem .9rem; border-radius: .4rem; font-size: 1.05rem; font-weight: 600;
  border: 1px solid rgba(128,140,153,.8); border-left-width: 6px; }
p.verdict.accepted { border-left-color: #008a64; }
p.verdict.accepted_with_findings { border-left-color: #e3a53a; }
p.verdict.rejected { border-left-color: #b3261e; }
p.verdict.unjudged { border-left-color: #e3a53a; }
p.verdict small { display: block; font-weight: 400; font-size: .875rem; }
ol.steps { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: 0 !important;
  padding: 0 !important; font-size: .875rem; }
ol.causes { margin: .2rem 0 .2rem 1.2rem !important; padding: 0 !important; font-size: .9rem; }
ul.found { list-style: none; margin: .2rem 0 !important; padding: 0 !important; font-size: .9rem; }
ul.found li { margin: 0 0 .5rem 0 !important; padding: .2rem .7rem !important; overflow-wrap: anywhere;
  border-left: 3px solid rgba(128,140,153,.6); }
ul.found p { margin: .1rem 0 .2rem 0; font-size: .875rem; }
ul.found p.reason { margin-top: .4rem; font-weight: 600; }
table.cells { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
table.cells th, table.cells td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top;
  overflow-wrap: anywhere; border-bottom: 1px solid rgba(128,140,153,.28); }
table.cells th { font-weight: 600; white-space: nowrap; }
table.obligations { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums; }
table.obligations th, table.obligations td { padding: .2rem .3rem; text-align: center;
  border: 1px solid rgba(128,140,153,.28);
  white-space: nowrap; }
table.obligations tbody th { text-align: left; font-weight: 600; }
table.obligations td.missing, table.obligations td.rejected { box-shadow: inset 0 -3px 0 #b3261e; }
table.obligations td.late, table.obligations td.partial, table.obligations td.received, table.obligations td.draft {
  box-shadow: inset 0 -3px 0 #e3a53a; }
table.obligations td a { color: inherit !important; text-decoration: none !important; display: block; }
div.obligations { overflow-x: auto; }
p.failed { margin: .2rem 0; padding: .7rem .9rem; border: 1px solid #b3261e; border-left-width: 4px;
  border-radius: .4rem; }
p.empty { margin: .2rem 0; padding: .7rem .9rem; border: 1px dashed rgba(128,140,153,.8); border-radius: .4rem; }
ul.absent { list-style: none; margin: .2rem 0 !important; padding: 0 !important; font-size: .875rem; }
ul.absent li { margin: 0 0 .15rem 0 !important; padding: .15rem .6rem !important;
  border-left: 4px solid rgba(128,140,153,.6); }
ul.absent li.missing, ul.absent li.rejected, ul.absent li.not_reported { border-left-color: #b3261e; }
ul.absent li.partial, ul.absent li.received, ul.absent li.draft { border-left-color: #e3a53a; }
ul.absent li.not_due { border-left-style: dotted; }
ul.absent li.nil { border-left-style: double; }
ul.absent li b { margin-right: .35rem; white-space: nowrap; }
ul.absent li span { opacity: .82; }
ul.absent a, p.empty a { color: inherit; }
button[data-variant=segmented_control][aria-checked=true] { color: inherit !important; font-weight: 600; }
.stDownloadButton button { min-height: 1.75rem; padding-top: 0; padding-bottom: 0; }
h4.chart { margin: 0; padding: 0; font-size: .95rem; font-weight: 600; }
table.matrix { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
table.matrix th { text-align: left; font-weight: 600; padding: .35rem .5rem; white-space: nowrap;
  border-bottom: 1px solid rgba(128,140,153,.7); }
table.matrix td { padding: 0; vertical-align: top; }
table.matrix tbody th, table.matrix td { border-bottom: 1px solid rgba(128,140,153,.28); }
table.matrix td a { display: block; padding: .35rem .5rem; color: inherit !important;
  text-decoration: none !important; min-height: 3.2rem; }
table.matrix td a:hover, table.matrix td a:focus { background: rgba(11,92,173,.12); outline-offset: -2px; }
table.matrix td b { font-weight: 600; }
table.matrix td small { display: block; font-size: .8125rem; opacity: .8; }
table.matrix td.missing, table.matrix td.rejected { box-shadow: inset 4px 0 0 #b3261e; }
table.matrix td.late, table.matrix td.partial, table.matrix td.received,
table.matrix td.draft { box-shadow: inset 4px 0 0 #e3a53a; }
table.course { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
table.course th, table.course td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid rgba(128,140,153,.28); }
table.course thead th { font-weight: 600; border-bottom-color: rgba(128,140,153,.7); }
table.course th { white-space: nowrap; font-weight: 600; }
table.course td { width: 31%; }
table.course p { margin: 0 0 .25rem 0; font-size: .875rem; }
table.course small { display: block; font-size: .8125rem; opacity: .8; }
ul.assumed { margin: .2rem 0 !important; font-size: .9rem; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem;
  padding: 0 !important; margin: .3rem 0 !important; font-size: .9rem; }
dl.facts dt { opacity: .75; margin: 0 !important; }
dl.facts dd { margin: 0 !important; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
ul.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .5rem;
  list-style: none; padding: 0 !important; margin: .4rem 0 !important; }
ul.tiles li { margin: 0 !important; padding: .5rem .75rem;
  border: 1px solid rgba(128,140,153,.45); border-radius: .4rem; }
ul.tiles span { display: block; font-size: .875rem; opacity: .82; }
ul.tiles b { display: block; font-size: 1.35rem; font-weight: 600; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
ul.tiles small { display: block; font-size: .8125rem; opacity: .82; font-variant-numeric: tabular-nums; }
table.matrix.lanes { table-layout: fixed; }
table.matrix.lanes th:first-child { width: 5.6rem; }
table.matrix.lanes th { padding: .15rem .45rem; }
table.matrix.lanes td a { min-height: 0; padding: .2rem .45rem .2rem .55rem; line-height: 1.35; }
table.matrix.lanes td b { display: flex; justify-content: space-between; gap: .4rem; white-space: nowrap; }
table.matrix.lanes td b span { overflow: hidden; text-overflow: ellipsis; }
table.matrix.lanes td i { font-style: normal; font-weight: 400; font-size: .8125rem; opacity: .8; white-space: nowrap; }
table.matrix.lanes td small { font-size: .875rem; opacity: .92; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
div.news { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: .2rem 1.6rem; }
div.news h3 { padding: .35rem 0 .1rem 0 !important; margin: 0 !important; font-size: 1rem !important; }
div.news h3 small { font-weight: 400; font-size: .875rem; opacity: .82; }
div.news ul { list-style: none; margin: 0 !important; padding: 0 !important; font-size: .875rem;
  font-variant-numeric: tabular-nums; }
div.news li { margin: 0 !important; padding: 0 !important; border-bottom: 1px solid rgba(128,140,153,.28); }
div.news li a, div.news li p { display: flex; justify-content: space-between; gap: .6rem; margin: 0 !important;
  padding: .1rem .3rem; color: inherit !important; text-decoration: none !important; line-height: 1.45; }
div.news li a:hover, div.news li a:focus { background: rgba(11,92,173,.12); outline-offset: -2px; }
div.news li span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
div.news li i { font-style: normal; opacity: .8; white-space: nowrap; font-size: .8125rem; }
.on-paper, [data-testid=stElementContainer]:has(> .stHtml > .on-paper:only-child) { display: none; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 3.6rem .8rem 2rem .8rem; }
  h1 { font-size: 1.4rem !important; overflow-wrap: anywhere; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .4rem !important; }
  div.news { grid-template-columns: 1fr; }
  div.news li a, div.news li p { flex-wrap: wrap; gap: 0 .6rem; }
  div.news li span { white-space: normal; }
  .stHtml:has(> table), .stHtml:has(> div > table) { overflow-x: auto; }
  table.matrix { min-width: 40rem; }
  table.matrix.lanes { min-width: 66rem; }
  table.matrix thead th:first-child, table.matrix tbody th { position: sticky; left: 0; z-index: 1;
    background: var(--st-background-color, canvas); }
  table.course { min-width: 40rem; }
  table.cells th { white-space: normal; }
  ul.absent li b, p.share button, table.course th { white-space: normal; }
}
@page { size: A4 landscape; margin: 11mm; }
@media print {
  .on-paper, [data-testid=stElementContainer]:has(> .stHtml > .on-paper:only-child) { display: block; }
  .on-paper { font-size: 7.5pt; }
  .on-paper table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .on-paper thead { display: table-header-group; }
  .on-paper tr { break-inside: avoid; }
  .on-paper th, .on-paper td { text-align: left; vertical-align: top; padding: 1pt 4pt; overflow-wrap: anywhere;
    border-bottom: .5pt solid #999; }
  .on-paper .number { text-align: right; }
  .stMain :not(svg, svg *) { color: #000 !important; }
  section[data-testid=stSidebar], header[data-testid=stHeader], p.share, [data-testid=stElementToolbar],
  [data-testid=stElementContainer]:is(:has(.stDataFrame), :has(.stDownloadButton), :has([data-testid=stCheckbox])) {
    display: none !important; }
  .stApp, .stMain, [data-testid=stAppViewContainer], [data-testid=stMain] { position: static !important;
    overflow: visible !important; height: auto !important; background: #fff !important; }
  .stMainBlockContainer { padding: 0 !important; max-width: none !important; }
  .stHtml, div.obligations { overflow: visible !important; }
  table.matrix.lanes td small, table.matrix.lanes td b span, div.news li span { white-space: normal; }
  .js-plotly-plot, .js-plotly-plot .plot-container, .js-plotly-plot .svg-container { width: 100% !important;
    height: auto !important; }
  .js-plotly-plot .main-svg { max-width: 100%; height: auto; }
  .js-plotly-plot .main-svg:first-child { position: static !important; }
  .js-plotly-plot, ul.tiles li, ul.found li { break-inside: avoid; }
  h1, h3, h4.chart { break-after: avoid; }
}
</style>
"""


def style() -> None:
    """Add the style sheet to the page."""
    st.html(_CSS)

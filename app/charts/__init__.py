"""Frame to figure, and nothing else: every chart of the screens, in one house style.

An exchange keeps its colour, marker and dash everywhere (Okabe and Ito's colours). Missing days are gaps, never
interpolated. There are no heat maps and no Sankey diagrams, because Streamlit tells of no click on them; squares are
markers, stretches of time are bars with a base. Every mark that leads to rows carries in `customdata` what they are
found by.
"""

"""What the charts of several subjects share: the house style, grades, small multiples and month grids.

An exchange keeps its colour, marker and dash everywhere (Okabe and Ito's colours). Missing days are gaps, never
interpolated. There are no heat maps and no Sankey diagrams, because Streamlit reports no click on them: squares are
markers, intervals are bars with a base. A mark that leads to rows carries their key in `customdata`.
"""

"""Parts of pages that several subjects use: the view, filters, header, tables, charts, and the rows behind a mark."""

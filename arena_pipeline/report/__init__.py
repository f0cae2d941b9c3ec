"""Reports for people: one offline HTML file, an Excel workbook, a PDF brief, all from the same gathered facts."""

"""Charts of a job: tables of numbers with a sentence, which become Plotly figures, JSON or CSV."""

"""Go's text/template, as far as ``--format`` needs it: fields, pipelines, functions, if, range, with, variables."""

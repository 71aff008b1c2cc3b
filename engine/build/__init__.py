"""Images made from Dockerfiles: text → instructions → plan (pure), and the steps that carry it out."""

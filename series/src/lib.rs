//! What server and page compute alike about series: summaries, transforms, selectors, value formats and units.

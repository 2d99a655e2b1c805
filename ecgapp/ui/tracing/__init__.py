"""The tracing on ECG paper: figure, controls, filters, calipers, pages of long records, shaded evidence."""

"""Parts of the Review page: judgement, tracing, findings, measurements, saliency, reconstruction, report."""

"""Letters under review (`review_queue`), and floods of false signatures.

`trends` counts where signatures come from; `invalidate` excludes by conditions or undoes it,
`invalidation_job` does the work in batches.
"""

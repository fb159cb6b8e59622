"""Letters under review (`review_queue`, by `campaign_rules`), and floods of false signatures.

`trends` counts where signatures come from; `invalidate` excludes by conditions or undoes it,
`invalidation_job` does the work in batches.
"""

"""The desk where campaigns are written: pages, forms, drafts, merging, history."""

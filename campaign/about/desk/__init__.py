"""The pages on which admins write what the organization adds to its pages."""

"""What every page stands on: security headers, error pages, forms, fields, pagination."""

"""Exports with personal data: asked for with a reason, watermarked, fetched once and gone."""

"""Whose deal is it? Mail and activities find their deals, company by company."""

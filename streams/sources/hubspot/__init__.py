"""HubSpot: what it exports, what its API gives, and what it pushes, as the contract's events."""

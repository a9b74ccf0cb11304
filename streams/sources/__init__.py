"""Where facts come from: mailboxes, CRM exports, polls and pushes, each read into the contract's events."""

"""Mail: mailboxes in files and on servers, read as a careful person would read them; never a body."""

//! The ledger: shops, lanes, contacts and their history, on SQLite and PostgreSQL.

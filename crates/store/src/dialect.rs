//! What differs between SQLite and PostgreSQL, and nothing else.

use std::fmt::Write;

/// Rows of the largest statement that SQLite is given.
const PIECE: usize = 128;

/// The database spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one writer at a time.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Everything that writes.
    Writer,
    /// Looking only, beside the writer (SQLite).
    Reader,
}

impl Dialect {
    /// The database that an address names; `None` for others.
    pub fn of(url: &str) -> Option<Self> {
        if url.starts_with("sqlite:") {
            Some(Self::Sqlite)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Some(Self::Postgres)
        } else {
            None
        }
    }

    /// A column of bytes, written in hexadecimal digits as dirty marks name contacts.
    pub fn hex(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("lower(hex({column}))"),
            Self::Postgres => format!("encode({column}, 'hex')"),
        }
    }

    /// Counts the tables of a database that is not empty and no ledger. A server's database may be shared.
    pub fn foreign_tables(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some(
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'migrations')",
            ),
            Self::Postgres => None,
        }
    }

    /// What each new connection is told.
    ///
    /// An acknowledged event must outlive a power failure, so SQLite syncs at every commit. Hashes come in no order, so a
    /// commit touches pages all over the file: folding the log in less often writes each of them once for many commits.
    /// What is deleted is overwritten, and free pages can be given back (`tidy.rs`); the latter is settled by the first
    /// connection to a new file, before anything else.
    /// The writer meets every page of its indexes again and again and gets most of the memory; readers ask for little.
    pub fn greeting(self, connection: Connection) -> &'static str {
        match (self, connection) {
            (Self::Sqlite, Connection::Writer) => {
                "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA secure_delete = ON; PRAGMA busy_timeout = 10000; \
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -12000; PRAGMA wal_autocheckpoint = 16000; \
                 PRAGMA journal_size_limit = 67108864"
            }
            (Self::Sqlite, Connection::Reader) => {
                "PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1000; \
                 PRAGMA query_only = ON"
            }
            (Self::Postgres, _) => "SET client_min_messages = warning",
        }
    }

    /// Begins a transaction that writes.
    pub fn begin(self) -> &'static str {
        match self {
            // A transaction that reads first and writes later would fail when another process wrote between.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Ends a query whose rows are taken by one worker alone.
    pub fn for_update_skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Ends a query whose row is about to be changed.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Whether rows are locked one by one. SQLite has one writer, whose transaction locks everything.
    pub fn has_row_locks(self) -> bool {
        self == Self::Postgres
    }

    /// Lets one process number a new shop at a time; held until the transaction ends.
    pub fn number_lock(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(7301844030)"),
        }
    }

    /// Lets one process migrate at a time; held until the transaction ends.
    pub fn migration_lock(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(7301844029)"),
        }
    }

    /// A migration in this database's words.
    pub fn words(self, migration: &str) -> String {
        migration.replace(
            " BYTES",
            match self {
                Self::Sqlite => " BLOB",
                Self::Postgres => " BYTEA",
            },
        )
    }

    /// Most values bound in one statement.
    pub fn most_values(self) -> usize {
        match self {
            Self::Sqlite => 30_000,
            Self::Postgres => 60_000,
        }
    }

    /// Rows for one statement of a table with so many columns.
    pub fn rows_a_statement(self, columns: usize) -> usize {
        (self.most_values() / columns).clamp(1, 500)
    }

    /// Cuts what one statement is made for into statements of at most `most`.
    ///
    /// SQLite keeps every statement it has prepared with room for all its values, a statement a number of rows: taken as
    /// the numbers come, they would be some tens of megabytes. So there pieces are powers of two, and few.
    pub fn pieces<T>(self, all: &[T], most: usize) -> impl Iterator<Item = &[T]> {
        let mut rest = all;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let at_most = rest.len().min(most.max(1));
            let length = match self {
                Self::Sqlite => 1 << at_most.min(PIECE).ilog2(),
                Self::Postgres => at_most,
            };
            let (piece, left) = rest.split_at(length);
            rest = left;
            Some(piece)
        })
    }

    /// `(?,?),(?,?)` or `($1,$2),($3,$4)`, and `BIGINT`-typed NULLs told apart where PostgreSQL needs it: `casts` gives
    /// each column's type.
    ///
    /// SQLite numbers `$n` by a search through all names so far, so that thousands of them are slow; `?` are not.
    pub fn rows(self, rows: usize, casts: &[&str]) -> String {
        let mut text = String::with_capacity(rows * casts.len() * 8);
        let mut number = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for (column, cast) in casts.iter().enumerate() {
                if column > 0 {
                    text.push(',');
                }
                match self {
                    Self::Sqlite => text.push('?'),
                    Self::Postgres => {
                        number += 1;
                        let _ = write!(text, "${number}::{cast}");
                    }
                }
            }
            text.push(')');
        }
        text
    }

    /// `(?,?,?)` or `($2,$3,$4)`, `before` values standing in front.
    pub fn list(self, count: usize, before: usize) -> String {
        let mut text = String::from("(");
        for at in 0..count {
            if at > 0 {
                text.push(',');
            }
            match self {
                Self::Sqlite => text.push('?'),
                Self::Postgres => {
                    let _ = write!(text, "${}", before + at + 1);
                }
            }
        }
        text.push(')');
        text
    }

    /// The placeholder of the value at `place`, counted from 1, in statements that also hold a [`Dialect::list`].
    pub fn value(self, place: usize) -> String {
        match self {
            Self::Sqlite => "?".to_owned(),
            Self::Postgres => format!("${place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_sqlite_come_in_few_sizes_and_hold_everything_once() {
        let all: Vec<u32> = (0..1_000).collect();
        let mut sizes = std::collections::BTreeSet::new();
        for length in 0..all.len() {
            let pieces: Vec<&[u32]> = Dialect::Sqlite.pieces(&all[..length], 500).collect();
            sizes.extend(pieces.iter().map(|piece| piece.len()));
            assert_eq!(pieces.concat(), all[..length]);
        }
        assert_eq!(
            sizes.into_iter().collect::<Vec<_>>(),
            [1, 2, 4, 8, 16, 32, 64, 128]
        );
        let pieces: Vec<usize> = Dialect::Postgres.pieces(&all, 400).map(<[u32]>::len).collect();
        assert_eq!(pieces, [400, 400, 200]);
        assert_eq!(Dialect::Sqlite.pieces(&all[..10], 5).next().unwrap().len(), 4);
    }
}

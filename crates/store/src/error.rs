//! What can go wrong with the ledger, by what the caller can do about it.

use std::path::PathBuf;

/// Why the ledger did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached or is busy: trying later may help.
    #[error("the database cannot be used now: {0}")]
    Away(String),
    /// The database is not one of ours, or newer than this program: the operator must look.
    #[error("the database is not as it should be: {0}")]
    Damaged(String),
    /// The file's content is broken, or it is no database: a backup must take its place.
    #[error("the database file is damaged ({0}); put a backup in its place with `shoper-sare restore FILE`")]
    Corrupt(String),
    /// A backup's content is broken, or it is no ledger's.
    #[error("the backup is damaged ({0}): take another one; nothing was changed")]
    BrokenBackup(String),
    /// Another server works on the file.
    #[error(
        "a server works on {} already: SQLite lets one at a time; stop that one first, or use PostgreSQL for several",
        .0.display()
    )]
    Served(PathBuf),
    /// Somebody has the file open.
    #[error("another program has {} open; end it first", .0.display())]
    InUse(PathBuf),
    /// There is such a file.
    #[error("{} is there already; name another file, or say --overwrite", .0.display())]
    Exists(PathBuf),
    /// The keys do not open what is encrypted.
    #[error("ENCRYPTION_KEYS do not open this database: the key it was written with is missing")]
    WrongKeys,
    /// Another run of the shop is active.
    #[error("run {0} of this shop is not over yet")]
    RunActive(i64),
    /// The configuration was changed by somebody else meanwhile.
    #[error("the configuration was changed meanwhile; it is now version {version}")]
    ConfigChanged {
        /// The version there is now.
        version: i64,
    },
    /// There is no such shop.
    #[error("there is no such shop")]
    NoSuchShop,
}

impl From<sqlx::Error> for Error {
    /// Values never stand in these texts: statements are prepared, and of the database's own message only its
    /// code is kept.
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().map(|code| code.into_owned()).unwrap_or_default();
                by_code(&code, &format!("{:?}", error.kind()))
            }
            sqlx::Error::ColumnDecode { index, .. } => {
                Self::Damaged(format!("column {index} cannot be read"))
            }
            sqlx::Error::PoolTimedOut => Self::Away("no connection became free in time".to_owned()),
            sqlx::Error::Io(error) => Self::Away(error.to_string()),
            sqlx::Error::Tls(_) => Self::Away("the encrypted connection failed".to_owned()),
            sqlx::Error::Configuration(_) => Self::Damaged("DATABASE_URL cannot be read".to_owned()),
            // What cannot be decoded would be quoted.
            sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => {
                Self::Damaged("a value cannot be read".to_owned())
            }
            other => Self::Away(other.to_string()),
        }
    }
}

/// What a database's own code means: a number in SQLite (<https://sqlite.org/rescode.html>), of which the lowest byte says
/// enough, five characters in PostgreSQL (its manual, appendix A).
fn by_code(code: &str, kind: &str) -> Error {
    let away = |what: &str| Error::Away(format!("{what}; error {code}"));
    if code.len() < 5
        && let Ok(number) = code.parse::<u32>()
    {
        return match number & 0xff {
            5 | 6 => away("another process holds the file"),
            8 => away("the file cannot be written to"),
            10 => away("the disk fails"),
            13 => away("the disk is full"),
            14 => away("the file cannot be opened"),
            11 => Error::Corrupt(format!("its content is broken, error {code}")),
            26 => Error::Corrupt(format!("it is not an SQLite database, error {code}")),
            _ => Error::Away(format!("error {code} ({kind})")),
        };
    }
    match code {
        "53100" => away("the server's disk is full"),
        "53300" => away("the server has no connection to spare"),
        "25006" => away("the server takes no writes"),
        "57P01" | "57P02" | "57P03" => away("the server is stopping or starting"),
        "XX001" | "XX002" => Error::Damaged(format!("the server says that data are broken, error {code}")),
        _ => Error::Away(format!("error {code} ({kind})")),
    }
}

/// Whether a row was there already.
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_in_words_and_a_broken_file_as_one() {
        for (code, words) in [
            ("13", "the disk is full"),
            ("778", "the disk fails"),
            ("5", "another process holds the file"),
            ("1032", "cannot be written to"),
            ("53100", "disk is full"),
        ] {
            let error = by_code(code, "Other");
            assert!(matches!(error, Error::Away(_)), "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        for code in ["11", "267", "779", "26"] {
            let error = by_code(code, "Other");
            assert!(matches!(error, Error::Corrupt(_)), "{error}");
            assert!(error.to_string().contains("shoper-sare restore"), "{error}");
        }
    }
}

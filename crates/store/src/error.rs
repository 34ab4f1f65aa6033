//! What can go wrong with the ledger, by what the caller can do about it.

/// Why the ledger did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached or is busy: trying later may help.
    #[error("the database cannot be used now: {0}")]
    Away(String),
    /// The database is not one of ours, or newer than this program: the operator must look.
    #[error("the database is not as it should be: {0}")]
    Damaged(String),
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
                Self::Away(format!("error {code} ({:?})", error.kind()))
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

/// Whether a row was there already.
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
}

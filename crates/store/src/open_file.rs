//! The file of a ledger on SQLite: where it is, who may read it, and whether it is still in its place.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;

use crate::dialect::Dialect;

/// The file that an address names; `None` for PostgreSQL and for ledgers in memory.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    if Dialect::of(url) != Some(Dialect::Sqlite) || url.contains(":memory:") || url.contains("mode=memory") {
        return None;
    }
    let options = SqliteConnectOptions::from_str(url).ok()?;
    Some(options.get_filename().to_owned())
}

/// A file that was opened under its name.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    path: PathBuf,
    #[cfg(unix)]
    id: Option<(u64, u64)>,
}

impl Opened {
    /// The ledger's file, now that it is open; `None` where there is no file.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let path = sqlite_file(url)?;
        Some(Self {
            #[cfg(unix)]
            id: id(&path),
            path,
        })
    }

    /// Whether its name still leads to it: what is written to a file that was moved away or deleted is lost to the next
    /// server.
    pub(crate) fn is_in_place(&self) -> bool {
        #[cfg(unix)]
        let same = id(&self.path) == self.id;
        #[cfg(not(unix))]
        let same = true;
        same && self.path.exists()
    }

    /// The path as people know it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
fn id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Makes the file where there is none yet, for its owner alone: what SQLite puts beside it has the same rights. Where that
/// fails SQLite says why.
pub(crate) fn make_private(url: &str) {
    if let Some(path) = sqlite_file(url) {
        let _ = private(OpenOptions::new().create_new(true).write(true)).open(path);
    }
}

/// Only its owner may read it.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

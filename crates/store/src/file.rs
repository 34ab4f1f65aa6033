//! The ledger as a file (SQLite): the one server that works on it, copies of it while it is worked on, and putting a copy
//! in its place. A copy never has its final name before it is whole and has been looked through.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row};

use crate::crypto::Keys;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::keyring::check_keys;
use crate::migrate;
use crate::open_file::{private, sqlite_file};
use crate::store::Store;

/// How long those who still have the file open are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Says that a server works on the ledger, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Served {
    /// Locked for as long as it is open.
    _lock: Option<File>,
}

/// A copy that was made and looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Bytes of the file.
    pub size: u64,
    /// Where the file that was replaced lies now.
    pub kept: Option<PathBuf>,
}

/// Makes this process the one server of the ledger at `url`. Nothing keeps several servers from one PostgreSQL database.
///
/// # Errors
/// [`Error::Served`] when another server works on the file, [`Error::Away`] when the file beside it cannot be made.
pub fn serve_alone(url: &str) -> Result<Served, Error> {
    let Some(file) = sqlite_file(url) else {
        return Ok(Served { _lock: None });
    };
    let path = beside(&real(&file), ".lock");
    let lock = private(OpenOptions::new().create(true).write(true).truncate(false))
        .open(&path)
        .map_err(|error| failed(&path, "cannot be made", &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(Served { _lock: Some(lock) }),
        Err(TryLockError::WouldBlock) => Err(Error::Served(file)),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            tracing::warn!(
                "the file system of {} knows no locks: see to it yourself that one server works on it",
                file.display()
            );
            Ok(Served { _lock: None })
        }
        Err(TryLockError::Error(error)) => Err(failed(&path, "cannot be locked", &error)),
    }
}

/// Copies the ledger into `file` while anybody may work on it: the copy is of one moment, without what had been erased
/// before. Only its owner may read it. It has been looked through, and `keys` open it.
///
/// # Errors
/// [`Error::Exists`] when there is such a file and it is not to be overwritten; [`Error::Corrupt`], [`Error::WrongKeys`];
/// [`Error::Away`] when a file cannot be read or written. Then nothing has changed.
pub async fn back_up(url: &str, keys: &Keys, file: &Path, overwrite: bool) -> Result<Copy, Error> {
    if !overwrite && file.exists() {
        return Err(Error::Exists(file.to_owned()));
    }
    let source = sqlite_file(url).ok_or_else(no_file)?;
    if !source.exists() {
        return Err(Error::Away(format!("there is no {}", source.display())));
    }
    if file.exists() && real(file) == real(&source) {
        return Err(Error::Damaged(
            "a ledger cannot be its own backup: name another file".to_owned(),
        ));
    }
    let part = Part::new(file, ".part")?;
    let mut connection = options(&source).connect().await?;
    let name = part.0.to_string_lossy().into_owned();
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(name)
        .execute(&mut connection)
        .await;
    let _ = connection.close().await;
    copied?;
    let size = look_through(&part.0, keys).await?;
    if !overwrite {
        // Takes the name, unless somebody else has taken it meanwhile.
        private(OpenOptions::new().create_new(true).write(true))
            .open(file)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Error::Exists(file.to_owned()),
                _ => failed(file, "cannot be made", &error),
            })?;
    }
    part.publish(file)?;
    Ok(Copy { size, kept: None })
}

/// Puts the copy in `file` in the ledger's place. What was there is kept beside it, with `stamp` in its name.
///
/// # Errors
/// [`Error::Served`] while a server works on the ledger, [`Error::InUse`] while anybody else has it open;
/// [`Error::BrokenBackup`] or [`Error::Damaged`] for a file that is no whole ledger or a newer one, [`Error::WrongKeys`] when
/// `keys` do not open it; [`Error::Away`] when a file cannot be read or written. Then nothing has changed.
pub async fn restore(url: &str, keys: &Keys, file: &Path, stamp: &str) -> Result<Copy, Error> {
    let target = sqlite_file(url).ok_or_else(no_file)?;
    let _served = serve_alone(url)?;
    let target = real(&target);
    if real(file) == target {
        return Err(Error::Damaged("the backup is the ledger itself".to_owned()));
    }
    let part = Part::new(&target, ".restoring")?;
    copy(file, &part.0)?;
    // A ledger that was copied with its log is whole only with it.
    let log = beside(file, "-wal");
    if log.exists() {
        copy(&log, &beside(&part.0, "-wal"))?;
    }
    let looked = look_through(&part.0, keys).await;
    let size = looked.map_err(|error| match error {
        Error::Corrupt(why) => Error::BrokenBackup(why),
        other => other,
    })?;
    let kept = beside(&target, &format!(".before-restore-{stamp}"));
    let kept = match target.exists() {
        true => {
            set_aside(&target, &kept).await?;
            Some(kept)
        }
        false => None,
    };
    part.publish(&target)?;
    Ok(Copy { size, kept })
}

/// Keeps the ledger that is there under another name as well, whole in one file unless it is broken.
async fn set_aside(target: &Path, kept: &Path) -> Result<(), Error> {
    match fold_alone(target).await {
        Ok(()) => {}
        // What is broken is kept as it is: the log belongs to it.
        Err(Error::Corrupt(_)) => {
            for ending in ["-wal", "-shm"] {
                let of_it = beside(target, ending);
                if of_it.exists() {
                    std::fs::rename(&of_it, beside(kept, ending))
                        .map_err(|error| failed(&of_it, "cannot be renamed", &error))?;
                }
            }
        }
        Err(error) => return Err(error),
    }
    // Two names for one file, so that at no moment there is no ledger.
    if std::fs::hard_link(target, kept).is_err() {
        copy(target, kept)?;
    }
    Ok(())
}

/// Folds the log into the file and does without one. SQLite lets only somebody do so who is alone with the file.
async fn fold_alone(file: &Path) -> Result<(), Error> {
    let mut connection = options(file).busy_timeout(PATIENCE).connect().await?;
    let folded = connection.fetch_one("PRAGMA journal_mode = DELETE").await;
    let _ = connection.close().await;
    match folded {
        Ok(row) if row.try_get::<String, _>(0)? == "delete" => Ok(()),
        Ok(_) => Err(Error::InUse(file.to_owned())),
        Err(error) => match Error::from(error) {
            Error::Away(why) if why.contains("another process") => Err(Error::InUse(file.to_owned())),
            other => Err(other),
        },
    }
}

/// Looks through a ledger that nobody works on: whether all of it can be read, whether this program knows its version, and
/// whether the keys open it. Its size in bytes.
async fn look_through(file: &Path, keys: &Keys) -> Result<u64, Error> {
    let mut connection = options(file).connect().await?;
    let looked = look(&mut connection, keys).await;
    connection.close().await?;
    looked?;
    let size = std::fs::metadata(file).map_err(|error| failed(file, "cannot be read", &error))?;
    Ok(size.len())
}

async fn look(connection: &mut SqliteConnection, keys: &Keys) -> Result<(), Error> {
    // Read into the file itself, so that what is renamed afterwards is whole.
    connection.execute("PRAGMA journal_mode = DELETE").await?;
    let row = connection.fetch_one("PRAGMA integrity_check(1)").await?;
    let found: String = row.try_get(0)?;
    if found != "ok" {
        return Err(Error::Corrupt("SQLite finds that it is not whole".to_owned()));
    }
    let query = "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('ledger', 'migrations', 'shops')";
    if connection.fetch_one(query).await?.try_get::<i64, _>(0)? != 3 {
        return Err(Error::Damaged("it is another program's database".to_owned()));
    }
    let row = connection
        .fetch_one("SELECT COALESCE(MAX(version), 0) FROM migrations")
        .await?;
    migrate::known(row.try_get(0)?)?;
    let mut sealed_with = Vec::new();
    for row in connection
        .fetch_all("SELECT value FROM ledger WHERE name LIKE 'key %'")
        .await?
    {
        sealed_with.push(row.try_get::<Vec<u8>, _>(0)?);
    }
    let row = connection
        .fetch_one("SELECT value FROM ledger WHERE name = 'hash key'")
        .await?;
    check_keys(keys, &sealed_with, &row.try_get::<Vec<u8>, _>(0)?)
}

impl Store {
    /// Looks through the database for what is broken (SQLite; a server looks after its own).
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is; when the database cannot be used.
    pub async fn look_through(&self) -> Result<(), Error> {
        if self.dialect != Dialect::Sqlite {
            return Ok(());
        }
        let row = sqlx::query("PRAGMA quick_check(1)")
            .fetch_one(&self.reads)
            .await?;
        match row.try_get::<String, _>(0)?.as_str() {
            "ok" => Ok(()),
            _ => Err(Error::Corrupt("SQLite finds that it is not whole".to_owned())),
        }
    }
}

/// A file under way to its final name; gone when it does not get there.
struct Part(PathBuf);

impl Part {
    fn new(of: &Path, ending: &str) -> Result<Self, Error> {
        let path = beside(of, &format!("{ending}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        private(OpenOptions::new().create_new(true).write(true))
            .open(&path)
            .map_err(|error| failed(&path, "cannot be made", &error))?;
        Ok(Self(path))
    }

    /// Safe on the disk, and only then under its final name.
    fn publish(self, name: &Path) -> Result<(), Error> {
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        sync(&self.0)
            .and_then(|()| std::fs::rename(&self.0, name))
            .map_err(|error| failed(name, "cannot be written", &error))?;
        #[cfg(unix)]
        if let Some(directory) = real(name).parent() {
            sync(directory).map_err(|error| failed(directory, "cannot be written", &error))?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(&self.0, ending));
        }
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(Duration::from_secs(10))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut source = File::open(from).map_err(|error| failed(from, "cannot be read", &error))?;
    let mut target = private(OpenOptions::new().create(true).truncate(true).write(true))
        .open(to)
        .map_err(|error| failed(to, "cannot be made", &error))?;
    io::copy(&mut source, &mut target).map_err(|error| failed(to, "cannot be written", &error))?;
    Ok(())
}

/// The file's own name, whatever it was called by, so that two names of one file mean one ledger.
fn real(file: &Path) -> PathBuf {
    if let Ok(real) = file.canonicalize() {
        return real;
    }
    let directory = match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    match (directory.canonicalize(), file.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => file.to_owned(),
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::Away(format!("{} {what}: {error}", path.display()))
}

fn no_file() -> Error {
    Error::Damaged("DATABASE_URL names no SQLite file".to_owned())
}

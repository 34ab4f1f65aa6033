//! `backup` and `restore`: copies of the ledger (SQLite).

use anyhow::{Context, bail};

use super::output;
use crate::app;
use crate::cli::{Backup, Restore};
use crate::exit;
use crate::settings::Settings;

/// Makes a copy.
pub async fn backup(settings: Settings, options: Backup) -> anyhow::Result<u8> {
    refuse_others(&settings)?;
    let keys = app::keys(&settings)?;
    let copy = store::back_up(&settings.database_url, &keys, &options.file, options.overwrite)
        .await
        .context("no backup was made")?;
    if options.json.json {
        output::json(&serde_json::json!({ "file": options.file, "bytes": copy.size }))?;
        return Ok(exit::OK);
    }
    output::line(&format!(
        "{} holds the whole ledger ({} bytes), and the keys open it.",
        options.file.display(),
        copy.size
    ));
    output::line(
        "Keep ENCRYPTION_KEYS in another place: without them it cannot be read, with them everybody can.",
    );
    Ok(exit::OK)
}

/// Puts a copy in the ledger's place.
pub async fn restore(settings: Settings, options: Restore) -> anyhow::Result<u8> {
    refuse_others(&settings)?;
    let keys = app::keys(&settings)?;
    let now = ports::Clock::now(&ports::SystemClock);
    let stamp = jiff::Timestamp::from_millisecond(now)?
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let copy = store::restore(&settings.database_url, &keys, &options.file, &stamp)
        .await
        .with_context(|| format!("{} was not restored", options.file.display()))?;
    if options.json.json {
        output::json(&serde_json::json!({ "bytes": copy.size, "kept": copy.kept }))?;
        return Ok(exit::OK);
    }
    output::line(&format!(
        "The ledger is the one of {} now ({} bytes).",
        options.file.display(),
        copy.size
    ));
    if let Some(kept) = copy.kept {
        output::line(&format!("What was there before is kept in {}.", kept.display()));
    }
    output::line(
        "Start the server, then ask `shoper-sare doctor`: a shop whose access was renewed after the backup must be \
         connected again.",
    );
    Ok(exit::OK)
}

fn refuse_others(settings: &Settings) -> anyhow::Result<()> {
    if store::sqlite_file(&settings.database_url).is_none() {
        bail!(
            "DATABASE_URL names no SQLite file, and this command copies nothing else. Back up a PostgreSQL database with \
             `pg_dump --format=custom --file=FILE \"$DATABASE_URL\"`, and bring it back into an empty database with \
             `pg_restore --no-owner --dbname=\"$DATABASE_URL\" FILE` while no server runs"
        );
    }
    Ok(())
}

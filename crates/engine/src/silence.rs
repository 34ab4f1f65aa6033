//! Records that do not say what they consent to: one problem of the shop, however many they are.
//!
//! Nobody is unsubscribed or added as consenting on a word that was not said (`Reading::beside`); here people learn of it.
//! Whoever meets such a record, or one that speaks again, only notes that there is something to tell.

use ports::Millis;
use serde::{Deserialize, Serialize};
use sync_core::RecordKind;

use crate::error::Halt;
use crate::session::Session;

/// Records named as examples.
const EXAMPLES: i64 = 5;
/// Pause between two tellings: a shop that says nothing of anybody is counted once a minute, not once a page.
const PAUSE_MS: Millis = 60_000;
const TOPIC: &str = "consent-not-said";

/// What the lane remembers of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Silence {
    /// There is something to tell.
    pub is_news: bool,
    /// When it was told last.
    pub told_at: Millis,
}

impl Silence {
    /// When it is to be told; `None` when there is nothing new.
    pub fn due_at(self, now: Millis) -> Option<Millis> {
        // A clock that went back must not put it off.
        let pause = if self.told_at > now { 0 } else { PAUSE_MS };
        self.is_news.then_some(self.told_at.min(now) + pause)
    }
}

/// Tells how many records are silent, or that none is any more.
pub async fn tell(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    if s.state().silence.due_at(now).is_none_or(|at| at > now) {
        return Ok(());
    }
    let mut members = Vec::new();
    for (kind, member) in [
        (RecordKind::Customer, "users.newsletter"),
        (RecordKind::Subscriber, "subscribers.active"),
    ] {
        let silent = s.store.silent_records(s.shop.id, kind, EXAMPLES).await?;
        if silent.count == 0 {
            continue;
        }
        let (all, _) = s.store.record_counts(s.shop.id, kind).await?;
        let mut ids: Vec<String> = silent.examples.iter().map(i64::to_string).collect();
        if silent.count > EXAMPLES {
            ids.push("…".to_owned());
        }
        members.push(format!("{member}: {}/{all} ({})", silent.count, ids.join(", ")));
    }
    s.state().silence = Silence {
        is_news: false,
        told_at: now,
    };
    if members.is_empty() {
        return s.shop_problem_over(TOPIC).await;
    }
    tracing::warn!(shop = %s.shop.id, members = members.len(), "the shop does not say what people consent to");
    s.shop_problem(TOPIC, "consent-not-said", Some(members.join("; ")))
        .await
}

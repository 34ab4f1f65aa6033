//! Records that do not say what they consent to: one problem of the shop, however many they are.
//!
//! Nobody is unsubscribed or added as consenting on a word that was not said (`Reading::complete_from`);
//! here people learn of it.
//! Whoever meets such a record, or one that speaks again, only notes that there is something to tell.

use sync_core::{ProblemKind, RecordKind};

use crate::error::Halt;
use crate::session::Session;
use crate::state::Silence;

/// Records named as examples.
const EXAMPLES: i64 = 5;

/// Tells how many records are silent, or that none is any more.
pub async fn report(s: &Session<'_>) -> Result<(), Halt> {
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
        let all = s.store.record_counts(s.shop.id, kind).await?.all;
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
        return s.shop_problem_over(ProblemKind::ConsentNotSaid).await;
    }
    tracing::warn!(shop = %s.shop.id, members = members.len(), "the shop does not say what people consent to");
    s.shop_problem(
        ProblemKind::ConsentNotSaid,
        ProblemKind::ConsentNotSaid,
        Some(members.join("; ")),
    )
    .await
}

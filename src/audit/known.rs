//! What the ledger knows of contacts that can explain a difference.

use std::collections::HashMap;

use store::{AddrHash, DirtyKey, Outcome, Priority};
use sync_core::{HistoryKind, RecordKey};

use super::Auditor;
use super::verdict::{Known, MAILED};

impl Auditor<'_> {
    /// What the ledger knows of these contacts. With `fresh`, also what is waiting to be done and what went wrong.
    pub(super) async fn known(
        &self,
        hashes: &[AddrHash],
        fresh: bool,
    ) -> anyhow::Result<HashMap<AddrHash, (Known, Option<bool>)>> {
        let contacts = self.app.store.contacts(self.shop.id, hashes).await?;
        let mut out: HashMap<AddrHash, (Known, Option<bool>)> = contacts
            .into_iter()
            .map(|(hash, contact)| {
                let known = Known {
                    refusal: contact.refusal.map(|refused| refused.origin.word().to_owned()),
                    refusal_applied: contact.refusal.is_some_and(|refused| refused.applied),
                    withdrawn: contact.withdrawn,
                    doubted: contact.doubt.is_some(),
                    opt_in: contact.intent.is_some_and(|intent| intent.opt_in.is_some()),
                    told: contact.sent.is_some() || !contact.groups.is_empty(),
                    ever_told: contact.sent_at.is_some(),
                    on_lost_word: false,
                    gone: contact.outcome == Outcome::Gone,
                    groups: contact.groups,
                    problem: None,
                    waiting: false,
                };
                (hash, (known, contact.consent))
            })
            .collect();
        if fresh {
            self.add_problems(&mut out).await?;
            self.add_waiting(hashes, &mut out).await?;
            for (hash, (known, _)) in &mut out {
                known.on_lost_word = self.is_on_lost_word(*hash).await?;
            }
        }
        Ok(out)
    }

    /// Whether the contact is mailable through us, on the word of somebody who is no longer at the address.
    pub(super) async fn is_on_lost_word(&self, hash: AddrHash) -> anyhow::Result<bool> {
        const LINES: i64 = 50;
        let lines = self.app.store.history(self.shop.id, hash, LINES).await?;
        let made_mailable = lines.iter().find_map(|line| match line.kind {
            HistoryKind::Added => Some(status_in(line.detail.as_deref()) == Some(MAILED)),
            HistoryKind::ConfirmedInSare => Some(true),
            HistoryKind::ResubscribedInSare | HistoryKind::AskedAgain | HistoryKind::UnsubscribedInSare => {
                Some(false)
            }
            _ => None,
        });
        if made_mailable != Some(true) {
            return Ok(false);
        }
        let records = self.app.store.records_of(self.shop.id, &[hash]).await?;
        Ok(!records.iter().any(|record| record.consent == Some(true)))
    }

    async fn add_problems(&self, known: &mut HashMap<AddrHash, (Known, Option<bool>)>) -> anyhow::Result<()> {
        const PAGE: i64 = 500;
        let mut from = 0;
        loop {
            let problems = self.app.store.problems(self.shop.id, PAGE, from).await?;
            let last = i64::try_from(problems.len()).unwrap_or(0) < PAGE;
            for problem in problems {
                if let Some((known, _)) = problem.hash.and_then(|hash| known.get_mut(&hash)) {
                    known.problem = Some(problem.kind);
                }
            }
            if last {
                return Ok(());
            }
            from += PAGE;
        }
    }

    async fn add_waiting(
        &self,
        hashes: &[AddrHash],
        known: &mut HashMap<AddrHash, (Known, Option<bool>)>,
    ) -> anyhow::Result<()> {
        const MOST: i64 = 5_000;
        let far = self.app.clock.now() + 30 * 24 * 3_600_000;
        let dirty = self
            .app
            .store
            .due_dirty(self.shop.id, far, Priority::Bulk, MOST)
            .await?;
        if dirty.is_empty() {
            return Ok(());
        }
        let records = self.app.store.records_of(self.shop.id, hashes).await?;
        let by_key: HashMap<RecordKey, AddrHash> =
            records.iter().map(|record| (record.key, record.hash)).collect();
        for entry in dirty {
            let hash = match entry.key {
                DirtyKey::Address(hash) => Some(hash),
                DirtyKey::Record(key) => by_key.get(&key).copied(),
            };
            if let Some(hash) = hash.filter(|hash| hashes.contains(hash)) {
                known.entry(hash).or_default().0.waiting = true;
            }
        }
        Ok(())
    }
}

/// The status in a line of a contact's history.
fn status_in(detail: Option<&str>) -> Option<i64> {
    let detail: serde_json::Value = serde_json::from_str(detail?).ok()?;
    detail.get("status")?.as_i64()
}

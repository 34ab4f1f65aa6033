//! Trouble of the SARE account as a whole, told once and of nobody: a mapped group or property that is gone from SARE, and
//! an account that takes no new contact any more (its limit of addresses is reached).
//!
//! SARE says such a thing contact by contact, in words of its own. It is recognised without reading them: by asking for
//! the lists of groups and properties when contacts are refused, and by new contacts that are refused one after the other
//! with the same reason while none is taken. What can go on goes on: data of contacts that are there, withdrawals, the
//! other group. New contacts wait ([`Reason::Waits`]); one of them is tried from time to time, and when SARE takes it all
//! the others follow.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use sync_core::ProblemKind;

use ports::Millis;
use store::{AddrHash, Commit, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::config::Config;
use sync_core::mapping::Target;

use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::AccountTrouble;

/// New contacts refused in a row that make it the account's trouble.
const ENOUGH: usize = 2;
/// Most contacts remembered as refused by themselves.
const KNOWN: usize = 50;
/// How long a reason counts as one about single contacts.
const PERSONAL_MS: Millis = 24 * 3_600_000;
/// Pauses between tries with one new contact, in minutes.
const PROBES: [Millis; 3] = [5, 15, 30];
/// Least pause between checks of the account's lists that refused contacts cause.
const RECHECK_MS: Millis = 2 * 60_000;
/// Pause between checks whether what is gone is back.
const CHECK_MS: Millis = 10 * 60_000;
/// How long a new contact waits if nothing else brings its turn.
pub const WAIT_MS: Millis = 24 * 3_600_000;

/// What a refused new contact shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// Something about the contact.
    Contact,
    /// Perhaps the account takes nobody: whether it takes the bare address tells.
    Unclear,
    /// The account takes nobody.
    Account,
}

/// Makes the attempts and checks that are due.
pub async fn run_due_checks(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    let (checks, probes) = {
        let state = s.state();
        let trouble = &state.trouble;
        (
            !(trouble.groups.is_empty() && trouble.props.is_empty()) && trouble.looked_at + CHECK_MS <= now,
            trouble.full_since.is_some() && trouble.probe_at <= now,
        )
    };
    if checks {
        check_lists(s, true).await?;
    }
    if probes && s.store.wake_waiting(s.shop.id, false, now).await? == 0 {
        // Nobody waits any more: whoever comes next shows how it is.
        over(s).await?;
    }
    Ok(())
}

/// When [`run_due_checks`] is due next.
pub fn due(s: &Session<'_>) -> Option<Millis> {
    let state = s.state();
    let trouble = &state.trouble;
    let checks = !(trouble.groups.is_empty() && trouble.props.is_empty());
    let check = checks.then_some(trouble.looked_at + CHECK_MS);
    let probe = trouble.full_since.map(|_| trouble.probe_at);
    check.into_iter().chain(probe).min()
}

/// Contacts were refused: the account's lists are checked, unless they just were. Whether that changed anything.
pub async fn recheck_lists(s: &Session<'_>) -> Result<bool, Halt> {
    let now = s.now();
    if s.state().trouble.suspected_at + RECHECK_MS > now {
        return Ok(false);
    }
    let changed = check_lists(s, true).await?;
    s.state().trouble.suspected_at = now;
    Ok(changed)
}

/// Asks for the account's lists, and tells what of the configuration is not in them. Without `evidence` (contacts that were
/// refused) an empty list proves nothing, and neither does a list of properties. Whether anything is otherwise than before.
pub async fn check_lists(s: &Session<'_>, evidence: bool) -> Result<bool, Halt> {
    let config = s.config();
    let groups = listed(s.sare(|c| async move { c.groups().await }).await)?;
    let names = custom_names(config);
    let props = if evidence && !names.is_empty() {
        listed(s.sare(|c| async move { c.props().await }).await)?
    } else {
        None
    };
    let (before, now_lost) = {
        let mut state = s.state();
        let trouble = &mut state.trouble;
        trouble.looked_at = s.now();
        let before = (trouble.groups.clone(), trouble.props.clone());
        if let Some(listed) = groups.filter(|list| evidence || !list.is_empty()) {
            let there: BTreeSet<i64> = listed.iter().map(|group| group.id).collect();
            let mapped = config.groups(true, true);
            trouble.groups = mapped.into_iter().filter(|id| !there.contains(id)).collect();
        }
        if let Some(listed) = props {
            let there: BTreeSet<String> = listed.iter().map(|p| p.key.trim().to_lowercase()).collect();
            trouble.props = names
                .into_iter()
                .filter(|name| !there.contains(&name.trim().to_lowercase()))
                .collect();
        }
        (before, (trouble.groups.clone(), trouble.props.clone()))
    };
    report_missing(s, ProblemKind::SareGroupGone, &before.0, &now_lost.0).await?;
    report_missing(s, ProblemKind::SarePropertyGone, &before.1, &now_lost.1).await?;
    if s.state().trouble.full_since.is_some() && !now_lost.0.is_subset(&before.0) {
        // That was it, then.
        over(s).await?;
    }
    let is_back = before.0.difference(&now_lost.0).next().is_some()
        || before.1.difference(&now_lost.1).next().is_some();
    if is_back {
        // What was held back of everybody is written now.
        s.store.forget_sent(&s.lease).await?;
        s.store.wake_waiting(s.shop.id, true, s.now()).await?;
        s.state().config_seen = 0;
        s.commit(Commit::default()).await?;
    }
    Ok(before != now_lost)
}

/// The answer, where SARE gave one that can be read.
fn listed<T>(answer: Result<T, CallError<sare_api::Error>>) -> Result<Option<T>, Halt> {
    match answer {
        Ok(list) => Ok(Some(list)),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(_)) => Ok(None),
    }
}

async fn report_missing<T: Ord + ToString>(
    s: &Session<'_>,
    kind: ProblemKind,
    before: &BTreeSet<T>,
    lost: &BTreeSet<T>,
) -> Result<(), Halt> {
    if lost.is_empty() {
        if !before.is_empty() {
            s.shop_problem_over(kind).await?;
        }
        return Ok(());
    }
    let names: Vec<String> = lost.iter().map(ToString::to_string).collect();
    s.shop_problem(kind, kind, Some(names.join(", "))).await
}

fn custom_names(config: &Config) -> BTreeSet<String> {
    let rows = config.customers.mapping.rows().iter();
    rows.chain(config.subscribers.mapping.rows())
        .filter_map(|row| match &row.target {
            Target::Custom(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// SARE took a new contact.
pub async fn taken(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    {
        let mut state = s.state();
        let trouble = &mut state.trouble;
        if trouble.full_since.is_none() {
            if !trouble.refused.is_empty() {
                trouble.is_personal(now);
            }
            return Ok(());
        }
    }
    over(s).await
}

/// SARE takes new contacts again: whoever waits has its turn.
async fn over(s: &Session<'_>) -> Result<(), Halt> {
    s.store.wake_waiting(s.shop.id, true, s.now()).await?;
    {
        let mut state = s.state();
        let trouble = &mut state.trouble;
        let refused = std::mem::take(&mut trouble.refused);
        trouble.know(refused);
        trouble.full_since = None;
        trouble.probes = 0;
    }
    s.shop_problem_over(ProblemKind::SareFull).await
}

/// Another configuration: whatever was wrong is found anew if it still is.
pub async fn forget(s: &Session<'_>) -> Result<(), Halt> {
    let before = std::mem::take(&mut s.state().trouble);
    if !before.groups.is_empty() {
        s.shop_problem_over(ProblemKind::SareGroupGone).await?;
    }
    if !before.props.is_empty() {
        s.shop_problem_over(ProblemKind::SarePropertyGone).await?;
    }
    if before.full_since.is_some() {
        s.shop_problem_over(ProblemKind::SareFull).await?;
    }
    if before != AccountTrouble::default() {
        s.store.wake_waiting(s.shop.id, true, s.now()).await?;
    }
    Ok(())
}

/// SARE refused a new contact.
pub fn refused(s: &Session<'_>, contact: AddrHash, why: &str) -> Culprit {
    let (hash, now, shape) = (contact.to_hex(), s.now(), shape(why));
    let mut state = s.state();
    let trouble = &mut state.trouble;
    if trouble.full_since.is_some() {
        return Culprit::Account;
    }
    let is_personal = trouble.personal.get(&shape).is_some_and(|until| *until > now);
    if is_personal || trouble.known.contains(&hash) {
        return Culprit::Contact;
    }
    if trouble.shape != shape {
        trouble.refused.clear();
        trouble.shape = shape;
    }
    if !trouble.refused.contains(&hash) {
        trouble.refused.push(hash);
    }
    if trouble.refused.len() < ENOUGH {
        Culprit::Contact
    } else {
        Culprit::Unclear
    }
}

/// SARE takes the bare address of a new contact that it refused: what it refuses are values.
pub fn refuses_values(s: &Session<'_>) {
    let now = s.now();
    s.state().trouble.is_personal(now);
}

/// SARE takes no new contact, for this reason. Whoever was blamed for it just before waits like the others.
pub async fn takes_nobody(s: &Session<'_>, why: &str) -> Result<(), Halt> {
    let now = s.now();
    let blamed = {
        let mut state = s.state();
        let trouble = &mut state.trouble;
        if trouble.full_since.is_some() {
            return Ok(());
        }
        trouble.full_since = Some(now);
        trouble.probes = 0;
        trouble.probe_at = now + PROBES[0] * 60_000;
        trouble.refused.clone()
    };
    tracing::warn!(shop = %s.shop.id, "SARE takes no new contacts");
    s.shop_problem(ProblemKind::SareFull, ProblemKind::SareFull, Some(why.to_owned()))
        .await?;
    let mut commit = Commit::default();
    for hash in blamed.iter().filter_map(|text| AddrHash::from_hex(text)) {
        let key = DirtyKey::Address(hash);
        commit.resolved.push(key.encode());
        commit.marks.push(waits(key, now + WAIT_MS));
    }
    s.commit(commit).await
}

/// The mark of a contact that waits for the account.
pub fn waits(key: DirtyKey, due_at: Millis) -> DirtyMark {
    DirtyMark {
        key,
        due_at,
        priority: Priority::Bulk,
        reason: Reason::Waits,
        held_by: None,
    }
}

/// Whether SARE takes no new contact.
pub fn is_full(s: &Session<'_>) -> bool {
    s.state().trouble.full_since.is_some()
}

/// Whether the contact is one of those whose refusals made it the account's trouble.
pub fn is_among_refused(s: &Session<'_>, contact: AddrHash) -> bool {
    s.state().trouble.refused.contains(&contact.to_hex())
}

/// Which of these new contacts is tried now, though SARE took none: one that a person asks for, or, when it is time, the
/// first. It counts as tried.
pub fn probe(s: &Session<'_>, new: &[(usize, Reason)]) -> Option<usize> {
    let now = s.now();
    let mut state = s.state();
    let trouble = &mut state.trouble;
    let asked = new.iter().find(|(_, reason)| *reason == Reason::Manual);
    let tried = asked.or_else(|| new.first().filter(|_| trouble.probe_at <= now))?;
    let step = usize::try_from(trouble.probes).unwrap_or(0).min(PROBES.len() - 1);
    trouble.probes = trouble.probes.saturating_add(1);
    trouble.probe_at = now + PROBES[step] * 60_000;
    Some(tried.0)
}

impl AccountTrouble {
    /// Who was refused just now is so for reasons of their own, and so is whoever else is refused for the same.
    fn is_personal(&mut self, now: Millis) {
        let refused = std::mem::take(&mut self.refused);
        self.know(refused);
        self.personal.retain(|_, until| *until > now);
        self.personal.insert(self.shape, now + PERSONAL_MS);
    }

    fn know(&mut self, refused: Vec<String>) {
        self.known.extend(refused);
        let surplus = self.known.len().saturating_sub(KNOWN);
        self.known.drain(..surplus);
    }
}

/// What a reason has in common with the same reason given for others: its words, without numbers and addresses.
fn shape(why: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for word in why.split_whitespace() {
        let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        if !word.contains('@') && !letters.is_empty() {
            letters.to_lowercase().hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn one_reason_given_for_two_contacts_has_one_shape() {
        assert_eq!(
            shape("Limit adresów: 1000, nie dodano a@example.com"),
            shape("limit adresów: 1001, nie dodano b@example.com")
        );
        assert_ne!(shape("limit adresów"), shape("niepoprawny numer telefonu"));
    }
}

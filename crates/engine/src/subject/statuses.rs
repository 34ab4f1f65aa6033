//! SARE's statuses of many contacts, in whichever way the account tells them (`lookup.rs`).

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use sync_core::{ProblemKind, Topic};

use sare_api::{LookupForm, StatusAnswer, StatusAnswers};
use store::AddrHash;
use sync_core::consent::{SareView, Status};
use sync_core::email::{is_same_text, spellings};

use crate::blame::{self, Blame, blame};
use crate::error::{CallError, Halt};
use crate::lookup;
use crate::session::{Session, wants_payment};
use crate::state::Call;

/// SARE's status as decisions take it. 0 is the ledger's word for an address that is surely not there: as a status of
/// SARE's it is one that we do not know.
pub fn status_of(status: sare_api::Status) -> Status {
    match Status::from(status.number()) {
        Status::Absent => Status::UNTOLD,
        status => status,
    }
}

/// What SARE says with a status.
pub fn view_of(status: sare_api::Status) -> SareView {
    SareView::Status(status_of(status))
}

/// What SARE said of contacts.
#[derive(Default)]
pub struct Views {
    by_hash: HashMap<AddrHash, SareView>,
    in_sare: HashMap<AddrHash, Vec<(String, Status)>>,
}

impl Views {
    /// The spellings under which SARE has the contact, each with its status; none where that is the one asked for.
    pub fn in_sare(&self, hash: AddrHash) -> &[(String, Status)] {
        self.in_sare.get(&hash).map_or(&[], Vec::as_slice)
    }

    /// Whether SARE mails the contact under any spelling.
    pub fn is_mailed(&self, hash: AddrHash) -> bool {
        let confirmed = |(_, status): &(String, Status)| status.is_mailable();
        self.get(&hash) == Some(&SareView::Status(Status::Confirmed))
            || self.in_sare(hash).iter().any(confirmed)
    }

    /// Notes under which spelling SARE has the contact.
    pub fn note_spelling(&mut self, hash: AddrHash, spelling: String, status: Status) {
        self.in_sare.insert(hash, vec![(spelling, status)]);
    }

    fn note(&mut self, hash: AddrHash, asked: &str, answers: &StatusAnswers) -> SareView {
        let view = match answers.get(asked) {
            StatusAnswer::Status(status) => view_of(status),
            StatusAnswer::Null | StatusAnswer::NotMentioned => SareView::Absent,
        };
        self.by_hash.insert(hash, view);
        let in_sare = answers.spellings(asked);
        let is_usual = match in_sare.as_slice() {
            [] => true,
            [(only, _)] => is_same_text(only, asked) && spellings(asked).len() == 1,
            _ => false,
        };
        if !is_usual {
            let told = |(text, status)| (text, status_of(status));
            self.in_sare.insert(hash, in_sare.into_iter().map(told).collect());
        }
        view
    }
}

impl Deref for Views {
    type Target = HashMap<AddrHash, SareView>;

    fn deref(&self) -> &Self::Target {
        &self.by_hash
    }
}

impl DerefMut for Views {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.by_hash
    }
}

/// SARE's statuses of many addresses, in batches; an address not named counts as absent. A contact may come with several
/// spellings one after the other; they are asked for together. A batch that SARE rejects, or fails at though it answers
/// others, is split until the contact that spoils it stands alone (`blame.rs`).
pub async fn statuses<'x>(
    s: &Session<'_>,
    addresses: impl Iterator<Item = (AddrHash, &'x str)>,
) -> Result<Views, Halt> {
    let mut all: Vec<(AddrHash, Vec<String>)> = Vec::new();
    for (hash, address) in addresses {
        match all.last_mut() {
            Some((last, texts)) if *last == hash => texts.push(address.to_owned()),
            _ => all.push((hash, vec![address.to_owned()])),
        }
    }
    // Contacts at which SARE failed before come last, one by one, so that they spoil no list.
    all.sort_by_key(|(hash, _)| blame::is_failing(s, Call::Statuses, *hash));
    let failing = all.partition_point(|(hash, _)| !blame::is_failing(s, Call::Statuses, *hash));
    let mut views = Views::default();
    if !all.is_empty() {
        if let Some(halt) = blame::backing_off(s, Call::Statuses) {
            return Err(halt);
        }
        lookup::reconsider(s).await?;
    }
    let batch_size = blame::size(s, Call::Statuses, lookup::addresses_per_call(s));
    let (others, failing) = all.split_at(failing);
    let mut stack: Vec<&[(AddrHash, Vec<String>)]> =
        failing.chunks(1).chain(others.chunks(batch_size).rev()).collect();
    while let Some(chunk) = stack.pop() {
        let asked: Vec<&str> = chunk
            .iter()
            .flat_map(|(_, texts)| texts)
            .map(String::as_str)
            .collect();
        let kept = Mutex::new(StatusAnswers::default());
        let answer = s.sare_about(|c| {
            let (asked, kept) = (asked.clone(), &kept);
            async move { c.statuses_kept(&asked, kept).await }
        });
        let answer = answer.await;
        let answers = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let error = match answer {
            Ok(()) => {
                blame::worked(s, Call::Statuses).await?;
                for (hash, texts) in chunk {
                    blame::no_longer_failing(s, Call::Statuses, *hash);
                    views.note(*hash, &texts[0], &answers);
                }
                if std::mem::take(&mut s.state().sare_not_understood) {
                    s.shop_problem_over(Topic::SareAnswers).await?;
                }
                continue;
            }
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => error,
        };
        let is_unpaid = wants_payment(&error);
        if !is_unpaid && lookup::may_be_the_call(&error) && lookup::find_form(s, &asked).await? {
            stack.extend(chunk.chunks(lookup::addresses_per_call(s)).rev());
            continue;
        }
        if let [(hash, texts)] = chunk
            && !is_unpaid
            && let Some(view) = by_itself(s, *hash, texts, &error).await?
        {
            blame::note_failing(s, Call::Statuses, *hash);
            views.insert(*hash, view);
            continue;
        }
        let hashes: Vec<AddrHash> = chunk.iter().map(|(hash, _)| *hash).collect();
        match blame(s, Call::Statuses, &error, &hashes, false).await? {
            Blame::Batch => {
                s.note_too_large(&error);
                let (left, right) = chunk.split_at(chunk.len() / 2);
                stack.push(right);
                stack.push(left);
            }
            Blame::Contact => {
                for hash in hashes {
                    views.insert(hash, SareView::Unreadable);
                }
            }
            Blame::Call(halt) => {
                if let Some(halt) = s.no_right(&error).await? {
                    return Err(halt);
                }
                if !error.is_transient() {
                    s.state().sare_not_understood = true;
                    s.shop_problem(
                        Topic::SareAnswers,
                        ProblemKind::SareNotUnderstood,
                        Some(error.to_string()),
                    )
                    .await?;
                }
                return Err(halt);
            }
        }
    }
    Ok(views)
}

/// The status of a contact at which the list fails, out of its records under every spelling; `None` when one of them
/// cannot be had either. A refusal under one spelling is the person's.
async fn by_itself(
    s: &Session<'_>,
    hash: AddrHash,
    texts: &[String],
    error: &sare_api::Error,
) -> Result<Option<SareView>, Halt> {
    if s.state().lookup == LookupForm::OneByOne {
        return Ok(None);
    }
    let mut seen: Option<SareView> = None;
    for address in texts {
        let answer = s.sare_about(|c| async move { c.by_email(address).await }).await;
        let view = match answer {
            Ok(Some(record)) => {
                blame::worked(s, Call::Single).await?;
                let Some(status) = record.status else {
                    return Ok(None);
                };
                view_of(status)
            }
            // Who rejects an address says of it what it says of an address that is not there.
            Ok(None) if matches!(error, sare_api::Error::Rejected { .. }) => return Ok(None),
            Ok(None) => SareView::Absent,
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => {
                tracing::debug!(shop = %s.shop.id, contact = %hash.to_hex(), %error, "SARE tells a contact in no way");
                return Ok(None);
            }
        };
        seen = Some(match (seen, view) {
            (Some(SareView::Status(n)), _) if n.is_refusal() => SareView::Status(n),
            (Some(known), SareView::Absent | SareView::SurelyAbsent) => known,
            (_, view) => view,
        });
    }
    Ok(seen)
}

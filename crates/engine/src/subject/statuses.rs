//! SARE's statuses of many contacts, in whichever way the account tells them (`lookup.rs`).

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use sare_api::{LookupForm, Status, StatusAnswer, StatusAnswers};
use store::AddrHash;
use sync_core::consent::{SareView, status};
use sync_core::email::{is_same_text, spellings};

use crate::blame::{self, Blame, Call, blame};
use crate::error::{CallError, Halt};
use crate::lookup;
use crate::session::{Session, wants_payment};

/// Stands for "SARE's answer about this address cannot be had": nothing is done about the contact.
///
/// A number of its own: -1 is how the client tells a record that is there without a readable status.
pub const UNREADABLE: SareView = SareView::Status(-4);

/// The number of a record that is there without a status that can be read.
const UNTOLD: i64 = -1;

/// What SARE says with a status. 0 is the ledger's word for an address that is surely not there: as a status of SARE's it
/// is one that we do not know.
pub fn view_of(status: Status) -> SareView {
    match status.number() {
        status::ABSENT => SareView::Status(UNTOLD),
        number => SareView::Status(number),
    }
}

/// How old a status may be, in milliseconds, for a pass that goes through many and raises nobody's.
pub const RECENT_MS: i64 = 120_000;

/// What SARE said of contacts.
#[derive(Default)]
pub struct Views {
    by_hash: HashMap<AddrHash, SareView>,
    spelled: HashMap<AddrHash, Vec<(String, i64)>>,
}

impl Views {
    /// The spellings under which SARE has the contact, each with its status; none where that is the one asked for.
    pub fn spelled(&self, hash: AddrHash) -> &[(String, i64)] {
        self.spelled.get(&hash).map_or(&[], Vec::as_slice)
    }

    /// Whether SARE mails the contact under any spelling.
    pub fn is_mailed(&self, hash: AddrHash) -> bool {
        let confirmed = |(_, status): &(String, i64)| *status == status::CONFIRMED;
        self.get(&hash) == Some(&SareView::Status(status::CONFIRMED))
            || self.spelled(hash).iter().any(confirmed)
    }

    /// Notes under which spelling SARE has the contact.
    pub fn note_spelling(&mut self, hash: AddrHash, spelling: String, status: i64) {
        self.spelled.insert(hash, vec![(spelling, status)]);
    }

    fn note(&mut self, hash: AddrHash, asked: &str, answers: &StatusAnswers) -> SareView {
        let view = match answers.get(asked) {
            StatusAnswer::Status(status) => view_of(status),
            StatusAnswer::Null | StatusAnswer::NotMentioned => SareView::Absent,
        };
        self.by_hash.insert(hash, view);
        let spelled = answers.spellings(asked);
        let is_usual = match spelled.as_slice() {
            [] => true,
            [(only, _)] => is_same_text(only, asked) && spellings(asked).len() == 1,
            _ => false,
        };
        if !is_usual {
            let number = |(text, status): (String, Status)| (text, status.number());
            self.spelled
                .insert(hash, spelled.into_iter().map(number).collect());
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

/// [`statuses`], without asking again for what a halted turn heard, by contact, less than so many milliseconds ago.
pub async fn recent_statuses(
    s: &Session<'_>,
    mut addresses: Vec<(AddrHash, String, i64)>,
) -> Result<Views, Halt> {
    let mut known = HashMap::new();
    addresses.retain(|(hash, address, age_ms)| match s.recent_view(*hash, *age_ms) {
        // Of one with several spellings more was heard than is remembered.
        Some(view) if spellings(address).len() == 1 => {
            known.insert(*hash, view);
            false
        }
        _ => true,
    });
    let rest = addresses
        .iter()
        .map(|(hash, address, _)| (*hash, address.as_str()));
    let mut views = statuses(s, rest).await?;
    for (hash, view) in known {
        views.entry(hash).or_insert(view);
    }
    Ok(views)
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
    // Whom the list has failed at comes last and alone.
    all.sort_by_key(|(hash, _)| blame::is_odd(s, Call::Statuses, *hash));
    let odd = all.partition_point(|(hash, _)| !blame::is_odd(s, Call::Statuses, *hash));
    let mut views = Views::default();
    if !all.is_empty() {
        if let Some(halt) = blame::resting(s, Call::Statuses) {
            return Err(halt);
        }
        lookup::reconsider(s).await?;
    }
    let at_once = blame::size(s, Call::Statuses, lookup::a_call(s));
    let (others, odd) = all.split_at(odd);
    let mut stack: Vec<&[(AddrHash, Vec<String>)]> =
        odd.chunks(1).chain(others.chunks(at_once).rev()).collect();
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
                    blame::not_odd(s, Call::Statuses, *hash);
                    let view = views.note(*hash, &texts[0], &answers);
                    s.note_view(*hash, view);
                }
                if std::mem::take(&mut s.state().sare_not_understood) {
                    s.shop_problem_over("sare-answers").await?;
                }
                continue;
            }
            Err(CallError::Halt(halt)) => {
                // The first of several pages may have been read: whom it names need not be asked after again.
                for (hash, texts) in chunk {
                    if let StatusAnswer::Status(status) = answers.get(&texts[0]) {
                        s.note_view(*hash, view_of(status));
                    }
                }
                return Err(halt);
            }
            Err(CallError::Api(error)) => error,
        };
        let is_unpaid = wants_payment(&error);
        if !is_unpaid && lookup::may_be_the_call(&error) && lookup::find_form(s, &asked).await? {
            stack.extend(chunk.chunks(lookup::a_call(s)).rev());
            continue;
        }
        if let [(hash, texts)] = chunk
            && !is_unpaid
            && let Some(view) = by_itself(s, *hash, texts, &error).await?
        {
            blame::note_odd(s, Call::Statuses, *hash);
            s.note_view(*hash, view);
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
                    s.note_view(hash, UNREADABLE);
                    views.insert(hash, UNREADABLE);
                }
            }
            Blame::Call(halt) => {
                if let Some(halt) = s.no_right(&error).await? {
                    return Err(halt);
                }
                if !error.is_transient() {
                    s.state().sare_not_understood = true;
                    s.shop_problem("sare-answers", "sare-not-understood", Some(error.to_string()))
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
            (Some(SareView::Status(n)), _) if status::is_refusal(n) => SareView::Status(n),
            (Some(known), SareView::Absent | SareView::SurelyAbsent) => known,
            (_, view) => view,
        });
    }
    Ok(seen)
}

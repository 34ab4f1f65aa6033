//! What happened to a contact, read from its history in the order in which it happened: who brought SARE's status to
//! where it is, what became of consent, and what was told to whom.
//!
//! Reasons that people read come from here and not from the status, which does not say how it came about. What the
//! history does not tell is left open: the ledger keeps no more than a number of lines of one contact.

use serde_json::Value;
use store::HistoryEntry;
use sync_core::HistoryKind;
use sync_core::consent::Status;

use super::history::said_status;

/// What SARE's status follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// SARE had the address before we first wrote of it.
    Found,
    /// We added the address.
    Added,
    /// We added it for a new opt-in after a refusal, by the merchant's choice without asking.
    AddedAnew,
    /// We added it and had SARE ask for a confirmation.
    AddedAsking,
    /// We added it as refusing, since the person had refused under another address.
    AddedRefusing,
    /// We had SARE ask for a confirmation, for a new opt-in.
    Asked,
    /// We made it confirmed, for a new opt-in.
    Raised,
    /// We lowered it, for a withdrawal.
    Lowered,
    /// The person or the account's people refused in SARE.
    Refused,
    /// It was removed from SARE, not by us.
    Vanished,
    /// It was subscribed again in SARE after a refusal, not by us.
    Resubscribed,
    /// It was changed in SARE, not by us, from this status.
    Changed(Status),
}

/// A refusal, as it came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Made in SARE since we knew the contact.
    InSare,
    /// Made in SARE before we first saw the contact.
    Before,
    /// The contact was removed from SARE.
    Vanished,
    /// Made under another address of the person.
    Followed,
}

/// What a withdrawal in the shop was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// A record that consented says no now.
    Said,
    /// The record that consented was deleted.
    Deleted,
    /// The record that consented went to another address; whoever is left never consented.
    Left,
    /// Made under another address of the person.
    Followed,
}

/// Something and when it was seen.
type At<T> = Option<(T, i64)>;

/// What happened to a contact, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The status that SARE had last.
    pub status: Option<Status>,
    /// What it follows from; `None` where the history does not tell.
    pub act: At<Act>,
    /// A refusal that stands.
    pub refusal: At<Refusal>,
    /// A withdrawal that stands.
    pub withdrawal: At<Withdrawal>,
    /// When we lowered the status for it, and to which one.
    pub lowered: At<Status>,
    /// An opt-in in the shop after the refusal or withdrawal, or the newest one where there was neither.
    pub opted_in: Option<i64>,
    /// When SARE was last made to ask for a confirmation that nothing has overtaken since.
    pub asked: Option<i64>,
    /// When the subscription was switched off in the shop for the refusal.
    pub switched_off: Option<i64>,
    /// When the contact left our groups, or was deleted from SARE by us.
    pub left: At<Leaving>,
    /// Older lines may be gone.
    pub is_cut: bool,
}

/// How a contact left our care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// It left our groups.
    Groups,
    /// It was deleted from SARE.
    Deleted,
}

impl Timeline {
    /// Reads a contact's history, the newest line first as the ledger gives it. `is_cut`: older lines may be gone.
    pub fn of(history: &[HistoryEntry], is_cut: bool) -> Self {
        let mut timeline = Self {
            is_cut,
            ..Self::default()
        };
        for line in history.iter().rev() {
            timeline.take(line);
        }
        timeline
    }

    /// The same, with the status that SARE has now.
    pub fn now(mut self, status: Option<Status>, at: i64) -> Self {
        match status.filter(|n| *n != Status::Absent) {
            // What is there now does not say since when.
            Some(n) if self.act.is_none() && self.status.is_none() => self.status = Some(n),
            Some(n) => self.see(n, at),
            None => {}
        }
        self
    }

    fn take(&mut self, line: &HistoryEntry) {
        let detail: Value = line
            .detail
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let at = line.at;
        let said = said_status(&detail);
        // An act of another kind than a change of status says what the status was.
        let there = said.filter(|n| *n != Status::Absent);
        match &line.kind {
            HistoryKind::Added => {
                let asked = detail["asked"].as_bool().unwrap_or(false);
                self.added(said, asked, at);
            }
            HistoryKind::AskedAgain => self.act(Act::Asked, Some(Status::NotConfirmed), at),
            // From a second try on the person is asked instead.
            HistoryKind::ConfirmedInSare if said == Some(Status::NotConfirmed) => {
                self.act(Act::Asked, Some(Status::NotConfirmed), at);
            }
            HistoryKind::ConfirmedInSare => self.act(Act::Raised, Some(Status::Confirmed), at),
            HistoryKind::UnsubscribedInSare => {
                self.lowered = said.map(|n| (n, at));
                self.act(Act::Lowered, said, at);
            }
            HistoryKind::RefusedInSare => {
                self.refused(Refusal::InSare, at);
                self.act(Act::Refused, there, at);
            }
            HistoryKind::AlreadyRefused => {
                self.refused(Refusal::Before, at);
                self.act(Act::Found, there, at);
            }
            HistoryKind::VanishedFromSare => {
                self.refused(Refusal::Vanished, at);
                self.act(Act::Vanished, Some(Status::Absent), at);
            }
            HistoryKind::ResubscribedInSare => {
                (self.refusal, self.withdrawal, self.lowered, self.opted_in) = (None, None, None, None);
                self.act(Act::Resubscribed, there, at);
            }
            HistoryKind::RefusalFollowed => {
                self.refused(Refusal::Followed, at);
                self.withdrawal = Some((Withdrawal::Followed, at));
                there.into_iter().for_each(|n| self.see(n, at));
            }
            HistoryKind::WithdrawnInShop => {
                let how = match detail["how"].as_str() {
                    Some("deleted") => Withdrawal::Deleted,
                    Some("left") => Withdrawal::Left,
                    _ => Withdrawal::Said,
                };
                self.withdrawal = Some((how, at));
                // A subscription that was switched off before had been switched on again since.
                (self.opted_in, self.asked, self.switched_off) = (None, None, None);
                there.into_iter().for_each(|n| self.see(n, at));
            }
            HistoryKind::OptedInInShop => {
                self.opted_in = Some(at);
                there.into_iter().for_each(|n| self.see(n, at));
            }
            HistoryKind::SwitchedOffInShop => {
                self.switched_off = Some(at);
                there.into_iter().for_each(|n| self.see(n, at));
            }
            HistoryKind::LeftGroups => {
                self.left = Some((Leaving::Groups, at));
                there.into_iter().for_each(|n| self.see(n, at));
            }
            HistoryKind::DeletedInSare => {
                self.left = Some((Leaving::Deleted, at));
                self.status = Some(Status::Absent);
            }
            _ => there.into_iter().for_each(|n| self.see(n, at)),
        }
    }

    fn act(&mut self, act: Act, status: Option<Status>, at: i64) {
        self.act = Some((act, at));
        if status.is_some() {
            self.status = status;
        }
        self.asked = matches!(act, Act::Asked | Act::AddedAsking).then_some(at);
        if matches!(act, Act::AddedAnew | Act::AddedAsking | Act::Asked | Act::Raised) {
            // What was refused or withdrawn before is answered; the opt-in behind it stays.
            (self.refusal, self.withdrawal, self.lowered) = (None, None, None);
        }
        if matches!(act, Act::Added | Act::AddedAnew | Act::AddedAsking) {
            self.left = None;
        }
    }

    fn added(&mut self, said: Option<Status>, asked: bool, at: i64) {
        if said.is_some_and(Status::is_refusal) {
            self.act = Some((Act::AddedRefusing, at));
            self.status = said;
            return;
        }
        let is_anew = self.opted_in.is_some() && (self.refusal.is_some() || self.withdrawal.is_some());
        let act = match said {
            _ if asked => Act::AddedAsking,
            Some(Status::Confirmed) if is_anew => Act::AddedAnew,
            Some(Status::NotConfirmed) if is_anew => Act::AddedAsking,
            _ => Act::Added,
        };
        self.act(act, said, at);
    }

    fn refused(&mut self, refusal: Refusal, at: i64) {
        self.refusal = Some((refusal, at));
        (self.opted_in, self.switched_off) = (None, None);
    }

    /// SARE was seen to have this status.
    fn see(&mut self, n: Status, at: i64) {
        match (self.status, self.act) {
            (Some(known), _) if known == n => {}
            (Some(known), _) => self.act = Some((Act::Changed(known), at)),
            (None, None) if !self.is_cut => self.act = Some((Act::Found, at)),
            (None, _) => {}
        }
        self.status = Some(n);
    }
}

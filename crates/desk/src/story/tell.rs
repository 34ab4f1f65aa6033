//! The sentences on one contact: what each side says, and what the ledger knows. Why it is so is told by `why.rs`.

use std::fmt::Display;

use engine::status_of;
use sare_api::ContactRecord;
use store::{Contact, Problem, Shop};
use sync_core::Email;
use sync_core::config::Config;
use sync_core::consent::Known;
use texts::{ProblemTexts, Words};

use super::columns::{Column, columns, numbers};
use super::refusal::{consent_sentence, refusal_sentence};
use super::{InShop, Ledger};
use crate::error::Error;

/// Everything that is known of one contact.
pub struct Story<'a> {
    pub shop: &'a Shop,
    /// The address.
    pub email: &'a Email,
    /// The configuration, where there is one.
    pub config: Option<&'a Config>,
    /// What the ledger knows.
    pub ledger: &'a Ledger,
    /// What the shop says now.
    pub in_shop: Result<&'a InShop, &'a Error>,
    /// What SARE says now.
    pub in_sare: Result<Option<&'a ContactRecord>, &'a Error>,
    /// What was known before ([`Ledger::known`]).
    pub known: Known,
}

impl Story<'_> {
    /// Whether nobody who could be asked knows the address.
    pub fn is_unknown(&self) -> bool {
        let in_shop = self.in_shop.as_ref().is_ok_and(|shop| !shop.is_empty());
        self.ledger.is_empty() && !in_shop && !matches!(self.in_sare, Ok(Some(_)))
    }

    /// Who could not be asked, and why.
    pub fn away(&self, words: Words) -> Vec<String> {
        let shop = self.in_shop.as_ref().err();
        let sare = self.in_sare.as_ref().err();
        let shop = shop.map(|why| words.fill("story.shop-away", &[("why", &why.text(words))]));
        let sare = sare.map(|why| words.fill("story.sare-away", &[("why", &why.text(words))]));
        shop.into_iter().chain(sare).collect()
    }

    /// All sentences, the address first.
    pub fn sentences(&self, words: Words) -> Vec<String> {
        let mut lines = vec![self.email.shown()];
        lines.extend(self.away(words));
        lines.extend(self.shop_sentence(words));
        lines.extend(self.sare_sentence(words));
        lines.extend(self.ledger_sentences(words));
        lines.extend(self.next_sentence(words).map(str::to_owned));
        for problem in &self.ledger.problems {
            lines.push(problem_sentence(problem, words));
        }
        if !self.ledger.waiting.is_empty() {
            lines.push(words.say("contacts.noted").to_owned());
        }
        let waits_for = self.ledger.waits_for();
        lines.extend(waits_for.map(|kind| words.problem(kind).cause.to_owned()));
        if self.shop.paused {
            lines.push(words.say("story.shop-paused").to_owned());
        }
        lines
    }

    /// What the shop says now.
    pub fn shop_sentence(&self, words: Words) -> Option<String> {
        let shop = self.in_shop.ok()?;
        let customers = shop.customers.iter().map(|user| {
            let who = match user.registered {
                Some(false) => words.say("story.guest"),
                Some(true) | None => words.say("story.customer"),
            };
            let values: [(_, &dyn Display); 2] = [("who", &who), ("id", &user.id)];
            match user.newsletter {
                Some(true) => words.fill("story.customer-yes", &values),
                Some(false) => words.fill("story.customer-no", &values),
                None => words.fill("story.customer-silent", &values),
            }
        });
        let subscribers = shop.subscribers.iter().map(|row| match row.active {
            Some(true) => words.fill("story.subscriber-active", &[("id", &row.id)]),
            Some(false) => words.fill("story.subscriber-inactive", &[("id", &row.id)]),
            None => words.fill("story.subscriber-silent", &[("id", &row.id)]),
        });
        let records: Vec<String> = customers.chain(subscribers).collect();
        Some(if records.is_empty() {
            words.say("story.not-in-shop").to_owned()
        } else {
            let who = records.join(words.say("story.and"));
            words.fill("story.in-shop", &[("who", &who)])
        })
    }

    /// What SARE says now.
    pub fn sare_sentence(&self, words: Words) -> Option<String> {
        let Some(record) = *self.in_sare.as_ref().ok()? else {
            return Some(words.say("story.not-in-sare").to_owned());
        };
        let status = record.status.map_or_else(
            || words.say("story.status-untold").to_owned(),
            |status| {
                let status = words.status_in_full(status_of(status));
                words.fill("story.status", &[("status", &status)])
            },
        );
        Some(match record.groups.as_deref() {
            Some([]) => words.fill("story.in-no-group", &[("status", &status)]),
            Some(groups) => words.fill(
                "story.in-groups",
                &[("status", &status), ("groups", &numbers(groups))],
            ),
            None => words.fill("story.in-sare", &[("status", &status)]),
        })
    }

    /// What the ledger says.
    pub fn ledger_sentences(&self, words: Words) -> Vec<String> {
        let Some(contact) = &self.ledger.contact else {
            return vec![words.say("story.not-known").to_owned()];
        };
        let stands = || words.outcome(contact.outcome).sentence;
        let mut lines = vec![self.unnoticed(words).unwrap_or_else(stands).to_owned()];
        let timeline = self.ledger.timeline();
        lines.extend(consent_sentence(contact, &timeline, words));
        lines.extend(refusal_sentence(contact, &timeline, words));
        lines.push(self.sent_sentence(contact, words));
        lines
    }

    /// That SARE has a refusal of which the ledger does not know yet, where it is so.
    pub fn unnoticed(&self, words: Words) -> Option<&'static str> {
        let status = status_of((*self.in_sare.as_ref().ok()?)?.status?);
        let is_new = self.ledger.contact.as_ref()?.refusal.is_none();
        (status.is_refusal() && is_new).then(|| words.say("story.unnoticed"))
    }

    fn sent_sentence(&self, contact: &Contact, words: Words) -> String {
        match (contact.sent_at, contact.sent.is_some(), self.is_as_sent(contact)) {
            (None, ..) => words.say("story.never-sent").to_owned(),
            (Some(at), false, _) => words.dated("story.left-care", at),
            (Some(at), true, Some(true)) => words.dated("story.sent-same", at),
            (Some(at), true, Some(false)) => words.dated("story.sent-else", at),
            (Some(at), true, None) => words.dated("story.sent", at),
        }
    }

    /// Whether what SARE was last told is what the shop says now; `None` when that cannot be told.
    pub fn is_as_sent(&self, contact: &Contact) -> Option<bool> {
        let shop = self.in_shop.ok()?;
        Some(shop.was_sent(self.config?, contact.sent.as_deref()?))
    }

    /// The three columns.
    pub fn columns(&self, words: Words) -> Vec<Column> {
        columns(self, words)
    }
}

/// A problem with its cause and remedy.
pub fn problem_sentence(problem: &Problem, words: Words) -> String {
    let ProblemTexts { cause, remedy } = words.problem(problem.kind);
    let detail = problem.detail.as_ref();
    let said = detail.map(|detail| words.fill("story.problem-said", &[("detail", detail)]));
    let repeats = (!problem.is_final).then(|| words.say("story.problem-repeats"));
    let parts = [Some(cause), said.as_deref(), Some(remedy), repeats];
    let what = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let at = words.moment(problem.first_at);
    words.fill("story.problem", &[("at", &at), ("what", &what)])
}

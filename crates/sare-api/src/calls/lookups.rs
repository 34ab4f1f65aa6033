//! The "by list" reads: many contacts with few requests, page after page (sare-api.md 10).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::status::Status;
use crate::wire::key_of;
use crate::wire::lookup::{LookupForm, Probed, body};
use crate::wire::record::{self, ContactRecord, ContactRecords};
use crate::wire::statuses::{self, StatusAnswer, StatusAnswers};

/// Pages read at most for one list.
const MOST_PAGES: u32 = 64;
/// The call that gives records of many, and what it is.
const RECORDS: (&str, &str) = ("email/by_email_list", "a list of contacts");

impl Client {
    /// `POST email/status_by_email_list/{page}`: the statuses of many addresses. Further pages are read
    /// only while fewer addresses than asked for are answered. An empty list is not sent.
    /// [`LookupForm::Records`] and [`LookupForm::PlainRecords`] read them out of `email/by_email_list`;
    /// [`LookupForm::OneByOne`] asks `email/by_email`, a request for every address.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn statuses(&self, emails: &[&str]) -> Result<StatusAnswers, Error> {
        let kept = Mutex::default();
        self.statuses_kept(emails, &kept).await?;
        Ok(kept.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// [`Client::statuses`], and what was read before a request failed is kept. Whoever is not in it then may not have
    /// been asked after.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn statuses_kept(&self, emails: &[&str], kept: &Mutex<StatusAnswers>) -> Result<(), Error> {
        let keep = |email: String, status| lock(kept).take(&email, status);
        let mut requests = 0;
        for emails in rounds(emails) {
            requests += match self.lookup() {
                LookupForm::OneByOne => {
                    for email in &emails {
                        if let Some(record) = self.by_spelling(email).await? {
                            keep(email.clone(), record.told_status());
                        }
                    }
                    u32::try_from(emails.len()).unwrap_or(u32::MAX)
                }
                LookupForm::Records | LookupForm::PlainRecords => {
                    let take = |email, record: ContactRecord| keep(email, record.told_status());
                    self.by_list(RECORDS.0, RECORDS.1, &emails, record::read, take)
                        .await?
                }
                LookupForm::Object | LookupForm::Plain => {
                    let call = "email/status_by_email_list";
                    self.by_list(call, "a list of statuses", &emails, statuses::read, keep)
                        .await?
                }
            };
        }
        lock(kept).requests_made = requests;
        Ok(())
    }

    /// `POST email/by_email_list/{page}`: the records of many addresses, however SARE spells them.
    /// Addresses that SARE does not name are absent, which proves nothing (sare-api.md 14).
    /// [`LookupForm::OneByOne`] asks `email/by_email` instead, a request for every address.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn by_email_list(&self, emails: &[&str]) -> Result<ContactRecords, Error> {
        let mut records = ContactRecords::default();
        if self.lookup() == LookupForm::OneByOne {
            for email in emails {
                if let Some(record) = self.by_email(email).await? {
                    records.insert(record);
                }
            }
            return Ok(records);
        }
        for emails in rounds(emails) {
            let mut named = HashSet::new();
            let take = |email: String, record| {
                records.insert(record);
                named.insert(email)
            };
            self.by_list(RECORDS.0, RECORDS.1, &emails, record::read, take)
                .await?;
        }
        Ok(records)
    }

    /// Finds out how addresses must be asked about, by asking for the status of one that is known to be in
    /// the account (sare-api.md 16 row 4, 11.1): the form of list whose answer names it, else the first that SARE
    /// takes without complaint. Where SARE takes no list of statuses, the same of the lists of records; and
    /// [`LookupForm::OneByOne`] where no list names the address but SARE knows it by itself, or takes no list at all
    /// and says of the address that it is not there.
    ///
    /// # Errors
    /// Any [`Error`] that says nothing about the form; else that of the first form, when nothing works.
    pub async fn probe_lookup(&self, email: &str) -> Result<Probed, Error> {
        let proven = |form| Probed {
            form,
            is_proven: true,
        };
        let taken = |form| Probed {
            form,
            is_proven: false,
        };
        let mut first_error = None;
        let mut records_taken = None;
        for forms in [
            [LookupForm::Object, LookupForm::Plain],
            [LookupForm::Records, LookupForm::PlainRecords],
        ] {
            let mut first_taken = None;
            for form in forms {
                match self.clone().with_lookup(form).statuses(&[email]).await {
                    Ok(answers) if is_named(&answers, email, form) => return Ok(proven(form)),
                    Ok(_) => first_taken = first_taken.or(Some(form)),
                    Err(error) if is_about_the_form(&error) => {
                        first_error = first_error.or(Some(error));
                    }
                    Err(error) => return Err(error),
                }
            }
            match first_taken {
                // The address may not be there; no reason to do without the list of statuses.
                Some(form) if !form.is_stopgap() => return Ok(taken(form)),
                other => records_taken = other,
            }
        }
        match (self.by_email(email).await, records_taken, first_error) {
            (Ok(Some(record)), ..) if record.status.is_some() => Ok(proven(LookupForm::OneByOne)),
            (_, Some(form), _) => Ok(taken(form)),
            // SARE may find this very address odd, and answer 400 to whatever names it.
            (Ok(None), None, Some(error)) if !error.suggests_smaller_batch() => {
                Ok(taken(LookupForm::OneByOne))
            }
            (_, None, Some(error)) => Err(error),
            (_, None, None) => Ok(taken(self.lookup())),
        }
    }

    /// Reads pages until all that was asked for is answered, a page brings nothing new, SARE refuses a
    /// page after the first, or [`MOST_PAGES`] are read. `take` keeps a row under the spelling that was asked for, in
    /// whichever form SARE answers, and says whether its address is new. The number of requests.
    async fn by_list<T>(
        &self,
        call: &'static str,
        what: &'static str,
        emails: &[String],
        read: impl Fn(&Value) -> Option<Vec<(String, T)>>,
        mut take: impl FnMut(String, T) -> bool,
    ) -> Result<u32, Error> {
        let asked: HashMap<String, &String> = emails.iter().map(|email| (key_of(email), email)).collect();
        let mut missing: HashSet<&str> = asked.keys().map(String::as_str).collect();
        let body = body(self.lookup(), emails);
        for page in 0..MOST_PAGES {
            let envelope = match self.post(call, &format!("/{page}"), body.clone()).await {
                Ok(envelope) => envelope,
                Err(refusal)
                    if page > 0 && matches!(refusal.error, Error::Rejected { .. } | Error::TooLarge) =>
                {
                    tracing::debug!(call, page, error = %refusal.error, "taken for the end of the list");
                    return Ok(page + 1);
                }
                Err(refusal) => return Err(refusal.into()),
            };
            let payload = envelope.payload(what)?;
            let rows = read(payload).ok_or_else(|| envelope.not_understood(what))?;
            let mut news = false;
            for (email, row) in rows {
                let key = key_of(&email);
                missing.remove(key.as_str());
                let spelling = asked.get(&key).map_or(email, |asked| (*asked).clone());
                news |= take(spelling, row);
            }
            if !news || missing.is_empty() {
                return Ok(page + 1);
            }
        }
        tracing::debug!(call, pages = MOST_PAGES, "no end of the list; the rest is left");
        Ok(MOST_PAGES)
    }
}

/// Every spelling under which somebody may be in the account, each address once in a round: to whichever spelling of it
/// that was asked for the answer belongs, in whatever form it comes (sare-api.md 16 row 15).
fn rounds(emails: &[&str]) -> Vec<Vec<String>> {
    let mut rounds: Vec<Vec<String>> = Vec::new();
    let mut spoken_for: HashMap<String, HashSet<String>> = HashMap::new();
    for email in emails.iter().filter(|email| !email.trim().is_empty()) {
        let spelled = spoken_for.entry(key_of(email)).or_default();
        for spelling in address::spellings(email) {
            if !spelled.insert(spelling.to_lowercase()) {
                continue;
            }
            let round = spelled.len() - 1;
            if rounds.len() == round {
                rounds.push(Vec::with_capacity(if round == 0 { emails.len() } else { 1 }));
            }
            rounds[round].push(spelling);
        }
    }
    rounds
}

fn lock(kept: &Mutex<StatusAnswers>) -> MutexGuard<'_, StatusAnswers> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the answer speaks of the address; of a record that shows no status, nothing can be learnt.
fn is_named(answers: &StatusAnswers, email: &str, form: LookupForm) -> bool {
    match answers.get(email) {
        StatusAnswer::NotMentioned => false,
        StatusAnswer::Null => !form.is_stopgap(),
        StatusAnswer::Status(status) => !(form.is_stopgap() && status == Status::UNREADABLE),
    }
}

/// Whether another form might fare better. PHP may well fall over a form that it does not expect, so that a
/// single 500 is no outage.
fn is_about_the_form(error: &Error) -> bool {
    match error {
        Error::Rejected { .. } => true,
        Error::NotUnderstood { .. } => !error.is_transient(),
        Error::Unavailable { status, .. } => matches!(status, 500 | 501),
        _ => false,
    }
}

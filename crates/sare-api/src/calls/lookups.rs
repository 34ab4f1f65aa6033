//! The "by list" reads: many contacts with few requests, page after page (sare-api.md 10).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::status::Status;
use crate::wire::key_of;
use crate::wire::lookup::{LookupForm, Probed, body};
use crate::wire::record::{self, ContactRecord};
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
        let keep = |key, status| lock(kept).take(key, status);
        let requests = match self.lookup() {
            LookupForm::OneByOne => {
                let mut requests = 0;
                for email in emails {
                    requests += 1;
                    if let Some(record) = self.by_email(email).await? {
                        keep(key_of(email), record.told_status());
                    }
                }
                requests
            }
            LookupForm::Records | LookupForm::PlainRecords => {
                let take = |key, record: ContactRecord| keep(key, record.told_status());
                self.by_list(RECORDS.0, RECORDS.1, emails, record::read, take)
                    .await?
            }
            LookupForm::Object | LookupForm::Plain => {
                let call = "email/status_by_email_list";
                self.by_list(call, "a list of statuses", emails, statuses::read, keep)
                    .await?
            }
        };
        lock(kept).requests_made = requests;
        Ok(())
    }

    /// `POST email/by_email_list/{page}`: the records of many addresses, by address in lower case.
    /// Addresses that SARE does not name are absent, which proves nothing (sare-api.md 14).
    /// [`LookupForm::OneByOne`] asks `email/by_email` instead, a request for every address.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn by_email_list(&self, emails: &[&str]) -> Result<HashMap<String, ContactRecord>, Error> {
        let mut records = HashMap::with_capacity(emails.len());
        if self.lookup() == LookupForm::OneByOne {
            for email in emails {
                if let Some(record) = self.by_email(email).await? {
                    records.insert(key_of(email), record);
                }
            }
            return Ok(records);
        }
        let take = |key, record| records.insert(key, record).is_none();
        self.by_list(RECORDS.0, RECORDS.1, emails, record::read, take)
            .await?;
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
    /// page after the first, or [`MOST_PAGES`] are read. `take` keeps a row and says whether its address
    /// is new. The number of requests.
    async fn by_list<T>(
        &self,
        call: &'static str,
        what: &'static str,
        emails: &[&str],
        read: impl Fn(&Value) -> Option<Vec<(String, T)>>,
        mut take: impl FnMut(String, T) -> bool,
    ) -> Result<u32, Error> {
        let emails: Vec<&str> = emails
            .iter()
            .copied()
            .filter(|email| !email.trim().is_empty())
            .collect();
        let asked: HashSet<String> = emails.iter().map(|email| key_of(email)).collect();
        if asked.is_empty() {
            return Ok(0);
        }
        let body = body(self.lookup(), &emails);
        let mut missing = asked.len();
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
            for (key, row) in rows {
                let was_asked = asked.contains(&key);
                if take(key, row) {
                    news = true;
                    missing -= usize::from(was_asked);
                }
            }
            if !news || missing == 0 {
                return Ok(page + 1);
            }
        }
        tracing::debug!(call, pages = MOST_PAGES, "no end of the list; the rest is left");
        Ok(MOST_PAGES)
    }
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

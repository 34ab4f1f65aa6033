//! Calls about groups (sare-api.md 4.2). Groups are chosen from a list; the client clears and deletes
//! none.

use crate::client::Client;
use crate::error::Error;
use crate::wire::groups::{self, Group, GroupPage};
use crate::wire::key_of;
use crate::wire::outcome::{AddOutcome, Named, outcome};

impl Client {
    /// `GET group/list`: all groups. Also the test of a connection (sare-api.md 14).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn groups(&self) -> Result<Vec<Group>, Error> {
        const WHAT: &str = "a list of groups";
        let envelope = self.get("group/list", "").await?;
        groups::read_list(envelope.payload(WHAT)?).ok_or_else(|| envelope.not_understood(WHAT))
    }

    /// `GET group/free`: numbers that no group has yet.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn group_free(&self) -> Result<Vec<i64>, Error> {
        const WHAT: &str = "a list of numbers";
        let envelope = self.get("group/free", "").await?;
        groups::read_free(envelope.payload(WHAT)?).ok_or_else(|| envelope.not_understood(WHAT))
    }

    /// `POST group/add`: makes groups, each with a free number (inferred, sare-api.md 8).
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn group_add(&self, groups: &[Group]) -> Result<AddOutcome, Error> {
        if groups.is_empty() {
            return Ok(AddOutcome::nothing_to_do(0));
        }
        let keys: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
        let envelope = self.post("group/add", "", groups::add_body(groups)).await?;
        Ok(outcome(
            envelope.payload.as_ref(),
            &envelope.outer_errors,
            &keys,
            Named::ById,
        ))
    }

    /// `GET group/emails/{group}/{page}`: addresses in a group, pages counted from 0. A refused page after
    /// the first is taken for the end.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn group_emails(&self, group: i64, page: u32) -> Result<GroupPage, Error> {
        const WHAT: &str = "a list of addresses";
        let call = "group/emails";
        let envelope = match self.get(call, &format!("/{group}/{page}")).await {
            Ok(envelope) => envelope,
            Err(refusal) if page > 0 && matches!(refusal.error, Error::Rejected { .. }) => {
                tracing::debug!(call, page, error = %refusal.error, "taken for the end of the list");
                return Ok(GroupPage::default());
            }
            Err(refusal) => return Err(refusal.into()),
        };
        groups::read_page(envelope.payload(WHAT)?).ok_or_else(|| envelope.not_understood(WHAT))
    }

    /// `POST group/add_emails`: puts contacts that exist into groups.
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn group_add_emails(&self, emails: &[&str], groups: &[i64]) -> Result<AddOutcome, Error> {
        self.group_members("group/add_emails", emails, groups).await
    }

    /// `POST group/remove_emails`: takes contacts out of groups; their statuses stay.
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn group_remove_emails(&self, emails: &[&str], groups: &[i64]) -> Result<AddOutcome, Error> {
        self.group_members("group/remove_emails", emails, groups).await
    }

    async fn group_members(
        &self,
        call: &'static str,
        emails: &[&str],
        groups: &[i64],
    ) -> Result<AddOutcome, Error> {
        // SARE requires both lists; without groups there is nothing to do.
        if groups.is_empty() {
            return Ok(AddOutcome::nothing_to_do(emails.len()));
        }
        let keys = emails.iter().map(|email| key_of(email)).collect();
        self.write_emails(call, keys, || groups::members_body(emails, groups))
            .await
    }
}

//! The comparing itself: batches of contacts as SARE has them beside the census, and a second look at whatever
//! seems wrong.

use anyhow::Context;
use sare_api::{ContactRecord, ContactRecords};
use shoper_api::{SubscriberId, UserId};
use store::AddrHash;
use sync_core::mapping::Target;
use sync_core::{Email, RecordKind};

use super::census::{Census, Entry};
use super::mapping::{Values, together};
use super::person;
use super::report::Report;
use super::verdict::{self, InSare, InShop, Known, Reason, Verdict};
use super::{Auditor, Suspect};

/// Addresses asked after with one request.
const BATCH: usize = 100;
/// Apparent differences that are looked at again; more than that is no accident of timing.
pub(super) const LOOKED_AT_AGAIN: usize = 300;

/// What SARE's record holds in a field that a mapping fills.
pub fn value_in<'r>(record: &'r ContactRecord, target: &Target) -> &'r str {
    match target {
        Target::Name => record.name.as_deref(),
        Target::Gsm => record.gsm.as_deref(),
        Target::Comment => record.comment.as_deref(),
        Target::Prop(n) => record.prop.get(&format!("prop{n}")).map(String::as_str),
        Target::Custom(name) => record.prop_cust.get(name).map(String::as_str),
    }
    .unwrap_or_default()
}

/// A contact's records as the shop has them at this moment.
struct Fresh {
    shop: InShop,
    values: Values,
}

impl Auditor<'_> {
    /// Asks SARE for all contacts of the shop and judges each. Those that look wrong.
    pub(super) async fn compare(&self, census: &Census, report: &mut Report) -> anyhow::Result<Vec<Suspect>> {
        self.bar.set_message("comparing with SARE");
        self.bar.set_length(census.len() as u64);
        self.bar.set_position(0);
        let mut suspects = Vec::new();
        let mut contacts = census.iter();
        loop {
            let chunk: Vec<(AddrHash, Entry<'_>)> = contacts.by_ref().take(BATCH).collect();
            if chunk.is_empty() {
                return Ok(suspects);
            }
            let read = chunk.len() as u64;
            let chunk: Vec<_> = chunk
                .into_iter()
                .filter(|(_, row)| row.in_shop(self.config).in_scope() && !self.is_left_out(row.address()))
                .collect();
            report.out_of_scope += read - chunk.len() as u64;
            let records = self
                .records(chunk.iter().map(|(_, row)| row.address()).collect())
                .await?;
            let hashes: Vec<AddrHash> = chunk.iter().map(|(hash, _)| *hash).collect();
            let known = self.known(&hashes, false).await?;
            for (hash, row) in chunk {
                let shop = row.in_shop(self.config);
                let record = records.get(row.address());
                let differing = record.map(|r| row.differing(|target| value_in(r, target)));
                let sare = self.in_sare(shop, record, row, differing.unwrap_or_default());
                let (facts, consent) = known.get(&hash).cloned().unwrap_or_default();
                let mut verdict = verdict::judge(shop, &sare, &facts, consent, self.choices);
                if verdict == Verdict::Explained(Reason::StatusKept) && sare.status == Some(verdict::MAILED) {
                    // Kept only if it was SARE's own: our own doing takes a look at what was done.
                    let facts = Known {
                        on_lost_word: self.is_on_lost_word(hash).await?,
                        ..facts
                    };
                    verdict = verdict::judge(shop, &sare, &facts, consent, self.choices);
                }
                match verdict {
                    Verdict::Unexplained(_) if suspects.len() < LOOKED_AT_AGAIN => {
                        let address = row.address().to_owned();
                        suspects.push(Suspect {
                            hash,
                            address,
                            surplus_in: None,
                        });
                    }
                    verdict => report.note(row.address(), verdict),
                }
            }
            self.bar.inc(read);
        }
    }

    /// SARE's records of these addresses. Where it does not answer the call for many in
    /// a way that is understood, they are asked for one by one.
    async fn records(&self, addresses: Vec<&str>) -> anyhow::Result<ContactRecords> {
        let asked = self.sare.ask(|c| {
            let addresses = addresses.clone();
            async move { c.by_email_list(&addresses).await }
        });
        match asked.await {
            Ok(records) => return Ok(records),
            Err(sare_api::Error::Unauthorized { .. }) => anyhow::bail!("SARE refuses the UID or the API key"),
            Err(error) if error.is_transient() => return Err(error).context("SARE cannot be asked now"),
            Err(error) => tracing::debug!(%error, "contacts are asked for one by one"),
        }
        let mut records = ContactRecords::default();
        for address in addresses {
            if let Some(record) = self.record(address).await? {
                records.insert(record);
            }
        }
        Ok(records)
    }

    async fn record(&self, address: &str) -> anyhow::Result<Option<ContactRecord>> {
        let asked = self.sare.ask(|c| async move { c.by_email(address).await });
        asked.await.context("a contact could not be read from SARE")
    }

    /// Whether addresses of this domain are left out by the merchant.
    fn is_left_out(&self, address: &str) -> bool {
        let Ok(email) = Email::parse(address) else {
            return false;
        };
        let domain = email.key().rsplit('@').next().unwrap_or_default().to_owned();
        let below = |domain: &str, of: &str| domain == of || domain.ends_with(&format!(".{of}"));
        self.config.leave_out.domains.iter().any(|known| {
            let known = known.to_string();
            match known.strip_suffix(".*") {
                None => below(&domain, &known),
                Some(known) => {
                    let mut shorter = domain.as_str();
                    (0..2).any(|_| {
                        shorter = shorter.rsplit_once('.').map_or("", |(before, _)| before);
                        below(shorter, known)
                    })
                }
            }
        })
    }

    fn in_sare(
        &self,
        shop: InShop,
        record: Option<&ContactRecord>,
        row: Entry<'_>,
        differing: Vec<String>,
    ) -> InSare {
        let Some(record) = record else {
            return InSare::default();
        };
        let config = self.config;
        let mut wanted = Vec::new();
        if shop.customer.is_some() && config.customers.enabled {
            wanted.push(config.customers.group);
        }
        if shop.subscriber.is_some() && config.subscribers.enabled {
            wanted.push(config.subscribers.group);
        }
        wanted.dedup();
        let has = record.groups.clone().unwrap_or_else(|| row.listed_in(config));
        let tells = |group: &i64| record.groups.is_some() || !self.unlisted.contains(group);
        let ours = self.groups().into_iter().map(|(group, _)| group);
        InSare {
            // A record without a status says nothing of which a verdict could be made.
            status: Some(record.status.map_or(-1, sare_api::Status::number)),
            groups_surplus: ours
                .filter(|group| has.contains(group) && !wanted.contains(group))
                .collect(),
            groups_missing: wanted
                .into_iter()
                .filter(|group| tells(group) && !has.contains(group))
                .collect(),
            fields_differing: differing,
        }
    }

    /// Reads once more from both sides what looked wrong, and reports what still is.
    pub(super) async fn look_again(
        &mut self,
        mut suspects: Vec<Suspect>,
        census: &Census,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        suspects.sort_by(|a, b| a.address.cmp(&b.address));
        self.bar.set_message("looking again at differences");
        self.bar.set_length(suspects.len() as u64);
        self.bar.set_position(0);
        for suspect in suspects {
            let verdict = match suspect.surplus_in {
                // It may be one of those that the shop could not show, which are counted.
                Some(_) if report.unreadable > 0 && self.is_unreadable(suspect.hash).await? => {
                    self.bar.inc(1);
                    continue;
                }
                Some(group) => self.surplus_again(&suspect, group).await?,
                None => match self.contact_again(&suspect, census).await? {
                    Some(verdict) => verdict,
                    None => {
                        report.unreadable += 1;
                        self.bar.inc(1);
                        continue;
                    }
                },
            };
            if suspect.surplus_in.is_some() {
                report.note_surplus(&suspect.address, verdict);
            } else {
                report.note(&suspect.address, verdict);
            }
            self.bar.inc(1);
        }
        Ok(())
    }

    /// Whether the shop had a record of the contact and cannot show it now.
    async fn is_unreadable(&self, hash: AddrHash) -> anyhow::Result<bool> {
        let known = self.app.store.records_of(self.shop.id, &[hash]).await?;
        for record in known {
            let id = record.key.id;
            let read = match record.key.kind {
                RecordKind::Customer => self
                    .shoper
                    .ask(|c| async move { c.user(UserId(id)).await })
                    .await
                    .map(drop),
                RecordKind::Subscriber => self
                    .shoper
                    .ask(|c| async move { c.subscriber(SubscriberId(id)).await })
                    .await
                    .map(drop),
            };
            if read.is_err_and(|error| error.may_be_the_call()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn surplus_again(&self, suspect: &Suspect, group: i64) -> anyhow::Result<Verdict> {
        let record = self.record(&suspect.address).await?;
        let left = record
            .as_ref()
            .and_then(|r| r.groups.as_ref())
            .is_some_and(|groups| !groups.contains(&group));
        if record.is_none() || left {
            return Ok(Verdict::Equal);
        }
        let status = record
            .and_then(|record| record.status)
            .map(sare_api::Status::number);
        let known = self.known(&[suspect.hash], true).await?;
        let known = known.get(&suspect.hash).map(|(known, _)| known);
        Ok(verdict::judge_surplus(
            status,
            known,
            self.keeps_deleted(),
            self.config.customers.enabled,
        ))
    }

    /// `None` for a contact that the shop's list shows and that the shop does not show by itself.
    async fn contact_again(&mut self, suspect: &Suspect, census: &Census) -> anyhow::Result<Option<Verdict>> {
        let Some(row) = census.get(&suspect.hash) else {
            return Ok(Some(Verdict::Equal));
        };
        let fresh = if row.has_several() {
            Some(Fresh {
                shop: row.in_shop(self.config),
                values: Values::new(),
            })
        } else {
            match self.fresh(suspect.hash, row).await {
                Err(error) if error.may_be_the_call() => return Ok(None),
                read => read.context("a contact could not be read from the shop")?,
            }
        };
        let Some(Fresh { shop, values }) = fresh else {
            // Deleted, or under another address by now: the next audit meets it there.
            return Ok(Some(Verdict::Explained(Reason::Waiting)));
        };
        let record = self.record(&suspect.address).await?;
        let differing = record.as_ref().map_or_else(Vec::new, |record| {
            let wrong = values
                .iter()
                .filter(|(target, wanted)| !wanted.is_met(value_in(record, target)));
            wrong.map(|(target, _)| target.to_string()).collect()
        });
        let sare = self.in_sare(shop, record.as_ref(), row, differing);
        let mut known = self.known(&[suspect.hash], true).await?;
        let (facts, consent) = known.remove(&suspect.hash).unwrap_or_default();
        let verdict = verdict::judge(shop, &sare, &facts, consent, self.choices);
        Ok(Some(verdict))
    }

    /// The contact's records by their ids; `None` when the shop has none under this address any more.
    async fn fresh(&mut self, hash: AddrHash, row: Entry<'_>) -> Result<Option<Fresh>, shoper_api::Error> {
        let config = self.config;
        let same = |text: &str| Email::parse(text).is_ok_and(|email| self.hash(&email) == hash);
        let skips = row.is_guest() && row.in_shop(config).customer.is_none();
        let mut shop = InShop {
            subscribers_count: config.subscribers.enabled,
            ..InShop::default()
        };
        let mut user = None;
        if let Some(id) = row.customer() {
            match self.shoper.ask(|c| async move { c.user(id).await }).await {
                Ok(found) if same(&found.email) && !skips => {
                    shop.customer = Some(found.newsletter.unwrap_or(false));
                    user = Some(found);
                }
                Ok(_) | Err(shoper_api::Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let mut of_subscriber = Values::new();
        if let Some(id) = row.subscriber() {
            match self.shoper.ask(|c| async move { c.subscriber(id).await }).await {
                Ok(found) if same(&found.email) => {
                    shop.subscriber = Some(found.active.unwrap_or(false));
                    if config.subscribers.enabled {
                        let as_customer = user.as_ref().map(|user| user.email.as_str());
                        of_subscriber = person::subscriber(config, &self.names, &found, as_customer);
                    }
                }
                Ok(_) | Err(shoper_api::Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let mut of_customer = Values::new();
        if let Some(user) = user {
            let addresses = self.addresses_of(&[user.id]).await?;
            let addresses = addresses.map(|mut all| all.remove(&user.id).unwrap_or_default());
            of_customer = person::customer(config, &self.names, &user, addresses.as_deref());
        }
        let there = shop.customer.is_some() || shop.subscriber.is_some();
        Ok(there.then(|| Fresh {
            shop,
            values: together(of_customer, of_subscriber),
        }))
    }
}

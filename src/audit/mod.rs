//! The audit: shop and SARE compared contact by contact, by code that shares no decision with the engine.
//!
//! The shop's lists are read whole into a [`Census`], SARE is asked in batches, every contact gets a verdict
//! (`verdict.rs`), and whatever looks wrong is read once more from both sides before it is told: on a living shop
//! most differences are changes that happened in between. What is only in SARE is found by the lists of our groups.

mod census;
mod compare;
mod known;
mod lists;
pub mod mapping;
pub mod person;
mod report;
pub mod verdict;

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use desk::{Patience, SareSide, ShopSide};
use indicatif::ProgressBar;
use serde_json::json;
use shoper_api::users::AddressFilter;
use shoper_api::{Subscriber, User, UserAddress, UserId};
use store::{AddrHash, Shop};
use sync_core::config::{Config, ConsentRule, DeletedAction, OnNewOptIn, WithoutConsent};
use sync_core::mapping::Needs;
use sync_core::{Email, ShopId};

use self::census::Census;
use self::lists::Place;
use self::person::Names;
pub use self::report::Report;
use self::verdict::{Choices, Rule, Verdict};
use crate::app::App;

/// Pages read at most of one group in SARE.
const MOST_PAGES: u32 = 100_000;

/// Compares everything. The bar shows how far it is.
///
/// # Errors
/// When a service cannot be asked, or the ledger fails: nothing is concluded from half an audit.
pub async fn audit(app: &App, shop: &Shop, config: &Config, bar: &ProgressBar) -> anyhow::Result<Report> {
    let shoper = ShopSide::open(&app.engine(), shop, Patience::Insist).await?;
    let sare = SareSide::open(&app.engine(), shop, config, Patience::Insist).await?;
    let mut report = Report {
        started_at: app.clock.now(),
        ..Report::default()
    };
    let names = Names::read(&shoper, config).await;
    let mut auditor = Auditor {
        app,
        shop,
        config,
        shoper,
        sare,
        names,
        choices: choices(config),
        bar,
        all_addresses: false,
        single_addresses: false,
        spoilt_addresses: HashSet::new(),
        unlisted: Vec::new(),
    };
    let mut census = Census::new(config);
    auditor
        .read_subscribers(&mut census, &mut report)
        .await
        .context("the shop's subscribers could not be read")?;
    if config.customers.enabled {
        auditor
            .read_customers(&mut census, &mut report)
            .await
            .context("the shop's customers could not be read")?;
    }
    let mut suspects = auditor.read_groups(&mut census, &mut report).await?;
    suspects.extend(auditor.compare(&census, &mut report).await?);
    auditor.look_again(suspects, &census, &mut report).await?;
    report.ended_at = app.clock.now();
    Ok(report)
}

/// Keeps the result: counts alone, no addresses.
pub async fn keep(app: &App, shop: ShopId, report: &Report) -> anyhow::Result<()> {
    let detail = json!({
        "equal": report.equal,
        "explained": report.explained(),
        "reasons": report.explained,
        "unusable_addresses": report.unusable,
        "unreadable": report.unreadable,
        "notes": report.notes,
    });
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let (compared, unexplained) = (number(report.compared), number(report.unexplained));
    app.store
        .put_audit(shop, report.ended_at, compared, unexplained, &detail.to_string())
        .await?;
    Ok(())
}

fn choices(config: &Config) -> Choices {
    Choices {
        rule: match config.customers.consent {
            ConsentRule::Flag => Rule::Flag,
            ConsentRule::Subscriber => Rule::Subscriber,
            ConsentRule::FlagOrSubscriber => Rule::Either,
            ConsentRule::FlagAndSubscriber => Rule::Both,
        },
        skip_customers: config.customers.without_consent == WithoutConsent::Skip,
        skip_subscribers: config.subscribers.without_consent == WithoutConsent::Skip,
        withdrawal_sets: config.unsubscribe.to_sare.status().code(),
        withdrawal_leaves_groups: config.unsubscribe.leave_group,
        to_shoper: config.unsubscribe.to_shoper,
        opt_in_is_left: config.unsubscribe.on_new_opt_in == OnNewOptIn::Leave,
    }
}

struct Auditor<'a> {
    app: &'a App,
    shop: &'a Shop,
    config: &'a Config,
    shoper: ShopSide,
    sare: SareSide,
    names: Names,
    choices: Choices,
    bar: &'a ProgressBar,
    /// The shop cannot be asked for default addresses alone.
    all_addresses: bool,
    /// The shop cannot be asked for addresses of several customers at once.
    single_addresses: bool,
    /// Customers whose addresses cannot be read: what is mapped from them is not compared.
    spoilt_addresses: HashSet<UserId>,
    /// Groups that SARE did not list, so that nobody's absence from them says anything.
    unlisted: Vec<i64>,
}

/// A contact that does not look right.
struct Suspect {
    hash: AddrHash,
    address: String,
    /// In this group in SARE, and not in the shop.
    surplus_in: Option<i64>,
}

impl Auditor<'_> {
    fn hash(&self, email: &Email) -> AddrHash {
        self.app.store.hash(self.shop.id, email.key())
    }

    async fn read_subscribers(
        &self,
        census: &mut Census,
        report: &mut Report,
    ) -> Result<(), shoper_api::Error> {
        self.bar.set_message("reading subscribers");
        let mut place = Some(Place::default());
        while let Some(from) = place {
            let page = lists::read::<Subscriber>(&self.shoper, from).await?;
            self.expect(page.count, report.subscribers);
            report.unreadable += page.unreadable;
            for row in &page.rows {
                report.subscribers += 1;
                let Ok(email) = Email::parse(&row.email) else {
                    report.unusable += 1;
                    continue;
                };
                let values = if self.config.subscribers.enabled {
                    // Where a customer spells the address differently, the comparison of the two finds it.
                    person::subscriber(self.config, &self.names, row, None)
                } else {
                    mapping::Values::new()
                };
                census.add_subscriber(self.hash(&email), email.as_str(), row.id, row.active, &values);
            }
            self.bar.set_position(report.subscribers);
            place = page.next;
        }
        Ok(())
    }

    async fn read_customers(
        &mut self,
        census: &mut Census,
        report: &mut Report,
    ) -> Result<(), shoper_api::Error> {
        self.bar.set_message("reading customers");
        self.bar.set_position(0);
        let mut place = Some(Place::default());
        while let Some(from) = place {
            let page = lists::read::<User>(&self.shoper, from).await?;
            self.expect(page.count, report.customers);
            report.unreadable += page.unreadable;
            let ids: Vec<UserId> = page.rows.iter().map(|user| user.id).collect();
            let mut addresses = self.addresses_of(&ids).await?;
            for user in &page.rows {
                report.customers += 1;
                let Ok(email) = Email::parse(&user.email) else {
                    report.unusable += 1;
                    continue;
                };
                let is_read = !self.spoilt_addresses.contains(&user.id);
                let mine = addresses
                    .as_mut()
                    .filter(|_| is_read)
                    .map(|all| all.remove(&user.id).unwrap_or_default());
                let values = person::customer(self.config, &self.names, user, mine.as_deref());
                let flag = user.newsletter;
                let hash = self.hash(&email);
                census.add_customer(hash, email.as_str(), user.id, flag, &values);
                if user.registered != Some(false) {
                    census.note_account(&hash);
                }
            }
            self.bar.set_position(report.customers);
            place = page.next;
        }
        Ok(())
    }

    fn expect(&self, left: Option<u64>, read: u64) {
        if let Some(left) = left {
            self.bar.set_length(read + left);
        }
    }

    /// Addresses by customer; `None` where the shop cannot be asked for them.
    async fn addresses_of(
        &mut self,
        ids: &[UserId],
    ) -> Result<Option<HashMap<UserId, Vec<UserAddress>>>, shoper_api::Error> {
        let mut out: HashMap<UserId, Vec<UserAddress>> = HashMap::new();
        if ids.is_empty() || !self.config.customers.mapping.needs().contains(Needs::ADDRESSES) {
            return Ok(Some(out));
        }
        loop {
            let which = if self.all_addresses {
                AddressFilter::All
            } else {
                AddressFilter::DefaultOnly
            };
            let together = if self.single_addresses { 1 } else { ids.len() };
            match self.ask_addresses(ids, which, together).await {
                Ok(rows) => {
                    for row in rows {
                        out.entry(row.user_id).or_default().push(row);
                    }
                    return Ok(Some(out));
                }
                Err(shoper_api::Error::FilterUnsupported { .. }) if !self.all_addresses => {
                    self.all_addresses = true;
                }
                Err(shoper_api::Error::FilterUnsupported { .. }) if !self.single_addresses => {
                    self.single_addresses = true;
                }
                // The engine leaves these fields out as well, and says so in problems.
                Err(shoper_api::Error::Forbidden { .. } | shoper_api::Error::FilterUnsupported { .. }) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn ask_addresses(
        &mut self,
        ids: &[UserId],
        which: AddressFilter,
        together: usize,
    ) -> Result<Vec<UserAddress>, shoper_api::Error> {
        let mut rows = Vec::with_capacity(ids.len());
        let mut left: Vec<&[UserId]> = ids.chunks(together).rev().collect();
        while let Some(chunk) = left.pop() {
            let asked = self.shoper.ask(|c| {
                let ids = chunk.to_vec();
                async move { c.addresses_of(&ids, which).await }
            });
            match asked.await {
                Ok(found) => rows.extend(found),
                // One address cannot be read: the others are asked for by themselves.
                Err(shoper_api::Error::NotUnderstood { passing: false, .. }) => match chunk {
                    [one] => {
                        self.spoilt_addresses.insert(*one);
                    }
                    many => {
                        let (one, other) = many.split_at(many.len() / 2);
                        left.extend([other, one]);
                    }
                },
                Err(error) => return Err(error),
            }
        }
        Ok(rows)
    }

    fn groups(&self) -> Vec<(i64, bool)> {
        let customers = self
            .config
            .customers
            .enabled
            .then_some((self.config.customers.group, true));
        let subscribers = self
            .config
            .subscribers
            .enabled
            .then_some((self.config.subscribers.group, false));
        customers.into_iter().chain(subscribers).collect()
    }

    /// Who is in our groups in SARE: noted for the shop's contacts, judged for all others.
    async fn read_groups(
        &mut self,
        census: &mut Census,
        report: &mut Report,
    ) -> anyhow::Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        let same = self.config.customers.group == self.config.subscribers.group;
        for (group, customers) in self.groups() {
            if same && !customers && self.config.customers.enabled {
                break;
            }
            self.bar.set_message(format!("reading group {group} in SARE"));
            self.bar.set_position(0);
            let mut seen: HashSet<AddrHash> = HashSet::new();
            let mut rows = 0;
            for page_number in 0..MOST_PAGES {
                let page = match self
                    .sare
                    .ask(|c| async move { c.group_emails(group, page_number).await })
                    .await
                {
                    Ok(page) => page,
                    Err(error) if error.is_transient() => {
                        return Err(error).context("SARE cannot be asked now");
                    }
                    Err(sare_api::Error::Unauthorized { .. }) => {
                        anyhow::bail!("SARE refuses the UID or the API key")
                    }
                    Err(error) => {
                        report
                            .notes
                            .push(format!("Group {group} could not be listed in SARE: {error}."));
                        self.unlisted.push(group);
                        break;
                    }
                };
                if page.rows == 0 {
                    break;
                }
                rows += page.rows;
                self.bar.set_position(rows as u64);
                let mut news = false;
                let mut strangers = Vec::new();
                for address in &page.emails {
                    let Ok(email) = Email::parse(address) else {
                        continue;
                    };
                    let hash = self.hash(&email);
                    match census.note_group(&hash, customers) {
                        Some(new) => news |= new,
                        None if seen.insert(hash) => {
                            news = true;
                            strangers.push((hash, address.clone()));
                        }
                        None => {}
                    }
                }
                if same {
                    for address in &page.emails {
                        let Ok(email) = Email::parse(address) else {
                            continue;
                        };
                        census.note_group(&self.hash(&email), !customers);
                    }
                }
                suspects.extend(self.judge_strangers(strangers, group, report).await?);
                if !news {
                    break;
                }
            }
        }
        Ok(suspects)
    }

    async fn judge_strangers(
        &self,
        strangers: Vec<(AddrHash, String)>,
        group: i64,
        report: &mut Report,
    ) -> anyhow::Result<Vec<Suspect>> {
        let hashes: Vec<AddrHash> = strangers.iter().map(|(hash, _)| *hash).collect();
        let known = self.known(&hashes, false).await?;
        let mut suspects = Vec::new();
        for (hash, address) in strangers {
            let known = known.get(&hash).map(|(known, _)| known);
            let verdict =
                verdict::judge_surplus(None, known, self.keeps_deleted(), self.config.customers.enabled);
            match verdict {
                Verdict::Unexplained(_) if suspects.len() < compare::LOOKED_AT_AGAIN => {
                    suspects.push(Suspect {
                        hash,
                        address,
                        surplus_in: Some(group),
                    });
                }
                other => report.note_surplus(&address, other),
            }
        }
        Ok(suspects)
    }

    fn keeps_deleted(&self) -> bool {
        self.config.deleted.action == DeletedAction::Keep
    }
}

//! What is read from both services for people who configure, kept in the process's memory for ten minutes: an
//! account's groups and properties, a shop's fields and numbers, and samples of real contacts (`sample.rs`).
//!
//! Nothing of it is ever stored or logged. Readings go on in the background, so that a page never waits for a slow
//! service longer than its visitor would.

use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, LaneState};
use ports::Millis;
use shoper_api::AdditionalField;
use store::Shop;
use sync_core::config::Config;
use sync_core::{RecordKind, ShopId};

use crate::account::{Account, Gap, Refusal};
use crate::error::Error;
use crate::sample::{self, LOOKED_UP, Sample};
use crate::shelf::{Kept, Shelf, wait};
use crate::sides::{Patience, ShopSide};

/// How long anything is kept.
pub(crate) const KEPT_MS: Millis = 600_000;
const KEPT: Duration = Duration::from_secs(600);
/// How long an answer that could not be had keeps us from asking again.
const AWAY_MS: Millis = 20_000;
/// How long a reading may take before it counts as lost.
const ASKING_MS: Millis = 60_000;

/// Why a service could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It does not answer, or asks for patience.
    Away,
    /// It refuses our access: a key, a token.
    NoAccess,
    /// It lets us in and does not let us read this.
    NotAllowed,
}

impl Why {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Shop(shoper_api::Error::Forbidden { .. }) => Self::NotAllowed,
            Error::Shop(shoper_api::Error::Unauthorized { .. })
            | Error::Sare(sare_api::Error::Unauthorized { .. })
            | Error::NoAccess
            | Error::NoKey
            | Error::BadUid(_)
            | Error::BadShopUrl(_) => Self::NoAccess,
            _ => Self::Away,
        }
    }
}

/// A question to a service.
#[derive(Debug)]
pub enum Asked<T> {
    /// The answer is still on its way.
    Asking,
    /// The answer.
    Known(Arc<T>),
    /// There is none now.
    Unknown(Why),
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Asking => Self::Asking,
            Self::Known(known) => Self::Known(Arc::clone(known)),
            Self::Unknown(why) => Self::Unknown(*why),
        }
    }
}

impl<T> Asked<T> {
    /// The answer, where there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Asking | Self::Unknown(_) => None,
        }
    }
}

impl<T: Send + Sync + 'static> Kept for Asked<T> {
    fn lasts(&self) -> Millis {
        match self {
            Self::Asking => ASKING_MS,
            Self::Known(_) => KEPT_MS,
            Self::Unknown(_) => AWAY_MS,
        }
    }

    fn is_ready(&self) -> bool {
        !matches!(self, Self::Asking)
    }
}

/// How many records of a kind a shop has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// All of them.
    pub all: i64,
    /// Those with `newsletter` or `active` on; `None` where the shop cannot count them apart.
    pub consenting: Option<i64>,
}

/// The memory of one process. Clones share it.
#[derive(Clone, Default)]
pub struct Memory {
    accounts: Shelf<(ShopId, String), Asked<Account>>,
    /// What an account held when it last said so, for when it does not answer.
    last_accounts: Shelf<(ShopId, String), Asked<Account>>,
    fields: Shelf<ShopId, Asked<Vec<AdditionalField>>>,
    numbers: Shelf<(ShopId, RecordKind), Asked<Numbers>>,
    samples: Shelf<(ShopId, RecordKind), Sample>,
}

impl Memory {
    /// The groups and properties of a configured shop's account.
    pub async fn account(
        &self,
        engine: &Engine,
        shop: &Shop,
        config: &Config,
        patience: Duration,
    ) -> Asked<Account> {
        let key = (shop.id, config.sare.uid.clone());
        let now = engine.clock().now();
        let place = self.accounts.find(key.clone(), now, Asked::Asking, |place| {
            let (engine, shop, config) = (engine.clone(), shop.clone(), config.clone());
            tokio::spawn(async move {
                place.send_replace(account(&engine, &shop, &config).await);
            });
        });
        match wait(&place, patience).await {
            Asked::Unknown(Why::Away) => {
                let last = self
                    .last_accounts
                    .find(key, now, Asked::Unknown(Why::Away), |_| {});
                wait(&last, Duration::ZERO).await
            }
            known @ Asked::Known(_) => {
                self.last_accounts.forget(|kept| *kept == key);
                self.last_accounts.find(key, now, known.clone(), |_| {});
                known
            }
            other => other,
        }
    }

    /// Has a shop's account and its fields read anew by whoever asks next, where they were last read before `before`.
    /// An account that does not answer then is as it last said.
    pub fn ask_again(&self, shop: ShopId, before: Millis) {
        self.accounts.forget_older(|(of, _)| *of == shop, before);
        self.fields.forget_older(|of| *of == shop, before);
    }

    /// Remembers an account that was just opened with a key, in place of what was known of the shop's account.
    pub fn learn_account(&self, shop: ShopId, uid: &str, account: Account, now: Millis) {
        self.forget_account(shop);
        let known = Asked::Known(Arc::new(account));
        self.accounts.find((shop, uid.to_owned()), now, known, |_| {});
    }

    /// Forgets what is known of a shop's account, after something was changed in it.
    pub fn forget_account(&self, shop: ShopId) {
        self.accounts.forget(|(of, _)| *of == shop);
        self.last_accounts.forget(|(of, _)| *of == shop);
    }

    /// The additional fields that a shop has for customers.
    pub async fn fields(
        &self,
        engine: &Engine,
        shop: &Shop,
        patience: Duration,
    ) -> Asked<Vec<AdditionalField>> {
        let now = engine.clock().now();
        let place = self.fields.find(shop.id, now, Asked::Asking, |place| {
            let (engine, shop) = (engine.clone(), shop.clone());
            tokio::spawn(async move {
                place.send_replace(asked(fields(&engine, &shop).await));
            });
        });
        wait(&place, patience).await
    }

    /// How many records of a kind the shop has: as the ledger knows once the shop was read as a whole, else as the
    /// shop counts them.
    pub async fn numbers(
        &self,
        engine: &Engine,
        shop: &Shop,
        kind: RecordKind,
        patience: Duration,
    ) -> Asked<Numbers> {
        let now = engine.clock().now();
        let place = self.numbers.find((shop.id, kind), now, Asked::Asking, |place| {
            let (engine, shop) = (engine.clone(), shop.clone());
            tokio::spawn(async move {
                place.send_replace(asked(numbers(&engine, &shop, kind).await));
            });
        });
        wait(&place, patience).await
    }

    /// A sample of a shop's contacts, as far as it is read when `patience` ends. Those at `shown` are looked up in
    /// SARE as well, and so are the first few.
    pub async fn sample(
        &self,
        engine: &Engine,
        shop: &Shop,
        config: &Config,
        kind: RecordKind,
        shown: impl Fn(usize) -> Vec<usize>,
        patience: Duration,
    ) -> Sample {
        let now = engine.clock().now();
        let place = self
            .samples
            .find((shop.id, kind), now, Sample::empty(kind), |place| {
                let (engine, shop, memory) = (engine.clone(), shop.clone(), self.clone());
                self.samples.forget_after(&place, KEPT);
                tokio::spawn(async move {
                    let additional = match kind {
                        RecordKind::Customer => memory.fields(&engine, &shop, KEPT).await,
                        RecordKind::Subscriber => Asked::Asking,
                    };
                    let additional = match additional {
                        Asked::Known(fields) => Some(fields),
                        Asked::Asking | Asked::Unknown(_) => None,
                    };
                    sample::read(&engine, &shop, kind, additional, &place).await;
                });
            });
        let sample = wait(&place, patience).await;
        let shown = shown(sample.people.len());
        let mut looked: Vec<usize> = (0..LOOKED_UP).collect();
        looked.extend(shown.iter().copied().filter(|at| *at >= LOOKED_UP));
        let marked = sample::mark(&place, &looked);
        if marked.is_empty() {
            return place.borrow().clone();
        }
        let closer = {
            let (engine, shop, config) = (engine.clone(), shop.clone(), config.clone());
            let place = Arc::clone(&place);
            tokio::spawn(async move {
                sample::look_closer(&engine, &shop, &config, marked, &shown, &place).await;
            })
        };
        // Mostly quick, so that the first answer already says what SARE has.
        drop(tokio::time::timeout(patience, closer).await);
        place.borrow().clone()
    }
}

async fn account(engine: &Engine, shop: &Shop, config: &Config) -> Asked<Account> {
    let why = match Account::of_shop(engine, shop, config).await {
        Ok(Ok(account)) => {
            let gap = account.gaps.iter().find_map(|gap| match gap {
                Gap::Groups(error) | Gap::Properties(error) => error.is_transient().then_some(error),
            });
            match gap {
                // What was away may be there in a moment; what SARE answers oddly stays as it is.
                Some(_) if account.groups.is_none() => Why::Away,
                _ => return Asked::Known(Arc::new(account)),
            }
        }
        Ok(Err(Refusal::Away(_))) => Why::Away,
        Ok(Err(Refusal::NoRights)) => Why::NotAllowed,
        Ok(Err(_)) => Why::NoAccess,
        Err(error) => Why::of(&error),
    };
    Asked::Unknown(why)
}

fn asked<T>(answer: Result<T, Error>) -> Asked<T> {
    match answer {
        Ok(known) => Asked::Known(Arc::new(known)),
        Err(error) => {
            tracing::debug!(%error, "a question to the shop has no answer now");
            Asked::Unknown(Why::of(&error))
        }
    }
}

async fn fields(engine: &Engine, shop: &Shop) -> Result<Vec<AdditionalField>, Error> {
    let mut side = ShopSide::open(engine, shop, Patience::Once, false).await?;
    let mut answer = side.ask(|c| async move { c.additional_fields().await }).await;
    if matches!(answer, Err(shoper_api::Error::Unauthorized { .. })) {
        side = ShopSide::open(engine, shop, Patience::Once, true).await?;
        answer = side.ask(|c| async move { c.additional_fields().await }).await;
    }
    let mut fields = answer?;
    fields.retain(AdditionalField::is_for_customers);
    Ok(fields)
}

async fn numbers(engine: &Engine, shop: &Shop, kind: RecordKind) -> Result<Numbers, Error> {
    let store = engine.store();
    let lane = store.lane(shop.id).await?;
    if lane.is_some_and(|lane| LaneState::parse(&lane.state, engine.settings()).first_done) {
        let (all, consenting) = store.record_counts(shop.id, kind).await?;
        return Ok(Numbers {
            all,
            consenting: Some(consenting),
        });
    }
    let side = ShopSide::open(engine, shop, Patience::Once, false).await?;
    let all = count(&side, kind, &[]).await?.unwrap_or(0);
    let consents = match kind {
        RecordKind::Customer => [("newsletter", "1")],
        RecordKind::Subscriber => [("active", "1")],
    };
    let consenting = count(&side, kind, &consents).await?;
    Ok(Numbers { all, consenting })
}

async fn count(side: &ShopSide, kind: RecordKind, filter: &[(&str, &str)]) -> Result<Option<i64>, Error> {
    let counted = match kind {
        RecordKind::Customer => side.ask(|c| async move { c.count_users(filter).await }).await?,
        RecordKind::Subscriber => {
            side.ask(|c| async move { c.count_subscribers(filter).await })
                .await?
        }
    };
    Ok(counted.and_then(|n| i64::try_from(n).ok()))
}

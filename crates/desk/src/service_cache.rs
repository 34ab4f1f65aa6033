//! What is read from both services for people who configure, kept in the process's memory for ten minutes: an
//! account's groups and properties, a shop's fields and numbers, and samples of real contacts (`sample.rs`).
//!
//! Nothing of it is ever stored or logged. Readings go on in the background, so that a page never waits for a slow
//! service longer than its visitor would.

use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use ports::Millis;
use shoper_api::AdditionalField;
use store::Shop;
use sync_core::config::Config;
use sync_core::{RecordKind, ShopId};

use crate::account::{Account, Gap, Refusal};
use crate::cache::{CACHED_MS, Cache, Cacheable, wait};
use crate::error::{Error, Why};
use crate::sample::{self, LOOKED_UP, Sample};
use crate::sides::{Patience, ShopSide};

const CACHED: Duration = Duration::from_secs(600);
/// How long an answer that could not be had keeps us from asking again.
const AWAY_MS: Millis = 20_000;
/// How long a reading may take before it counts as lost.
const ASKING_MS: Millis = 60_000;

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

impl<T: Send + Sync + 'static> Cacheable for Asked<T> {
    fn lasts(&self) -> Millis {
        match self {
            Self::Asking => ASKING_MS,
            Self::Known(_) => CACHED_MS,
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

/// The cache of one process. Clones share it.
#[derive(Clone, Default)]
pub struct ServiceCache {
    accounts: Cache<(ShopId, String), Asked<Account>>,
    /// What an account held when it last said so, for when it does not answer.
    last_accounts: Cache<(ShopId, String), Asked<Account>>,
    fields: Cache<ShopId, Asked<Vec<AdditionalField>>>,
    numbers: Cache<(ShopId, RecordKind), Asked<Numbers>>,
    samples: Cache<(ShopId, RecordKind), Sample>,
}

impl ServiceCache {
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
        let slot = self.accounts.find(key.clone(), now, Asked::Asking, |slot| {
            let (engine, shop, config) = (engine.clone(), shop.clone(), config.clone());
            tokio::spawn(async move {
                slot.send_replace(account(&engine, &shop, &config).await);
            });
        });
        match wait(&slot, patience).await {
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
        let slot = self.fields.find(shop.id, now, Asked::Asking, |slot| {
            let (engine, shop) = (engine.clone(), shop.clone());
            tokio::spawn(async move {
                slot.send_replace(asked(fields(&engine, &shop).await));
            });
        });
        wait(&slot, patience).await
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
        let slot = self.numbers.find((shop.id, kind), now, Asked::Asking, |slot| {
            let (engine, shop) = (engine.clone(), shop.clone());
            tokio::spawn(async move {
                slot.send_replace(asked(numbers(&engine, &shop, kind).await));
            });
        });
        wait(&slot, patience).await
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
        let slot = self
            .samples
            .find((shop.id, kind), now, Sample::empty(kind), |slot| {
                let (engine, shop, cache) = (engine.clone(), shop.clone(), self.clone());
                self.samples.forget_after(&slot, CACHED);
                tokio::spawn(async move {
                    let additional = match kind {
                        RecordKind::Customer => cache.fields(&engine, &shop, CACHED).await,
                        RecordKind::Subscriber => Asked::Asking,
                    };
                    let additional = match additional {
                        Asked::Known(fields) => Some(fields),
                        Asked::Asking | Asked::Unknown(_) => None,
                    };
                    sample::read(&engine, &shop, kind, additional, &slot).await;
                });
            });
        let sample = wait(&slot, patience).await;
        let shown = shown(sample.people.len());
        let mut looked: Vec<usize> = (0..LOOKED_UP).collect();
        looked.extend(shown.iter().copied().filter(|at| *at >= LOOKED_UP));
        let marked = sample::mark(&slot, &looked);
        if marked.is_empty() {
            return slot.borrow().clone();
        }
        let closer = {
            let (engine, shop, config) = (engine.clone(), shop.clone(), config.clone());
            let slot = Arc::clone(&slot);
            tokio::spawn(async move {
                sample::look_closer(&engine, &shop, &config, marked, &shown, &slot).await;
            })
        };
        // Mostly quick, so that the first answer already says what SARE has.
        drop(tokio::time::timeout(patience, closer).await);
        slot.borrow().clone()
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
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
    let mut fields = side.ask(|c| async move { c.additional_fields().await }).await?;
    fields.retain(AdditionalField::is_for_customers);
    Ok(fields)
}

async fn numbers(engine: &Engine, shop: &Shop, kind: RecordKind) -> Result<Numbers, Error> {
    let store = engine.store();
    if engine::standing(store, shop.id).await?.first_done {
        let counts = store.record_counts(shop.id, kind).await?;
        return Ok(Numbers {
            all: counts.all,
            consenting: Some(counts.consenting),
        });
    }
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
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

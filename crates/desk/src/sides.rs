//! Both services as people ask them: with the stored access, at a pace that leaves room for the lane's own work, and
//! with as much patience as whoever asks has.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{Engine, LaneState};
use ports::{Clock, Millis};
use secrecy::SecretString;
use shoper_api::ShopUrl;
use store::{SecretName, Shop};
use sync_core::config::Config;

use crate::error::Error;

/// Requests of the shop's limit that are left to the server at work.
const LEFT_TO_OTHERS: f64 = 3.0;
/// Tries of one call by those who insist.
const TRIES: u32 = 6;
/// The longest pause between two of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a service that is away is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// One try: what cannot be had now is told as such.
    Once,
    /// Waits and tries again, for some minutes at most.
    Insist,
}

impl Patience {
    fn tries(self) -> u32 {
        match self {
            Self::Once => 1,
            Self::Insist => TRIES,
        }
    }
}

fn pause(tried: u32, asked_for: Option<Duration>) -> Duration {
    let own = Duration::from_millis(500 << tried.min(6));
    asked_for.map_or(own, |asked| asked.max(own)).min(LONGEST_PAUSE)
}

fn seconds(millis: Millis) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the time between two requests")]
    let seconds = millis.max(0) as f64 / 1000.0;
    seconds
}

/// A shop that can be asked.
pub struct ShopSide {
    client: shoper_api::Client,
    clock: Arc<dyn Clock>,
    patience: Patience,
    asked_at: Mutex<Millis>,
}

impl ShopSide {
    /// Opens the shop with its stored access token. Where there is none yet, or `renew` says that it no longer
    /// works, the lane is given a slice to get one.
    ///
    /// # Errors
    /// When there is no access to be had, or the ledger fails.
    pub async fn open(engine: &Engine, shop: &Shop, patience: Patience, renew: bool) -> Result<Self, Error> {
        let url = ShopUrl::parse(&shop.url, engine.settings().allow_http)?;
        let mut token = engine.store().secret(shop.id, SecretName::AccessToken).await?;
        if token.is_none() || renew {
            if let Some(lease) = engine.claim_shop(shop.id).await? {
                engine.slice(lease).await;
            }
            token = engine.store().secret(shop.id, SecretName::AccessToken).await?;
        }
        let token = token.ok_or(Error::NoAccess)?;
        let client = shoper_api::Client::new(Arc::clone(engine.transport()), url, token);
        Ok(Self {
            client,
            clock: Arc::clone(engine.clock()),
            patience,
            asked_at: Mutex::new(engine.clock().now()),
        })
    }

    /// Asks the shop, when its limit has room.
    ///
    /// # Errors
    /// What the shop answered at last.
    pub async fn ask<T, F, Fut>(&self, call: F) -> Result<T, shoper_api::Error>
    where
        F: Fn(shoper_api::Client) -> Fut,
        Fut: Future<Output = Result<T, shoper_api::Error>>,
    {
        let mut tried = 0;
        loop {
            self.room().await;
            let answer = call(self.client.clone()).await;
            *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
            tried += 1;
            match answer {
                Err(error) if error.is_transient() && tried < self.patience.tries() => {
                    tokio::time::sleep(pause(tried, error.retry_after())).await;
                }
                other => return other,
            }
        }
    }

    async fn room(&self) {
        let pace = self.client.pace();
        let (Some(limit), Some(bandwidth), Some(calls)) = (pace.limit, pace.bandwidth, pace.calls) else {
            return;
        };
        let since = self.clock.now() - *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let level = (calls - seconds(since) * bandwidth).max(0.0);
        // Two requests at a time: a page and what belongs to it.
        let too_much = level + 2.0 - (limit - LEFT_TO_OTHERS).max(2.0);
        if too_much > 0.0 && bandwidth > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64((too_much / bandwidth).min(60.0))).await;
        }
    }
}

/// A SARE account that can be asked.
pub struct SareSide {
    client: sare_api::Client,
    clock: Arc<dyn Clock>,
    patience: Patience,
    bucket: Mutex<(f64, Millis)>,
    rate: f64,
    burst: f64,
}

impl SareSide {
    /// Opens the account of a configured shop with its stored key.
    ///
    /// # Errors
    /// When there is no key, or the ledger fails.
    pub async fn open(
        engine: &Engine,
        shop: &Shop,
        config: &Config,
        patience: Patience,
    ) -> Result<Self, Error> {
        let key = engine.store().secret(shop.id, SecretName::SareKey).await?;
        let key = key.ok_or(Error::NoKey)?;
        let mut side = Self::with_key(engine, &config.sare.uid, key, patience)?;
        if let Some(lane) = engine.store().lane(shop.id).await? {
            // How this account takes lists of addresses was found out by the engine.
            side.client = side
                .client
                .with_lookup(LaneState::parse(&lane.state, engine.settings()).lookup);
        }
        Ok(side)
    }

    /// An account by UID and key.
    ///
    /// # Errors
    /// When the UID cannot be one.
    pub fn with_key(
        engine: &Engine,
        uid: &str,
        key: SecretString,
        patience: Patience,
    ) -> Result<Self, Error> {
        let uid = sare_api::Uid::parse(uid)?;
        let client = sare_api::Client::new(
            Arc::clone(engine.transport()),
            &engine.settings().sare_api_url,
            &uid,
            key,
        );
        Ok(Self {
            client,
            clock: Arc::clone(engine.clock()),
            patience,
            bucket: Mutex::new((0.0, engine.clock().now())),
            rate: engine.settings().sare_rate,
            burst: engine.settings().sare_burst,
        })
    }

    /// Asks SARE, when its limit has room.
    ///
    /// # Errors
    /// What SARE answered at last.
    pub async fn ask<T, F, Fut>(&self, call: F) -> Result<T, sare_api::Error>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        let mut tried = 0;
        loop {
            tokio::time::sleep(self.take_place()).await;
            let answer = call(self.client.clone()).await;
            tried += 1;
            match answer {
                Err(error) if error.is_transient() && tried < self.patience.tries() => {
                    tokio::time::sleep(pause(tried, error.retry_after())).await;
                }
                other => return other,
            }
        }
    }

    /// Counts one request and says how long it must wait.
    fn take_place(&self) -> Duration {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let level = (bucket.0 - seconds(now - bucket.1) * self.rate).max(0.0) + 1.0;
        *bucket = (level, now);
        Duration::from_secs_f64(((level - self.burst.max(1.0)) / self.rate).clamp(0.0, 60.0))
    }
}

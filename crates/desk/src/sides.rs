//! Both services as people ask them: with the stored access, at the pace that all callers of a shop keep together, and with
//! as much patience as whoever asks has.

use std::sync::Arc;
use std::time::Duration;

use access::{Caller, Direct, Limiter, SareAccess, ShopAccess, Urgency};
use engine::Engine;
use sare_api::{LookupForm, Uid};
use secrecy::SecretString;
use shoper_api::ShopUrl;
use store::{SecretName, Shop};
use sync_core::ShopId;
use sync_core::config::Config;

use crate::error::Error;

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

    /// A caller that waits for its turn as urgently as that.
    fn caller(self, engine: &Engine) -> Arc<dyn Caller> {
        Arc::new(Direct {
            clock: Arc::clone(engine.clock()),
            urgency: match self {
                Self::Once => Urgency::Person,
                Self::Insist => Urgency::Bulk,
            },
        })
    }
}

fn pause(tried: u32, asked_for: Option<Duration>) -> Duration {
    let own = Duration::from_millis(500 << tried.min(6));
    asked_for.map_or(own, |asked| asked.max(own)).min(LONGEST_PAUSE)
}

/// A shop that can be asked.
pub struct ShopSide {
    engine: Engine,
    shop: ShopId,
    access: ShopAccess,
    patience: Patience,
}

impl ShopSide {
    /// Opens the shop with its stored access token, or a new one where there is none.
    ///
    /// # Errors
    /// When there is no access to be had, or the ledger fails.
    pub async fn open(engine: &Engine, shop: &Shop, patience: Patience) -> Result<Self, Error> {
        let url = ShopUrl::parse(&shop.url, engine.settings().allow_http)?;
        let limiter = engine.limiter(shop).await?;
        let caller = patience.caller(engine);
        let side = Self {
            engine: engine.clone(),
            shop: shop.id,
            access: ShopAccess::new(url, engine.transport(), &limiter, engine.clock(), caller),
            patience,
        };
        match engine.store().secret(shop.id, SecretName::AccessToken).await? {
            Some(token) => side.access.use_token(token),
            None => side.renew().await?,
        }
        Ok(side)
    }

    /// Asks the shop when it is its turn; an access token that no longer works is renewed once.
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
            let answer = match self.access.ask(&call, async || self.renew().await).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::debug!(shop = %self.shop, %error, "the access token could not be renewed");
                    return Err(shoper_api::Error::Unauthorized { code: None });
                }
            };
            tried += 1;
            match answer {
                Err(error) if error.is_transient() && tried < self.patience.tries() => {
                    rest(&self.engine, tried, error.retry_after()).await;
                }
                other => return other,
            }
        }
    }

    /// Uses another access token than the one that was refused.
    async fn renew(&self) -> Result<(), Error> {
        let refused = self.access.token();
        let token = self
            .engine
            .fresh_access_token(self.shop, refused.as_ref())
            .await?;
        self.access.use_token(token.ok_or(Error::NoAccess)?);
        Ok(())
    }
}

/// A pause before another try.
async fn rest(engine: &Engine, tried: u32, asked_for: Option<Duration>) {
    let pause = ports::millis(pause(tried, asked_for));
    engine.clock().sleep_until(engine.clock().now() + pause).await;
}

/// A SARE account that can be asked.
pub struct SareSide {
    engine: Engine,
    access: SareAccess,
    patience: Patience,
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
        let limiter = engine.limiter(shop).await?;
        // How this account takes lists of addresses was found out by the engine.
        let lookup = engine::standing(engine.store(), shop.id).await?.lookup;
        Self::at_pace(engine, (&config.sare.uid, key), lookup, &limiter, patience)
    }

    /// An account by UID and key, of no shop yet.
    ///
    /// # Errors
    /// When the UID cannot be one.
    pub fn with_key(
        engine: &Engine,
        uid: &str,
        key: SecretString,
        patience: Patience,
    ) -> Result<Self, Error> {
        let limiter = engine.account_limiter(uid);
        Self::at_pace(engine, (uid, key), LookupForm::default(), &limiter, patience)
    }

    fn at_pace(
        engine: &Engine,
        (uid, key): (&str, SecretString),
        lookup: LookupForm,
        limiter: &Arc<Limiter>,
        patience: Patience,
    ) -> Result<Self, Error> {
        let uid = Uid::parse(uid)?;
        let (base, caller) = (&engine.settings().sare_api_url, patience.caller(engine));
        let access = SareAccess::new(base, engine.transport(), limiter, engine.clock(), caller);
        access.use_account(&uid, key, lookup);
        Ok(Self {
            engine: engine.clone(),
            access,
            patience,
        })
    }

    /// Asks SARE when it is its turn.
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
            let answer = self.access.ask(&call).await;
            tried += 1;
            match answer {
                Err(error) if error.is_transient() && tried < self.patience.tries() => {
                    rest(&self.engine, tried, error.retry_after()).await;
                }
                other => return other,
            }
        }
    }
}

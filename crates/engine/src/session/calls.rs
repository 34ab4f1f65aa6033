//! Calls to the services: they learn the pace from the answer, renew an access token once, and turn outages into a
//! stored waiting time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use shoper_api::ShopUrl;
use store::{ShopChange, ShopState};

use crate::error::{CallError, Halt, Side};
use crate::lookup;

use super::{Session, lock, millis, shop_problem};

impl Session<'_> {
    /// Asks the shop. An expired token is renewed once.
    ///
    /// # Errors
    /// [`CallError::Api`] for answers about this very request (not found, refused, locked, forbidden,
    /// not filterable); everything that concerns the shop as a whole is a [`Halt`].
    pub async fn shoper<T, F, Fut>(&self, call: F) -> Result<T, CallError<shoper_api::Error>>
    where
        F: Fn(shoper_api::Client) -> Fut,
        Fut: Future<Output = Result<T, shoper_api::Error>>,
    {
        let mut renewed = false;
        loop {
            let client = lock(&self.shoper_client).clone();
            let Some(client) = client else {
                let until = self.now() + 60_000;
                return Err(Halt::Wait {
                    side: Side::Shoper,
                    until,
                    why: "shop-access",
                }
                .into());
            };
            self.keep_lease().await?;
            let answer = call(client.clone()).await;
            self.note_shoper(&client);
            let closed = self.pacer.take_closed(Side::Shoper);
            if let (Err(_), Some(until)) = (&answer, closed) {
                return Err(Halt::no_place(Side::Shoper, until).into());
            }
            match answer {
                Ok(value) => {
                    self.state().failures.0 = 0;
                    if self.is_locked_out.swap(false, Ordering::Relaxed) {
                        self.let_in_again().await?;
                    }
                    return Ok(value);
                }
                Err(shoper_api::Error::Unauthorized { .. }) if !renewed => {
                    renewed = true;
                    crate::access::renew(self).await?;
                }
                Err(shoper_api::Error::Unauthorized { .. }) => {
                    return Err(crate::access::lost(self, "unauthorized").await?.into());
                }
                Err(shoper_api::Error::Redirected { to: Some(to) }) => {
                    return Err(self.moved(&to).await?.into());
                }
                Err(error) if error.is_transient() => return Err(self.shoper_outage(&error).into()),
                Err(error) => return Err(CallError::Api(error)),
            }
        }
    }

    /// The shop has answered a call: it takes our tokens.
    async fn let_in_again(&self) -> Result<(), Halt> {
        let shop = self.store.shop(self.shop.id).await?;
        if shop.is_some_and(|shop| matches!(shop.state, ShopState::Connecting | ShopState::AccessLost)) {
            let change = ShopChange {
                state: Some(ShopState::Connected),
                ..ShopChange::default()
            };
            self.store.update_shop(self.shop.id, &change, self.now()).await?;
            self.shop_problem_over("access").await?;
        }
        Ok(())
    }

    /// The shop refuses our tokens.
    pub async fn locked_out(&self) -> Result<(), Halt> {
        let change = ShopChange {
            state: Some(ShopState::AccessLost),
            ..ShopChange::default()
        };
        self.store.update_shop(self.shop.id, &change, self.now()).await?;
        self.is_locked_out.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn note_shoper(&self, client: &shoper_api::Client) {
        let pace = client.pace();
        let now = self.now();
        self.state()
            .shoper
            .learn(now, pace.limit, pace.bandwidth, pace.calls);
    }

    /// The shop answers from another address now (shoper-api.md A.2): the next slice asks there. A token never
    /// follows a redirect by itself.
    pub async fn moved(&self, to: &ShopUrl) -> Result<Halt, Halt> {
        if to.host() == self.url.host() {
            return Ok(self.shoper_outage(&shoper_api::Error::Redirected { to: None }));
        }
        tracing::info!(shop = %self.shop.id, from = %self.url.host(), to = %to.host(), "the shop has moved");
        let change = ShopChange {
            url: Some((to.as_str().to_owned(), to.host())),
            ..ShopChange::default()
        };
        self.store.update_shop(self.shop.id, &change, self.now()).await?;
        Ok(Halt::Wait {
            side: Side::Shoper,
            until: self.now() + 1_000,
            why: "shop-away",
        })
    }

    fn shoper_outage(&self, error: &shoper_api::Error) -> Halt {
        let now = self.now();
        let mut state = self.state();
        let (pause, why) = match error {
            shoper_api::Error::RateLimited { retry_after } => {
                state.shoper.fill(now);
                (retry_after.unwrap_or(Duration::from_secs(1)), "shop-limit")
            }
            other => {
                state.failures.0 += 1;
                (
                    other.retry_after().unwrap_or_else(|| backoff(state.failures.0)),
                    "shop-away",
                )
            }
        };
        tracing::info!(shop = %self.shop.id, %error, pause_ms = millis(pause), "the shop cannot be asked now");
        let until = now + millis(pause);
        state.timers.shoper = until;
        Halt::Wait {
            side: Side::Shoper,
            until,
            why,
        }
    }

    /// Asks SARE.
    ///
    /// # Errors
    /// As [`Session::shoper`].
    pub async fn sare<T, F, Fut>(&self, call: F) -> Result<T, CallError<sare_api::Error>>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        match self.sare_by_one_way(call).await {
            Err(CallError::Api(error)) if error.is_transient() && !error.suggests_smaller_batch() => {
                Err(self.sare_outage(&error).into())
            }
            other => other,
        }
    }

    /// Asks SARE by a call for which there are others: where the failure may be this call's own, whether SARE is away is
    /// for the caller to find out.
    ///
    /// # Errors
    /// As [`Session::sare`]; [`CallError::Api`] also for what `lookup::may_be_the_call`.
    pub async fn sare_by_one_way<T, F, Fut>(&self, call: F) -> Result<T, CallError<sare_api::Error>>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        let client = lock(&self.sare_client).clone();
        let Some(client) = client else {
            let until = self.now() + 60_000;
            return Err(Halt::Wait {
                side: Side::Sare,
                until,
                why: "sare-access",
            }
            .into());
        };
        self.keep_lease().await?;
        let answer = call(client.clone()).await;
        let closed = self.pacer.take_closed(Side::Sare);
        if let (Err(_), Some(until)) = (&answer, closed) {
            return Err(Halt::no_place(Side::Sare, until).into());
        }
        let now = self.now();
        match answer {
            Ok(value) => {
                let mended = {
                    let mut state = self.state();
                    state.failures.1 = 0;
                    std::mem::take(&mut state.sare_refused)
                };
                if mended {
                    self.shop_problem_over("sare-access").await?;
                }
                Ok(value)
            }
            Err(sare_api::Error::Unauthorized { .. }) => {
                let problem = shop_problem("shop:sare-access", "sare-access", None, now);
                self.store.note_problem(self.shop.id, &problem).await?;
                let until = now + 15 * 60_000;
                {
                    let mut state = self.state();
                    state.timers.sare = until;
                    state.sare_refused = true;
                }
                Err(Halt::Wait {
                    side: Side::Sare,
                    until,
                    why: "sare-access",
                }
                .into())
            }
            Err(error) if error.suggests_smaller_batch() || lookup::may_be_the_call(&error) => {
                Err(CallError::Api(error))
            }
            Err(error) if error.is_transient() => Err(self.sare_outage(&error).into()),
            Err(error) => Err(CallError::Api(error)),
        }
    }

    /// Lets SARE rest after a failure.
    pub fn sare_outage(&self, error: &sare_api::Error) -> Halt {
        let now = self.now();
        let mut state = self.state();
        let (pause, why) = if let sare_api::Error::RateLimited { retry_after } = error {
            // It lets through less than we were told: of its limit nothing is published.
            state.sare.fill(now);
            (retry_after.unwrap_or(Duration::from_secs(1)), "sare-limit")
        } else {
            state.failures.1 += 1;
            let pause = error.retry_after().unwrap_or_else(|| backoff(state.failures.1));
            (pause, "sare-away")
        };
        tracing::info!(shop = %self.shop.id, %error, pause_ms = millis(pause), "SARE cannot be asked now");
        let until = now + millis(pause);
        state.timers.sare = until;
        Halt::Wait {
            side: Side::Sare,
            until,
            why,
        }
    }
}

/// 2 s, doubled with every failure in a row, at most 10 minutes.
pub fn backoff(failures: u32) -> Duration {
    Duration::from_secs(2 << failures.clamp(1, 9).saturating_sub(1)).min(Duration::from_secs(600))
}

//! Calls to the services: they learn the pace from the answer, renew an access token once, and turn outages into a
//! stored waiting time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use store::{ShopChange, ShopState};
use sync_core::{Cause, ProblemKind, Topic};

use crate::error::{CallError, Halt, Side};

use super::Session;
use ports::millis;

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
        self.ask_shoper(call, false).await
    }

    /// Asks the shop for something that may fail by itself, such as a page with a record in it that the shop cannot put
    /// into words. Where it does and another call is answered, the shop is not away.
    ///
    /// # Errors
    /// As [`Session::shoper`]; also [`CallError::Api`] when the error is about this call alone
    /// ([`shoper_api::Error::may_be_the_call`]).
    pub async fn shoper_piece<T, F, Fut>(&self, call: F) -> Result<T, CallError<shoper_api::Error>>
    where
        F: Fn(shoper_api::Client) -> Fut,
        Fut: Future<Output = Result<T, shoper_api::Error>>,
    {
        self.ask_shoper(call, true).await
    }

    async fn ask_shoper<T, F, Fut>(&self, call: F, is_piece: bool) -> Result<T, CallError<shoper_api::Error>>
    where
        F: Fn(shoper_api::Client) -> Fut,
        Fut: Future<Output = Result<T, shoper_api::Error>>,
    {
        self.lease_keeper.keep().await?;
        let renew = async || {
            crate::session::token::renew(self).await?;
            self.lease_keeper.keep().await
        };
        match self.shop_access.ask(call, renew).await? {
            Ok(value) => {
                self.shop_answered();
                crate::session::redirects::redirect_over(self).await?;
                if self.is_locked_out.swap(false, Ordering::Relaxed) {
                    self.let_in_again().await?;
                }
                Ok(value)
            }
            Err(shoper_api::Error::Unauthorized { .. }) => {
                self.state().outages.shoper.since = None;
                Err(crate::session::token::lost(self, "unauthorized").await?.into())
            }
            Err(error) if is_piece && error.may_be_the_call() => {
                self.shop_answers_others(&error).await?;
                Err(CallError::Api(error))
            }
            Err(error) if error.is_transient() => {
                Err(crate::session::redirects::handle_failure(self, &error)
                    .await?
                    .into())
            }
            Err(error) => {
                // It says no, but it answers.
                self.state().outages.shoper.since = None;
                Err(CallError::Api(error))
            }
        }
    }

    /// Asks the shop for something small after another call has failed with `error`: unless that is answered as well, the
    /// shop is away.
    async fn shop_answers_others(&self, error: &shoper_api::Error) -> Result<(), Halt> {
        self.lease_keeper.keep().await?;
        let answer = self
            .shop_access
            .ask_once(|c| async move { c.application_config().await });
        if answer.await.is_err_and(|error| error.is_transient()) {
            return Err(crate::session::redirects::handle_failure(self, error).await?);
        }
        tracing::info!(shop = %self.shop.id, %error, "one call fails while the shop answers others");
        self.shop_answered();
        Ok(())
    }

    fn shop_answered(&self) {
        let mut state = self.state();
        state.failures.shoper = 0;
        state.outages.shoper.since = None;
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
            self.shop_problem_over(Topic::ShopAccess).await?;
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

    /// Lets the shop rest after a failure.
    pub fn shoper_outage(&self, error: &shoper_api::Error) -> Halt {
        let now = self.now();
        let mut state = self.state();
        state.note_outage(Side::Shoper, now);
        let (pause, why) = match error {
            shoper_api::Error::RateLimited { retry_after } => {
                self.limiter().change(Side::Shoper, |bucket| bucket.fill(now));
                (retry_after.unwrap_or_default(), Cause::ShopLimit)
            }
            other => {
                state.failures.shoper += 1;
                (
                    other
                        .retry_after()
                        .unwrap_or_else(|| backoff(state.failures.shoper)),
                    Cause::ShopAway,
                )
            }
        };
        tracing::info!(shop = %self.shop.id, %error, pause_ms = millis(pause.max(LEAST_PAUSE)), "the shop cannot be asked now");
        let until = now + millis(pause.max(LEAST_PAUSE));
        state.timers.shoper = until;
        Halt::Wait {
            side: Side::Shoper,
            until,
            why,
        }
    }

    /// Asks SARE for what is about no contact.
    ///
    /// # Errors
    /// As [`Session::shoper`].
    pub async fn sare<T, F, Fut>(&self, call: F) -> Result<T, CallError<sare_api::Error>>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        match self.sare_about(call).await {
            Err(CallError::Api(sare_api::Error::Unauthorized { .. })) => {
                Err(self.sare_refuses().await?.into())
            }
            Err(CallError::Api(error)) if wants_payment(&error) => {
                Err(self.sare_unpaid(&error).await?.into())
            }
            Err(CallError::Api(error)) if error.is_transient() && !error.suggests_smaller_batch() => {
                Err(self.sare_outage(&error).into())
            }
            other => other,
        }
    }

    /// Asks SARE about contacts: whose fault a failure is, is for the caller to find out (`blame.rs`).
    ///
    /// # Errors
    /// As [`Session::sare`]; [`CallError::Api`] also for what [`sare_api::Error::may_be_a_contact`].
    pub async fn sare_about<T, F, Fut>(&self, call: F) -> Result<T, CallError<sare_api::Error>>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        if !self.sare_access.has_account() {
            let until = self.now() + 60_000;
            return Err(Halt::Wait {
                side: Side::Sare,
                until,
                why: Cause::SareAccess,
            }
            .into());
        }
        self.lease_keeper.keep().await?;
        match self.sare_access.ask(call).await {
            Ok(value) => {
                let mended = {
                    let mut state = self.state();
                    state.failures.sare = 0;
                    state.outages.sare.since = None;
                    (
                        std::mem::take(&mut state.sare_refused),
                        std::mem::take(&mut state.sare_unpaid),
                    )
                };
                if mended.0 || mended.1 {
                    self.state().timers.sare = 0;
                }
                if mended.0 {
                    self.shop_problem_over(ProblemKind::SareAccess).await?;
                }
                if mended.1 {
                    self.shop_problem_over(ProblemKind::SarePayment).await?;
                }
                Ok(value)
            }
            Err(error) if error.suggests_smaller_batch() || error.may_be_a_contact() => {
                Err(CallError::Api(error))
            }
            Err(sare_api::Error::Unauthorized { .. }) => Err(self.sare_refuses().await?.into()),
            Err(error) if error.is_transient() => Err(self.sare_outage(&error).into()),
            Err(error) => {
                self.state().outages.sare.since = None;
                Err(CallError::Api(error))
            }
        }
    }

    /// SARE refuses the key: told, and asked again in a quarter of an hour.
    pub async fn sare_refuses(&self) -> Result<Halt, Halt> {
        {
            let mut state = self.state();
            state.sare_refused = true;
            state.outages.sare.since = None;
        }
        self.sare_closed(ProblemKind::SareAccess, Cause::SareAccess, None)
            .await
    }

    /// Where SARE refuses a call for everybody though it answers others, the key lacks rights (sare-api.md 16 row 21): told
    /// as a key that is refused.
    pub async fn no_right(&self, error: &sare_api::Error) -> Result<Option<Halt>, Halt> {
        Ok(match error {
            sare_api::Error::Unauthorized { .. } => Some(self.sare_refuses().await?),
            error if wants_payment(error) => Some(self.sare_unpaid(error).await?),
            _ => None,
        })
    }

    /// SARE answers whatever it is asked that the account is not paid for, or that its limits are reached (402).
    async fn sare_unpaid(&self, error: &sare_api::Error) -> Result<Halt, Halt> {
        self.state().sare_unpaid = true;
        let why = error.reason().map(sare_api::Private::shown);
        self.sare_closed(ProblemKind::SarePayment, Cause::SarePayment, why)
            .await
    }

    async fn sare_closed(&self, kind: ProblemKind, why: Cause, detail: Option<String>) -> Result<Halt, Halt> {
        self.shop_problem(kind, kind, detail).await?;
        let until = self.now() + CLOSED_MS;
        self.state().timers.sare = until;
        Ok(Halt::Wait {
            side: Side::Sare,
            until,
            why,
        })
    }

    /// Lets SARE rest after a failure.
    pub fn sare_outage(&self, error: &sare_api::Error) -> Halt {
        let now = self.now();
        let mut state = self.state();
        state.note_outage(Side::Sare, now);
        let (pause, why) = if let sare_api::Error::RateLimited { retry_after } = error {
            // It lets through less than we were told: of its limit nothing is published.
            self.limiter().change(Side::Sare, |bucket| bucket.fill(now));
            (retry_after.unwrap_or_default(), Cause::SareLimit)
        } else {
            state.failures.sare += 1;
            let pause = error
                .retry_after()
                .unwrap_or_else(|| backoff(state.failures.sare));
            (pause, Cause::SareAway)
        };
        tracing::info!(shop = %self.shop.id, %error, pause_ms = millis(pause.max(LEAST_PAUSE)), "SARE cannot be asked now");
        let until = now + millis(pause.max(LEAST_PAUSE));
        state.timers.sare = until;
        Halt::Wait {
            side: Side::Sare,
            until,
            why,
        }
    }
}

/// A service that fails and asks for no pause, or for one that is over, is left alone for so long all the same.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// How long an account that lets nobody in is not asked again.
const CLOSED_MS: i64 = 15 * 60_000;

/// Whether SARE says that the account's plan is exhausted.
pub fn wants_payment(error: &sare_api::Error) -> bool {
    matches!(error, sare_api::Error::Rejected { status, code, .. } if *status == 402 || *code == Some(402))
}

/// 2 s, doubled with every failure in a row, at most 10 minutes.
pub fn backoff(failures: u32) -> Duration {
    Duration::from_secs(2 << failures.clamp(1, 9).saturating_sub(1)).min(Duration::from_secs(600))
}

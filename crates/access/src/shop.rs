//! A shop as one of its callers asks it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{Clock, Transport};
use secrecy::SecretString;
use shoper_api::{Client, Error, ShopUrl};

use crate::{Caller, Limiter, Paced, Side};

/// A shop, at the pace that all its callers keep together, with the access token that this caller knows.
pub struct ShopAccess {
    url: ShopUrl,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    limiter: Arc<Limiter>,
    client: Mutex<Option<(SecretString, Client)>>,
}

impl ShopAccess {
    /// The shop at `url`, as this caller asks it; without a token yet.
    pub fn new(
        url: ShopUrl,
        transport: &Arc<dyn Transport>,
        limiter: &Arc<Limiter>,
        clock: &Arc<dyn Clock>,
        caller: Arc<dyn Caller>,
    ) -> Self {
        Self {
            url,
            transport: Paced::over(transport, Side::Shoper, limiter, clock, caller),
            clock: Arc::clone(clock),
            limiter: Arc::clone(limiter),
            client: Mutex::new(None),
        }
    }

    /// Uses `token` from here on.
    pub fn use_token(&self, token: SecretString) {
        let client = Client::new(Arc::clone(&self.transport), self.url.clone(), token.clone());
        *self.client() = Some((token, client));
    }

    /// The token in use.
    pub fn token(&self) -> Option<SecretString> {
        self.client().as_ref().map(|(token, _)| token.clone())
    }

    fn client(&self) -> MutexGuard<'_, Option<(SecretString, Client)>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the shop when it is its turn. A token that is refused is renewed once: `renew` makes sure that
    /// [`Self::use_token`] has a new one.
    ///
    /// # Errors
    /// What keeps it from being renewed. What the shop answers is the value; without a token, that it refuses it.
    pub async fn ask<T, F, Fut, E>(
        &self,
        call: F,
        renew: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<Result<T, Error>, E>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let answer = self.ask_once(&call).await;
        if !matches!(answer, Err(Error::Unauthorized { .. })) {
            return Ok(answer);
        }
        renew().await?;
        Ok(self.ask_once(&call).await)
    }

    /// Asks the shop when it is its turn, with the token as it is.
    ///
    /// # Errors
    /// What the shop answers.
    pub async fn ask_once<T, F, Fut>(&self, call: F) -> Result<T, Error>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let client = self.client().as_ref().map(|(_, client)| client.clone());
        let Some(client) = client else {
            return Err(Error::Unauthorized { code: None });
        };
        let answer = call(client.clone()).await;
        let (pace, now) = (client.pace(), self.clock.now());
        self.limiter.change(Side::Shoper, |bucket| {
            bucket.learn(now, pace.limit, pace.bandwidth, pace.calls);
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use bytes::Bytes;
    use ports::{BoxFuture, ManualClock, Request, Response, TransportError};

    use super::*;
    use crate::{Bucket, BySide, Direct, Urgency};

    /// A shop that takes one token alone, and counts what it is asked.
    struct Takes(&'static str, AtomicU32);

    impl Transport for Takes {
        fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            let token = request
                .headers()
                .get("authorization")
                .map(|value| value.as_bytes());
            let mut answer = Response::new(Bytes::from_static(
                br#"{"list":[],"count":"0","pages":0,"page":1}"#,
            ));
            if token != Some(format!("Bearer {}", self.0).as_bytes()) {
                *answer.status_mut() = http::StatusCode::UNAUTHORIZED;
            }
            Box::pin(std::future::ready(Ok(answer)))
        }
    }

    fn access(takes: &'static str) -> (ShopAccess, Arc<Takes>) {
        let shop = Arc::new(Takes(takes, AtomicU32::new(0)));
        let transport: Arc<dyn Transport> = Arc::clone(&shop) as Arc<dyn Transport>;
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
        let caller = Arc::new(Direct {
            clock: Arc::clone(&clock),
            urgency: Urgency::Live,
        });
        let limiter = Arc::new(Limiter::new(BySide {
            shoper: Bucket::new(10.0, 2.0),
            sare: Bucket::new(10.0, 2.0),
        }));
        let url = ShopUrl::parse("https://shop.example", false).unwrap();
        (ShopAccess::new(url, &transport, &limiter, &clock, caller), shop)
    }

    async fn groups(access: &ShopAccess, renewed: &'static str) -> Result<Result<(), Error>, &'static str> {
        let renew = async || {
            access.use_token(renewed.to_owned().into());
            Ok(())
        };
        let answer = access.ask(|c| async move { c.user_groups().await }, renew).await;
        answer.map(|answer| answer.map(drop))
    }

    #[tokio::test]
    async fn a_token_that_is_refused_is_renewed_once() {
        let (access, shop) = access("new");
        access.use_token("old".to_owned().into());
        assert!(matches!(groups(&access, "new").await, Ok(Ok(()))));
        assert_eq!(shop.1.load(Ordering::Relaxed), 2);
        assert!(matches!(groups(&access, "never").await, Ok(Ok(()))), "it is kept");
        assert_eq!(shop.1.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_new_token_that_is_refused_as_well_is_told() {
        let (access, shop) = access("other");
        access.use_token("old".to_owned().into());
        assert!(matches!(
            groups(&access, "new").await,
            Ok(Err(Error::Unauthorized { .. }))
        ));
        assert_eq!(shop.1.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn without_a_token_nothing_is_asked_before_there_is_one() {
        let (access, shop) = access("new");
        let failed: Result<Result<(), Error>, _> = access
            .ask(
                |c| async move { c.user_groups().await.map(drop) },
                async || Err("none"),
            )
            .await;
        assert_eq!(failed.err(), Some("none"));
        assert_eq!(shop.1.load(Ordering::Relaxed), 0);
    }
}

//! A SARE account as one of its callers asks it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{Clock, Transport};
use sare_api::{Client, Error, LookupForm, Uid};
use secrecy::SecretString;
use url::Url;

use crate::{Caller, Limiter, Paced, Side};

/// A SARE account, at the pace that all its callers keep together.
pub struct SareAccess {
    base: Url,
    transport: Arc<dyn Transport>,
    client: Mutex<Option<Client>>,
}

impl SareAccess {
    /// SARE at `base`, as this caller asks it; no account yet.
    pub fn new(
        base: &Url,
        transport: &Arc<dyn Transport>,
        limiter: &Arc<Limiter>,
        clock: &Arc<dyn Clock>,
        caller: Arc<dyn Caller>,
    ) -> Self {
        Self {
            base: base.clone(),
            transport: Paced::over(transport, Side::Sare, limiter, clock, caller),
            client: Mutex::new(None),
        }
    }

    /// Asks this account from here on, for many addresses in this form.
    pub fn use_account(&self, uid: &Uid, key: SecretString, lookup: LookupForm) {
        let client = Client::new(Arc::clone(&self.transport), &self.base, uid, key);
        *self.client() = Some(client.with_lookup(lookup));
    }

    /// Takes lists of addresses in another form from here on.
    pub fn use_lookup(&self, form: LookupForm) {
        let mut client = self.client();
        *client = client.take().map(|client| client.with_lookup(form));
    }

    /// Asks SARE when it is its turn.
    ///
    /// # Errors
    /// What SARE answers; without an account, that it refuses the key.
    pub async fn ask<T, F, Fut>(&self, call: F) -> Result<T, Error>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let client = self.client().clone();
        match client {
            Some(client) => call(client).await,
            None => Err(Error::Unauthorized { status: 401 }),
        }
    }

    /// Whether there is an account to ask.
    pub fn has_account(&self) -> bool {
        self.client().is_some()
    }

    fn client(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Runs that a person asks for: the one place that says when one may begin, and what gives way to it.

use store::{RunKind, SecretName, Shop, ShopState};

use crate::Engine;
use crate::report::Body;
use crate::state::LaneState;

/// Why a run cannot be asked for now.
#[derive(Debug, thiserror::Error)]
pub enum RunObstacle {
    /// The shop has no configuration.
    #[error("the shop is not configured yet")]
    NotConfigured,
    /// No key of SARE is kept.
    #[error("the shop is not connected to SARE: it has no API key")]
    NotConnected,
    /// SARE refuses the key.
    #[error("SARE refuses the API key: give one that it takes")]
    KeyRefused,
    /// The shop refuses our access.
    #[error("the shop refuses access: the app must be installed again")]
    NoAccess,
    /// Synchronisation is paused.
    #[error("synchronisation of the shop is paused")]
    Paused,
    /// Another run is not over; its number.
    #[error("run {0} of the shop is not over yet")]
    Active(i64),
    /// The ledger cannot be used.
    #[error(transparent)]
    Store(store::Error),
}

impl Engine {
    /// Why no run can be asked for now, besides one that is not over; `None` when nothing stands against it.
    pub async fn run_obstacle(&self, shop: &Shop) -> Result<Option<RunObstacle>, store::Error> {
        if shop.config.is_none() {
            return Ok(Some(RunObstacle::NotConfigured));
        }
        if self.store().secret(shop.id, SecretName::SareKey).await?.is_none() {
            return Ok(Some(RunObstacle::NotConnected));
        }
        if shop.state == ShopState::AccessLost {
            return Ok(Some(RunObstacle::NoAccess));
        }
        if shop.paused {
            return Ok(Some(RunObstacle::Paused));
        }
        let lane = self.store().lane(shop.id).await?;
        let state = lane.map(|lane| LaneState::parse(&lane.state, self.settings()));
        Ok(state
            .is_some_and(|state| state.sare_refused)
            .then_some(RunObstacle::KeyRefused))
    }

    /// Asks for a run and wakes the shop's lane; the run's number. A preview that is not over gives way to any other run.
    ///
    /// # Errors
    /// [`RunObstacle`]: then nothing has changed.
    pub async fn ask_for_run(
        &self,
        shop: &Shop,
        kind: RunKind,
        allow_mailable: bool,
    ) -> Result<i64, RunObstacle> {
        if let Some(obstacle) = self.run_obstacle(shop).await.map_err(RunObstacle::Store)? {
            return Err(obstacle);
        }
        let body = Body {
            allow_mailable,
            ..Body::default()
        };
        self.store()
            .create_run(shop.id, kind, &body.text(), self.clock().now())
            .await
            .map_err(|error| match error {
                store::Error::RunActive(id) => RunObstacle::Active(id),
                other => RunObstacle::Store(other),
            })
    }
}

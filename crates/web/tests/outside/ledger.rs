//! A connected shop's ledger filled by hand, and a visit to its panel: for pages that show what the engine left.

use http::Method;
use serde_json::{Value, json};
use store::{Commit, Contact, HistoryEntry, Outcome, Refused, Seen, Session, Shop};
use sync_core::consent::RefusalOrigin;
use sync_core::{HistoryKind, ShopId};

use crate::world::{Answer, NOON, World};

/// The session's token in addresses, and what its forms bring back.
const PATH: &str = "abababababababababababababababababababababababababababababababab";
const CSRF: &str = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd";

/// A person in the panel of a shop that is connected and configured.
pub struct Visitor<'a> {
    pub world: &'a World,
    pub shop: Shop,
}

impl<'a> Visitor<'a> {
    /// Installs and configures the shop and opens its panel.
    pub async fn come(world: &'a World) -> Self {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let change = store::ShopChange {
            state: Some(store::ShopState::Connected),
            ..store::ShopChange::default()
        };
        world.store.update_shop(shop.id, &change, NOON).await.unwrap();
        Self::of(world).await
    }

    /// Opens the panel of the shop that is there, its first synchronisation done.
    pub async fn of(world: &'a World) -> Self {
        let shop = world.shop().await;
        let session = Session {
            shop: shop.id,
            admin: None,
            csrf: CSRF.to_owned(),
            locale: "pl".to_owned(),
            expires_at: NOON + 1_000_000_000,
        };
        world.store.put_session(PATH, &session, NOON).await.unwrap();
        let visitor = Self { world, shop };
        visitor.lane(|lane| lane["first_done"] = true.into()).await;
        visitor
    }

    pub fn id(&self) -> ShopId {
        self.shop.id
    }

    /// The address of a page.
    pub fn address(&self, page: &str) -> String {
        format!("/panel/s/{PATH}/{page}")
    }

    /// A page's text.
    pub async fn page(&self, page: &str) -> String {
        let answer = self.world.get(&self.address(page), &[]).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
        answer.text().to_owned()
    }

    /// Posts a form as the page does.
    pub async fn post(&self, page: &str, fields: &str) -> Answer {
        let body = format!("csrf={CSRF}&{fields}");
        self.world
            .call(Method::POST, &format!("/panel/s/{PATH}/{page}"), &[], body)
            .await
    }

    /// Posts a form without the session's token.
    pub async fn forge(&self, page: &str, fields: &str) -> Answer {
        let to = format!("/panel/s/{PATH}/{page}");
        self.world.call(Method::POST, &to, &[], fields.to_owned()).await
    }

    /// Changes what the lane remembers.
    pub async fn lane(&self, change: impl FnOnce(&mut Value)) {
        let store = &self.world.store;
        let lease = store.claim_shop(self.id(), NOON, 60_000).await.unwrap().unwrap();
        let mut state = serde_json::from_str(&lease.state).unwrap_or_else(|_| json!({}));
        change(&mut state);
        store
            .release(&lease, &state.to_string(), NOON + 1_000_000, NOON)
            .await
            .unwrap();
    }

    /// Commits as the engine does, at a time.
    pub async fn commit(&self, commit: Commit, at: i64) {
        let store = &self.world.store;
        let lease = store.claim_shop(self.id(), at, 60_000).await.unwrap().unwrap();
        assert!(store.commit(&lease, at, &commit).await.unwrap());
        store
            .release(&lease, &lease.state, at + 1_000_000, at)
            .await
            .unwrap();
    }

    /// A contact of an address with an outcome.
    pub fn contact(&self, address: &str, outcome: Outcome) -> Contact {
        Contact {
            outcome,
            ..Contact::new(
                self.world.store.hash(self.id(), address),
                address.to_owned(),
                NOON,
            )
        }
    }

    /// A line of a contact's history.
    pub fn line(&self, contact: &Contact, kind: &str, status: i64, at: i64) -> HistoryEntry {
        HistoryEntry {
            hash: contact.hash,
            at,
            kind: HistoryKind::of(kind),
            detail: Some(format!("{{\"status\":{status},\"by\":\"webhook\"}}")),
        }
    }
}

/// What stands between the first `from` and the `to` after it.
pub fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let rest = text
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from} in {text}"))
        .1;
    rest.split_once(to)
        .unwrap_or_else(|| panic!("no {to} after {from}"))
        .0
}

/// What SARE was seen to have.
pub fn seen(status: i64) -> Option<Seen> {
    Some(Seen {
        status: status.into(),
        at: NOON,
    })
}

/// A refusal made in SARE of which the shop was not told.
pub fn refused(status: i64) -> Option<Refused> {
    Some(Refused {
        status: status.into(),
        origin: RefusalOrigin::Sare,
        applied: false,
        since: NOON,
    })
}

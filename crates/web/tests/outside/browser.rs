//! A browser at the panel: follows links, posts forms as they stand, and drives the engine on.

use std::time::Duration;

use http::Method;
use ports::Clock;
use secrecy::SecretString;
use store::SecretName;

use crate::panel::{HASH, csrf, entry, open};
use crate::world::*;

/// A browser at a page of the panel.
pub struct Browser<'w> {
    pub world: &'w World,
    pub base: String,
}

impl<'w> Browser<'w> {
    /// Opens the panel in Polish.
    pub async fn open(world: &'w World) -> Self {
        let (base, _) = open(world, &entry(HASH, ""), false).await;
        Self { world, base }
    }

    /// Opens the panel in English.
    pub async fn english(world: &'w World) -> Self {
        let (base, _) = open(world, &entry(HASH, "&translations=en_US"), false).await;
        Self { world, base }
    }

    /// A page; where it is shown only until another one is fetched, that one.
    pub async fn get(&self, page: &str) -> Answer {
        let answer = self.world.get(&format!("{}{page}", self.base), &[]).await;
        match std::str::from_utf8(&answer.body).ok().and_then(next) {
            Some(next) => self.world.get(&next, &[]).await,
            None => answer,
        }
    }

    /// A page that is there.
    pub async fn see(&self, page: &str) -> String {
        let answer = self.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
        answer.text().to_owned()
    }

    /// Posts a form.
    pub async fn post(&self, page: &str, fields: &[(&str, &str)]) -> Answer {
        // Any page with a form has the session's token.
        let token = csrf(self.get("contacts").await.text()).to_owned();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &token).extend_pairs(fields);
        let to = format!("{}{page}", self.base);
        self.world.call(Method::POST, &to, &[], body.finish()).await
    }

    /// Where a redirect leads, after the session's address.
    pub fn target(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 303, "{}", answer.text());
        let to = answer.header("location");
        to.strip_prefix(&self.base).unwrap_or(to).to_owned()
    }
}

/// The address that a page is to be replaced by where no script runs.
fn next(page: &str) -> Option<String> {
    let next = page.split_once("content=\"0; url=")?.1.split_once('"')?.0;
    Some(next.replace("&amp;", "&"))
}

impl World {
    /// Lets the engine work for `minutes` of the world's time, looking every few seconds, or minutes where it is long.
    pub async fn work(&self, minutes: u64) {
        let step = if minutes > 60 { 300 } else { 5 };
        for _ in 0..(minutes * 60).div_ceil(step) {
            while self.turn().await {}
            self.later(Duration::from_secs(step));
        }
    }

    /// Works on one lane that is due; whether there was one.
    pub async fn turn(&self) -> bool {
        let turn = self
            .clock
            .drive(self.engine.work_next_lane(), || self.store.is_idle());
        turn.await.unwrap()
    }

    /// Gives the engine access to the shop for a month, with no code left to be exchanged.
    pub async fn let_engine_in(&self, services: &Services) {
        let token = services.shop.issue_tokens().access;
        let secrets = [
            (SecretName::AuthCode, None),
            (SecretName::AccessToken, Some(SecretString::from(token))),
        ];
        let until = self.clock.now() + 30 * 86_400_000;
        let shop = self.shop().await.id;
        self.store
            .put_secrets(shop, &secrets, Some(store::AccessLife::until(until)))
            .await
            .unwrap();
    }
}

//! Connecting the shop to its SARE account: UID and key, checked at once.
//!
//! The key goes one way: it is typed, checked and kept, and no page ever shows it again. Another key for the same account
//! leaves everything else as it is; another account is another matter, which must be agreed to (`engine::account`).

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use desk::{Account, Refusal};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;
use store::{SecretName, Shop};
use sync_core::config::Config;
use texts::Words;

use super::closed::Closed;
use super::layout::{self, Head};
use super::parts::{Field, Tone, checkbox, input, notice};
use super::session::{Posted, Visit};
use crate::state::App;

/// How often a lane at work is asked to take note of a new key, and how long in between.
const ASKED: u32 = 10;
const IN_BETWEEN: Duration = Duration::from_millis(200);

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/connect", get(show).post(connect))
}

/// What was done before, told above the form.
#[derive(Debug, Default, Deserialize)]
struct Done {
    groups: Option<i64>,
    properties: Option<i64>,
}

/// What is wrong with what was sent.
#[derive(Default)]
struct Wrong {
    uid: Option<&'static str>,
    key: Option<Cow<'static, str>>,
    /// About neither field.
    all: Option<&'static str>,
    /// The account is another one than before, and that was not agreed to.
    other_account: bool,
}

impl Wrong {
    fn is_any(&self) -> bool {
        self.uid.is_some() || self.key.is_some() || self.all.is_some()
    }

    fn all(text: &'static str) -> Self {
        Self {
            all: Some(text),
            ..Self::default()
        }
    }

    fn of(refusal: &Refusal, words: Words, outgoing_ips: &[IpAddr]) -> Self {
        let uid = |text| Self {
            uid: Some(text),
            ..Self::default()
        };
        let key = |text: &'static str| Self {
            key: Some(text.into()),
            ..Self::default()
        };
        match refusal {
            Refusal::BadUid => uid(words.say("connect.bad-uid")),
            Refusal::WrongUid => uid(words.say("connect.wrong-uid")),
            Refusal::OddKey => key(words.say("connect.odd-key")),
            Refusal::KeyOrUid => Self {
                key: Some(key_or_uid(words, outgoing_ips).into()),
                ..Self::default()
            },
            Refusal::NoRights => key(words.say("connect.no-rights")),
            Refusal::Away(sare_api::Error::RateLimited { .. }) => Self::all(words.say("connect.sare-busy")),
            Refusal::Away(_) => Self::all(words.say("connect.sare-away")),
        }
    }
}

/// What may be wrong with a key that SARE refuses: with our addresses, where the operator has given them.
fn key_or_uid(words: Words, outgoing_ips: &[IpAddr]) -> String {
    let ours: Vec<String> = outgoing_ips.iter().map(IpAddr::to_string).collect();
    let limited = if ours.is_empty() {
        words.say("connect.key-limited").to_owned()
    } else {
        words.fill("connect.key-limited-add", &[("addresses", &ours.join(", "))])
    };
    format!("{} {limited}", words.say("connect.key-or-uid"))
}

fn configured(shop: &Shop) -> Option<Config> {
    let parsed = Config::parse(shop.config.as_deref()?).ok()?;
    Some(parsed.config)
}

async fn show(State(app): State<App>, visit: Visit, Query(done): Query<Done>) -> Result<Response, Closed> {
    let uid = configured(&visit.shop).map_or_else(String::new, |config| config.sare.uid);
    let has_key = has_key(&app, &visit).await?;
    Ok(page(&visit, has_key, &uid, &Wrong::default(), &done))
}

async fn has_key(app: &App, visit: &Visit) -> Result<bool, Closed> {
    let key = app.store.secret(visit.shop.id, SecretName::SareKey).await;
    Ok(key.map_err(|error| visit.closed(error))?.is_some())
}

fn page(visit: &Visit, has_key: bool, uid: &str, wrong: &Wrong, done: &Done) -> Response {
    let words = visit.words;
    let before = configured(&visit.shop);
    let content = html! {
        (told(visit, done))
        @if let Some(text) = wrong.all { (notice(Tone::Bad, html! { p { (text) } })) }
        @match &before {
            Some(config) if !has_key => {
                p { (words.fill("connect.disconnected", &[("uid", &config.sare.uid)])) }
            },
            Some(config) => {
                p { (words.fill("connect.connected", &[("uid", &config.sare.uid)])) }
                h2 { (words.say("connect.change")) }
                p { (words.say("connect.change-hint")) }
            },
            None => p { (words.say("connect.intro")) },
        }
        section {
            (form(visit, before.as_ref(), uid, wrong))
            details #where {
                summary { (words.say("connect.where")) }
                ol {
                    li { (words.say("connect.where-uid")) }
                    li { (words.say("connect.where-menu")) }
                    li { (words.say("connect.where-add")) }
                    li { (words.say("connect.where-copy")) }
                }
                p.soft { (words.say("connect.where-old")) }
            }
        }
        @if before.is_none() {
            p { a href=(visit.link("start")) { (words.say("common.back")) } }
        }
    };
    let head = Head::new("connect", words.say("connect.title"));
    let head = if before.is_some() { head } else { head.alone() };
    layout::page(visit, head, content)
}

fn form(visit: &Visit, before: Option<&Config>, uid: &str, wrong: &Wrong) -> Markup {
    let words = visit.words;
    let uid_field = Field {
        name: "uid",
        label: words.say("connect.uid"),
        hint: Some(words.say("connect.uid-hint")),
        error: wrong.uid,
        required: true,
    };
    let key_field = Field {
        name: "key",
        label: words.say("connect.key"),
        hint: Some(if wrong.is_any() {
            words.say("connect.key-again")
        } else {
            words.say("connect.key-hint")
        }),
        error: wrong.key.as_deref(),
        required: true,
    };
    visit.form(
        "connect",
        html! {
            input type="hidden" name="version" value=(visit.shop.config_version);
            (input(words, uid_field, "text", uid))
            (input(words, key_field, "password", ""))
            p { button.link.scripted type="button" data-shows="key" aria-pressed="false" { (words.say("connect.show-key")) } }
            @if wrong.other_account {
                (other_account(words, before.map_or("", |config| &config.sare.uid), uid))
            }
            div.actions { button type="submit" { (words.say("connect.check")) } }
        },
    )
}

/// What another account means, and the box to agree with it.
fn other_account(words: Words, old: &str, new: &str) -> Markup {
    notice(
        Tone::Warn,
        html! {
            p { strong { (words.fill("connect.other", &[("old", &old), ("new", &new)])) } }
            ul {
                li { (words.say("connect.other-old")) }
                li { (words.say("connect.other-off")) }
                li { (words.say("connect.other-first")) }
                li { (words.say("connect.other-refused")) }
            }
            (checkbox("other", words.say("connect.other-agree"), Some(words.say("connect.other-again")), false))
        },
    )
}

fn told(visit: &Visit, done: &Done) -> Markup {
    let words = visit.words;
    let holds = || holds(words, done.groups, done.properties);
    match visit.done() {
        "key" => notice(
            Tone::Good,
            html! { p { (words.say("connect.done-key")) " " (holds()) } },
        ),
        "no-groups" => notice(
            Tone::Warn,
            html! {
                p { (words.say("connect.done-no-groups")) }
                p { a.button href=(visit.link("customers")) { (words.say("connect.next")) } }
            },
        ),
        "unread" => notice(
            Tone::Warn,
            html! {
                p { (words.say("connect.done-unread")) }
                p { a.button href=(visit.link("customers")) { (words.say("connect.next")) } }
            },
        ),
        _ => html! {},
    }
}

/// Told on the page that one comes to once an account is connected; `query` is that page's.
pub fn success(words: Words, query: &str) -> Markup {
    let value = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let number = |name: &str| value(name).and_then(|text| text.parse().ok());
    html! { p { (words.say("connect.done-first")) " " (holds(words, number("groups"), number("properties"))) } }
}

/// What the account holds: "4 grupy i 14 cech".
fn holds(words: Words, groups: Option<i64>, properties: Option<i64>) -> String {
    match (groups, properties) {
        (Some(groups), Some(properties)) => {
            let groups = words.count("connect.groups", groups);
            let properties = words.count("connect.properties", properties);
            words.fill(
                "connect.holds",
                &[("groups", &groups), ("properties", &properties)],
            )
        }
        _ => String::new(),
    }
}

/// Checks UID and key with SARE, and keeps them when they are right.
async fn connect(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let words = visit.words;
    let uid = fields.get("uid");
    let key = fields.get("key");
    let has_key = has_key(&app, &visit).await?;
    let again = |wrong: Wrong| Ok(page(&visit, has_key, uid, &wrong, &Done::default()));
    let wrong = Wrong {
        uid: sare_api::Uid::parse(uid)
            .err()
            .map(|_| words.say("connect.bad-uid")),
        key: key.is_empty().then(|| words.say("connect.no-key").into()),
        ..Wrong::default()
    };
    if wrong.uid.is_some() || wrong.key.is_some() {
        return again(wrong);
    }
    let before = configured(&visit.shop);
    let is_other = before.as_ref().is_some_and(|config| config.sare.uid != uid);
    if is_other && !fields.is_on("other") {
        return again(Wrong {
            other_account: true,
            ..Wrong::all(words.say("connect.other-unticked"))
        });
    }
    if !app.tries.admits(visit.shop.id, app.now()) {
        return again(Wrong::all(words.say("connect.too-often")));
    }
    let key = SecretString::from(key);
    let account = match Account::open(&app.engine, uid, key.clone()).await {
        Ok(account) => account,
        Err(refusal) => {
            return again(Wrong {
                other_account: is_other,
                ..Wrong::of(&refusal, words, &app.settings.outgoing_ips)
            });
        }
    };
    match &before {
        Some(_) if !is_other && has_key => keep_key(&app, &visit, key).await?,
        _ => {
            let version: Option<i64> = fields.get("version").parse().ok();
            // A shop that was disconnected goes on as it was, and what happened meanwhile is looked for.
            let config = match before.clone() {
                Some(config) if !is_other => config.render(),
                before => begun(before, uid).render(),
            };
            let saved = app
                .store
                .put_config(
                    visit.shop.id,
                    &config,
                    Some(key),
                    version,
                    &visit.who(),
                    app.now(),
                )
                .await;
            match saved {
                Ok(_) => {}
                Err(store::Error::ConfigChanged { .. }) => {
                    return again(Wrong {
                        other_account: is_other,
                        ..Wrong::all(words.say("connect.changed-meanwhile"))
                    });
                }
                Err(error) => return Err(visit.closed(error)),
            }
        }
    }
    app.wake.notify_one();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let groups = account.groups.as_ref().map(|groups| count(groups.len()));
    let properties = account.properties.as_ref().map(|all| count(all.len()));
    let numbers = match (groups, properties) {
        (Some(groups), Some(properties)) => format!("&groups={groups}&properties={properties}"),
        _ => String::new(),
    };
    app.cache.learn_account(visit.shop.id, uid, account, app.now());
    let to = match groups {
        Some(0) => "connect?done=no-groups".to_owned(),
        None => "connect?done=unread".to_owned(),
        Some(_) if before.is_some() && !is_other => format!("connect?done=key{numbers}"),
        Some(_) => format!("customers?done=connected{numbers}"),
    };
    visit.redirect_done(&app, &to).await
}

/// The configuration with which an account begins: nothing is sent before a group was chosen. Of an earlier account's
/// configuration the mapping and all other choices stay, the groups do not: their numbers mean others here.
fn begun(before: Option<Config>, uid: &str) -> Config {
    let mut config = before.unwrap_or_default();
    config.sare.uid = uid.to_owned();
    config.customers.enabled = false;
    config.customers.group = 0;
    config.subscribers.enabled = false;
    config.subscribers.group = 0;
    config
}

/// Another key of the same account: kept alone, and SARE is asked again at once where it refused the old one.
async fn keep_key(app: &App, visit: &Visit, key: SecretString) -> Result<(), Closed> {
    let shop = visit.shop.id;
    app.store
        .put_secrets(shop, &[(SecretName::SareKey, Some(key))], None)
        .await
        .map_err(|error| visit.closed(error))?;
    for _ in 0..ASKED {
        let asked = app.engine.ask_sare_again(shop).await;
        if asked.map_err(|error| visit.closed(error))? {
            break;
        }
        tokio::time::sleep(IN_BETWEEN).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sync_core::Lang;

    use super::*;

    #[test]
    fn a_refused_key_is_told_our_addresses_where_the_operator_has_given_them() {
        let words = Words(Lang::En);
        let plain = key_or_uid(words, &[]);
        assert!(plain.ends_with(words.say("connect.key-limited")), "{plain}");
        let addresses = ["203.0.113.7", "2001:db8::7"].map(|text| text.parse().unwrap());
        let told = key_or_uid(words, &addresses);
        assert!(told.ends_with("add: 203.0.113.7, 2001:db8::7."), "{told}");
    }
}

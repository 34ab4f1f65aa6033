//! A shop that sends us on to another address: what must not go there, and when it may.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ports::{Request, Response};
use shoper_sare::lab::Lab;
use simulators::faults::{Fault, FaultRule};
use simulators::network::Endpoint;
use simulators::shoper::{WebhookFaults, message_hash};

use crate::words::*;

const STRANGER: &str = "https://stranger.example";
const OWN: &str = "https://sklep.example";

/// Everything that a stranger is sent.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// Lets a stranger answer at `address` as a shop would, for better bait: it refuses whoever has no token, and takes
    /// every token, code and password there is.
    fn stand_at(&self, lab: &Lab, address: &str) {
        let seen = self.clone();
        let handler = Endpoint::handler(move |request: &Request| {
            let answer = seen.note(request);
            async move { answer }
        });
        lab.network.route(address, handler);
    }

    fn note(&self, request: &Request) -> Response {
        let mut said = format!("{} {}", request.method(), request.uri());
        for (name, value) in request.headers() {
            said.push_str(&format!(
                "\n{name}: {}",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
        said.push_str(&format!("\n{}", String::from_utf8_lossy(request.body())));
        self.0.lock().unwrap().push(said);
        let (status, body) = if request.headers().contains_key("authorization") {
            (
                200,
                r#"{"access_token":"a","refresh_token":"b","expires_in":9,"list":[],"count":"0","pages":0,"page":1}"#,
            )
        } else {
            (
                401,
                r#"{"error":"unauthorized_client","error_description":"no token"}"#,
            )
        };
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
        answer
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// The stranger was told nothing that opens anything.
    fn is_told_nothing(&self, when: &str) {
        for said in self.all() {
            let said = said.to_lowercase();
            for secret in [
                "authorization",
                "basic ",
                "bearer",
                "token=",
                "client_secret",
                "code=",
                "password",
            ] {
                assert!(!said.contains(secret), "{when}: {said}");
            }
        }
    }
}

fn redirect(status: u16, to: &str) -> FaultRule {
    FaultRule::always(Fault::Redirect(status, to.to_owned()))
}

async fn address(lab: &Lab) -> String {
    lab.shops[0].known(&lab.store).await.unwrap().url
}

/// A new subscriber is in SARE within a few minutes.
async fn works(lab: &Lab, name: &str) {
    let email = format!("{name}@example.com");
    lab.shops[0].shop.add_subscriber(email.clone(), true);
    lab.minutes(25).await;
    assert_eq!(lab.shops[0].status(&email), Some(CONFIRMED), "{name}");
}

#[tokio::test]
async fn a_redirect_of_any_call_sends_no_credentials_anywhere() {
    each_database(async |mut lab| {
        let seen = Seen::default();
        seen.stand_at(&lab, STRANGER);
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let home = address(&lab).await;
        for status in [301, 302, 303, 307, 308] {
            for path in [
                "",
                "/users",
                "/subscribers",
                "/webhooks",
                "application-config",
                "oauth/token",
            ] {
                let when = format!("{status} {path}");
                // Once, and then for a while; the tokens are to be renewed meanwhile.
                for rule in [
                    redirect(status, STRANGER).path(path).times(1),
                    redirect(status, STRANGER).path(path),
                ] {
                    lab.shops[0].shop.set_faults([rule]);
                    lab.shops[0].shop.end_access_tokens();
                    lab.shops[0]
                        .shop
                        .add_subscriber(format!("{}@example.com", lab.now()), true);
                    lab.minutes(3).await;
                    seen.is_told_nothing(&when);
                    assert_eq!(address(&lab).await, home, "{when}");
                }
                lab.shops[0].shop.faults().clear();
                lab.minutes(12).await;
            }
        }
        assert!(
            !seen.all().iter().any(|said| said.starts_with("POST")),
            "not even asked in earnest"
        );
        lab.shops[0].shop.faults().clear();
        works(&lab, "after").await;
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_installation_that_is_sent_on_gives_its_code_to_nobody() {
    each_database(async |mut lab| {
        let seen = Seen::default();
        seen.stand_at(&lab, STRANGER);
        lab.add_shop(ShopSetup::default());
        lab.shops[0].shop.set_faults([redirect(301, STRANGER)]);
        lab.install(0).await.unwrap();
        lab.configure(0, CONFIG).await.unwrap();
        lab.minutes(5).await;
        seen.is_told_nothing("install");
        assert_eq!(
            problem_kinds(&lab, 0).await,
            ["shop-sent-on"],
            "told to whom it concerns"
        );
        lab.shops[0].shop.faults().clear();
        works(&lab, "after").await;
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_login_is_given_to_nobody_to_whom_the_shop_sends_us_on() {
    each_database(async |mut lab| {
        let seen = Seen::default();
        seen.stand_at(&lab, STRANGER);
        live_shop(&mut lab, CONFIG, |_| {}).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let settings = lab.shops[0].shop.settings();
        let secrets = [
            (store::SecretName::AdminLogin, Some(settings.admin_login.into())),
            (
                store::SecretName::AdminPassword,
                Some(settings.admin_password.into()),
            ),
            (store::SecretName::RefreshToken, None),
            (store::SecretName::PreviousRefreshToken, None),
        ];
        lab.store.put_secrets(known.id, &secrets, None).await.unwrap();
        for status in [301, 302, 303, 307, 308] {
            lab.shops[0].shop.end_access_tokens();
            lab.shops[0].shop.set_faults([redirect(status, STRANGER)]);
            lab.minutes(5).await;
            seen.is_told_nothing("login");
            lab.shops[0].shop.faults().clear();
            works(&lab, &format!("after{status}")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_move_to_the_shops_own_domain_is_followed_and_undone_when_the_domain_fails() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.own_domain = Some(OWN.to_owned());
        live_shop_with(&mut lab, setup, CONFIG, |_| {}).await;
        let home = address(&lab).await;
        let shop = lab.shops[0].shop.clone();
        // Told in its settings before, which were read at its known address.
        lab.network.route(OWN, Endpoint::Shop(shop.clone()));
        shop.configure(|settings| settings.redirects_to = Some(OWN.to_owned()));
        works(&lab, "moved").await;
        assert_eq!(address(&lab).await, OWN);
        // Renewal finds its way as well, with the old address sending us on as before.
        shop.end_access_tokens();
        works(&lab, "renewed").await;
        assert_eq!(address(&lab).await, OWN);
        // The domain runs out; the shop is still where it was.
        shop.configure(|settings| settings.redirects_to = None);
        lab.network.unroute(OWN);
        works(&lab, "back").await;
        assert_eq!(address(&lab).await, home);
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn secrets_go_to_the_old_address_as_long_as_it_answers() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.own_domain = Some(OWN.to_owned());
        live_shop_with(&mut lab, setup, CONFIG, |_| {}).await;
        let home = address(&lab).await;
        let shop = lab.shops[0].shop.clone();
        lab.network.route(OWN, Endpoint::Shop(shop.clone()));
        shop.configure(|settings| settings.redirects_to = Some(OWN.to_owned()));
        works(&lab, "moved").await;
        // The domain is somebody else's now, who refuses our token to be given a better one.
        shop.configure(|settings| settings.redirects_to = None);
        let seen = Seen::default();
        let refuses = seen.clone();
        let handler = Endpoint::handler(move |request: &Request| {
            let mut answer = refuses.note(request);
            *answer.status_mut() = http::StatusCode::UNAUTHORIZED;
            async move { answer }
        });
        lab.network.route(OWN, handler);
        works(&lab, "back").await;
        assert_eq!(address(&lab).await, home);
        assert!(
            seen.all().iter().all(|said| !said.contains("oauth/token")),
            "{:?}",
            seen.all()
        );
    })
    .await;
}

#[tokio::test]
async fn a_header_that_names_a_domain_proves_no_move_and_a_signed_message_does() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        let shop = lab.shops[0].shop.clone();
        let home = address(&lab).await;
        // A webhook names the domain in a header, which its signature does not cover.
        lab.network.route(OWN, Endpoint::Shop(shop.clone()));
        shop.configure(|settings| settings.redirects_to = Some(OWN.to_owned()));
        shop.add_subscriber("webhook@example.com", true);
        lab.minutes(12).await;
        assert_eq!(address(&lab).await, home);
        assert_eq!(problem_kinds(&lab, 0).await, ["shop-sent-on"]);
        shop.configure(|settings| settings.redirects_to = None);
        lab.network.unroute(OWN);
        works(&lab, "back").await;
        const OTHER: &str = "https://inny.example";
        shop.set_webhook_faults(WebhookFaults {
            drop: 1.0,
            ..WebhookFaults::default()
        });
        lab.network.route(OTHER, Endpoint::Shop(shop.clone()));
        shop.configure(|settings| settings.redirects_to = Some(OTHER.to_owned()));
        lab.minutes(12).await;
        assert_eq!(address(&lab).await, home, "nothing has named it yet");
        assert_eq!(problem_kinds(&lab, 0).await, ["shop-sent-on"]);
        let mut message = shop.upgrade_message(7);
        message.retain(|(name, _)| name != "hash");
        for pair in &mut message {
            if pair.0 == "shop_url" {
                pair.1 = OTHER.to_owned();
            }
        }
        let hash = message_hash(&shop.settings().appstore_secret, &message);
        message.push(("hash".to_owned(), hash));
        assert_eq!(lab.send_lifecycle(&message).await.unwrap(), 200);
        works(&lab, "message").await;
        assert_eq!(address(&lab).await, OTHER);
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

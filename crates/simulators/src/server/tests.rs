//! The servers over a real socket, with the real client.

use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use http::Method;
use ports::{HttpClient, HttpClientSettings, ManualClock, Reach, Response, SystemClock, TransportError};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::faults::{Fault, FaultRule};
use crate::sare::{Account, AccountSettings};
use crate::shoper::{Shop, ShopSettings};

const EMAIL: &str = "anna@example.com";

struct Running {
    address: SocketAddr,
    client: HttpClient,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

async fn serving(endpoint: Endpoint) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(endpoint, listener, async move { drop(stopped.await) }));
    let client = HttpClient::new(HttpClientSettings {
        reach: Reach::PublicAndLoopback,
        ..HttpClientSettings::default()
    })
    .unwrap();
    Running {
        address,
        client,
        stop,
        server,
    }
}

fn an_account() -> Account {
    Account::new(AccountSettings::default(), Arc::new(SystemClock), 1)
}

impl Running {
    async fn call(&self, method: Method, path: &str, body: Value) -> Result<(u16, Value), TransportError> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("ApiKey", AccountSettings::default().api_key)
            .header("Content-Type", "application/json")
            .body(Bytes::from(if body.is_null() {
                String::new()
            } else {
                body.to_string()
            }))
            .unwrap();
        let answer = self.client.send(request).await?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
        ))
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, Value::Null).await.unwrap().1
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await.unwrap().1
    }

    async fn add(&self) -> Result<(u16, Value), TransportError> {
        let body = json!({ "emails": [{ "email": EMAIL, "status": 8 }] });
        self.call(Method::POST, "/api/v1/12345/email/add", body).await
    }
}

#[tokio::test]
async fn a_contact_travels_over_the_socket_and_the_server_stops_when_told() {
    let account = an_account();
    let running = serving(Endpoint::Sare(account.clone())).await;
    let (status, answer) = running.add().await.unwrap();
    assert_eq!((status, &answer["code"]), (200, &json!(200)));
    let record = running
        .get("/api/v1/12345/email/by_email/anna%40example.com")
        .await;
    assert_eq!(record["response"]["email"], EMAIL);
    assert_eq!(account.requests(), 2);
    running.stop.send(()).unwrap();
    running.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_cut_closes_the_connection_without_an_answer() {
    let account = an_account();
    let running = serving(Endpoint::Sare(account.clone())).await;
    running.get("/api/v1/12345/group/list").await;
    for (fault, contacts) in [(Fault::CutBefore, 0), (Fault::CutAfter, 1)] {
        account.faults().add(FaultRule::always(fault).times(1));
        assert!(matches!(running.add().await, Err(TransportError::Interrupted(_))));
        assert_eq!(account.len(), contacts);
    }
    assert_eq!(running.add().await.unwrap().0, 200, "the next connection works");
    assert_eq!(account.requests(), 4, "nothing was sent twice");
}

#[tokio::test]
async fn latency_is_honoured_and_does_not_hold_up_the_end() {
    let account = an_account();
    let running = serving(Endpoint::Sare(account.clone())).await;
    account.change_settings(|s| s.latency = Duration::from_millis(30));
    let before = std::time::Instant::now();
    running.get("/api/v1/12345/group/list").await;
    assert!(before.elapsed() >= Duration::from_millis(30));

    account.change_settings(|s| s.latency = Duration::ZERO);
    account
        .faults()
        .add(FaultRule::always(Fault::Slow(Duration::from_secs(600))));
    let Running {
        address,
        client,
        stop,
        server,
    } = running;
    let request = http::Request::get(format!("http://{address}/api/v1/12345/group/list")).body(Bytes::new());
    let waiting = tokio::spawn(async move { client.send(request.unwrap()).await });
    while account.requests() < 2 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 401);
}

#[tokio::test]
async fn the_world_can_be_moved_over_http() {
    let running = serving(Endpoint::Sare(an_account())).await;
    let put = running
        .post(
            "/_sim/contacts",
            json!({ "email": EMAIL, "status": 8, "groups": [21], "name": "Anna" }),
        )
        .await;
    assert_eq!((&put["name"], &put["groups"]), (&json!("Anna"), &json!([21])));
    assert_eq!(running.get("/_sim/mailable").await, json!([EMAIL]));
    assert_eq!(
        running.post("/_sim/unsubscribe", json!({ "email": EMAIL })).await,
        json!({ "changed": true })
    );
    assert_eq!(
        running.post("/_sim/unsubscribe", json!({ "email": EMAIL })).await,
        json!({ "changed": false })
    );
    assert_eq!(
        running.get("/_sim/contacts/anna%40example.com").await["status"],
        4
    );
    assert_eq!(
        running.get("/_sim/contacts/nobody%40example.com").await,
        Value::Null
    );
    for (route, status) in [
        ("block", 7),
        ("sign_out", 2),
        ("status", 6),
        ("confirm", 8),
        ("forget", 9),
    ] {
        running
            .post(&format!("/_sim/{route}"), json!({ "email": EMAIL, "status": 6 }))
            .await;
        assert_eq!(
            running.get("/_sim/contacts").await[0]["status"],
            status,
            "{route}"
        );
    }
    running.post("/_sim/delete", json!({ "email": EMAIL })).await;
    assert_eq!(running.get("/_sim/contacts").await, json!([]));
    let log = running.get("/_sim/status_log").await;
    assert_eq!(log.as_array().unwrap().len(), 8);
    assert_eq!(
        (&log[1]["from"], &log[1]["to"], &log[1]["by"]),
        (&json!(8), &json!(4), &json!("recipient"))
    );
    assert_eq!(running.get("/_sim/groups").await[0], json!([1, "Klienci"]));
}

#[tokio::test]
async fn settings_and_faults_change_over_http() {
    let account = an_account();
    let running = serving(Endpoint::Sare(account.clone())).await;
    let settings = running
        .post(
            "/_sim/settings",
            json!({ "click_sets": 3, "envelope": { "with_status": false } }),
        )
        .await;
    assert_eq!(
        (&settings["click_sets"], &settings["uid"]),
        (&json!(3), &json!("12345"))
    );
    assert_eq!(
        (
            account.settings().click_sets,
            account.settings().envelope.with_status
        ),
        (3, false)
    );

    let rule = json!({ "fault": { "retry_after": 9 }, "path_contains": "/email/add", "remaining": 1 });
    running.post("/_sim/faults", rule).await;
    running
        .post("/_sim/faults", json!({ "fault": { "status": 500 } }))
        .await;
    assert_eq!(running.add().await.unwrap().0, 429);
    assert_eq!(running.add().await.unwrap().0, 500);
    running
        .call(Method::DELETE, "/_sim/faults", Value::Null)
        .await
        .unwrap();
    assert_eq!(running.add().await.unwrap().0, 200);
    let counters = running.get("/_sim/counters").await;
    assert_eq!(
        (
            &counters["requests"],
            &counters["faults_struck"],
            &counters["contacts"]
        ),
        (&json!(3), &json!(2), &json!(1))
    );
    let requests = running.get("/_sim/requests").await;
    assert_eq!(
        (&requests[0]["status"], &requests[2]["body"]["emails"][0]["email"]),
        (&json!(429), &json!(EMAIL))
    );
}

#[tokio::test]
async fn wrong_admin_calls_are_told_what_is_wrong() {
    let running = serving(Endpoint::Sare(an_account())).await;
    for (method, path, body, status) in [
        (Method::GET, "/_sim/nothing", Value::Null, 404),
        (Method::PUT, "/_sim/contacts", Value::Null, 404),
        (Method::GET, "/_sim/faults", Value::Null, 404),
        (
            Method::POST,
            "/_sim/unsubscribe",
            json!({ "address": EMAIL }),
            400,
        ),
        (
            Method::POST,
            "/_sim/settings",
            json!({ "no_such_setting": 1 }),
            400,
        ),
        (Method::POST, "/_sim/faults", json!({ "fault": "explode" }), 400),
    ] {
        let (seen, answer) = running.call(method, path, body).await.unwrap();
        assert_eq!(seen, status, "{path}");
        assert!(answer["error"].is_string());
    }
}

#[tokio::test]
async fn webhooks_are_delivered_over_the_socket_and_reported() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let receiver = serving(Endpoint::handler(move |request| {
        let mut seen = sink.lock().unwrap();
        seen.push(request.body().clone());
        let mut answer = Response::default();
        if seen.len() == 2 {
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        async { answer }
    }))
    .await;
    let clock = Arc::new(ManualClock::at(1_764_000_000_000));
    let account = Account::new(AccountSettings::default(), clock.clone(), 1);
    account.change_settings(|s| s.webhook.urls = vec![format!("http://{}/hook", receiver.address)]);
    for email in [EMAIL, "jan@example.com"] {
        account.put_contact(email, 8, &[]);
        account.recipient_clicks_unsubscribe(email);
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let transport = Arc::new(receiver.client.clone());
    let courier = tokio::spawn(deliver(
        Endpoint::Sare(account.clone()),
        transport,
        clock,
        async move {
            drop(stopped.await);
        },
    ));
    while account.deliveries() != (1, 1) {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    courier.await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_shop_is_moved_over_http_as_well() {
    let shop = Shop::new(ShopSettings::default(), Arc::new(SystemClock), 1);
    let running = serving(Endpoint::Shop(shop.clone())).await;
    let new = json!({
        "email": EMAIL, "firstname": "Anna", "newsletter": true, "tags": ["VIP"],
        "address": { "city": "Rybnik", "phone": "500600700" },
    });
    let id = running.post("/_sim/customers", new).await["id"].as_i64().unwrap();
    let anna = running.get(&format!("/_sim/customers/{id}")).await;
    assert_eq!(
        (&anna["address"]["city"], &anna["tags"]),
        (&json!("Rybnik"), &json!(["VIP"]))
    );
    let edited = json!({ "lastname": "Nowak", "address": { "phone": "500600701" } });
    assert_eq!(
        running.post(&format!("/_sim/customers/{id}"), edited).await,
        json!({ "changed": true })
    );
    let anna = running.get("/_sim/customers/anna%40example.com").await;
    assert_eq!(
        (&anna["firstname"], &anna["lastname"]),
        (&json!("Anna"), &json!("Nowak"))
    );
    assert_eq!(
        (&anna["address"]["city"], &anna["address"]["phone"]),
        (&json!("Rybnik"), &json!("500600701"))
    );

    let row = running.post("/_sim/subscribers", json!({ "email": EMAIL })).await["id"]
        .as_i64()
        .unwrap();
    assert_eq!(
        running.post("/_sim/unsubscribe", json!({ "email": EMAIL })).await,
        json!({ "changed": true })
    );
    assert_eq!(
        running.post("/_sim/unsubscribe", json!({ "email": EMAIL })).await,
        json!({ "changed": false })
    );
    assert_eq!(running.get("/_sim/customers").await[0]["newsletter"], false);
    assert_eq!(
        running.get(&format!("/_sim/subscribers/{row}")).await["active"],
        false
    );
    running
        .post(&format!("/_sim/subscribers/{row}"), json!({ "active": true }))
        .await;
    assert_eq!(running.get("/_sim/subscribers").await[0]["active"], true);
    let gone = running
        .call(Method::DELETE, &format!("/_sim/subscribers/{row}"), Value::Null)
        .await
        .unwrap();
    assert_eq!(gone.1, json!({ "changed": true }));
    running
        .post("/_sim/orders", json!({ "email": "guest@example.com" }))
        .await;
    running
        .call(Method::DELETE, &format!("/_sim/customers/{id}"), Value::Null)
        .await
        .unwrap();
    let customers = running.get("/_sim/customers").await;
    assert_eq!(
        (customers.as_array().unwrap().len(), &customers[0]["registered"]),
        (1, &json!(false))
    );

    let message = running.post("/_sim/messages/install", Value::Null).await;
    assert!(message["form"].as_str().unwrap().contains("action=install"));
    assert_eq!(running.get("/_sim/counters").await["installed"], true);
    assert!(running.post("/_sim/messages/iframe", Value::Null).await["form"].is_string());
    running.post("/_sim/settings", json!({ "latency": 1 })).await;
    assert_eq!(shop.latency(), Duration::from_millis(1));
    running.post("/_sim/webhook_faults", json!({ "drop": 0.5 })).await;
    running.post("/_sim/lock", json!({ "locked": true })).await;
    assert_eq!(
        running
            .call(Method::GET, "/webapi/rest/users", Value::Null)
            .await
            .unwrap()
            .0,
        503
    );
    assert_eq!(running.get("/_sim/webhooks").await, json!([]));
    assert_eq!(running.get("/_sim/requests").await.as_array().unwrap().len(), 1);
    assert_eq!(
        running.post("/_sim/customers/none", json!({})).await["error"],
        "no such route"
    );
}

#[tokio::test]
async fn every_message_of_the_appstore_can_be_had_over_http() {
    let shop = Shop::new(ShopSettings::default(), Arc::new(SystemClock), 1);
    let running = serving(Endpoint::Shop(shop.clone())).await;
    for (route, body, part) in [
        ("install", Value::Null, "auth_code="),
        ("upgrade", json!({ "version": 7 }), "application_version=7"),
        ("billing_install", Value::Null, "action=billing_install"),
        (
            "billing_subscription",
            json!({ "end": 1_795_431_600_000_i64 }),
            "2026-11-23+12%3A00%3A00",
        ),
        ("iframe", json!({ "place": "my-apps" }), "place=my-apps"),
        ("uninstall", Value::Null, "action=uninstall"),
    ] {
        let form = running.post(&format!("/_sim/messages/{route}"), body).await["form"].clone();
        let form = form.as_str().unwrap();
        assert!(form.contains(part) && form.contains("hash="), "{form}");
    }
    assert!(!shop.installed());
    let unknown = running.post("/_sim/messages/dance", Value::Null).await;
    assert_eq!(unknown["error"], "no such route");
}

#[tokio::test]
async fn a_strangers_webhook_and_a_misspelt_setting_are_taken_as_such() {
    let account = an_account();
    account.change_settings(|s| s.webhook.urls = vec!["http://app.example/hook".to_owned()]);
    let running = serving(Endpoint::Sare(account.clone())).await;
    let forged = running
        .post("/_sim/forge_webhook", json!({ "email": EMAIL }))
        .await;
    assert_eq!(forged, json!({ "changed": true }));
    assert_eq!(account.take_deliveries(i64::MAX).len(), 1);

    let shop = Shop::new(ShopSettings::default(), Arc::new(SystemClock), 1);
    let running = serving(Endpoint::Shop(shop.clone())).await;
    let misspelt = json!({ "webhook_singing": "derived" });
    let (status, answer) = running
        .call(Method::POST, "/_sim/settings", misspelt)
        .await
        .unwrap();
    assert!(status == 400 && answer["error"].as_str().unwrap().contains("webhook_singing"));
    let settings = running
        .post(
            "/_sim/settings",
            json!({ "webhook_signing": "derived", "bucket": null }),
        )
        .await;
    assert_eq!(
        (&settings["webhook_signing"], &settings["bucket"]),
        (&json!("derived"), &Value::Null)
    );
    running
        .post(
            "/_sim/faults",
            json!({ "fault": { "status": 409 }, "path_contains": "/users" }),
        )
        .await;
    assert_eq!(
        running
            .call(Method::GET, "/webapi/rest/users", Value::Null)
            .await
            .unwrap()
            .0,
        409
    );
    assert_eq!(running.get("/_sim/counters").await["faults_struck"], 1);
}

#[tokio::test]
async fn a_shops_webhook_arrives_signed_and_a_slow_receiver_loses_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let receiver = serving(Endpoint::handler(move |request| {
        let mut seen = sink.lock().unwrap();
        seen.push((request.headers().clone(), request.body().clone()));
        let wait = Duration::from_secs(if seen.len() == 2 { 60 } else { 0 });
        async move {
            tokio::time::sleep(wait).await;
            Response::default()
        }
    }))
    .await;
    let shop = Shop::new(ShopSettings::default(), Arc::new(SystemClock), 1);
    shop.add_foreign_webhook(
        &format!("http://{}/hook", receiver.address),
        &["subscriber.create"],
    );
    for email in [EMAIL, "jan@example.com"] {
        shop.add_subscriber(email, true);
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let courier = tokio::spawn(deliver(
        Endpoint::Shop(shop.clone()),
        Arc::new(receiver.client.clone()),
        Arc::new(SystemClock),
        async move { drop(stopped.await) },
    ));
    while shop.webhooks()[0].failures == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.send(()).unwrap();
    courier.await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        (seen.len(), shop.webhooks()[0].failures),
        (2, 1),
        "each was tried once"
    );
    let (headers, body) = &seen[0];
    assert_eq!(headers["X-Webhook-Name"], "subscriber.create");
    assert_eq!(
        headers["X-Webhook-SHA1"],
        crate::shoper::webhook_sha1(1, "", body)
    );
}

async fn text(running: &Running, path: &str) -> String {
    let request = http::Request::get(format!("http://{}{path}", running.address))
        .body(Bytes::new())
        .unwrap();
    let answer = running.client.send(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    String::from_utf8(answer.body().to_vec()).unwrap()
}

#[tokio::test]
async fn the_administrations_page_frames_the_app_with_a_signed_address_in_its_language() {
    let shop = Shop::new(ShopSettings::default(), Arc::new(SystemClock), 1);
    let running = serving(Endpoint::Shop(shop.clone())).await;
    let nowhere = text(&running, "/_sim/admin").await;
    assert!(nowhere.contains(r#"<html lang="pl">"#) && nowhere.contains(r#"data-src="""#));

    let page = text(
        &running,
        "/_sim/admin?lang=en&app=http://127.0.0.1:8080/x&init=fail&styles=none",
    )
    .await;
    assert!(page.contains(r#"<html lang="en">"#) && page.contains("My applications"));
    assert!(page.contains(r#"data-init="fail" data-styles="none" data-show-after="4000""#));
    let (_, rest) = page
        .split_once(r#"data-src="http://127.0.0.1:8080/panel?"#)
        .unwrap();
    let query = rest.split('"').next().unwrap().replace("&amp;", "&");
    let params: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let get = |name: &str| params.iter().find(|(found, _)| found == name).unwrap().1.clone();
    assert_eq!(
        (get("translations"), get("shop")),
        ("en_US".to_owned(), shop.settings().license)
    );
    let signed: Vec<_> = params[..3].to_vec();
    let secret = shop.settings().appstore_secret;
    assert_eq!(get("hash"), crate::shoper::message_hash(&secret, &signed));
    assert!(!page.contains("{{"), "every place is filled");
}

#[tokio::test]
async fn the_administrations_page_has_its_files_and_invents_no_app_from_others_webhooks() {
    let shop = Shop::new(ShopSettings::default(), Arc::new(SystemClock), 1);
    let running = serving(Endpoint::Shop(shop.clone())).await;
    for (file, part) in [
        ("sdk.js", "window.ShopApp"),
        ("page.js", "shopCall"),
        ("page.css", "iframe"),
        ("styles.css", "body"),
        ("new-styles.css", "body"),
    ] {
        assert!(
            text(&running, &format!("/_sim/admin/{file}"))
                .await
                .contains(part),
            "{file}"
        );
    }
    let (status, _) = running
        .call(Method::GET, "/_sim/admin/other.js", Value::Null)
        .await
        .unwrap();
    assert_eq!(status, 404);
    shop.add_foreign_webhook("http://elsewhere.example/hook", &["client.create"]);
    for app in ["", "?app=javascript:alert(1)", "?app=%22%3E%3Cscript%3E"] {
        let page = text(&running, &format!("/_sim/admin{app}")).await;
        assert!(page.contains(r#"data-src="""#), "{app}");
    }
}

//! How time, cuts, routes and crashes behave on the in-process network.

use futures_util::FutureExt;
use ports::Clock;
use serde_json::json;

use super::*;
use crate::faults::{Fault, FaultRule};
use crate::sare::{Account, AccountSettings};

const NOW: Millis = 1_764_000_000_000;
const SARE: &str = "https://s.enewsletter.pl";
const EMAIL: &str = "anna@example.com";

struct World {
    network: Network,
    account: Account,
    clock: Arc<ManualClock>,
}

fn a_world(latency: Duration) -> World {
    let clock = Arc::new(ManualClock::at(NOW));
    let settings = AccountSettings {
        latency,
        ..AccountSettings::default()
    };
    let account = Account::new(settings, clock.clone(), 1);
    let network = Network::new(clock.clone());
    network.route(SARE, Endpoint::Sare(account.clone()));
    World {
        network,
        account,
        clock,
    }
}

fn add(account: &Account, origin: &str, email: &str) -> Request {
    http::Request::post(format!("{origin}/api/v1/{}/email/add", account.settings().uid))
        .header("ApiKey", account.settings().api_key)
        .header("Content-Type", "application/json")
        .body(json!({ "emails": [{ "email": email }] }).to_string().into())
        .unwrap()
}

impl World {
    async fn add(&self) -> Result<u16, TransportError> {
        self.network
            .send(add(&self.account, SARE, EMAIL))
            .await
            .map(|answer| answer.status().as_u16())
    }

    fn passed(&self) -> Millis {
        self.clock.now() - NOW
    }
}

#[tokio::test]
async fn an_exchange_takes_as_long_as_the_simulator_is_slow() {
    let world = a_world(Duration::from_millis(40));
    assert_eq!(world.add().await, Ok(200));
    assert_eq!(world.passed(), 40);
    world
        .account
        .faults()
        .add(FaultRule::always(Fault::Slow(Duration::from_secs(10))).times(1));
    assert_eq!(world.add().await, Ok(200));
    assert_eq!(world.passed(), 40 + 10_040);
}

#[tokio::test]
async fn an_answer_later_than_the_time_out_is_a_time_out_with_an_effect() {
    let world = a_world(Duration::ZERO);
    world.network.set_timeout(Duration::from_secs(5));
    world
        .account
        .faults()
        .add(FaultRule::always(Fault::Slow(Duration::from_secs(60))));
    assert_eq!(world.add().await, Err(TransportError::Timeout));
    assert_eq!((world.passed(), world.account.len()), (5_000, 1));
}

#[tokio::test]
async fn a_cut_breaks_the_connection_with_or_without_an_effect() {
    for (fault, contacts) in [(Fault::CutBefore, 0), (Fault::CutAfter, 1)] {
        let world = a_world(Duration::ZERO);
        world.account.faults().add(FaultRule::always(fault).times(1));
        assert!(matches!(world.add().await, Err(TransportError::Interrupted(_))));
        assert_eq!(world.account.len(), contacts);
        assert_eq!(world.add().await, Ok(200));
    }
}

#[tokio::test]
async fn nobody_answers_at_an_unknown_or_removed_address() {
    let world = a_world(Duration::from_millis(40));
    for origin in [
        "https://elsewhere.example",
        "http://s.enewsletter.pl",
        "https://s.enewsletter.pl:8443",
    ] {
        let answer = world.network.send(add(&world.account, origin, EMAIL)).await;
        assert!(answer.unwrap_err().surely_not_sent(), "{origin}");
    }
    world.network.unroute(SARE);
    assert!(matches!(world.add().await, Err(TransportError::Connect(_))));
    assert_eq!(
        (world.passed(), world.network.requests(), world.account.len()),
        (0, 4, 0)
    );
}

#[tokio::test]
async fn hosts_are_the_same_in_any_case_and_with_their_own_port() {
    let world = a_world(Duration::ZERO);
    for origin in ["HTTPS://S.eNewsletter.PL", "https://s.enewsletter.pl:443"] {
        assert_eq!(
            world
                .network
                .send(add(&world.account, origin, EMAIL))
                .await
                .unwrap()
                .status(),
            200
        );
    }
}

#[tokio::test]
async fn accounts_share_a_host_by_the_longest_path() {
    let world = a_world(Duration::ZERO);
    let settings = AccountSettings {
        uid: "777".to_owned(),
        ..AccountSettings::default()
    };
    let other = Account::new(settings, world.clock.clone(), 2);
    world
        .network
        .route(&format!("{SARE}/api/v1/777/"), Endpoint::Sare(other.clone()));
    assert_eq!(
        world
            .network
            .send(add(&other, SARE, EMAIL))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(world.add().await, Ok(200));
    assert_eq!((other.len(), world.account.len()), (1, 1));
    let mut longer = add(&other, SARE, EMAIL);
    *longer.uri_mut() = format!("{SARE}/api/v1/7777/email/add").parse().unwrap();
    assert_eq!(
        world.network.send(longer).await.unwrap().status(),
        401,
        "a prefix ends where a segment ends"
    );
}

#[tokio::test]
async fn after_a_halt_requests_fail_or_never_come_back() {
    let world = a_world(Duration::ZERO);
    world.network.halt_after(2, Halt::Interrupted);
    assert_eq!((world.add().await, world.add().await), (Ok(200), Ok(200)));
    assert!(matches!(world.add().await, Err(TransportError::Interrupted(_))));
    world.network.halt_after(0, Halt::Never);
    assert_eq!(world.add().now_or_never(), None);
    assert_eq!(
        world.account.requests(),
        2,
        "nothing reached the account after the halt"
    );
    world.network.resume();
    assert_eq!(world.add().await, Ok(200));
}

#[tokio::test]
async fn without_latency_real_time_does_not_wait() {
    let clock = Arc::new(ManualClock::at(NOW));
    let account = Account::new(AccountSettings::default(), clock, 1);
    let network = Network::real_time();
    network.route(SARE, Endpoint::Sare(account.clone()));
    let answer = network
        .send(add(&account, SARE, EMAIL))
        .now_or_never()
        .expect("ready at once");
    assert_eq!(answer.unwrap().status(), 200);
    account.change_settings(|s| s.latency = Duration::from_millis(1));
    let before = std::time::Instant::now();
    network.send(add(&account, SARE, EMAIL)).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(1));
}

#[tokio::test]
async fn due_webhooks_reach_their_handler_and_results_come_back() {
    let world = a_world(Duration::ZERO);
    world.account.change_settings(|s| {
        s.webhook.urls = vec![
            "https://app.example/hook".to_owned(),
            "https://gone.example/".to_owned(),
        ];
        s.webhook.late = Duration::from_secs(30);
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    world.network.route(
        "https://app.example",
        Endpoint::handler(move |request| {
            sink.lock()
                .unwrap()
                .push((request.uri().path().to_owned(), request.body().clone()));
            async { Response::default() }
        }),
    );
    world.account.put_contact(EMAIL, 8, &[]);
    world.account.recipient_clicks_unsubscribe(EMAIL);
    assert_eq!(world.network.deliver(NOW + 29_999).await, (0, 0));
    assert_eq!(world.network.deliver(NOW + 30_000).await, (1, 1));
    assert_eq!(world.account.deliveries(), (1, 1));
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), seen[0].0.as_str()), (1, "/hook"));
    assert!(String::from_utf8_lossy(&seen[0].1).contains(EMAIL));
}

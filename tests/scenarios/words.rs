//! What the stories are told with.

use std::time::Duration;

use shoper_sare::lab::{self, Lab, LabShop};
use simulators::shoper::{NewAddress, NewCustomer};
use store::{Counts, Outcome, Run};

pub use shoper_sare::lab::{CONFIG, ShopSetup};
pub use simulators::sare::status::{BLOCKED, CONFIRMED, SIGNED_OUT, UNCONFIRMED};

/// A recipient asked to be removed.
pub const REMOVAL_REQUESTED: i64 = 4;

/// Tells the story once on each database.
pub async fn each_database(story: impl AsyncFn(Lab)) {
    let server = std::env::var(lab::TEST_SERVER).ok();
    assert!(
        server.is_some() || std::env::var("CI").is_err(),
        "{} must name a PostgreSQL server here",
        lab::TEST_SERVER
    );
    for database in lab::databases(server.as_deref()).await.expect("a database") {
        story(Lab::open(database).await.expect("a laboratory")).await;
    }
}

/// The same with settings of the engine changed.
pub async fn each_database_with(change: impl Fn(&mut engine::EngineSettings), story: impl AsyncFn(Lab)) {
    let server = std::env::var(lab::TEST_SERVER).ok();
    for database in lab::databases(server.as_deref()).await.expect("a database") {
        story(Lab::open_with(database, &change).await.expect("a laboratory")).await;
    }
}

/// The same at a pace at which days pass quickly: looks and comparisons every ten minutes, polls every half hour.
pub async fn each_database_over_days(story: impl AsyncFn(Lab)) {
    let slowly = |settings: &mut engine::EngineSettings| {
        settings.discover_every = Duration::from_secs(600);
        settings.counts_every = Duration::from_secs(600);
        settings.poll_every = Duration::from_secs(1_800);
        settings.beat_every = Duration::from_secs(900);
        settings.absent_after = Duration::from_secs(3_600);
    };
    each_database_with(slowly, story).await;
}

/// A customer with an address, who wants the newsletter or not.
pub fn customer(email: &str, newsletter: bool) -> NewCustomer {
    NewCustomer::new(email)
        .name("Anna", "Żółć")
        .newsletter(newsletter)
        .address(address("Łódź", "600700800"))
}

/// An entry of an address book.
pub fn address(city: &str, phone: &str) -> NewAddress {
    NewAddress {
        city: city.into(),
        phone: phone.into(),
        ..NewAddress::default()
    }
}

/// A laboratory with one shop in which the app is installed and configured with `config`, and whose
/// first synchronisation is over. `before` fills the shop and the account.
pub async fn live_shop(lab: &mut Lab, config: &str, before: impl FnOnce(&LabShop)) {
    live_shop_with(lab, ShopSetup::default(), config, before).await;
}

/// The same with settings of the services changed.
pub async fn live_shop_with(lab: &mut Lab, setup: ShopSetup, config: &str, before: impl FnOnce(&LabShop)) {
    let index = lab.shops.len();
    live_shop_at(lab, index, setup, config, before).await;
}

/// The same for the shop that will have this place.
pub async fn live_shop_at(
    lab: &mut Lab,
    place: usize,
    setup: ShopSetup,
    config: &str,
    before: impl FnOnce(&LabShop),
) {
    let index = lab.add_shop(setup);
    assert_eq!(index, place, "shops are added in order");
    before(&lab.shops[index]);
    lab.install(index).await.expect("installed");
    lab.configure(index, config).await.expect("configured");
    lab.settle().await;
    let run = newest_run(lab, index).await;
    assert_eq!(
        run.state,
        store::RunState::Done,
        "the first synchronisation: {run:?}"
    );
}

/// The newest run of a shop.
pub async fn newest_run(lab: &Lab, index: usize) -> Run {
    let shop = lab.shops[index]
        .known(&lab.store)
        .await
        .expect("the shop is known");
    lab.store
        .runs(shop.id, 1)
        .await
        .expect("the ledger answers")
        .remove(0)
}

/// How a shop's contacts stand.
pub async fn counts(lab: &Lab, index: usize) -> Counts {
    let shop = lab.shops[index]
        .known(&lab.store)
        .await
        .expect("the shop is known");
    lab.store.counts(shop.id).await.expect("the ledger answers")
}

/// How many contacts of a shop stand so.
pub async fn count_of(lab: &Lab, index: usize, outcome: Outcome) -> i64 {
    counts(lab, index)
        .await
        .by_outcome
        .get(&(outcome as i64))
        .copied()
        .unwrap_or(0)
}

/// Kinds of the open problems of a shop.
pub async fn problem_kinds(lab: &Lab, index: usize) -> Vec<String> {
    let shop = lab.shops[index]
        .known(&lab.store)
        .await
        .expect("the shop is known");
    let problems = lab
        .store
        .problems(shop.id, 100, 0)
        .await
        .expect("the ledger answers");
    problems
        .into_iter()
        .map(|problem| problem.kind.to_string())
        .collect()
}

/// Asks for a run and lets it happen.
pub async fn run(lab: &Lab, index: usize, kind: store::RunKind) -> Run {
    let shop = lab.shops[index]
        .known(&lab.store)
        .await
        .expect("the shop is known");
    let body = engine::Body::default().text();
    let id = lab
        .store
        .create_run(shop.id, kind, &body, lab.now())
        .await
        .expect("no other run is active");
    lab.store
        .wake(shop.id, lab.now())
        .await
        .expect("the ledger answers");
    lab.settle().await;
    lab.store
        .run(shop.id, id)
        .await
        .expect("the ledger answers")
        .expect("the run is there")
}

/// Requests of SARE that wrote something, since `from` in the log.
pub fn writes(shop: &LabShop, from: usize) -> usize {
    let reads = [
        "status_by_email_list",
        "by_email_list",
        "by_email",
        "group/list",
        "email/props",
    ];
    shop.sare
        .request_log()
        .iter()
        .skip(from)
        .filter(|request| !reads.iter().any(|read| request.path.contains(read)))
        .count()
}

/// A few seconds, enough for a webhook to take effect.
pub async fn a_moment(lab: &Lab) {
    lab.pass(Duration::from_secs(10)).await;
}

/// A day and a bit: every sweep has come round.
pub async fn a_day(lab: &Lab) {
    lab.pass(Duration::from_secs(25 * 3600)).await;
    lab.settle().await;
}

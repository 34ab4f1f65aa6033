//! What it costs to stay current: a shop in which nothing happens is hardly asked, and what happens is known in the promised
//! time all the same.

use std::time::Duration;

use shoper_sare::lab::{self, Database, Lab};
use simulators::data::{Size, populate};
use simulators::faults::{Fault, FaultRule};
use simulators::shoper::{ChangeFilter, WebhookFaults};
use sync_core::cadence::{
    COUNTED_WITHIN_MS, LOOK_DEAF_MS, LOOK_LEAST_MS, LOOK_MOST_MS, POLL_MS, POLL_RECENT_MS, SWEPT_WITHIN_MS,
};

use crate::words::*;

const DAY: Duration = Duration::from_secs(86_400);
/// Requests that an idle shop of 5,000 contacts makes in a day at most, to the shop and to SARE.
const IDLE_DAY: (u64, u64) = (150, 120);

fn minutes_of(ms: i64) -> u64 {
    ms.unsigned_abs() / 60_000
}

/// A laboratory in which shops are looked at as often as in production.
async fn at_own_pace() -> Lab {
    let database = Database::sqlite().expect("a database");
    let lab = Lab::open_with(database, lab::own_pace).await;
    lab.expect("a laboratory")
}

/// Requests to the shop and to SARE while `time` passes.
async fn asked_during(lab: &Lab, time: Duration) -> (u64, u64) {
    let asked = || {
        let shop = &lab.shops[0];
        (shop.shop.request_count(), shop.sare.requests())
    };
    let before = asked();
    lab.pass(time).await;
    let after = asked();
    (after.0 - before.0, after.1 - before.1)
}

/// Every webhook is lost from now on.
fn deaf(lab: &Lab) {
    lab.shops[0].shop.set_webhook_faults(WebhookFaults {
        drop: 1.0,
        ..WebhookFaults::default()
    });
}

/// A shop of 5,000 contacts, half of them customers alone, that can be asked for what has changed or cannot.
async fn five_thousand(lab: &mut Lab, filter: ChangeFilter, config: &str) {
    let mut setup = ShopSetup::default();
    setup.shop.updated_at_filter = filter;
    live_shop_with(lab, setup, config, |s| {
        let size = Size {
            customers: 2_500,
            subscribers: 2_500,
            overlap: 0.0,
            invalid: 0.0,
            ..Size::of(0)
        };
        populate(&s.shop, size, 9);
    })
    .await;
    assert!(counts(lab, 0).await.contacts >= 4_900);
    // What the filter has to read anew of the days before.
    lab.pass(DAY).await;
}

#[tokio::test]
async fn an_idle_shop_of_five_thousand_contacts_is_hardly_asked() {
    // Where the shop cannot be asked for what has changed, a whole sweep fits as long as no addresses are read with it.
    let plain: String = CONFIG
        .lines()
        .filter(|line| !line.contains("address."))
        .fold(String::new(), |text, line| text + line + "\n");
    for (filter, config) in [(ChangeFilter::Works, CONFIG), (ChangeFilter::Ignored, &plain)] {
        let mut lab = at_own_pace().await;
        five_thousand(&mut lab, filter, config).await;
        for day in 1..=2 {
            let (shop, sare) = asked_during(&lab, DAY).await;
            assert!(
                shop <= IDLE_DAY.0,
                "{filter:?}, day {day}: {shop} requests to the shop"
            );
            assert!(
                sare <= IDLE_DAY.1,
                "{filter:?}, day {day}: {sare} requests to SARE"
            );
        }
    }
}

#[tokio::test]
async fn where_a_shop_cannot_be_asked_for_what_has_changed_it_is_read_once_a_day_and_hardly_asked_otherwise()
{
    for filter in [
        ChangeFilter::Ignored,
        ChangeFilter::Error400,
        ChangeFilter::Nothing,
    ] {
        let mut lab = at_own_pace().await;
        live_shop_at_pace(&mut lab, filter).await;
        lab.pass(DAY).await;
        let (shop, sare) = asked_during(&lab, DAY).await;
        assert!(
            shop <= IDLE_DAY.0 && sare <= IDLE_DAY.1,
            "{filter:?}: {shop}, {sare}"
        );
        // Whatever the filter says, the sweep finds a lost change within the day.
        deaf(&lab);
        let row = lab.shops[0].shop.subscriber_by_email("s1@example.com").unwrap();
        lab.shops[0]
            .shop
            .edit_subscriber(row.id, |row| row.active = false);
        lab.pass(Duration::from_millis(SWEPT_WITHIN_MS.unsigned_abs()))
            .await;
        assert_eq!(
            lab.shops[0].status("s1@example.com"),
            Some(REMOVAL_REQUESTED),
            "{filter:?}"
        );
    }
}

/// A small shop whose list of changes is this.
async fn live_shop_at_pace(lab: &mut Lab, filter: ChangeFilter) {
    let mut setup = ShopSetup::default();
    setup.shop.updated_at_filter = filter;
    live_shop_with(lab, setup, CONFIG, |s| {
        for n in 0..60 {
            s.shop.add_subscriber(format!("s{n}@example.com"), true);
            s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
        }
    })
    .await;
}

/// Two days of a shop: so many requests to it and to SARE on each.
async fn two_days(lab: &Lab, mut happens: impl FnMut(&Lab, u64)) -> [(u64, u64); 2] {
    let mut days = [(0, 0); 2];
    for (day, asked) in days.iter_mut().enumerate() {
        for quarter in 0..96 {
            happens(lab, day as u64 * 96 + quarter);
            let (shop, sare) = asked_during(lab, Duration::from_secs(900)).await;
            asked.0 += shop;
            asked.1 += sare;
        }
    }
    days
}

#[tokio::test]
async fn two_days_of_a_busy_shop_and_of_a_deaf_one_cost_what_happens_there() {
    let new = |lab: &Lab, n: u64| {
        lab.shops[0]
            .shop
            .add_subscriber(format!("new{n}@example.com"), true);
    };
    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    let busy = two_days(&lab, new).await;
    // Webhooks work: each of 96 events costs a few requests, and the looks stay rare.
    assert!(
        busy.iter()
            .all(|day| day.0 <= 96 * 4 + 150 && day.1 <= 96 * 5 + 120),
        "{busy:?}"
    );

    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    deaf(&lab);
    let lost = two_days(&lab, new).await;
    // All is found by looks every two minutes, two requests each, and counts with every fifth, four each.
    assert!(
        lost.iter()
            .all(|day| day.0 <= 720 * 2 + 144 * 4 + 96 * 4 && day.1 <= 96 * 5 + 120),
        "{lost:?}"
    );
    assert_eq!(lab.shops[0].status("new191@example.com"), Some(CONFIRMED));

    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    deaf(&lab);
    let idle = two_days(&lab, |_, _| ()).await;
    assert!(
        idle.iter().all(|day| day.0 <= IDLE_DAY.0 && day.1 <= IDLE_DAY.1),
        "{idle:?}"
    );
}

#[tokio::test]
async fn what_a_webhook_told_of_or_lost_is_known_in_the_promised_time() {
    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    lab.pass(DAY).await;
    let signs_up = async |name: &str, within: u64| {
        let email = format!("{name}@example.com");
        lab.shops[0].shop.add_subscriber(email.as_str(), true);
        lab.minutes(within).await;
        assert_eq!(lab.shops[0].status(&email), Some(CONFIRMED), "{name}");
    };
    signs_up("told", 1).await;
    lab.shops[0].shop.set_webhook_faults(WebhookFaults {
        drop: 1.0,
        ..WebhookFaults::default()
    });
    // Nobody expects a loss: the look is an hour away at most. From then on it is minutes.
    signs_up("first-lost", minutes_of(LOOK_MOST_MS) + 1).await;
    signs_up("second-lost", minutes_of(LOOK_LEAST_MS) + 1).await;
    lab.pass(Duration::from_secs(12 * 3_600)).await;
    signs_up("known-to-be-deaf", minutes_of(LOOK_DEAF_MS) + 1).await;
}

#[tokio::test]
async fn a_webhook_that_was_switched_off_is_mended_and_what_it_missed_is_looked_for_at_once() {
    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    lab.pass(DAY).await;
    let shop = &lab.shops[0].shop;
    let ours = shop.webhooks()[0].id;
    shop.set_webhook_active(ours, false);
    shop.add_subscriber("missed@example.com", true);
    // The look finds the first one, and that has the webhook checked.
    lab.minutes(minutes_of(LOOK_MOST_MS) + 5).await;
    assert_eq!(lab.shops[0].status("missed@example.com"), Some(CONFIRMED));
    assert!(lab.shops[0].shop.webhooks()[0].active, "it is switched on again");
}

#[tokio::test]
async fn whoever_opens_the_panel_sees_what_is_true_within_two_minutes() {
    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    lab.pass(DAY).await;
    deaf(&lab);
    lab.shops[0].shop.add_subscriber("lost@example.com", true);
    assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s8@example.com"));
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    lab.store.watched(known.id, lab.now()).await.unwrap();
    lab.minutes(minutes_of(LOOK_LEAST_MS)).await;
    assert_eq!(lab.shops[0].status("lost@example.com"), Some(CONFIRMED));
    let row = lab.shops[0].shop.subscriber_by_email("s8@example.com").unwrap();
    assert!(!row.active, "a refusal in SARE is known as well");
}

#[tokio::test]
async fn a_refusal_in_sare_is_carried_over_within_an_hour_of_who_changed_lately_and_within_a_day_of_anybody()
{
    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Works).await;
    let is_off = |lab: &Lab, email: &str| !lab.shops[0].shop.subscriber_by_email(email).unwrap().active;
    lab.pass(DAY * 3).await;
    lab.shops[0].shop.add_subscriber("new@example.com", true);
    lab.minutes(5).await;
    for email in ["new@example.com", "s3@example.com"] {
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe(email));
    }
    lab.minutes(minutes_of(POLL_RECENT_MS) + 2).await;
    assert!(is_off(&lab, "new@example.com"));
    lab.minutes(minutes_of(POLL_MS)).await;
    assert!(is_off(&lab, "s3@example.com"));
}

/// Lists that are asked for what has changed.
async fn proven_lists(lab: &Lab) -> usize {
    let shop = lab.shops[0].known(&lab.store).await.unwrap();
    let lane = lab.store.lane(shop.id).await.unwrap().unwrap();
    let state: serde_json::Value = serde_json::from_str(&lane.state).unwrap();
    state["changes"]["proven"]
        .as_object()
        .map_or(0, serde_json::Map::len)
}

#[tokio::test]
async fn a_filter_that_leaves_changes_out_is_found_out_and_not_used_any_more() {
    let mut lab = at_own_pace().await;
    let mut setup = ShopSetup::default();
    setup.shop.updated_at_filter = ChangeFilter::Partly;
    setup.shop.group_and_tag_change_fires_client_edit = false;
    let config = CONFIG.replacen("name = ", "prop3 = \"tags\"\nname = ", 1);
    live_shop_with(&mut lab, setup, &config, |s| {
        for n in 0..20 {
            s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
        }
    })
    .await;
    lab.pass(DAY * 3).await;
    assert_eq!(proven_lists(&lab).await, 2, "the filter is in use");
    let id = lab.shops[0].shop.customer_by_email("c1@example.com").unwrap().id;
    lab.shops[0]
        .shop
        .edit_customer(id, |c| c.tags = vec!["vip".into()]);
    lab.pass(DAY * 8).await;
    assert_eq!(proven_lists(&lab).await, 0, "and is not any more");
}

#[tokio::test]
async fn a_shop_without_bulk_calls_is_looked_at_list_by_list_and_nothing_is_overlooked() {
    let mut asked = Vec::new();
    for has_bulk in [true, false] {
        let mut lab = at_own_pace().await;
        live_shop_at_pace(&mut lab, ChangeFilter::Ignored).await;
        if !has_bulk {
            let rule = FaultRule::always(Fault::Status(404)).path("/bulk");
            lab.shops[0].shop.faults().add(rule);
        }
        lab.pass(DAY).await;
        asked.push(asked_during(&lab, DAY).await.0);
        deaf(&lab);
        lab.shops[0].shop.add_customer(customer("new@example.com", true));
        lab.minutes(minutes_of(LOOK_MOST_MS) + 1).await;
        assert_eq!(
            lab.shops[0].status("new@example.com"),
            Some(CONFIRMED),
            "{has_bulk}"
        );
    }
    assert!(asked[0] + 20 < asked[1], "one call for both lists: {asked:?}");
}

#[tokio::test]
async fn a_withdrawal_or_a_deletion_that_was_lost_shows_in_the_counts() {
    let mut lab = at_own_pace().await;
    live_shop_at_pace(&mut lab, ChangeFilter::Ignored).await;
    lab.pass(DAY).await;
    deaf(&lab);
    let row = lab.shops[0].shop.subscriber_by_email("s1@example.com").unwrap();
    lab.shops[0].shop.set_subscriber_active(row.id, false);
    lab.minutes(minutes_of(COUNTED_WITHIN_MS) + 10).await;
    assert_eq!(lab.shops[0].status("s1@example.com"), Some(REMOVAL_REQUESTED));
}

//! Many shops at once: what one of them makes others wait for.

use std::collections::HashMap;
use std::time::Duration;

use ports::{Clock, Millis};
use shoper_sare::lab::{self, Lab};

use crate::words::*;

/// Shops whose servers misbehave in one way.
#[derive(Clone, Copy)]
struct Neighbours {
    count: usize,
    /// Time that each of their answers takes.
    latency: Duration,
}

/// Adds shops whose every answer takes so long, with the app installed and somebody in them.
async fn add(lab: &mut Lab, neighbours: Neighbours) {
    for _ in 0..neighbours.count {
        let mut setup = ShopSetup::default();
        setup.shop.latency = neighbours.latency;
        let index = lab.add_live_shop(setup, CONFIG).await.unwrap();
        lab.shops[index].shop.add_subscriber("somebody@example.com", true);
    }
}

/// Lets somebody sign up in the first shop every two seconds or so: how long each waits until SARE knows, in milliseconds
/// of virtual time, the longest last.
async fn waits(lab: &Lab, name: &str, changes: u32) -> Vec<Millis> {
    let mut made = HashMap::new();
    let people = async {
        for n in 0..changes {
            let email = format!("{name}{n}@example.com");
            made.insert(email.clone(), lab.now());
            lab.shops[0].shop.add_subscriber(email, true);
            let pause = 1_700 + 13 * i64::from(n % 40);
            lab.clock.sleep_until(lab.now() + pause).await;
        }
    };
    lab.pass_beside(Duration::from_secs(10 + 2 * u64::from(changes)), people)
        .await;
    let log = lab.shops[0].sare.status_log();
    let mut waits: Vec<Millis> = log
        .iter()
        .filter(|change| change.to == CONFIRMED)
        .filter_map(|change| Some(change.at - made.get(&change.email)?))
        .collect();
    assert_eq!(waits.len(), made.len(), "everybody is there");
    waits.sort_unstable();
    waits
}

/// A healthy shop among these: of a hundred changes ninety-nine have their second, as when it is alone.
async fn is_not_held_up(lab: &mut Lab, neighbours: [Neighbours; 2]) {
    let mut setup = ShopSetup::default();
    setup.shop.latency = Duration::from_millis(80);
    setup.sare.latency = Duration::from_millis(120);
    live_shop_with(lab, setup, CONFIG, |_| {}).await;
    let alone = waits(lab, "alone", 10).await;
    for kind in neighbours {
        add(lab, kind).await;
    }
    let beside = waits(lab, "beside", 20).await;
    let late = |waits: &[Millis]| waits[waits.len() * 99 / 100];
    assert!(
        late(&beside) < 1_000 && late(&beside) <= late(&alone) + 200,
        "alone {alone:?}, beside others {beside:?}"
    );
}

/// Shops that never answer (the time-out is 25 seconds), and shops that answer late.
fn kinds(count: usize) -> [Neighbours; 2] {
    [600, 20].map(|seconds| Neighbours {
        count,
        latency: Duration::from_secs(seconds),
    })
}

#[tokio::test]
async fn shops_that_never_answer_or_answer_late_keep_no_other_shop_waiting() {
    each_database(async |mut lab| is_not_held_up(&mut lab, kinds(60)).await).await;
}

#[tokio::test]
async fn a_thousand_of_either_kind_keep_no_other_shop_waiting() {
    let database = lab::databases(None).await.unwrap().remove(0);
    let mut lab = Lab::open(database).await.unwrap();
    is_not_held_up(&mut lab, kinds(1_000)).await;
}

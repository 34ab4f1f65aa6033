//! `simulate world`: whole histories from seeds, the real program among simulated shops and accounts, with crashes and
//! faults, and a judge who knows nothing of the program.
//!
//! A seed that fails once fails always: it is printed, and `--from` and `--seeds 1` repeat it.

use std::collections::BTreeSet;
use std::time::Duration;

use ports::Millis;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use simulators::data::{Size, populate};
use simulators::faults::{Fault, FaultRule};
use simulators::network::Halt;
use simulators::sare::{RateLimit, status};
use simulators::shoper::{Bucket, WebhookFaults};
use simulators::world::World;
use sync_core::cadence;

use super::output;
use crate::exit;
use crate::lab::{CONFIG, Database, Lab, ShopSetup};

/// Within how long every refusal is noticed, whatever is lost: a day between two readings of a shop, and the time that a
/// reading takes among failing services.
const NOTICED_WITHIN: Millis = cadence::SWEPT_WITHIN_MS + 2 * 3_600_000;

/// Tells `seeds` histories of `steps` acts each, beginning with seed `from`.
pub async fn world(from: u64, seeds: u64, steps: u32) -> anyhow::Result<u8> {
    let mut failed = 0_u64;
    for seed in from..from + seeds {
        let wrong = history(seed, steps).await?;
        for line in &wrong {
            output::line(&format!("seed {seed}: {line}"));
        }
        failed += u64::from(!wrong.is_empty());
    }
    output::line(&format!(
        "{} histories of {steps} acts held, {failed} failed",
        seeds - failed
    ));
    Ok(if failed == 0 { exit::OK } else { exit::FOUND })
}

/// One history: what went wrong in it.
async fn history(seed: u64, steps: u32) -> anyhow::Result<Vec<String>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut lab = Lab::open_with(Database::sqlite()?, |settings| {
        // Days pass: looking less often shows the same and costs less.
        settings.discover_every = Duration::from_secs(900);
        settings.discover_most = Duration::from_millis(cadence::LOOK_MOST_MS.unsigned_abs());
        settings.poll_every = Duration::from_millis(cadence::POLL_MS.unsigned_abs());
        settings.counts_every = Duration::from_secs(3_600);
        settings.beat_every = Duration::from_secs(900);
        settings.absent_after = Duration::from_secs(3_600);
    })
    .await?;
    for number in 0..2 {
        let choice = ["ask-again", "reactivate", "leave"][rng.random_range(0..3)];
        let to_sare = ["removal-requested", "removed"][rng.random_range(0..2)];
        let config =
            format!("{CONFIG}\n[unsubscribe]\nto_sare = \"{to_sare}\"\non_new_opt_in = \"{choice}\"\n");
        let mut setup = ShopSetup {
            seed: seed.wrapping_add(number),
            ..ShopSetup::default()
        };
        limit(&mut setup, seed.wrapping_add(number));
        let index = lab.add_shop(setup);
        populate(&lab.shops[index].shop, Size::of(20), seed.wrapping_add(number));
        lab.install(index).await?;
        lab.configure(index, &config).await?;
    }
    lab.settle().await;
    let shops = lab.shops.iter().map(|shop| shop.shop.clone()).collect();
    let accounts = lab.shops.iter().map(|shop| shop.sare.clone()).collect();
    let mut world = World::new(seed, shops, accounts);
    let mut wrong = BTreeSet::new();
    for _ in 0..steps {
        if rng.random_bool(0.1) {
            trouble(&lab, &mut rng);
        }
        world.step();
        if rng.random_bool(0.05) {
            lab.network.halt_after(rng.random_range(0..15), Halt::Interrupted);
            lab.pass(Duration::from_secs(rng.random_range(1..30))).await;
            lab.restart().await?;
        }
        let pause = [5, 60, 600, 7_200][rng.random_range(0..4)];
        lab.pass(Duration::from_secs(rng.random_range(1..=pause))).await;
        // Whatever is lost and whatever fails, a day is enough.
        wrong.extend(still_mailed(&lab, &mut world, NOTICED_WITHIN));
    }
    // Calm: what was lost is found, what failed is done.
    for shop in &lab.shops {
        shop.shop.faults().clear();
        shop.sare.faults().clear();
        shop.shop.set_webhook_faults(WebhookFaults::default());
    }
    lab.pass(Duration::from_secs(25 * 3_600)).await;
    lab.settle().await;
    wrong.extend(
        world
            .violations()
            .iter()
            .map(|violation| format!("{violation:?}")),
    );
    wrong.extend(still_mailed(&lab, &mut world, 0));
    Ok(wrong.into_iter().collect())
}

/// How much the services of a shop let through: what their vendors say, hardly anything, or all.
fn limit(setup: &mut ShopSetup, seed: u64) {
    let bucket = |limit| {
        Some(Bucket {
            limit,
            ..Bucket::default()
        })
    };
    setup.shop.bucket = [bucket(10.0), bucket(4.0), None][(seed % 3) as usize];
    let rate = |per_second, burst| Some(RateLimit { per_second, burst });
    setup.sare.rate_limit = [None, rate(2.0, 8), rate(1.0, 2)][(seed / 3 % 3) as usize];
}

/// One more thing goes wrong from now on, or all goes well again.
fn trouble(lab: &Lab, rng: &mut ChaCha8Rng) {
    let shop = &lab.shops[rng.random_range(0..lab.shops.len())];
    shop.shop.faults().clear();
    shop.sare.faults().clear();
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::RetryAfter(3),
        Fault::Html,
        Fault::CutBefore,
        Fault::CutAfter,
    ];
    let rule = FaultRule {
        probability: 0.2,
        ..FaultRule::always(faults[rng.random_range(0..faults.len())].clone())
    };
    match rng.random_range(0..4) {
        0 => shop.shop.set_faults([rule]),
        1 => shop.sare.faults().add(rule),
        2 => shop.shop.set_webhook_faults(WebhookFaults {
            drop: 0.3,
            double: 0.3,
            delay_max: Duration::from_secs(120),
            out_of_order: true,
        }),
        _ => shop.shop.set_webhook_faults(WebhookFaults::default()),
    }
}

/// Nobody is mailed who refused longer than `within` ago and has not come back.
fn still_mailed(lab: &Lab, world: &mut World, within: Millis) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, shop) in lab.shops.iter().enumerate() {
        let people = shop
            .shop
            .customers()
            .map(|customer| (customer.id, customer.email.clone()));
        let people = people.chain(shop.shop.subscribers().map(|row| (row.id, row.email.clone())));
        for (id, email) in people {
            let refused = |at: Millis| at + within <= lab.now();
            if shop.status(&email) == Some(status::CONFIRMED)
                && let Some(refusal) = world.refusal(number, &email)
                && refused(refusal.at)
            {
                wrong.push(format!(
                    "shop {number}: record {id} refused ({refusal:?}) and is mailed by SARE"
                ));
            }
        }
    }
    wrong
}

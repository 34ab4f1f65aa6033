//! `bench`: how fast and how large, measured on the real program against both simulators over HTTP.
//!
//! The server is a process of its own, so that its memory is its own; the simulators run in this one, on the same
//! processors, and their time counts. Figures of one machine are comparable with each other, not with another's.
//!
//! How near a shop of the usual size comes to what its request limit dictates is measured in the laboratory, in virtual
//! time: the ten minutes it takes pass in seconds, and the figure is the same on every machine.

mod neighbours;
mod rig;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use simulators::sare::AccountSettings;
use simulators::shoper::{Bucket, ShopSettings};

use self::rig::{CONFIG, Rig};
use super::output;
use crate::cli::Bench;
use crate::exit;
use crate::lab::{Database, Lab, ShopSetup};
use crate::simulated::size;

/// One measurement's setting.
struct Case {
    name: String,
    customers: u32,
    subscribers: u32,
    /// `None` = no limits.
    bucket: Option<Bucket>,
    sare_latency: Duration,
}

/// What came of it.
#[derive(serde::Serialize)]
struct Figures {
    case: String,
    contacts: i64,
    seconds: f64,
    contacts_a_second: f64,
    shop_requests: u64,
    /// Requests that nothing could spare: every page of the lists, with the addresses of each page of customers.
    unavoidable_requests: u64,
    /// Time by the time that the shop's limit alone dictates for the unavoidable requests.
    by_limit: Option<f64>,
    /// Greatest memory of the server, in MB.
    memory_mb: Option<f64>,
}

/// Measures and prints.
pub async fn bench(options: Bench) -> anyhow::Result<u8> {
    // Three of five subscribers are customers too: twelve contacts are ten customers and five subscribers.
    let unlimited = |name: &str, contacts: u32| Case {
        name: name.to_owned(),
        customers: contacts / 6 * 5,
        subscribers: contacts / 12 * 5,
        bucket: None,
        sare_latency: Duration::ZERO,
    };
    let limited = |latency: u64| Case {
        name: format!("limits enforced, SARE answers in {latency} ms"),
        customers: options.limited,
        subscribers: options.limited / 2,
        bucket: Some(Bucket::default()),
        sare_latency: Duration::from_millis(latency),
    };
    let mut cases = vec![unlimited("limits lifted", options.contacts)];
    if options.limited > 0 {
        cases.extend([limited(0), limited(500)]);
    }
    if options.large > 0 {
        cases.push(unlimited("limits lifted, large shop", options.large));
    }
    let mut table = output::table(&[
        "Case",
        "Contacts",
        "Seconds",
        "Contacts/s",
        "Requests",
        "Unavoidable",
        "x limit",
        "Memory MB",
    ]);
    let mut all = Vec::new();
    let mut measured = Vec::new();
    for case in cases {
        measured.push(measure(case).await?);
    }
    if options.limited > 0 {
        for latency in [0, 500] {
            measured.push(crate::lab::alone(move || measure_virtually(latency)).await?);
        }
    }
    for figures in measured {
        table.add_row(vec![
            figures.case.clone(),
            figures.contacts.to_string(),
            format!("{:.1}", figures.seconds),
            format!("{:.0}", figures.contacts_a_second),
            figures.shop_requests.to_string(),
            figures.unavoidable_requests.to_string(),
            figures
                .by_limit
                .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}")),
            figures
                .memory_mb
                .map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}")),
        ]);
        all.push(figures);
    }
    let mut beside = Vec::new();
    if options.silent > 0 {
        for silent in [0, options.silent] {
            beside.push(neighbours::measure(silent).await?);
        }
    }
    if options.json.json {
        let all = all.iter().map(serde_json::to_value);
        let beside = beside.iter().map(serde_json::to_value);
        output::json(&all.chain(beside).collect::<Result<Vec<_>, _>>()?)?;
        return Ok(exit::OK);
    }
    output::line(&table.to_string());
    if !beside.is_empty() {
        let headings = [
            "Shops that never answer",
            "Live, half within ms",
            "Live, 99 % within ms",
            "Memory MB",
        ];
        let mut table = output::table(&headings);
        for one in beside {
            table.add_row(vec![
                one.silent.to_string(),
                one.half_within_ms.to_string(),
                one.most_within_ms.to_string(),
                one.memory_mb
                    .map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}")),
            ]);
        }
        output::line(&table.to_string());
    }
    Ok(exit::OK)
}

async fn measure(case: Case) -> anyhow::Result<Figures> {
    let shop = ShopSettings {
        bucket: case.bucket,
        ..ShopSettings::default()
    };
    let account = AccountSettings {
        latency: case.sare_latency,
        ..AccountSettings::default()
    };
    let rig = Rig::start(shop, account, |shop| {
        simulators::data::populate(shop, size(case.customers, case.subscribers), 1);
    })
    .await?;
    rig.install(&rig.shop).await?;
    rig.configure()?;
    let requests_before = rig.shop.request_count();
    let began = Instant::now();
    let contacts = finished(&rig, case.customers + case.subscribers).await?;
    let seconds = contacts.1.unwrap_or_else(|| began.elapsed().as_secs_f64());
    let requests = rig.shop.request_count() - requests_before;
    let memory_mb = rig.peak_memory();
    rig.stop().await?;
    let by_limit = case.bucket.map(|bucket| seconds / dictated(&case, bucket));
    #[expect(clippy::cast_precision_loss, reason = "a count of contacts")]
    let contacts_a_second = contacts.0 as f64 / seconds.max(0.001);
    Ok(Figures {
        contacts: contacts.0,
        seconds,
        contacts_a_second,
        shop_requests: requests,
        unavoidable_requests: unavoidable(&case),
        by_limit,
        memory_mb,
        case: case.name,
    })
}

/// Requests without which the shop cannot be read: lists come in pages of 50, and the addresses of a page of customers
/// with one more (shoper-api.md D.1, E.2).
fn unavoidable(case: &Case) -> u64 {
    u64::from(case.subscribers.div_ceil(50) + 2 * case.customers.div_ceil(50))
}

/// Seconds that the bucket alone makes them take.
fn dictated(case: &Case, bucket: Bucket) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let requests = unavoidable(case) as f64;
    ((requests - bucket.limit) / bucket.bandwidth).max(0.1)
}

/// The first synchronisation of a shop of the usual size, limits enforced, in virtual time.
async fn measure_virtually(sare_latency_ms: u64) -> anyhow::Result<Figures> {
    let bucket = Bucket::default();
    let case = Case {
        name: format!("limits enforced, SARE answers in {sare_latency_ms} ms, virtual time"),
        customers: 20_000,
        subscribers: 10_000,
        bucket: Some(bucket),
        sare_latency: Duration::from_millis(sare_latency_ms),
    };
    let mut lab = Lab::open(Database::sqlite()?).await?;
    let mut setup = ShopSetup::default();
    setup.shop.bucket = case.bucket;
    setup.shop.latency = Duration::from_millis(80);
    setup.sare.latency = case.sare_latency;
    let index = lab.add_shop(setup);
    let shop = lab.shops[index].shop.clone();
    simulators::data::populate(&shop, size(case.customers, case.subscribers), 1);
    lab.install(index).await?;
    // The webhooks are registered before there is anything to synchronise.
    lab.minutes(1).await;
    lab.configure(index, CONFIG).await?;
    let requests_before = shop.request_count();
    let known = lab.shops[index]
        .known(&lab.store)
        .await
        .context("the shop is not known")?;
    let (began, ended) = loop {
        lab.pass(Duration::from_secs(1)).await;
        let run = lab.store.runs(known.id, 1).await?.pop();
        if let Some((from, to)) = run.and_then(|run| run.started_at.zip(run.ended_at)) {
            break (from, to);
        }
    };
    let requests = shop.request_count() - requests_before;
    let contacts = lab.store.counts(known.id).await?.contacts;
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of some minutes, a count of contacts"
    )]
    let (seconds, count) = ((ended - began) as f64 / 1000.0, contacts as f64);
    Ok(Figures {
        unavoidable_requests: unavoidable(&case),
        by_limit: Some(seconds / dictated(&case, bucket)),
        case: case.name,
        contacts,
        seconds,
        contacts_a_second: count / seconds.max(0.001),
        shop_requests: requests,
        memory_mb: None,
    })
}

/// Waits for the end of the first synchronisation: contacts, and how long the run took.
async fn finished(rig: &Rig, rows: u32) -> anyhow::Result<(i64, Option<f64>)> {
    let host = rig.shop.host();
    let longest = Duration::from_secs(60 + u64::from(rows) / 20);
    let began = Instant::now();
    while began.elapsed() < longest {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let shown = rig.program(&["shop", "show", &host, "--json"])?.output()?;
        let Ok(shown) = serde_json::from_slice::<serde_json::Value>(&shown.stdout) else {
            continue;
        };
        let run = &shown["runs"][0];
        match run["state"].as_str() {
            Some("done") => {
                let moment = |name: &str| {
                    run[name]
                        .as_str()
                        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                };
                let took = moment("started")
                    .zip(moment("ended"))
                    .map(|(from, to)| to.duration_since(from).as_secs_f64());
                return Ok((shown["contacts"].as_i64().unwrap_or(0), took));
            }
            Some("queued" | "running") | None => {}
            Some(other) => bail!("the synchronisation ended as {other}"),
        }
    }
    bail!("the synchronisation did not end in {} s", longest.as_secs())
}

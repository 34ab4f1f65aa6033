//! How long live changes of one shop take while others never answer: each of those accepts every connection and says
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use simulators::sare::AccountSettings;
use simulators::sare::status::CONFIRMED;
use simulators::shoper::{Shop, ShopSettings};
use tokio::net::TcpListener;

use super::rig::Rig;

/// Changes that are timed.
const CHANGES: usize = 100;
/// Longest wait for one of them.
const LONGEST: Duration = Duration::from_secs(120);

/// What came of it.
#[derive(serde::Serialize)]
pub struct Figures {
    case: String,
    /// Shops that never answer.
    pub silent: u32,
    /// From a change in the shop to its arrival in SARE: half of them within …
    pub half_within_ms: u64,
    /// … and nearly all (99 of 100) within.
    pub most_within_ms: u64,
    /// The server's memory while all wait, in MB.
    pub memory_mb: Option<f64>,
}

/// Times changes beside `silent` shops.
pub async fn measure(silent: u32) -> anyhow::Result<Figures> {
    let limits = ShopSettings {
        bucket: None,
        ..ShopSettings::default()
    };
    let rig = Rig::start(limits, AccountSettings::default(), |shop| {
        for n in 0..CHANGES {
            shop.add_subscriber(format!("s{n}@example.com"), true);
        }
    })
    .await?;
    rig.install(&rig.shop).await?;
    rig.configure()?;
    super::finished(&rig, u32::try_from(CHANGES)?).await?;

    let hole = TcpListener::bind("0.0.0.0:0").await?;
    let port = hole.local_addr()?.port();
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let holding = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = hole.accept().await {
            held.push(stream);
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    for n in 0..silent {
        // Each has an address of its own on this machine.
        let [_, _, high, low] = (n + 2).to_be_bytes();
        let settings = ShopSettings {
            license: format!("{n:040x}"),
            base_url: format!("http://127.0.{}.{}:{port}", high + 1, low),
            ..rig.shop.settings()
        };
        rig.install(&Shop::new(settings, Arc::clone(&rig.clock), 1))
            .await?;
    }
    let began = Instant::now();
    while asked.load(Ordering::Relaxed) < silent {
        ensure!(began.elapsed() < LONGEST, "not every shop is asked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let memory_mb = rig.memory();
    let mut took = Vec::with_capacity(CHANGES);
    for n in 0..CHANGES {
        took.push(one(&rig, &format!("s{n}@example.com")).await?);
    }
    took.sort_unstable();
    let within =
        |share: usize| u64::try_from(took[(took.len() * share / 100).min(took.len() - 1)].as_millis());
    let figures = Figures {
        case: format!("live changes beside {silent} shops that never answer"),
        silent,
        half_within_ms: within(50)?,
        most_within_ms: within(99)?,
        memory_mb,
    };
    holding.abort();
    rig.stop().await?;
    Ok(figures)
}

/// A subscriber is switched off in the shop: until SARE mails the person no more.
async fn one(rig: &Rig, email: &str) -> anyhow::Result<Duration> {
    let row = rig
        .shop
        .subscriber_by_email(email)
        .context("the subscriber is there")?;
    let began = Instant::now();
    rig.shop.set_subscriber_active(row.id, false);
    while rig
        .account
        .contact(email)
        .is_some_and(|contact| contact.status == CONFIRMED)
    {
        ensure!(began.elapsed() < LONGEST, "a change did not arrive");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(began.elapsed())
}

//! `demo`: the whole thing at work on this machine, with a simulated shop and a simulated SARE account.
//!
//! Everything goes the way it goes in production: over HTTP, by signed messages, through the ledger. The shop is
//! installed by the AppStore's message, configured by the import of a file, synchronised, and then lives on: what
//! happens on one side is watched until it has arrived on the other.

mod story;
mod world;

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;
use store::{Run, RunState, Shop};
use tokio::sync::watch;

use self::world::World;
use super::{audit, output, shop_config, shop_sync};
use crate::cli::Demo;
use crate::exit;
use crate::settings::Settings;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// With the real services' pace everything takes its time.
const REAL_PATIENCE: Duration = Duration::from_secs(600);

/// Runs the demonstration.
pub async fn demo(options: Demo, settings: Settings) -> anyhow::Result<u8> {
    let (stop, stopping) = watch::channel(false);
    let world = World::build(&options, settings, &stopping).await?;
    let code = tokio::select! {
        result = show(&world, &options) => result,
        // Ctrl-C before the end of the story.
        _ = interrupted() => Ok(exit::OK),
    };
    // Whatever happened, nothing is left running.
    let _ = stop.send(true);
    world.end().await?;
    code
}

async fn interrupted() {
    let mut signal = crate::serve::stop_signal();
    let _ = signal.wait_for(|stop| *stop).await;
}

async fn show(world: &World, options: &Demo) -> anyhow::Result<u8> {
    let patience = if options.real_pace {
        REAL_PATIENCE
    } else {
        PATIENCE
    };
    let (customers, subscribers) = world.shop.counts();
    output::line(&format!(
        "A shop with {customers} customers and {subscribers} newsletter subscribers: {}",
        world.shop.base_url()
    ));
    output::line(&format!(
        "A SARE account that knows {} of them already: {}",
        world.sare.len(),
        world.sare_address
    ));
    output::line(&format!("The server: {}", world.public_url));

    world.install().await?;
    let shop = wait_for(patience, "the shop to be known", async || {
        let found = world.app.store.find_shop(&world.shop.license()).await?;
        Ok(found.filter(|shop| shop.state == store::ShopState::Connected))
    })
    .await?;
    output::line("Installed by the AppStore's message; the authorisation code is exchanged for tokens.");
    world.watch_sare(&shop, patience).await?;
    shop_config::import_text(&world.app, &shop, &world.configuration()).await?;
    output::line(
        "Configured from a file, checked against the groups and properties of SARE and the fields of the shop.",
    );

    let before = world.mailable_who_refused();
    let begun = Instant::now();
    let run = first_run(
        world,
        &shop,
        if options.real_pace {
            Duration::from_secs(3600)
        } else {
            patience
        },
    )
    .await?;
    ensure!(
        run.state == RunState::Done,
        "the first synchronisation ended as {:?}",
        run.state
    );
    let took = begun.elapsed().as_secs_f64();
    output::line(&format!("The first synchronisation took {took:.1} s:"));
    for line in shop_sync::run_lines(&run) {
        output::line(&format!("  {line}"));
    }
    let after = world.mailable_who_refused();
    ensure!(
        before == 0 && after == 0,
        "somebody who had refused has become mailable"
    );
    output::line("  Nobody who had refused in SARE has become mailable.");

    output::line("Changes, and how long each took to arrive:");
    story::tell(world, patience).await?;

    world.quiet(&shop, patience).await?;
    if options.once {
        return check(world, &shop).await;
    }
    output::line("The panel inside the shop's administration:");
    output::line(&format!(
        "  {}/_sim/admin?app={}",
        world.shop.base_url(),
        world.public_url
    ));
    output::line("The panel alone, as the shop's administrator opens it:");
    output::line(&format!(
        "  {}/panel?{}",
        world.public_url,
        crate::simulated::panel_query(&world.shop)
    ));
    output::line(
        "What people do in the shop and in SARE is done by POST to /_sim/… on their addresses. Ctrl-C ends.",
    );
    std::future::pending().await
}

/// Compares both sides by the audit's own code.
async fn check(world: &World, shop: &Shop) -> anyhow::Result<u8> {
    let shop = world
        .app
        .store
        .shop(shop.id)
        .await?
        .context("the shop vanished")?;
    let config = world.app.config(&shop)?;
    let bar = output::bar(false);
    let report = crate::audit::audit(&world.app, &shop, &config, &bar).await;
    bar.finish_and_clear();
    let report = report?;
    crate::audit::keep(&world.app, shop.id, &report).await?;
    output::line("The audit, which shares no decision with what it checks:");
    for line in audit::lines(&report, 20) {
        output::line(&format!("  {line}"));
    }
    Ok(if report.is_clean() { exit::OK } else { exit::FOUND })
}

/// Watches the first synchronisation to its end.
async fn first_run(world: &World, shop: &Shop, patience: Duration) -> anyhow::Result<Run> {
    let bar: ProgressBar = output::bar(false);
    let run = wait_for(patience, "the first synchronisation", async || {
        let Some(run) = world.app.store.runs(shop.id, 1).await?.into_iter().next() else {
            return Ok(None);
        };
        shop_sync::show(&bar, &engine::Body::parse(&run.body));
        Ok((run.state.is_over() || run.state == RunState::Braked).then_some(run))
    })
    .await;
    bar.finish_and_clear();
    run
}

/// Asks again and again until there is something.
///
/// # Errors
/// When there is nothing in time.
async fn wait_for<T>(
    patience: Duration,
    what: &str,
    ask: impl AsyncFn() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if begun.elapsed() > patience {
            bail!("waited {} s in vain for {what}", patience.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

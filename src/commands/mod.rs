//! One file a command.

mod audit;
mod backup;
mod bench;
mod connect;
mod demo;
mod doctor;
mod doctor_clock;
mod explain;
mod output;
mod problems;
mod shop;
mod shop_config;
mod shop_move;
mod shop_sync;
mod simulate;
mod world;

use anyhow::Context;
use clap::CommandFactory;

use crate::app::App;
use crate::cli::{Cli, Command, ContactCommand, ShopCommand};
use crate::exit;
use crate::settings::Settings;

/// Runs one command and returns its exit code.
///
/// # Errors
/// Wrong settings, an unreachable database, wrong use; each told in words for people.
pub async fn run(command: Command, settings: Settings) -> anyhow::Result<u8> {
    match command {
        Command::Serve => serve(settings).await,
        Command::Demo(options) => demo::demo(options, settings).await,
        Command::Bench(options) => bench::bench(options).await,
        Command::Simulate(options) => simulate::simulate(options).await,
        Command::Migrate => migrate(settings).await,
        Command::Backup(options) => backup::backup(settings, options).await,
        Command::Restore(options) => backup::restore(settings, options).await,
        Command::Doctor(json) => doctor::doctor(settings, json).await,
        Command::GenerateKey => {
            output::line(&hex::encode(crate::app::entropy()));
            Ok(exit::OK)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "shoper-sare", &mut std::io::stdout());
            Ok(exit::OK)
        }
        Command::Shop(command) => {
            let app = App::open(settings).await?;
            let done = match command {
                ShopCommand::List(json) => shop::list(&app, json).await,
                ShopCommand::Show(one) => shop::show(&app, one).await,
                ShopCommand::Config(command) => shop_config::config(&app, command).await,
                ShopCommand::Sync(options) => shop_sync::sync(&app, options).await,
                ShopCommand::Pause(one) => shop::pause(&app, one).await,
                ShopCommand::Resume(options) => shop::resume(&app, options).await,
                ShopCommand::Problems(options) => problems::problems(&app, options).await,
                ShopCommand::Audit(options) => audit::audit(&app, options).await,
                ShopCommand::Connect(options) => connect::connect(&app, options).await,
                ShopCommand::Move(options) => shop_move::move_shop(&app, options).await,
                ShopCommand::Remove(options) => shop::remove(&app, options).await,
            };
            app.store.close().await;
            done
        }
        Command::Contact(ContactCommand::Explain { shop, email, json }) => {
            let app = App::open(settings).await?;
            let done = explain::explain(&app, &shop, &email, json).await;
            app.store.close().await;
            done
        }
    }
}

async fn serve(settings: Settings) -> anyhow::Result<u8> {
    let stop = crate::serve::stop_signal();
    let _alone = store::serve_alone(&settings.database_url)?;
    let app = App::open(settings).await?;
    if app.settings.appstore_secret.is_none() {
        tracing::warn!("SHOPER_APPSTORE_SECRET is not set: AppStore installations and the panel are refused");
    }
    if app.settings.public_url.is_none() {
        tracing::warn!(
            "PUBLIC_URL is not set: no webhooks are registered, changes are found by sweeps alone"
        );
    }
    let is_file = store::sqlite_file(&app.settings.database_url).is_some();
    crate::upkeep::prepare(&app.store, is_file)
        .await
        .context("the ledger cannot be put in order")?;
    let listener = tokio::net::TcpListener::bind(&app.settings.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    let served = crate::serve::serve(&app, listener, stop).await;
    app.store.close().await;
    served.map(|()| exit::OK)
}

async fn migrate(settings: Settings) -> anyhow::Result<u8> {
    let app = App::open(settings).await?;
    let migrated = app.store.migrate().await;
    app.store.close().await;
    migrated?;
    output::line("The database is up to date.");
    Ok(exit::OK)
}

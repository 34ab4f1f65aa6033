//! The `shoper-sare` program: one executable, its roles as sub-commands.
//!
//! A library only so that tests can use its parts; `main.rs` adds the allocator and nothing else.

mod app;
mod audit;
mod cli;
mod commands;
mod connections;
mod exit;
mod heartbeat;
pub mod lab;
mod metrics;
mod nightly;
mod serve;
mod settings;
mod simulated;
mod upkeep;

use std::process::ExitCode;

use clap::Parser;

pub use serve::work;

use crate::cli::Cli;
use crate::settings::Settings;

/// Runs the command line and returns the process's exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = match Settings::load(cli.settings.as_deref(), |name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    log_to_stderr(&settings, &cli);
    /// Bytes. Work on a contact lies in work on a lane, which in a build for tests takes more than half of what threads
    /// have otherwise; what is not used costs nothing.
    const STACK: usize = 8 << 20;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(commands::run(cli.command, settings)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the program's word to the person who called it"
)]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    let code = if error.is::<app::NoSuchShop>() {
        exit::NOT_FOUND
    } else if error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(store::Error::Away(_))))
    {
        exit::AWAY
    } else if error.chain().any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(store::Error::Corrupt(_) | store::Error::BrokenBackup(_))
        )
    }) {
        exit::FOUND
    } else {
        exit::USAGE
    };
    ExitCode::from(code)
}

/// Logs go to standard error, so that standard output stays what a command was asked for.
fn log_to_stderr(settings: &Settings, cli: &Cli) {
    use tracing_subscriber::EnvFilter;
    let quiet = !matches!(cli.command, cli::Command::Serve);
    let default = if quiet { "warn" } else { "info" };
    let filter = EnvFilter::new(settings.log.as_deref().unwrap_or(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    if settings.log_json {
        builder.json().init()
    } else {
        builder.init()
    }
}

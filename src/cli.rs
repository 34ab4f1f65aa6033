//! The command line: what there is to say, in words worth reading.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Keeps every customer and newsletter subscriber of Shoper shops current in SAREsystem.
#[derive(Debug, Parser)]
#[command(name = "shoper-sare", version, about, after_help = after_help())]
pub struct Cli {
    /// A TOML file with the settings below; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE", env = "SHOPER_SARE_CONFIG")]
    pub settings: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

fn after_help() -> String {
    use std::fmt::Write;
    let mut text = String::from("Settings, by environment or in the TOML file:\n");
    for (name, meaning) in crate::settings::NAMES {
        let _ = writeln!(text, "  {name:<24} {meaning}");
    }
    text.push_str(
        "\nExit codes: 0 all well; 1 something is not in order; 2 wrong use or settings; 3 a forced synchronisation \
         would have made someone mailable and did not start; 4 the brake stopped it; 5 no such shop or contact; \
         6 a service cannot be reached now.",
    );
    text
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server: lifecycle messages, webhooks, panel, and all synchronisation.
    Serve,
    /// Show the whole thing at work against simulated services: install, first synchronisation, live changes.
    Demo(Demo),
    /// Measure the whole program against both simulators: speed, nearness to the shop's limit, memory.
    Bench(Bench),
    /// Run the simulators of Shoper and SARE as real HTTP servers.
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Bring the database up to date (serving does it by itself).
    Migrate,
    /// Copy the ledger into FILE, also while the server runs: of one moment, looked through, for its owner's eyes alone.
    ///
    /// For SQLite. Without ENCRYPTION_KEYS, which are not in it, the copy is of no use: keep them apart from it. A PostgreSQL
    /// database is backed up with `pg_dump`.
    Backup(Backup),
    /// Put a backup in the ledger's place, while no server runs. What was there is kept beside it.
    ///
    /// For SQLite. Shops go on from the state of the backup; those whose access was renewed since must be connected again.
    Restore(Restore),
    /// Shops: list, show, configure, synchronise.
    #[command(subcommand)]
    Shop(ShopCommand),
    /// One contact.
    #[command(subcommand)]
    Contact(ContactCommand),
    /// Check settings, database and services, and say what is wrong in full sentences.
    Doctor(Json),
    /// Make a key for ENCRYPTION_KEYS.
    GenerateKey,
    /// Write shell completions.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// Output for scripts.
#[derive(Debug, Clone, Copy, Args)]
pub struct Json {
    /// Print JSON instead of text for people.
    #[arg(long)]
    pub json: bool,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where to.
    pub file: PathBuf,
    /// Replace FILE if it is there.
    #[arg(long)]
    pub overwrite: bool,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// Where from.
    pub file: PathBuf,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// End after the changes were shown: 0 when an audit finds no difference.
    #[arg(long)]
    pub once: bool,
    /// Customers in the simulated shop.
    #[arg(long, default_value_t = 2_500)]
    pub customers: u32,
    /// Newsletter subscribers in the simulated shop.
    #[arg(long, default_value_t = 1_500)]
    pub subscribers: u32,
    /// Seed of the shop's data.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Enforce the real services' pace (10 requests at once, 2 a second) instead of a generous one.
    #[arg(long)]
    pub real_pace: bool,
}

/// `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Contacts of the measurement without limits.
    #[arg(long, default_value_t = 30_000)]
    pub contacts: u32,
    /// Customers of the measurements with Shoper's limit enforced, which take about a second for every 35; 0 = none.
    #[arg(long, default_value_t = 1_500)]
    pub limited: u32,
    /// Contacts of the measurement of memory; 0 = none.
    #[arg(long, default_value_t = 200_000)]
    pub large: u32,
    /// Shops that never answer, beside which one shop's live changes are timed; 0 = none, 60,000 at most.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(..=60_000))]
    pub silent: u32,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `simulate …`.
#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    /// The shop.
    Shoper(Simulated),
    /// The SARE account.
    Sare(Simulated),
    /// Both.
    Both(Simulated),
    /// Whole histories in virtual time: this program among simulated shops, with crashes and faults, and a judge.
    World(Histories),
}

/// `simulate world`.
#[derive(Debug, Args)]
pub struct Histories {
    /// How many histories.
    #[arg(long, default_value_t = 20)]
    pub seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// Acts of people in each.
    #[arg(long, default_value_t = 60)]
    pub steps: u32,
}

/// What is simulated, and how.
#[derive(Debug, Args)]
pub struct Simulated {
    /// Address of the simulated shop; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9101")]
    pub shoper_listen: String,
    /// Address of the simulated SARE; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9102")]
    pub sare_listen: String,
    /// Customers in the shop.
    #[arg(long, default_value_t = 1_000)]
    pub customers: u32,
    /// Newsletter subscribers in the shop.
    #[arg(long, default_value_t = 500)]
    pub subscribers: u32,
    /// Seed of the data.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Settings of the simulated shop as JSON (each unknown of the API is one).
    #[arg(long, value_name = "FILE")]
    pub shoper_settings: Option<PathBuf>,
    /// Settings of the simulated SARE account as JSON.
    #[arg(long, value_name = "FILE")]
    pub sare_settings: Option<PathBuf>,
    /// Do not enforce request limits.
    #[arg(long)]
    pub no_limits: bool,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop …`. SHOP is the shop's host (with port) or its licence hash.
#[derive(Debug, Subcommand)]
pub enum ShopCommand {
    /// All shops.
    List(Json),
    /// One shop: connection, configuration, counts, runs.
    Show(One),
    /// Export or import a shop's configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Force a full synchronisation, or state what one would do.
    Sync(Sync),
    /// Stop all synchronisation of a shop; webhooks are still kept.
    Pause(One),
    /// Go on after a pause, or after the brake.
    Resume(Resume),
    /// What needs attention.
    Problems(Problems),
    /// Compare both sides contact by contact, by code independent of the engine.
    Audit(Audit),
    /// Connect a shop without the AppStore, by an administrator's login.
    Connect(Connect),
    /// Say that a shop is at another address now.
    Move(Move),
    /// Forget a shop: credentials and all personal data.
    Remove(Remove),
}

/// A shop.
#[derive(Debug, Args)]
pub struct One {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write the configuration as TOML; the SARE key is never exported. FILE `-` is standard output.
    Export {
        /// Host (with port) or licence hash.
        shop: String,
        /// Where to.
        file: PathBuf,
    },
    /// Check a TOML file and make it the shop's configuration. FILE `-` is standard input.
    Import(Import),
}

/// `shop config import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Where from.
    pub file: PathBuf,
    /// Only check; change nothing.
    #[arg(long)]
    pub check: bool,
    /// Do not ask SARE and the shop which groups, properties and fields there are.
    #[arg(long)]
    pub offline: bool,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// State what a synchronisation would do, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Start even if people would become mailable by it. They are named by `--dry-run` first.
    #[arg(long)]
    pub allow_mailable: bool,
    /// Ask for it and do not wait for its end.
    #[arg(long)]
    pub no_wait: bool,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Let go what the brake stopped: you have looked at it.
    #[arg(long)]
    pub release_brake: bool,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop problems`.
#[derive(Debug, Args)]
pub struct Problems {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Try all contacts with problems again now, or only the one named by its key.
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = "all")]
    pub retry: Option<String>,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Most differences listed.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop connect`.
#[derive(Debug, Args)]
pub struct Connect {
    /// The shop's address, e.g. https://example.shoparena.pl
    pub url: String,
    /// An administrator with WebAPI access.
    #[arg(long)]
    pub login: String,
    /// File with the password; without it SHOPER_ADMIN_PASSWORD, or standard input, or a question on a terminal.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop move`.
#[derive(Debug, Args)]
pub struct Move {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Where the shop is now, e.g. https://shop.example.com
    pub url: String,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `shop remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Host (with port) or licence hash.
    pub shop: String,
    /// Do it; without this the command only says what would go.
    #[arg(long)]
    pub yes: bool,
    /// Output.
    #[command(flatten)]
    pub json: Json,
}

/// `contact …`.
#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// What each side has, what we did and when, and why a contact is not synchronised.
    Explain {
        /// Host (with port) or licence hash.
        shop: String,
        /// The address.
        email: String,
        /// Output.
        #[command(flatten)]
        json: Json,
    },
}

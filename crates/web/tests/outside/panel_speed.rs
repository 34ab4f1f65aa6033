//! How long pages take on a shop of 200,000 contacts. Run by hand in release:
//! `cargo test --release -p web --test outside -- --ignored --nocapture pages_are_quick`.

use std::time::{Duration, Instant};

use simulators::network::Halt;
use simulators::shoper::NewCustomer;
use store::{AddrHash, DirtyKey, Outcome};
use sync_core::RecordKey;

use crate::forms::Form;
use crate::large_shop::{self, VERSIONS, address};
use crate::ledger::Visitor;
use crate::world::*;

/// How often each page is asked for, and how long it may take.
const TIMES: usize = 21;
const MOST: Duration = Duration::from_millis(50);

/// What took how long, and what took too long.
struct Table {
    database: &'static str,
    slow: Vec<String>,
    /// How long anything may take.
    most: Duration,
}

impl Table {
    /// Asks for a page again and again. What else the machine does shows in the slowest; half of all are as quick as the
    /// usual one.
    #[expect(
        clippy::print_stdout,
        reason = "the measurement's word to whoever asked for it"
    )]
    async fn time(&mut self, name: &str, ask: impl AsyncFn() -> Answer) {
        ask().await;
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let began = Instant::now();
            let answer = ask().await;
            times.push(began.elapsed());
            if !matches!(answer.status.as_u16(), 200 | 303) {
                self.slow
                    .push(format!("{name} answers {}: {}", answer.status, answer.text()));
                return;
            }
        }
        times.sort_unstable();
        let (usual, slowest) = (times[TIMES / 2], times[TIMES - 1]);
        println!("{:<10} {name:<44} {usual:>10.1?} {slowest:>10.1?}", self.database);
        if usual > self.most {
            self.slow.push(format!("{name} takes {usual:?}"));
        }
    }

    async fn page(&mut self, v: &Visitor<'_>, page: &str) {
        // Hashes say nothing to a reader.
        let is_hash = |word: &&str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = page.split(['/', '=', '&', '?']).find(is_hash);
        let name = format!(
            "/{}",
            hash.map_or_else(|| page.to_owned(), |hash| page.replace(hash, "…"))
        );
        self.time(&name, async || v.get(page).await).await;
    }
}

/// A hash at nine tenths of the way through all of them.
fn deep() -> String {
    AddrHash([0xe6; 16]).to_hex()
}

/// Pages that stand on the ledger alone.
fn pages(v: &Visitor<'_>) -> Vec<String> {
    let of = |n: i64| v.contact(&address(n), Outcome::Unknown).hash.to_hex();
    let (busy, refused, failed) = (of(5), of(20), of(1));
    let mut pages: Vec<String> = [
        "",
        "overview/live",
        "start",
        "connect",
        "contacts",
        "unsubscribes",
        "unsubscribes?days=0",
        "unsubscribes?days=365&sare=40000&shop=40000",
        "problems",
        "problems?kind=sare-refused",
        "launch",
        "launch/live",
        "advanced",
        "advanced/rules",
        "advanced/file",
        "advanced/connection",
        "advanced/danger",
        "advanced/history",
        "advanced/config.toml",
        "advanced/force/live",
        "advanced/disconnect",
        "advanced/erase",
        "help",
        "customers/numbers",
        "subscribers/numbers",
    ]
    .map(str::to_owned)
    .into();
    for list in [
        "synchronised",
        "suppressed",
        "skipped",
        "hands-off",
        "failed",
        "gone",
    ] {
        pages.push(format!("contacts?list={list}"));
        pages.push(format!("contacts?list={list}&after={}.{}", NOON - 1, deep()));
        pages.push(format!("contacts?list={list}&order=oldest"));
        pages.push(format!("contacts?list={list}&order=address"));
    }
    pages.push("contacts?list=waiting".to_owned());
    let key = DirtyKey::Record(RecordKey::customer(99_002)).encode();
    pages.push(format!("contacts?list=waiting&after=3.{}.{key}", NOON - 2_000));
    pages.push(format!("problems?disputed={}", deep()));
    pages.push(format!(
        "problems?kind=sare-refused&after={}~{key}",
        NOON - 180_000
    ));
    pages.push(format!("advanced/history/{}", VERSIONS / 2));
    for contact in [&busy, &refused, &failed] {
        pages.push(format!("contacts/{contact}"));
    }
    for what in ["state", "proof", "erase"] {
        pages.push(format!("contacts/{busy}/{what}"));
    }
    pages
}

#[tokio::test]
#[ignore = "fills a ledger with 200,000 contacts; means something in release only"]
#[expect(
    clippy::print_stdout,
    reason = "the measurement's word to whoever asked for it"
)]
async fn pages_are_quick() {
    each_connected(async |world, services| {
        for n in 0..200 {
            services.shop.add_customer(NewCustomer {
                email: format!("k{n}@example.com").into(),
                firstname: "Anna".into(),
                lastname: "Przykładowa".into(),
                newsletter: n % 3 > 0,
                ..NewCustomer::default()
            });
            services
                .shop
                .add_subscriber(format!("s{n}@example.com"), n % 4 > 0);
        }
        crate::panel_contacts::configure(&world, &services).await;
        let v = Visitor::of(&world).await;
        let began = Instant::now();
        large_shop::fill(&v).await;
        let database = if world.is_sqlite() { "SQLite" } else { "PostgreSQL" };
        println!("{database}: filled in {:.1?}", began.elapsed());
        let mut table = Table {
            database,
            slow: Vec::new(),
            most: MOST,
        };

        // Services that do not answer keep no page.
        services.network.halt_after(0, Halt::Never);
        for page in ["customers", "subscribers"] {
            assert!(
                v.page(page).await.contains("/ready"),
                "the services are waited for"
            );
            table
                .time(&format!("/{page} (services silent)"), async || v.get(page).await)
                .await;
        }
        for page in pages(&v) {
            table.page(&v, &page).await;
        }
        for (name, whom) in [
            ("found", address(5)),
            ("unknown", "nikt@example.com".to_owned()),
            ("beginning", address(5)[..6].to_owned()),
            ("domain", "@example.com".to_owned()),
        ] {
            let fields = format!("email={}", whom.replace('@', "%40"));
            table
                .time(&format!("/contacts/find ({name})"), async || {
                    v.post("contacts/find", &fields).await
                })
                .await;
        }

        // Services that answer: everything is remembered after a moment.
        services.network.resume();
        world.later(Duration::from_secs(120));
        for page in ["customers", "subscribers"] {
            let form = v.page(&format!("{page}?ask=yes")).await;
            assert!(form.contains("id=\"editor\""), "the form is there");
            table
                .time(&format!("/{page} (services answered)"), async || {
                    v.get(page).await
                })
                .await;
            let fields = Visitor::form(&form);
            for _ in 0..2 {
                v.post(&format!("{page}/preview"), &fields).await;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
            table
                .time(&format!("/{page}/preview (sample read)"), async || {
                    v.post(&format!("{page}/preview"), &fields).await
                })
                .await;
        }
        // A file of all rows is written as the browser takes it: it may take its time.
        table.most = 10 * MOST;
        table
            .time("/unsubscribes/export, up to its end", async || {
                v.post("unsubscribes/export", "days=7").await
            })
            .await;

        table.most = MOST;

        large_shop::brake(&v).await;
        table
            .time("/problems (braked)", async || v.get("problems").await)
            .await;
        table.time("/ (braked)", async || v.get("").await).await;

        // Before the first synchronisation.
        v.lane(|lane| {
            lane["first_done"] = false.into();
            lane["config_seen"] = 0.into();
        })
        .await;
        services.network.halt_after(0, Halt::Never);
        let ten: Vec<String> = (0..10)
            .map(|n| v.contact(&address(n), Outcome::Unknown).hash.to_hex())
            .collect();
        for (name, page) in [
            ("/launch (before)", "launch".to_owned()),
            ("/launch/trial", "launch/trial".to_owned()),
            ("/launch/arrived", format!("launch/arrived?c={}", ten.join("."))),
        ] {
            table.time(name, async || v.get(&page).await).await;
        }
        assert!(table.slow.is_empty(), "{database}: {:?}", table.slow);
    })
    .await;
}

impl Visitor<'_> {
    async fn get(&self, page: &str) -> Answer {
        self.world.get(&self.address(page), &[]).await
    }

    /// The fields of a mapping's form, as they stand.
    fn form(page: &str) -> String {
        let mut form = Form::of(page);
        form.0.retain(|(name, _)| name != "csrf");
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.0).finish()
    }
}

//! A laboratory: simulated shops and SARE accounts around the real program, in one process and in
//! virtual time.
//!
//! Requests travel over [`Network`], whose every exchange moves the clock; webhooks come in through the
//! real router; the ledger is a real database. Nothing waits for real time, so that weeks of a shop's
//! life pass in seconds, and the same seed gives the same history. Scenario tests and
//! `shoper-sare simulate world` are built on it.

mod database;
mod lanes;
mod shop;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{Engine, EngineSettings};
use ports::{Clock, ManualClock, Millis, Transport, WrongClock};
use simulators::network::{Endpoint, Network};
use store::Store;

use lanes::Lanes;

pub use database::{Database, TEST_SERVER, databases};
pub use shop::{CONFIG, LabShop, ShopSetup};

/// Where the program is reached in the laboratory.
pub const PUBLIC_URL: &str = "https://app.example";
/// What stands before `/{uid}` of every simulated SARE account.
pub const SARE_URL: &str = "https://sare.example/api/v1";
/// When every history begins: 2026-03-02 08:00:00 UTC.
pub const BEGINNING: Millis = 1_772_438_400_000;

/// Undoes what [`Lab::open`] fixes: shops and accounts are asked as often as in production.
pub fn own_pace(settings: &mut EngineSettings) {
    let production = EngineSettings::new(settings.sare_api_url.clone(), Arc::clone(&settings.entropy));
    settings.poll_every = production.poll_every;
    settings.discover_every = production.discover_every;
    settings.discover_most = production.discover_most;
    settings.whole_every = production.whole_every;
}

/// The program between its simulated neighbours.
pub struct Lab {
    /// The time, which moves only when something takes time or a test says so.
    pub clock: Arc<ManualClock>,
    /// The program's own clock, which can be put wrong while the services' clocks stay right.
    pub program_clock: Arc<WrongClock>,
    /// What connects everybody.
    pub network: Network,
    /// The ledger.
    pub store: Store,
    /// The engine over it.
    pub engine: Engine,
    /// The shops served, in the order in which they were added.
    pub shops: Vec<LabShop>,
    settings: EngineSettings,
    database: Database,
    beaten_at: AtomicI64,
    /// The ledgers of other processes.
    others: Mutex<Vec<Store>>,
}

/// Does `work` in a laboratory of its own thread: there nothing goes on beside it that virtual time would not wait for.
///
/// # Errors
/// Those of the work; when there is no thread to be had.
pub async fn alone<T, Work>(work: impl FnOnce() -> Work + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    Work: Future<Output = anyhow::Result<T>>,
{
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(work())
    });
    thread.await?
}

/// The network holds the router, which holds the ledger and the network: taken apart, or the ledger's connections would
/// stay open for as long as the process lives.
impl Drop for Lab {
    fn drop(&mut self) {
        self.network.unroute(PUBLIC_URL);
    }
}

impl Lab {
    /// An empty laboratory over `database`.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(database: Database) -> anyhow::Result<Self> {
        Self::open_with(database, |_| {}).await
    }

    /// The same with settings of the engine changed.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open_with(
        database: Database,
        change: impl FnOnce(&mut EngineSettings),
    ) -> anyhow::Result<Self> {
        let clock = Arc::new(ManualClock::at(BEGINNING));
        let network = Network::new(Arc::clone(&clock));
        let mut settings = EngineSettings::new(SARE_URL.parse()?, database::entropy(0x5eed));
        settings.app = Some(shop::app_credentials());
        settings.public_url = Some(PUBLIC_URL.parse()?);
        // Weeks pass here: polls and looks every few minutes show the same as more of them, and cost less. How often they
        // come is fixed, except in the stories about that ([`own_pace`]).
        settings.poll_every = Duration::from_secs(300);
        settings.discover_most = Duration::ZERO;
        settings.whole_every = Duration::ZERO;
        settings.beat_every = Duration::from_secs(600);
        settings.absent_after = Duration::from_secs(900);
        settings.discover_every = Duration::from_secs(300);
        change(&mut settings);
        let store = database.open_store().await?;
        let program_clock = Arc::new(WrongClock::over(Arc::clone(&clock) as Arc<dyn Clock>));
        let engine = engine_over(&store, &network, &program_clock, &settings);
        let lab = Self {
            clock,
            program_clock,
            network,
            store,
            engine,
            shops: Vec::new(),
            settings,
            database,
            beaten_at: AtomicI64::new(0),
            others: Mutex::default(),
        };
        lab.serve();
        Ok(lab)
    }

    /// Puts the program's router at its address.
    fn serve(&self) {
        let router = web::router(shop::web_state(self));
        let handler = Endpoint::handler(move |request| {
            let (router, request) = (router.clone(), request.clone());
            async move { shop::call(router, request).await }
        });
        self.network.route(PUBLIC_URL, handler);
    }

    /// The process dies at once and another one starts on the same ledger: nothing in memory survives.
    ///
    /// # Errors
    /// When the database cannot be opened again.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.network.resume();
        self.store = self.database.open_store().await?;
        self.engine = engine_over(&self.store, &self.network, &self.program_clock, &self.settings);
        self.serve();
        Ok(())
    }

    /// A second process on the same ledger.
    ///
    /// # Errors
    /// When the database cannot be opened once more.
    pub async fn second_engine(&self) -> anyhow::Result<Engine> {
        let store = self.database.open_store().await?;
        self.others
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(store.clone());
        Ok(engine_over(
            &store,
            &self.network,
            &self.program_clock,
            &self.settings,
        ))
    }

    /// Adds a shop and its SARE account, with nothing installed yet.
    pub fn add_shop(&mut self, setup: ShopSetup) -> usize {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let number = self.shops.len() + 1;
        let shop = LabShop::build(number, setup, &clock);
        self.network
            .route(&shop.shop.base_url(), Endpoint::Shop(shop.shop.clone()));
        self.network.route(
            &format!("{SARE_URL}/{}", shop.uid),
            Endpoint::Sare(shop.sare.clone()),
        );
        self.shops.push(shop);
        number - 1
    }

    /// Adds a shop, installs the app in it by the lifecycle message, and configures it.
    ///
    /// # Errors
    /// When the message or the configuration is not taken.
    pub async fn add_live_shop(&mut self, setup: ShopSetup, config: &str) -> anyhow::Result<usize> {
        let index = self.add_shop(setup);
        self.install(index).await?;
        self.configure(index, config).await?;
        Ok(index)
    }

    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Lets `time` pass: lanes are worked on, all that are due at the same time, and webhooks are delivered. What has begun
    /// by then comes to its end.
    pub async fn pass(&self, time: Duration) {
        self.pass_beside(time, async {}).await;
    }

    /// The same while `others`, who sleep by the laboratory's clock, do something.
    pub async fn pass_beside(&self, time: Duration, others: impl Future<Output = ()>) {
        let end = self.now() + ports::millis(time);
        let lanes = Lanes::default();
        let is_idle = || self.is_idle();
        lanes.beside(others);
        self.clock
            .drive(lanes.work(self.lead(&lanes, end), is_idle), is_idle)
            .await;
    }

    /// Does `work` in virtual time.
    pub async fn drive<T>(&self, work: impl Future<Output = T>) -> T {
        self.clock.drive(work, || self.is_idle()).await
    }

    fn is_idle(&self) -> bool {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        self.store.is_idle() && others.iter().all(Store::is_idle)
    }

    /// Begins lanes when they are due, and delivers webhooks, until `end`.
    async fn lead<'a>(&'a self, lanes: &Lanes<'a>, end: Millis) {
        loop {
            let now = self.now();
            let beat_at = self.beat(now).await;
            self.network.deliver(now).await;
            while let Some(lease) = self.engine.claim().await.expect("the ledger answers") {
                lanes.begin(self.engine.slice(lease));
            }
            // Work waits for its turn at the services, and time passes meanwhile.
            let now = self.now();
            if now > end || now == end && lanes.under_way() == 0 {
                return;
            }
            let lane = self
                .store
                .next_due(self.program_clock.now())
                .await
                .expect("the ledger answers")
                .map_or(end, |at| at - self.program_clock.ahead());
            let hook = self.network.next_delivery_at().unwrap_or(end);
            let next = lane.min(hook).min(beat_at).min(end).max(now + 1);
            tokio::select! {
                biased;
                () = lanes.news.notified() => {}
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    /// Writes the program's heartbeat when it is due; when the next one is.
    async fn beat(&self, now: Millis) -> Millis {
        let every = ports::millis(self.settings.beat_every);
        if self.beaten_at.load(Ordering::Relaxed) + every <= now {
            let sign = self.engine.heartbeat("lab").await;
            sign.expect("the ledger answers");
            self.beaten_at.store(now, Ordering::Relaxed);
        }
        self.beaten_at.load(Ordering::Relaxed) + every
    }

    /// The program is down for `time` and then begins anew: what is sent to it meanwhile is lost.
    ///
    /// # Errors
    /// When the database cannot be opened again.
    pub async fn away(&mut self, time: Duration) -> anyhow::Result<()> {
        self.network.unroute(PUBLIC_URL);
        let end = self.now() + ports::millis(time);
        while self.now() < end {
            self.network.deliver(self.now()).await;
            let due = self.network.next_delivery_at();
            self.clock
                .advance_to(due.unwrap_or(end).clamp(self.now() + 1, end));
        }
        self.network.deliver(end).await;
        self.beaten_at.store(0, Ordering::Relaxed);
        self.restart().await
    }

    /// [`Lab::pass`] in minutes.
    pub async fn minutes(&self, minutes: u64) {
        self.pass(Duration::from_secs(minutes * 60)).await;
    }

    /// Lets time pass until no run is under way and nothing due is waiting, for at most a day.
    ///
    /// # Panics
    /// When a day was not enough: something is stuck.
    pub async fn settle(&self) {
        let mut seen = String::new();
        for _ in 0..24 * 60 * 2 {
            self.pass(Duration::from_secs(30)).await;
            seen.clear();
            let mut busy = self.shops.iter().any(|s| s.shop.waiting_deliveries() > 0);
            for shop in &self.shops {
                let Some(known) = shop.known(&self.store).await else {
                    continue;
                };
                let run = self.store.active_run(known.id).await.expect("the ledger answers");
                seen = format!("{seen} {run:?}");
                busy |= run.is_some_and(|run| run.state != store::RunState::Braked);
                let due = self
                    .store
                    .next_dirty_due(known.id)
                    .await
                    .expect("the ledger answers");
                seen = format!("{seen}, dirty at {due:?} of {}", self.now());
                busy |= due.is_some_and(|at| at <= self.now() + 60_000);
            }
            if !busy {
                return;
            }
        }
        panic!("a day was not enough: {seen}");
    }
}

fn engine_over(
    store: &Store,
    network: &Network,
    clock: &Arc<WrongClock>,
    settings: &EngineSettings,
) -> Engine {
    let transport: Arc<dyn Transport> = Arc::new(network.clone());
    Engine::new(
        store.clone(),
        transport,
        Arc::clone(clock) as Arc<dyn Clock>,
        settings.clone(),
    )
}

//! The server: the outside's calls on one hand, lanes on the other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use engine::Engine;
use ports::Clock;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

use crate::app::App;
use crate::connections::{self, Limits};

/// Lanes worked on at once by one process, at most. One that waits for a service costs some kilobytes, and a silent shop
/// takes no other shop's place.
const MOST_LANES: usize = 4_096;
/// Longest pause between two looks for due lanes; other processes may have woken one.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop` says otherwise. Everything acknowledged is in the ledger, so stopping loses nothing.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(app: &App, listener: TcpListener, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let _limit = keep_over_the_file_limit();
    let wake = Arc::new(Notify::new());
    let metrics = crate::metrics::install();
    let mut background = JoinSet::new();
    if let Some(handle) = metrics.clone() {
        background.spawn(for_good("the upkeep of metrics", move || {
            crate::metrics::keep_tidy(handle.clone())
        }));
    }
    let router = web::router(crate::metrics::web_state(app, Arc::clone(&wake), metrics));
    let left = app
        .store
        .end_leases(app.clock.now())
        .await
        .context("the ledger cannot be used")?;
    if left > 0 {
        tracing::info!(
            left,
            "a process before this one ended in mid-work; its shops go on now"
        );
    }
    // Before anybody is served: whoever was away is told from when to when.
    let server = crate::heartbeat::name(crate::app::entropy());
    if store::sqlite_file(&app.settings.database_url).is_some() {
        app.store
            .end_others(&server)
            .await
            .context("the ledger cannot be used")?;
    }
    crate::heartbeat::beat(&app.engine(), &server)
        .await
        .context("the ledger cannot be used")?;
    {
        let (app, every) = (app.clone(), app.engine().settings().beat_every);
        let server = server.clone();
        background.spawn(for_good("the signs of life", move || {
            crate::heartbeat::keep(app.engine(), server.clone(), every)
        }));
    }
    let workers = {
        let (app, stop) = (app.clone(), stop.clone());
        for_good("the workers", move || {
            work(
                app.engine(),
                app.store.clone(),
                Arc::clone(&app.clock),
                Arc::clone(&wake),
                stop.clone(),
            )
        })
    };
    let workers = tokio::spawn(workers);
    {
        let store = app.store.clone();
        background.spawn(for_good("the upkeep of the ledger", move || {
            crate::upkeep::keep(store.clone())
        }));
    }
    if let Some(every) = app.settings.audit_every {
        // An audit only reads: it may be cut off, and the next server begins it anew.
        let app = app.clone();
        background.spawn(for_good("the nightly audits", move || {
            crate::nightly::keep_proving(app.clone(), every)
        }));
    }
    let stopped = {
        let (clock, mut stop) = (Arc::clone(&app.clock), stop.clone());
        async move {
            let _ = stop.wait_for(|stop| *stop).await;
            clock.now()
        }
    };
    let serving = connections::serve(listener, router, Limits::default(), stop);
    let ((), stopped_at) = tokio::join!(serving, stopped);
    drop(background);
    workers.await.context("the workers stopped")?;
    // What shops send from here on is lost until another server lives.
    if let Err(error) = app.store.sign_off(&server, stopped_at).await {
        tracing::warn!(%error, "the end of this server cannot be written to the ledger");
    }
    Ok(())
}

/// Does what is to be done for as long as the server runs. Should it panic, that is told and it begins anew: one thing
/// that nobody foresaw must not be the end of all work.
async fn for_good<Work>(what: &'static str, begin: impl Fn() -> Work)
where
    Work: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set, so that the work ends when whoever waits for it is ended.
        let mut running = JoinSet::new();
        running.spawn(begin());
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!("{what} broke off by an error in the program, and begin anew");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            _ => return,
        }
    }
}

/// Claims lanes that are due and gives each to a task of its own.
pub async fn work(
    engine: Engine,
    store: Store,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    stop: watch::Receiver<bool>,
) {
    // Each holds a connection to its shop or to SARE while it waits.
    let lanes = (connections::descriptors() / 4).clamp(32, MOST_LANES);
    let places = Arc::new(Semaphore::new(lanes));
    while !*stop.borrow() {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match engine.claim().await {
            Ok(Some(lease)) => {
                let (engine, wake) = (engine.clone(), Arc::clone(&wake));
                tokio::spawn(async move {
                    engine.slice(lease).await;
                    drop(place);
                    wake.notify_one();
                });
            }
            Ok(None) => {
                drop(place);
                let pause = match store.next_due(clock.now()).await {
                    Ok(Some(due)) => Duration::from_millis(u64::try_from(due - clock.now()).unwrap_or(1)),
                    _ => PAUSE,
                };
                let _ =
                    tokio::time::timeout(pause.clamp(Duration::from_millis(5), PAUSE), wake.notified()).await;
            }
            Err(error) => {
                tracing::error!(%error, "lanes cannot be claimed");
                drop(place);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    // Slices under way end by themselves; what they do not finish is found again.
    let all = u32::try_from(lanes).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(Duration::from_secs(20), places.acquire_many(all)).await;
}

/// Becomes true at Ctrl-C or SIGTERM. To be called before anybody can know that the server is there: from now on a signal
/// ends it in good order.
pub fn stop_signal() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
    };
    tokio::spawn(async move {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = signals;
            tokio::select! {
                () = told(interrupt) => {}
                () = told(terminate) => {}
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
        let _ = sender.send(true);
        // The receivers may all be gone by now; keeping the sender keeps the value readable.
        std::future::pending::<()>().await;
    });
    receiver
}

/// A file that may not grow any more (`ulimit -f`) is an error like that of a full disk, not the end of the process.
#[cfg(unix)]
fn keep_over_the_file_limit() -> Option<tokio::signal::unix::Signal> {
    /// The same number on all systems that we know of.
    const SIGXFSZ: i32 = 25;
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::from_raw(SIGXFSZ)).ok()
}

#[cfg(not(unix))]
fn keep_over_the_file_limit() {}

/// Waits for a signal, for ever where it cannot be waited for.
#[cfg(unix)]
async fn told(signal: std::io::Result<tokio::signal::unix::Signal>) {
    match signal {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn work_that_panics_begins_anew_and_work_that_is_done_does_not() {
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        for_good("the test", move || {
            let begun = Arc::clone(&counted);
            async move { assert!(begun.fetch_add(1, Ordering::SeqCst) > 0, "as a test") }
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn work_ends_with_whoever_waits_for_it() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let sender = Arc::new(std::sync::Mutex::new(Some(sender)));
        let waiting = tokio::spawn(for_good("the test", move || {
            let sender = sender.lock().unwrap().take();
            async move {
                let _kept = sender;
                std::future::pending::<()>().await;
            }
        }));
        tokio::time::sleep(Duration::from_millis(10)).await;
        waiting.abort();
        assert!(receiver.await.is_err(), "dropped, not sent");
    }
}

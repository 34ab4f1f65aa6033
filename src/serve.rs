//! The server: the outside's calls on one hand, lanes on the other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use engine::Engine;
use ports::Clock;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};

use crate::app::App;
use crate::connections::{self, Limits};

/// Lanes worked on at once by one process.
const LANES_AT_ONCE: usize = 32;
/// Longest pause between two looks for due lanes; other processes may have woken one.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop` says otherwise. Everything acknowledged is in the ledger, so stopping loses nothing.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(app: &App, listener: TcpListener, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let wake = Arc::new(Notify::new());
    let metrics = crate::metrics::install();
    let tidying = metrics
        .clone()
        .map(|handle| tokio::spawn(crate::metrics::keep_tidy(handle)));
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
    let workers = tokio::spawn(work(
        app.engine(),
        app.store.clone(),
        Arc::clone(&app.clock),
        wake,
        stop.clone(),
    ));
    let auditor = app
        .settings
        .audit_every
        .map(|every| tokio::spawn(crate::nightly::keep_proving(app.clone(), every)));
    connections::serve(listener, router, Limits::default(), stop).await;
    if let Some(auditor) = auditor {
        // An audit only reads, and the next server begins it anew.
        auditor.abort();
    }
    workers.await.context("the workers stopped")?;
    if let Some(tidying) = tidying {
        tidying.abort();
    }
    Ok(())
}

/// Claims lanes that are due and gives each to a task of its own.
pub async fn work(
    engine: Engine,
    store: Store,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(LANES_AT_ONCE));
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
    let all = u32::try_from(LANES_AT_ONCE).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(Duration::from_secs(20), places.acquire_many(all)).await;
}

/// Becomes true at Ctrl-C or SIGTERM.
pub fn stop_signal() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let interrupt = tokio::signal::ctrl_c();
        #[cfg(unix)]
        {
            let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
            match terminate {
                Ok(mut terminate) => {
                    tokio::select! {
                        _ = interrupt => {}
                        _ = terminate.recv() => {}
                    }
                }
                Err(_) => {
                    let _ = interrupt.await;
                }
            }
        }
        #[cfg(not(unix))]
        {
            let _ = interrupt.await;
        }
        let _ = sender.send(true);
        // The receivers may all be gone by now; keeping the sender keeps the value readable.
        std::future::pending::<()>().await;
    });
    receiver
}

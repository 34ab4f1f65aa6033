//! Connections from outside: how many at once, and for how long one may say nothing.
//!
//! Whoever opens connections and says nothing must not keep shops and machines from being answered, nor take the
//! descriptors that the database and our own calls need. So their number stays well under what the system grants, one
//! that is quiet for long is closed, and at the bound the one that has been quiet longest makes room for a new one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// What connections are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub max_connections: usize,
    /// From the first wait for a request to the end of its headers; also between two requests of one connection.
    pub quiet: Duration,
    /// What calls under way are given when the server stops.
    pub ending: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: most_connections(),
            quiet: Duration::from_secs(20),
            ending: Duration::from_secs(35),
        }
    }
}

/// Half of the descriptors that the system grants: the other half is for the database, for calls to shops and to SARE, and
/// for files.
fn most_connections() -> usize {
    (descriptors() / 2).clamp(16, 8_192)
}

/// How many descriptors this process may have open, having asked the system for all that it grants.
pub fn descriptors() -> usize {
    /// Where the system does not say.
    const UNTOLD: u64 = 16_384;
    #[cfg(unix)]
    let granted = {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum.or(limit.current);
        // Not every system grants a process what it says is the most.
        let _ = setrlimit(Resource::Nofile, limit);
        getrlimit(Resource::Nofile).current.unwrap_or(UNTOLD)
    };
    #[cfg(not(unix))]
    let granted = UNTOLD;
    usize::try_from(granted).unwrap_or(usize::MAX)
}

/// One connection as the others see it.
#[derive(Default)]
struct Slot {
    /// A request is being answered.
    busy: AtomicBool,
    /// The number of the last thing that happened here: the least is the longest ago.
    last: AtomicU64,
    /// Told when it must go.
    leave: Notify,
}

/// All connections.
#[derive(Default)]
struct Connections {
    slots: Mutex<BTreeMap<u64, Arc<Slot>>>,
    events: AtomicU64,
}

impl Connections {
    fn slots(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::Relaxed)
    }

    /// A slot for a new connection; where all are taken that of the one that has been quiet longest. `None` when every
    /// one of them is being answered.
    fn slot(&self, max_connections: usize) -> Option<(u64, Arc<Slot>)> {
        let mut slots = self.slots();
        if slots.len() >= max_connections {
            let quiet = slots
                .iter()
                .filter(|(_, slot)| !slot.busy.load(Ordering::Relaxed));
            let longest = *quiet.min_by_key(|(_, slot)| slot.last.load(Ordering::Relaxed))?.0;
            if let Some(slot) = slots.remove(&longest) {
                slot.leave.notify_one();
            }
        }
        let number = self.event();
        let slot = Arc::new(Slot::default());
        slot.last.store(number, Ordering::Relaxed);
        slots.insert(number, Arc::clone(&slot));
        Some((number, slot))
    }
}

/// Answers what comes in on `listener` until `stop` says otherwise; then what is under way is answered to its end.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    let open = Arc::new(Connections::default());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // One connection may have failed, or the whole system lacks something: a moment later it may not.
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some((number, slot)) = open.slot(limits.max_connections) else {
            metrics::counter!("shoper_sare_connections_refused_total").increment(1);
            continue;
        };
        let (open, router, stop) = (Arc::clone(&open), router.clone(), stop.clone());
        connections.spawn(async move {
            answer(stream, router, &open, &slot, limits, stop).await;
            open.slots().remove(&number);
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.ending, all).await.is_err() {
        tracing::warn!("calls that did not end in time are cut off");
    }
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    router: Router,
    open: &Connections,
    slot: &Slot,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    // An answer is written at once, and in one piece: waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            slot.busy.store(true, Ordering::Relaxed);
            let answer = router.oneshot(request.map(axum::body::Body::new)).await;
            slot.last.store(open.event(), Ordering::Relaxed);
            slot.busy.store(false, Ordering::Relaxed);
            answer.map_err(|never: Infallible| match never {})
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.quiet)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Whoever broke the connection knows; what is to be told was told by the routes.
        _ = connection.as_mut() => return,
        () = slot.leave.notified() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_quiet_makes_room_and_nobody_who_is_being_answered_does() {
        let open = Connections::default();
        let slots: Vec<_> = (0..3).map(|_| open.slot(3).unwrap()).collect();
        // The first was answered a moment ago, the second is being answered.
        slots[0].1.last.store(open.event(), Ordering::Relaxed);
        slots[1].1.busy.store(true, Ordering::Relaxed);
        let (newest, _) = open.slot(3).unwrap();
        let left: Vec<u64> = open.slots().keys().copied().collect();
        assert_eq!(left, [slots[0].0, slots[1].0, newest]);
        for slot in open.slots().values() {
            slot.busy.store(true, Ordering::Relaxed);
        }
        assert!(open.slot(3).is_none());
        assert_eq!(open.slots().len(), 3);
    }

    /// A server with these limits, and where it listens.
    async fn served(limits: Limits) -> (std::net::SocketAddr, watch::Sender<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(|| async { "here" }));
        let (sender, stop) = watch::channel(false);
        tokio::spawn(serve(listener, router, limits, stop));
        (address, sender)
    }

    async fn read_all(stream: &mut TcpStream) -> String {
        use tokio::io::AsyncReadExt;
        let mut text = Vec::new();
        // A connection that is cut off may end with an error: what came before counts.
        let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut text)).await;
        String::from_utf8_lossy(&text).into_owned()
    }

    #[tokio::test]
    async fn who_says_nothing_and_who_never_ends_its_headers_is_sent_away() {
        use tokio::io::AsyncWriteExt;
        let limits = Limits {
            quiet: Duration::from_millis(300),
            ..Limits::default()
        };
        let (address, _stop) = served(limits).await;
        for said in [
            "",
            "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            let answer = read_all(&mut stream).await;
            assert_eq!(
                answer.contains("here"),
                said.ends_with("\r\n\r\n"),
                "{said:?}: {answer:?}"
            );
        }
    }

    #[tokio::test]
    async fn thousands_who_say_nothing_keep_nobody_from_being_answered() {
        use tokio::io::AsyncWriteExt;
        let limits = Limits {
            max_connections: 8,
            quiet: Duration::from_secs(600),
            ..Limits::default()
        };
        let (address, _stop) = served(limits).await;
        let mut idle = Vec::new();
        for _ in 0..200 {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        assert!(read_all(&mut stream).await.contains("here"));
    }

    #[test]
    fn the_bound_leaves_as_many_descriptors_to_ourselves() {
        let bound = most_connections();
        assert!((16..=8_192).contains(&bound), "{bound}");
    }
}

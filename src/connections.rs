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
    pub at_once: usize,
    /// From the first wait for a request to the end of its headers; also between two requests of one connection.
    pub quiet: Duration,
    /// What calls under way are given when the server stops.
    pub ending: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: most_connections(),
            quiet: Duration::from_secs(20),
            ending: Duration::from_secs(35),
        }
    }
}

/// Half of the descriptors that the system grants, having asked for all that it would: the other half is for the database,
/// for calls to shops and to SARE, and for files.
fn most_connections() -> usize {
    const MOST: u64 = 8_192;
    #[cfg(unix)]
    let granted = {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum.or(limit.current);
        // Not every system grants a process what it says is the most.
        let _ = setrlimit(Resource::Nofile, limit);
        getrlimit(Resource::Nofile).current.unwrap_or(2 * MOST)
    };
    #[cfg(not(unix))]
    let granted = 2 * MOST;
    usize::try_from((granted / 2).clamp(16, MOST)).unwrap_or(16)
}

/// One connection as the others see it.
#[derive(Default)]
struct Seat {
    /// A request is being answered.
    busy: AtomicBool,
    /// The number of the last thing that happened here: the least is the longest ago.
    last: AtomicU64,
    /// Told when it must go.
    leave: Notify,
}

/// All connections.
#[derive(Default)]
struct Room {
    seats: Mutex<BTreeMap<u64, Arc<Seat>>>,
    events: AtomicU64,
}

impl Room {
    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::Relaxed)
    }

    /// A seat for a new connection; where all are taken that of the one that has been quiet longest. `None` when every
    /// one of them is being answered.
    fn seat(&self, at_once: usize) -> Option<(u64, Arc<Seat>)> {
        let mut seats = self.seats();
        if seats.len() >= at_once {
            let quiet = seats
                .iter()
                .filter(|(_, seat)| !seat.busy.load(Ordering::Relaxed));
            let longest = *quiet.min_by_key(|(_, seat)| seat.last.load(Ordering::Relaxed))?.0;
            if let Some(seat) = seats.remove(&longest) {
                seat.leave.notify_one();
            }
        }
        let number = self.event();
        let seat = Arc::new(Seat::default());
        seat.last.store(number, Ordering::Relaxed);
        seats.insert(number, Arc::clone(&seat));
        Some((number, seat))
    }
}

/// Answers what comes in on `listener` until `stop` says otherwise; then what is under way is answered to its end.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    let room = Arc::new(Room::default());
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
        let Some((number, seat)) = room.seat(limits.at_once) else {
            metrics::counter!("shoper_sare_connections_refused_total").increment(1);
            continue;
        };
        let (room, router, stop) = (Arc::clone(&room), router.clone(), stop.clone());
        connections.spawn(async move {
            answer(stream, router, &room, &seat, limits, stop).await;
            room.seats().remove(&number);
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
    room: &Room,
    seat: &Seat,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    // An answer is written at once, and in one piece: waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            seat.busy.store(true, Ordering::Relaxed);
            let answer = router.oneshot(request.map(axum::body::Body::new)).await;
            seat.last.store(room.event(), Ordering::Relaxed);
            seat.busy.store(false, Ordering::Relaxed);
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
        () = seat.leave.notified() => return,
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
        let room = Room::default();
        let seats: Vec<_> = (0..3).map(|_| room.seat(3).unwrap()).collect();
        // The first was answered a moment ago, the second is being answered.
        seats[0].1.last.store(room.event(), Ordering::Relaxed);
        seats[1].1.busy.store(true, Ordering::Relaxed);
        let (newest, _) = room.seat(3).unwrap();
        let left: Vec<u64> = room.seats().keys().copied().collect();
        assert_eq!(left, [seats[0].0, seats[1].0, newest]);
        for seat in room.seats().values() {
            seat.busy.store(true, Ordering::Relaxed);
        }
        assert!(room.seat(3).is_none());
        assert_eq!(room.seats().len(), 3);
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
            at_once: 8,
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

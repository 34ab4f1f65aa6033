//! Simulators as real HTTP servers, for the demo and for tests that see nothing but the network.
//!
//! [`serve`] puts an [`Endpoint`] behind a listener: it honours latency, and where a fault demands a
//! cut it closes the connection without a byte of an answer. [`deliver`] carries the simulators'
//! webhook calls to where they belong.
//!
//! # Admin routes
//!
//! Every server has routes of its own under `/_sim/`, which are no part of the simulated APIs: JSON
//! in, JSON out, no key asked, so they belong on loopback only. Unknown routes answer 404, bad bodies
//! 400, both with `{"error": "…"}`. Routes that say `{"changed": …}` answer `false` when the contact
//! is not there or was so already.
//!
//! On either simulator:
//!
//! | route | does |
//! |---|---|
//! | `POST /_sim/faults` `{"fault": "cut_after", "method": "POST", "path_contains": "/email/add", "probability": 0.5, "remaining": 3}` | adds a [`FaultRule`](crate::faults::FaultRule); all but `fault` can be left out |
//! | `DELETE /_sim/faults` | takes all faults away |
//!
//! On a SARE account:
//!
//! | route | does |
//! |---|---|
//! | `GET /_sim/contacts`, `GET /_sim/contacts/{email}` | contacts as stored ([`ContactView`](crate::sare::ContactView)); `null` for an unknown one |
//! | `POST /_sim/contacts` `{"email": …, "status": 8, "groups": [21], …}` | puts a contact in |
//! | `GET /_sim/groups`, `GET /_sim/mailable` | groups; addresses that are mailed |
//! | `GET /_sim/status_log` | every change of a status, with who did it |
//! | `GET /_sim/requests`, `GET /_sim/counters` | the newest requests; totals |
//! | `GET /_sim/settings`, `POST /_sim/settings` `{"latency": 40}` | settings; some of them changed |
//! | `POST /_sim/unsubscribe`, `/confirm` `{"email": …}` | the recipient's clicks → `{"changed": …}` |
//! | `POST /_sim/block`, `/sign_out`, `/forget`, `/delete` `{"email": …}` | the operator → `{"changed": …}` |
//! | `POST /_sim/status` `{"email": …, "status": 5}` | the operator sets any status → `{"changed": …}` |
//! | `POST /_sim/forge_webhook` `{"email": …}` | a stranger calls the webhook |
//!
//! On a shop:
//!
//! | route | does |
//! |---|---|
//! | `GET /_sim/customers`, `GET /_sim/customers/{id or email}` | customers with their default address; `null` for an unknown one |
//! | `POST /_sim/customers` `{"email": …, "firstname": …, "lastname": …, "newsletter": true, "guest": false, "tags": […], "group": 1, "fields": [[7, "…"]], "address": {"city": …, "phone": …}}` | a customer registers → `{"id": …}`; all but `email` can be left out |
//! | `POST /_sim/customers/{id}` with the same members | edits those given → `{"changed": …}` |
//! | `DELETE /_sim/customers/{id}`, `DELETE /_sim/subscribers/{id}` | deletes → `{"changed": …}` |
//! | `GET /_sim/subscribers`, `GET /_sim/subscribers/{id or email}` | subscribers |
//! | `POST /_sim/subscribers` `{"email": …, "active": true}` | somebody signs up → `{"id": …}` |
//! | `POST /_sim/subscribers/{id}` `{"active": false}` | edits → `{"changed": …}` |
//! | `POST /_sim/unsubscribe` `{"email": …}` | subscriber row and customer's flag off → `{"changed": …}` |
//! | `POST /_sim/orders` `{"email": …, "sum": 10000}` | somebody orders → `{"id": …}` |
//! | `GET /_sim/webhooks`, `/requests`, `/counters` | webhooks as registered; the newest requests; totals |
//! | `POST /_sim/messages/install`, `/upgrade` `{"version": 2}`, `/billing_install`, `/billing_subscription` `{"end": ms}`, `/uninstall`, `/iframe` `{"place": …}` | the AppStore's signed message, or the panel's query → `{"form": "…"}`, to be sent on by the caller |
//! | `POST /_sim/lock` `{"locked": true}` | the whole shop answers 503 |
//! | `POST /_sim/webhook_faults` `{"drop": 0.1}` | what goes wrong with webhooks ([`WebhookFaults`](crate::shoper::WebhookFaults)) |
//! | `GET /_sim/settings`, `POST /_sim/settings` | settings; some of them changed |
//! | `GET /_sim/admin?lang=pl` (or `en`) | a page for browsers that plays the shop's administration, with the app in a frame whose address is signed anew each time |
//! | … `&app=http://127.0.0.1:8080` | where the app is; otherwise as the webhooks that it registered tell |
//! | … `&init=fail`, `&init=silent` | how the SDK's `init` ends: with an error, never; otherwise well |
//! | … `&styles=old`, `none`, `missing` | the style sheets that the SDK names: only the older look's, none, some that are not there; otherwise both looks' |
//! | … `&admin=2` | another administrator looks |
//! | … `&show_after=4000` | milliseconds after which the frame is shown though the app's SDK did not ask for it |
//! | `GET /_sim/admin/sdk.js` | the script that plays Shoper's SDK; a browser has to be told to take it in place of the real one |

mod admin;
mod admin_page;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::serve::{IncomingStream, Listener};
use futures_util::StreamExt;
use http::StatusCode;
use ports::{Clock, Transport};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::faults::{Cut, ExtraLatency};
use crate::network::Endpoint;

/// Greatest body of a request, in bytes.
const MAX_BODY: usize = 16 << 20;
/// How often due webhook calls are looked for.
const DELIVERY_TICK: Duration = Duration::from_millis(50);
/// How long a receiver may take to answer a webhook call (shoper-api.md F.6).
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);
/// Webhook calls of one simulator that are under way at once.
const DELIVERIES_AT_ONCE: usize = 16;

/// Serves `endpoint` on `listener` until `shutdown` is ready and the requests under way are answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    endpoint: Endpoint,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let server = Server { endpoint, stopping };
    let router = Router::new().fallback(answer).with_state(server);
    let service = router.into_make_service_with_connect_info::<Line>();
    axum::serve(CuttingListener(listener), service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            stop.send_replace(true);
        })
        .await
}

/// Every 50 ms takes the webhook calls that are due by `clock` from `endpoint` and makes them over
/// `transport`, each with 3 s for its answer, until `shutdown` is ready. A call counts as delivered
/// when its answer's status is 2xx.
pub async fn deliver(
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let rounds = async {
        let mut tick = tokio::time::interval(DELIVERY_TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let due = endpoint.take_deliveries(clock.now());
            futures_util::stream::iter(due)
                .for_each_concurrent(DELIVERIES_AT_ONCE, |delivery| {
                    let (endpoint, transport) = (&endpoint, &transport);
                    async move {
                        let delivered = match delivery.request() {
                            Some(request) => {
                                let answer =
                                    tokio::time::timeout(DELIVERY_TIMEOUT, transport.send(request)).await;
                                matches!(answer, Ok(Ok(answer)) if answer.status().is_success())
                            }
                            None => false,
                        };
                        endpoint.delivery_result(&delivery, delivered);
                    }
                })
                .await;
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = rounds => {}
    }
}

#[derive(Clone)]
struct Server {
    endpoint: Endpoint,
    stopping: watch::Receiver<bool>,
}

impl Server {
    /// Lets time pass, but not beyond the end of the server.
    async fn wait(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

async fn answer(
    State(server): State<Server>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return admin::json_answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            &json!({ "error": "body too large" }),
        )
        .map(Body::from);
    };
    if let Some(route) = parts.uri.path().strip_prefix("/_sim/") {
        if let (Endpoint::Shop(shop), &http::Method::GET) = (&server.endpoint, &parts.method)
            && let Some(answer) = admin_page::answer(shop, route, parts.uri.query().unwrap_or_default())
        {
            return answer.map(Body::from);
        }
        return admin::answer(&server.endpoint, &parts.method, route, &body).map(Body::from);
    }
    let mut answer = server
        .endpoint
        .answer(&ports::Request::from_parts(parts, body))
        .await;
    let extra = answer
        .extensions_mut()
        .remove::<ExtraLatency>()
        .map_or(Duration::ZERO, |extra| extra.0);
    server.wait(server.endpoint.latency().saturating_add(extra)).await;
    if answer.extensions_mut().remove::<Cut>().is_some() {
        line.cut();
    }
    answer.map(Body::from)
}

/// Accepts connections that can be cut.
struct CuttingListener(TcpListener);

impl Listener for CuttingListener {
    type Io = CuttableStream;
    type Addr = Line;

    async fn accept(&mut self) -> (CuttableStream, Line) {
        let (stream, _) = Listener::accept(&mut self.0).await;
        let line = Line::default();
        // Without it small answers wait for acknowledgements; failing, they are only slower.
        let _ = stream.set_nodelay(true);
        (
            CuttableStream {
                stream,
                line: line.clone(),
            },
            line,
        )
    }

    fn local_addr(&self) -> io::Result<Line> {
        Ok(Line::default())
    }
}

/// The handle by which a connection's requests can cut it.
#[derive(Debug, Clone, Default)]
struct Line(Arc<AtomicBool>);

impl Line {
    /// Lets the next write fail, which closes the connection before the answer.
    fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl Connected<IncomingStream<'_, CuttingListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, CuttingListener>) -> Self {
        stream.remote_addr().clone()
    }
}

struct CuttableStream {
    stream: TcpStream,
    line: Line,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.line.check()?;
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.line.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;

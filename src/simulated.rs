//! The simulators as HTTP servers on this machine: what `simulate` runs and `demo` plays with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use ports::{Clock, Transport};
use simulators::data::Size;
use simulators::network::Endpoint;
use simulators::server;
use simulators::shoper::Shop;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A shop with so many people, in the usual proportions of overlap, consent and guests.
pub fn size(customers: u32, subscribers: u32) -> Size {
    Size {
        customers: customers as usize,
        subscribers: subscribers as usize,
        ..Size::of(0)
    }
}

/// A listener on `address`, and where others reach it.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn listen(address: &str) -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{address} cannot be listened on"))?;
    let mut local = listener.local_addr()?;
    if local.ip().is_unspecified() {
        local = SocketAddr::from((Ipv4Addr::LOCALHOST, local.port()));
    }
    Ok((listener, format!("http://{local}")))
}

/// A simulator that serves and delivers its webhooks until it is told to stop.
pub struct Running {
    server: JoinHandle<std::io::Result<()>>,
    deliveries: JoinHandle<()>,
}

impl Running {
    /// Serves `endpoint` on `listener` until `stop` says otherwise.
    pub fn start(
        endpoint: Endpoint,
        listener: TcpListener,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        stop: &watch::Receiver<bool>,
    ) -> Self {
        let server = tokio::spawn(server::serve(endpoint.clone(), listener, stopped(stop.clone())));
        let deliveries = tokio::spawn(server::deliver(endpoint, transport, clock, stopped(stop.clone())));
        Self { server, deliveries }
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// When the server ended by itself.
    pub async fn wait(self) -> anyhow::Result<()> {
        self.server
            .await
            .context("a simulator stopped")?
            .context("a simulator stopped")?;
        self.deliveries
            .await
            .context("a simulator's deliveries stopped")?;
        Ok(())
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The query that the panel's address carries when the shop opens it.
pub fn panel_query(shop: &Shop) -> String {
    simulators::shoper::form(&shop.iframe_query("dashboard", None))
}

//! Names to addresses, for every new connection, and only to those within reach (`reach.rs`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::reach::{OutOfReach, Reach};
use crate::transport::BoxFuture;

/// Looks a name up; the system's resolver, or a test's.
pub(crate) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The resolver of the real transport.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub reach: Reach,
    pub lookup: Lookup,
    /// Hosts of proxies that the operator set: these may be anywhere.
    pub proxies: Vec<String>,
}

impl Resolver {
    /// The addresses of a name, when all are within reach. One that leads astray condemns the name: it would be chosen
    /// at the next try.
    ///
    /// # Errors
    /// [`OutOfReach`], and what the lookup says.
    pub async fn addresses(
        &self,
        host: &str,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let found = (self.lookup)(host.to_owned()).await?;
        if !self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(host)) {
            for address in &found {
                self.judge(host, *address)?;
            }
        }
        Ok(found)
    }

    /// Whether an address is within reach.
    ///
    /// # Errors
    /// [`OutOfReach`].
    pub fn judge(&self, host: &str, address: IpAddr) -> Result<(), OutOfReach> {
        match self.reach.refuses(address) {
            None => Ok(()),
            Some(place) => Err(OutOfReach {
                host: host.to_owned(),
                place,
            }),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// The system's own resolver.
pub(crate) fn system() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

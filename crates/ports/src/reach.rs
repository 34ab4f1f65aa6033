//! Which addresses of the internet a request may go to.
//!
//! Names of shops come from messages and from people, and lead wherever their owners point them, today here and in a
//! minute there. What is asked with credentials, from inside of our network, must never be a machine of that network: so
//! every address that a name leads to is judged, each time a connection is made.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Public addresses of the internet.
    #[default]
    Public,
    /// These, and this very machine: demonstrations and tests.
    PublicAndLoopback,
    /// Everywhere: for addresses that the operator named, asked without any credentials.
    Anywhere,
}

impl Reach {
    /// Why an address is out of reach, as a kind of place; `None` for one within.
    pub fn refuses(self, address: IpAddr) -> Option<&'static str> {
        if self == Self::Anywhere {
            return None;
        }
        let address = address.to_canonical();
        if address.is_loopback() {
            return (self == Self::Public).then_some("this machine itself (loopback)");
        }
        match address {
            IpAddr::V4(address) => refuses_v4(address),
            IpAddr::V6(address) => refuses_v6(address),
        }
    }
}

const SPECIAL: &str = "an address for special use";

/// By IANA's register of special-purpose addresses.
fn refuses_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, _, _) => Some("no address at all (unspecified)"),
        (10, _, _) | (172, 16..=31, _) | (192, 168, _) => Some("a private network"),
        (100, 64..=127, _) => Some("a provider's inner network (carrier-grade NAT)"),
        (127, _, _) => Some("this machine itself (loopback)"),
        (169, 254, _) => Some("the local network (link-local)"),
        (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (240.., _, _) => Some(SPECIAL),
        (224..=239, _, _) => Some("a group of machines (multicast)"),
        _ => None,
    }
}

fn refuses_v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    let inner = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        let inner = Ipv4Addr::new(a, b, c, d);
        refuses_v4(inner).or(inner.is_loopback().then_some("this machine itself (loopback)"))
    };
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("no address at all (unspecified)"),
        // An address of the older internet in a longer form is what it stands for: compatible, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        [0x64, 0xff9b, ..]
        | [0x100, 0, ..]
        | [0x2001, 0..=0x1ff, ..]
        | [0x2001, 0xdb8, ..]
        | [0x3fff, ..] => Some(SPECIAL),
        [0xfc00..=0xfdff, ..] => Some("a private network (unique local)"),
        [0xfe80..=0xfebf, ..] => Some("the local network (link-local)"),
        [0xfec0..=0xfeff, ..] => Some("a private network (site-local)"),
        [0xff00..=0xffff, ..] => Some("a group of machines (multicast)"),
        // Everything that is given out to anybody lies here.
        [0x2000..=0x3fff, ..] => None,
        _ => Some(SPECIAL),
    }
}

/// A place that no request may go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} leads to {place}; shops and accounts are on the public internet, so nothing was sent there")]
pub struct OutOfReach {
    /// The host that was to be asked.
    pub host: String,
    /// What kind of place it leads to.
    pub place: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reach: Reach, address: &str) -> bool {
        reach.refuses(address.parse().unwrap()).is_some()
    }

    #[test]
    fn only_public_addresses_are_within_reach() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2002:7f00:1::",
            "2001::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(refused(Reach::Public, address), "{address}");
            assert!(!refused(Reach::Anywhere, address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "193.0.6.139",
            "2606:4700::1111",
            "2a00:1450::200e",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(!refused(Reach::Public, address), "{address}");
        }
    }

    #[test]
    fn loopback_is_opened_alone() {
        for address in ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"] {
            assert!(!refused(Reach::PublicAndLoopback, address), "{address}");
        }
        for address in [
            "10.0.0.1",
            "169.254.169.254",
            "192.168.0.1",
            "fd00::1",
            "0.0.0.0",
            "::",
            "2002:7f00:1::",
        ] {
            assert!(refused(Reach::PublicAndLoopback, address), "{address}");
        }
    }
}

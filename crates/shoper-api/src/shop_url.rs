//! The address of a shop, checked once where it comes in.
//!
//! It comes from lifecycle messages and from people, and our server calls it with credentials: so it
//! must be HTTPS and must not lead into our own network.

use std::fmt;

use url::{Host, Url};

/// The base address of a shop: scheme, host and port, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShopUrl {
    /// Without a slash at the end.
    text: String,
    host: String,
}

/// Why a text is not the address of a shop. Never shows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShopUrlError {
    /// Not a URL with a host.
    #[error("this is no address of a web site")]
    NotAnAddress,
    /// Not HTTPS.
    #[error("a shop's address must begin with https://")]
    NotHttps,
    /// A user name or password in it.
    #[error("a shop's address holds no user name and no password")]
    HasCredentials,
    /// A query or a fragment in it.
    #[error("a shop's address ends with its host")]
    HasQuery,
    /// An IP address, or a name of a private network.
    #[error("only a public host name can be asked, no IP address and no name of a private network")]
    NotPublic,
}

impl ShopUrl {
    /// Reads an address; one without a scheme is taken for HTTPS, and a path is dropped.
    ///
    /// With `allow_http` this machine itself (loopback) is accepted, by HTTP as well: for demos and tests
    /// only. Names are not resolved here; where a name leads is judged at every connection ([`ports::Reach`]).
    ///
    /// # Errors
    /// [`ShopUrlError`].
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, ShopUrlError> {
        let text = text.trim();
        let with_scheme;
        let text = if text.contains("://") {
            text
        } else {
            with_scheme = format!("https://{text}");
            &with_scheme
        };
        let url = Url::parse(text).map_err(|_| ShopUrlError::NotAnAddress)?;
        let host = url.host().ok_or(ShopUrlError::NotAnAddress)?;
        match url.scheme() {
            "https" => {}
            "http" if allow_http && is_loopback(&host) => {}
            _ => return Err(ShopUrlError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ShopUrlError::HasCredentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ShopUrlError::HasQuery);
        }
        let within_reach = is_public(&host) || (allow_http && is_loopback(&host));
        if !within_reach {
            return Err(ShopUrlError::NotPublic);
        }
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Ok(Self {
            text: format!("{}://{host}", url.scheme()),
            host,
        })
    }

    /// The host, with the port where it is not the usual one.
    pub fn host(&self) -> String {
        self.host.clone()
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ShopUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// Names under which no shop can be reached from outside.
const PRIVATE: [&str; 11] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "onion",
    "home.arpa",
];

/// Shops live under names (shoper-api.md G), so that no bare IP address is one.
fn is_public(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return false };
    let name = name.trim_end_matches('.');
    let is_under = |suffix: &str| {
        name.strip_suffix(suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    name.contains('.') && !PRIVATE.iter().any(|suffix| is_under(suffix))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<String, ShopUrlError> {
        ShopUrl::parse(text, false).map(|url| url.as_str().to_owned())
    }

    #[test]
    fn an_address_is_reduced_to_scheme_and_host() {
        for text in [
            "https://sklep000001.shoparena.pl",
            " https://sklep000001.shoparena.pl/ ",
            "HTTPS://Sklep000001.Shoparena.PL:443/admin",
            "sklep000001.shoparena.pl",
        ] {
            assert_eq!(
                parsed(text).as_deref(),
                Ok("https://sklep000001.shoparena.pl"),
                "{text}"
            );
        }
        let with_port = ShopUrl::parse("https://shop.example.com:8443/", false).unwrap();
        assert_eq!(
            (with_port.host().as_str(), with_port.as_str()),
            ("shop.example.com:8443", "https://shop.example.com:8443")
        );
        assert_eq!(
            parsed("https://żółw.example").as_deref(),
            Ok("https://xn--w-uga1v8h.example")
        );
    }

    #[test]
    fn plain_http_is_for_loopback_and_only_when_allowed() {
        assert_eq!(
            parsed("http://sklep000001.shoparena.pl"),
            Err(ShopUrlError::NotHttps)
        );
        assert_eq!(
            ShopUrl::parse("http://sklep000001.shoparena.pl", true),
            Err(ShopUrlError::NotHttps)
        );
        assert_eq!(
            ShopUrl::parse("http://10.0.0.1", true),
            Err(ShopUrlError::NotHttps)
        );
        for text in [
            "http://127.0.0.1:8081",
            "http://localhost:8081",
            "http://shop1.localhost:8081",
            "http://[::1]:8081",
        ] {
            assert_eq!(parsed(text), Err(ShopUrlError::NotHttps), "{text}");
            assert_eq!(ShopUrl::parse(text, true).unwrap().as_str(), text);
        }
    }

    #[test]
    fn nothing_leads_into_a_private_network() {
        for text in [
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://169.254.169.254",
            "https://192.168.1.1:8443",
            "https://2130706433",
            "https://0x7f.1",
            "https://[::1]",
            "https://[fd00::1]",
            "https://[::ffff:10.0.0.1]",
            "https://localhost",
            "https://localhost.",
            "https://db.local",
            "https://metadata.google.internal",
            "https://redis",
        ] {
            assert_eq!(parsed(text), Err(ShopUrlError::NotPublic), "{text}");
        }
        for text in [
            "https://10.1.2.3",
            "https://[fd00::1]",
            "https://db.local",
            "https://redis",
            "https://1.1.1.1",
        ] {
            assert_eq!(
                ShopUrl::parse(text, true),
                Err(ShopUrlError::NotPublic),
                "{text}: only loopback is opened"
            );
        }
        assert!(ShopUrl::parse("https://127.0.0.1:9101", true).is_ok());
        assert!(parsed("https://mylocal.pl").is_ok() && parsed("https://local.pl").is_ok());
    }

    #[test]
    fn credentials_queries_and_other_schemes_are_refused() {
        assert_eq!(
            parsed("https://jan:tajne@shop.example"),
            Err(ShopUrlError::HasCredentials)
        );
        assert_eq!(
            parsed("https://jan@shop.example"),
            Err(ShopUrlError::HasCredentials)
        );
        assert_eq!(parsed("https://shop.example/?a=b"), Err(ShopUrlError::HasQuery));
        assert_eq!(parsed("https://shop.example/#a"), Err(ShopUrlError::HasQuery));
        assert_eq!(parsed("ftp://shop.example"), Err(ShopUrlError::NotHttps));
        for text in ["", "https://", "not an address", "mailto:jan@shop.example://"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_once_reads_the_same_again(text in "(https?://)?[a-z0-9.:@/?#\\[\\]-]{0,30}", allow in any::<bool>()) {
            if let Ok(url) = ShopUrl::parse(&text, allow) {
                prop_assert_eq!(ShopUrl::parse(url.as_str(), allow), Ok(url));
            }
        }
    }
}

//! Who may frame a page of the panel, and what the page may load.
//!
//! A page with a session may be framed by its own shop alone (shoper-api.md C.4): framed by anybody else, a merchant
//! could be made to click in it unawares.

use http::HeaderValue;
use store::Shop;
use url::Url;

/// Where the shop's script comes from (shoper-api.md C.4).
pub const SDK: &str = "https://dcsaascdn.net/js/dc-sdk-1.0.5.min.js";

/// For a page of this shop.
pub fn of_shop(shop: &Shop) -> HeaderValue {
    let others = [&shop.technical_url, &shop.own_url, &shop.previous_url];
    let mut hosts: Vec<String> = origin(&shop.url).into_iter().collect();
    for host in others.into_iter().flatten().filter_map(|url| origin(url)) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        return policy("'none'", "");
    }
    let hosts = hosts.join(" ");
    policy(&hosts, &hosts)
}

/// For a page that knows no session and shows nothing but why: wherever it is framed it can be read, so that a
/// merchant sees a sentence instead of the browser's blank refusal.
pub fn of_nobody() -> HeaderValue {
    policy("https: http://localhost:* http://127.0.0.1:*", "")
}

/// `styles` is where the administration's own style sheets may come from beside Shoper's network: the script names them.
fn policy(ancestors: &str, styles: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; script-src 'self' https://dcsaascdn.net; style-src 'self' https://dcsaascdn.net {styles}; \
         img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    );
    HeaderValue::try_from(text).expect("an origin is visible ASCII")
}

/// Scheme, host and port of a shop's address; its host is ASCII, as URLs keep it.
fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let origin = url.origin();
    (origin.is_tuple()
        && url
            .host_str()
            .is_some_and(|host| host.is_ascii() && !host.contains([';', ',', ' ', '\''])))
    .then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_of_an_address_counts() {
        for (url, expected) in [
            (
                "https://sklep000001.shoparena.pl",
                "https://sklep000001.shoparena.pl",
            ),
            ("https://shop.example:8443/", "https://shop.example:8443"),
            ("http://127.0.0.1:9101", "http://127.0.0.1:9101"),
            ("https://żółw.example", "https://xn--w-uga1v8h.example"),
        ] {
            assert_eq!(origin(url).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_address_frames_nothing() {
        for url in ["", "sklep", "data:text/html,x", "https://"] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}

//! Who may frame a page of the panel, and what the page may load.
//!
//! A page with a session may be framed by its own shop alone (shoper-api.md C.4): framed by anybody else, a merchant
//! could be made to click in it unawares.

use http::HeaderValue;
use url::Url;

/// Where the shop's script comes from (shoper-api.md C.4).
pub const SDK: &str = "https://dcsaascdn.net/js/dc-sdk-1.0.5.min.js";

/// For a page of this shop.
pub fn of_shop(url: &str) -> HeaderValue {
    let ancestors = origin(url).unwrap_or_else(|| "'none'".to_owned());
    policy(&ancestors)
}

/// For a page that knows no session and shows nothing but why: wherever it is framed it can be read, so that a
/// merchant sees a sentence instead of the browser's blank refusal.
pub fn of_nobody() -> HeaderValue {
    policy("https: http://localhost:* http://127.0.0.1:*")
}

fn policy(ancestors: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; script-src 'self' https://dcsaascdn.net; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
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

    fn ancestors(url: &str) -> String {
        let value = of_shop(url);
        let text = value.to_str().unwrap();
        text.rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    }

    #[test]
    fn a_page_is_framed_by_its_own_shop_alone() {
        assert_eq!(
            ancestors("https://sklep000001.shoparena.pl"),
            "https://sklep000001.shoparena.pl"
        );
        assert_eq!(
            ancestors("https://shop.example:8443/"),
            "https://shop.example:8443"
        );
        assert_eq!(ancestors("http://127.0.0.1:9101"), "http://127.0.0.1:9101");
        assert_eq!(ancestors("https://żółw.example"), "https://xn--w-uga1v8h.example");
    }

    #[test]
    fn what_is_no_address_frames_nothing() {
        for url in ["", "sklep", "data:text/html,x", "https://"] {
            assert_eq!(ancestors(url), "'none'", "{url}");
        }
    }
}

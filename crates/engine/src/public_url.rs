//! Where shops, SARE and browsers reach us.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The address under which the server is reached, perhaps with a path: `https://example.com/shoper-sare`. Every address
/// of ours that leaves the program is made here, so that the path is in all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The address of something served, such as `/healthz`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// What every address begins with at which shops call us.
    pub fn shoper_hooks(&self) -> String {
        self.at("/shoper/webhooks/")
    }

    /// The address at which SARE calls for the shop with that token.
    pub fn sare_hook(&self, token: &str) -> String {
        self.at(&format!("/sare/webhooks/{token}"))
    }

    /// The path that all of ours begin with, without a slash at its end; empty where there is none.
    pub fn base_path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// The address, parsed.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Why a text is no address under which we can be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "write an address such as https://example.com or https://example.com/path, with nothing behind the path"
)]
pub struct NoPublicUrl;

impl FromStr for PublicUrl {
    type Err = NoPublicUrl;

    fn from_str(text: &str) -> Result<Self, NoPublicUrl> {
        let url = Url::parse(text.trim()).map_err(|_| NoPublicUrl)?;
        let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        // A path of empty parts, or with what a cookie's path or a header cannot carry, is a slip of the pen.
        let path = url.path().trim_end_matches('/');
        let is_plain = !path.contains("//")
            && path
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b';' && b != b',');
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        (is_bare && is_plain && is_web)
            .then_some(Self(url))
            .ok_or(NoPublicUrl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_begins_with_the_path_there_is() {
        for (given, base) in [
            ("https://app.example", ""),
            ("https://app.example/", ""),
            ("https://app.example/sare", "/sare"),
            ("https://app.example/sare/", "/sare"),
            ("http://127.0.0.1:8080/a/b/", "/a/b"),
        ] {
            let public: PublicUrl = given.parse().unwrap();
            assert_eq!(public.base_path(), base, "{given}");
            let bare = given.trim_end_matches('/');
            assert_eq!(public.to_string(), bare);
            assert_eq!(public.at("/healthz"), format!("{bare}/healthz"));
            assert_eq!(public.shoper_hooks(), format!("{bare}/shoper/webhooks/"));
            assert_eq!(public.sare_hook("t"), format!("{bare}/sare/webhooks/t"));
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for text in [
            "",
            "app.example",
            "ftp://app.example",
            "https://app.example/?a=1",
            "https://app.example/#top",
            "https://me@app.example/",
            "https://app.example/a//b",
            "https://app.example/a;b",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(NoPublicUrl), "{text}");
        }
    }
}

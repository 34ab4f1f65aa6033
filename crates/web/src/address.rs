//! Addresses as they are asked for, brought to the form in which routes are written.
//!
//! `PUBLIC_URL` may have a path. A reverse proxy may take it away before it asks us or leave it, so it is taken away
//! here where it is still there. And a slash at the end of an address that a machine calls makes no other address of it.

use http::{Request, Uri};

/// Makes addresses plain for the routes.
#[derive(Debug, Clone)]
pub struct Plain {
    base: String,
}

impl Plain {
    /// For a server whose addresses all begin with `base`, which is empty or has no slash at its end.
    pub fn under(base: &str) -> Self {
        Self {
            base: base.to_owned(),
        }
    }

    /// The request with its address made plain.
    pub fn request<B>(&self, mut request: Request<B>) -> Request<B> {
        if let Some(uri) = self.uri(request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    }

    /// The plain address, where it differs.
    fn uri(&self, uri: &Uri) -> Option<Uri> {
        let path = uri.path();
        let inner = match path.strip_prefix(&self.base) {
            Some("") => "/",
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        };
        // The address of a session itself ends with a slash; its pages' do not.
        let is_session = inner
            .strip_prefix("/panel/s/")
            .is_some_and(|rest| rest.trim_end_matches('/').split('/').count() == 1);
        let inner = if is_session {
            inner
        } else {
            inner
                .strip_suffix('/')
                .filter(|rest| !rest.is_empty())
                .unwrap_or(inner)
        };
        if inner == path {
            return None;
        }
        let whole = match uri.query() {
            Some(query) => format!("{inner}?{query}"),
            None => inner.to_owned(),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(whole.parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_public_address_is_taken_away_where_it_still_is() {
        let plain = Plain::under("/app");
        for (asked, expected) in [
            ("/app/healthz", "/healthz"),
            ("/healthz", "/healthz"),
            ("/app", "/"),
            ("/app/", "/"),
            ("/application", "/application"),
            ("/app/panel?shop=1&hash=2", "/panel?shop=1&hash=2"),
            ("/app/panel/s/0a/", "/panel/s/0a/"),
            ("/app/panel/", "/panel"),
        ] {
            let uri: Uri = asked.parse().unwrap();
            let found = plain.uri(&uri).unwrap_or(uri);
            assert_eq!(found, expected, "{asked}");
        }
    }

    #[test]
    fn a_slash_at_the_end_makes_no_other_address_but_within_a_session() {
        let plain = Plain::under("");
        for (asked, expected) in [
            ("/shoper/lifecycle/", "/shoper/lifecycle"),
            ("/shoper/webhooks/t/?a=1", "/shoper/webhooks/t?a=1"),
            ("/sare/webhooks/t/", "/sare/webhooks/t"),
            ("/panel/?shop=1", "/panel?shop=1"),
            ("/panel/s/0a/", "/panel/s/0a/"),
            ("/panel/s/0a/contacts/", "/panel/s/0a/contacts"),
            (
                "/panel/s/0a/contacts/?list=failed",
                "/panel/s/0a/contacts?list=failed",
            ),
            ("/", "/"),
            ("//", "/"),
        ] {
            let uri: Uri = asked.parse().unwrap();
            let found = plain.uri(&uri).unwrap_or(uri);
            assert_eq!(found, expected, "{asked}");
        }
    }
}

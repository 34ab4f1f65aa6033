//! Pages that say why the panel does not open. They know no session and carry no data, so that it does not matter
//! where they are framed.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use maud::{DOCTYPE, html};
use texts::Words;

use super::{assets, csp};
use crate::error::Error;
use crate::state::App;

/// Why the panel does not open, in the reader's language.
#[derive(Clone)]
pub struct Closed {
    words: Words,
    status: StatusCode,
    title: &'static str,
    why: &'static str,
    /// The page looks again by itself.
    again: bool,
}

impl Closed {
    /// The signed address proves nothing.
    pub fn signature(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::UNAUTHORIZED,
            title: words.say("closed.title"),
            why: words.say("closed.signature"),
            again: false,
        }
    }

    /// The signed address is too old.
    pub fn old(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::UNAUTHORIZED,
            title: words.say("closed.title"),
            why: words.say("closed.old"),
            again: false,
        }
    }

    /// There is no such session, or it is over.
    pub fn session(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::UNAUTHORIZED,
            title: words.say("closed.title"),
            why: words.say("closed.session"),
            again: false,
        }
    }

    /// The shop is not known yet: its `install` may still be on its way (shoper-api.md A.4).
    pub fn unknown(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::OK,
            title: words.say("closed.title"),
            why: words.say("closed.unknown"),
            again: true,
        }
    }

    /// The app was removed from the shop.
    pub fn removed(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::GONE,
            title: words.say("closed.title"),
            why: words.say("closed.removed"),
            again: false,
        }
    }

    /// The shop's data are being erased, as the merchant asked.
    pub fn erased(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::OK,
            title: words.say("closed.erased-title"),
            why: words.say("closed.erased"),
            again: false,
        }
    }

    /// A form that does not belong to the session.
    pub fn forged(words: Words) -> Self {
        Self {
            words,
            status: StatusCode::FORBIDDEN,
            title: words.say("closed.title"),
            why: words.say("closed.forged"),
            again: false,
        }
    }

    /// What an error comes to for the person in front of the panel.
    pub fn of(words: Words, error: Error) -> Self {
        error.log();
        let why = match error {
            Error::SwitchedOff => words.say("closed.off"),
            Error::NoSuchShop | Error::Gone => return Self::removed(words),
            Error::Busy | Error::Store(_) => words.say("closed.busy"),
            _ => words.say("closed.missing"),
        };
        Self {
            words,
            status: error.status(),
            title: words.say("closed.title"),
            why,
            again: false,
        }
    }
}

/// The page is made where the server's own address is known: see [`render`].
impl IntoResponse for Closed {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Makes the page of an answer that is a [`Closed`]; others pass.
pub async fn render(State(app): State<App>, mut response: Response) -> Response {
    match response.extensions_mut().remove::<Closed>() {
        Some(closed) => closed.page(app.settings.base_path()),
        None => response,
    }
}

/// Nothing is served under an address.
pub(crate) async fn no_such_page(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    unserved(&app, &uri, &headers, Error::NoSuchPage)
}

/// An address is not served by this method.
pub(crate) async fn method_not_allowed(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    unserved(&app, &uri, &headers, Error::MethodNotAllowed)
}

/// A page for a person in front of a browser, problem details for a machine.
fn unserved(app: &App, uri: &Uri, headers: &HeaderMap, error: Error) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_page =
        uri.path().starts_with("/panel") || accepts.is_some_and(|kinds| kinds.contains("text/html"));
    if is_page && !uri.path().starts_with("/panel/assets/") {
        Closed::of(Words::of_locale(None), error).page(app.settings.base_path())
    } else {
        error.into_response()
    }
}

impl Closed {
    fn page(&self, base: &str) -> Response {
        let title = self.title;
        let page = html! {
            (DOCTYPE)
            html lang=(self.words.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if self.again {
                        meta http-equiv="refresh" content="3";
                    }
                    title { (title) }
                    link rel="stylesheet" href=(assets::address(base, "panel.css"));
                    script src=(assets::address(base, "panel.js")) defer {}
                    script src=(csp::SDK) async {}
                }
                body {
                    main.closed {
                        @if !self.again {
                            h1 { (title) }
                        }
                        p role="status" { (self.why) }
                    }
                }
            }
        };
        let mut response = (self.status, page).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, csp::of_nobody());
        response
    }
}
